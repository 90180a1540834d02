// Recordings: one sound for the whole page, so that only one plays, and what plays goes on whatever happens to its
// bubble. Nothing is loaded before somebody wants to hear it.
(() => {
  "use strict";

  const messages = document.getElementById("messages");
  if (!messages) return;
  const SPEEDS = [1, 1.5, 2];
  const sound = new Audio();
  sound.preload = "auto";
  let playing = ""; // the id of the message whose recording the sound is
  const places = new Map(); // where one was in each, in seconds

  const speed = () => {
    const kept = Number(localStorage.getItem("speed"));
    return SPEEDS.includes(kept) ? kept : 1;
  };
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const named = (id) => [...messages.querySelectorAll("[data-player]")].find((one) => one.dataset.player === id);
  const seconds = (player) => {
    const isKnown = player.dataset.player === playing && Number.isFinite(sound.duration);
    return isKnown ? sound.duration : Number(player.dataset.seconds);
  };

  const draw = (player) => {
    const isIts = player.dataset.player === playing;
    const isOn = isIts && !sound.paused;
    const at = isIts && !sound.seeking && sound.readyState ? sound.currentTime : places.get(player.dataset.player) ?? 0;
    const [button, range] = [player.querySelector(".play"), player.querySelector("input")];
    const whole = seconds(player);
    player.classList.toggle("is-playing", isOn);
    player.classList.toggle("is-loading", isOn && sound.readyState < 3);
    button.setAttribute("aria-pressed", String(isOn));
    button.setAttribute("aria-label", isOn ? button.dataset.pause : button.dataset.play);
    if (whole) range.max = whole;
    range.value = at;
    range.setAttribute("aria-valuetext", whole ? `${clock(at)} / ${clock(whole)}` : clock(at));
    player.querySelector(".player-time").textContent = at || isOn ? clock(at) : whole ? clock(whole) : "–:––";
    const pace = player.querySelector(".speed");
    pace.textContent = `${String(speed()).replace(".", document.documentElement.lang.startsWith("pt") ? "," : ".")}×`;
    pace.setAttribute("aria-label", `${pace.getAttribute("aria-label").split(":")[0]}: ${pace.textContent}`);
  };
  const drawCurrent = () => {
    const player = named(playing);
    if (player) draw(player);
  };
  const drawAll = () => messages.querySelectorAll("[data-player]").forEach(draw);

  const load = (player, address = player.dataset.src) => {
    const before = named(playing);
    if (playing) places.set(playing, sound.currentTime);
    playing = player.dataset.player;
    sound.src = address;
    sound.currentTime = places.get(playing) ?? 0;
    if (before) draw(before);
  };
  const play = (player, address) => {
    if (player.dataset.player !== playing || address || sound.error) load(player, address);
    sound.playbackRate = speed();
    // What goes wrong is told by the sound itself.
    sound.play().catch(() => {});
  };

  messages.addEventListener("click", (event) => {
    const player = event.target.closest("[data-player]");
    if (!player) return;
    if (event.target.closest(".play")) {
      if (player.dataset.player === playing && !sound.paused) sound.pause();
      else play(player);
    } else if (event.target.closest(".speed")) {
      localStorage.setItem("speed", SPEEDS[(SPEEDS.indexOf(speed()) + 1) % SPEEDS.length]);
      sound.playbackRate = speed();
      drawAll();
    }
  });
  messages.addEventListener("input", (event) => {
    const player = event.target.closest("[data-player]");
    if (!player) return;
    const at = Number(event.target.value);
    places.set(player.dataset.player, at);
    if (player.dataset.player === playing) sound.currentTime = at;
    draw(player);
  });

  for (const name of ["play", "pause", "timeupdate", "durationchange", "waiting", "playing", "seeked"]) sound.addEventListener(name, drawCurrent);
  sound.addEventListener("playing", () => {
    const player = named(playing);
    if (player) window.sdrFiles.came(player);
  });
  sound.addEventListener("ended", () => {
    places.delete(playing);
    sound.currentTime = 0;
    drawCurrent();
  });
  sound.addEventListener("error", () => {
    const player = named(playing);
    if (!player) return;
    draw(player);
    window.sdrFiles.missing(player, player.dataset.src, (address) => play(player, address));
  });

  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) node.querySelectorAll("[data-player]").forEach(draw);
    }
  }).observe(messages, { childList: true });
  drawAll();
})();
