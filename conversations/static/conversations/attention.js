// Somebody needs a person: the title and the icon say so, and, for whoever wants it, a sound and a notification.
//
// Asked of the server, which knows what this person may see. Names and words of leads are not in it.
(() => {
  "use strict";

  const place = document.getElementById("attention");
  if (!place) return;
  const EVERY_MS = 60_000;
  const AT_MOST_EVERY_MS = 3_000;
  const LIST_EVERY_MS = 15_000; // the list moves all day; what it means for us is seldom news
  const LOST_AFTER_MS = 30_000;
  const SETTLED_MS = 15_000;
  const KEPT_MS = 12 * 3600 * 1000;
  const RUNG = "attention:rung";
  const ASKED = "attention:asked";
  const TIMES = "attention:times";
  const ASKS_AT_MOST = 3;

  const favicon = document.querySelector("link[rel=icon]");
  // A browser that was not asked, or has refused, shows none: what holds for the person may not hold here.
  const permission = () => window.Notification?.permission ?? "denied";
  const wants = (what) => place.dataset[what] === "1" && (what === "sound" || permission() === "granted");
  const isMissing = () => (place.dataset.notifications === "1" ? permission() === "default" : !wants("sound"));

  // --------------------------------------------------------------------------------------------------------- in sight

  let isScreenLost = false;
  let isAsking = false;
  const show = (counts) => {
    const people = counts.waiting + counts.overdue;
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = people ? `(${people}) ${title}` : title;
    const dotted = people > 0 || counts.closed.length > 0 || isScreenLost;
    favicon.href = dotted ? place.dataset.dotted : place.dataset.plain;
    const chip = document.getElementById("calls");
    // Who waits for a person is counted at the way to the queue; here stands who only waits too long.
    chip.hidden = !counts.overdue;
    chip.href = counts.longest;
    chip.title = counts.overdue === 1 ? chip.dataset.one : chip.dataset.many.replace("{n}", counts.overdue);
    chip.querySelector(".count").textContent = counts.overdue;
    chip.querySelector(".visually-hidden").textContent = chip.title;
    for (const number of document.querySelectorAll("[data-queue-count]")) {
      number.hidden = !counts.waiting;
      number.querySelector(".number").textContent = counts.waiting;
    }
    const trouble = document.getElementById("trouble");
    trouble.hidden = !counts.closed.length;
    trouble.textContent = counts.closed.length === 1 ? trouble.dataset.one : trouble.dataset.many.replace("{n}", counts.closed.length);
    const ask = document.getElementById("ask");
    ask.querySelector("[name=sound]").hidden = wants("sound");
    ask.hidden = !people || !isMissing() || !mayAsk();
  };

  // Asked on so many pages, and no more: whoever goes on without an answer has given one.
  const mayAsk = () => {
    if (localStorage.getItem(ASKED) || !document.body.classList.contains("page-inbox")) return false;
    if (!isAsking) {
      const times = Number(localStorage.getItem(TIMES)) + 1;
      if (times > ASKS_AT_MOST) return false;
      localStorage.setItem(TIMES, String(times));
      isAsking = true;
    }
    return true;
  };

  // ------------------------------------------------------------------------------------------------ once, in one window

  // Every window hears the same. Whoever writes first that a thing has rung rings; the others find it written.
  const claim = (ids) => {
    const now = Date.now();
    const rung = JSON.parse(localStorage.getItem(RUNG) ?? "{}");
    const fresh = ids.filter((id) => !(id in rung));
    for (const id of fresh) rung[id] = now;
    for (const id of Object.keys(rung)) if (now - rung[id] > KEPT_MS) delete rung[id];
    localStorage.setItem(RUNG, JSON.stringify(rung));
    return fresh;
  };
  const claimed = (ids) => (navigator.locks ? navigator.locks.request(RUNG, () => claim(ids)) : Promise.resolve(claim(ids)));
  // What is over may ring again when it begins again; not at once: another window may know of it before this one does.
  const forget = (isOver) => {
    const rung = JSON.parse(localStorage.getItem(RUNG) ?? "{}");
    for (const id of Object.keys(rung)) if (isOver(id) && Date.now() - rung[id] > SETTLED_MS) delete rung[id];
    localStorage.setItem(RUNG, JSON.stringify(rung));
  };

  const ring = async (calls) => {
    if (!calls.length || !(wants("sound") || wants("notifications"))) return;
    const fresh = new Set(await claimed(calls.map((call) => call.id)));
    const news = calls.filter((call) => fresh.has(call.id));
    if (!news.length) return;
    place.dispatchEvent(new CustomEvent("rang", { bubbles: true, detail: news.map((call) => call.id) }));
    if (wants("sound") && news.some((call) => !call.is_quiet)) chime();
    // Without a worker a phone refuses; the sound and the title are left.
    if (wants("notifications")) for (const call of news.slice(0, 3)) notify(call).catch(() => {});
  };

  let player = null;
  // Two soft notes, made here: no file, and nobody is startled.
  const chime = async () => {
    player ??= new AudioContext();
    // Before the first click in a window a browser may keep it silent; what it would have said is not said later.
    if (player.state === "suspended") await Promise.race([player.resume(), new Promise((done) => setTimeout(done, 500))]).catch(() => {});
    if (player.state !== "running") return;
    for (const [note, after] of [[659.25, 0], [880, 0.16]]) {
      const tone = player.createOscillator();
      const volume = player.createGain();
      const at = player.currentTime + after;
      tone.frequency.value = note;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.09, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
      tone.connect(volume).connect(player.destination);
      tone.start(at);
      tone.stop(at + 0.55);
    }
  };

  // Phones show only what the service worker shows; it opens the conversation as well (service-worker.js).
  const notify = async (call) => {
    const facts = { body: call.words, tag: call.id, icon: place.dataset.picture, data: { url: call.url } };
    const worker = await navigator.serviceWorker?.getRegistration().catch(() => null);
    if (worker?.active) return worker.showNotification(call.title, facts);
    const shown = new Notification(call.title, facts);
    shown.addEventListener("click", () => {
      window.focus();
      if (call.url) location.assign(call.url);
      shown.close();
    });
  };

  // ------------------------------------------------------------------------------------------------------ when to look

  const look = async () => {
    let counts;
    try {
      const answer = await fetch(place.dataset.url, { redirect: "error", cache: "no-store", headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      counts = await answer.json();
    } catch {
      return; // the badge says that the screen is not live
    }
    show(counts);
    const closed = counts.closed.map((name) => ({ id: `number:${name}`, title: place.dataset.closed, words: name, url: "" }));
    const calls = [...counts.calls, ...closed];
    const now = new Set(calls.map((call) => call.id));
    forget((id) => id !== "screen" && !now.has(id));
    await ring(calls);
  };

  let timer = 0;
  let lookedAt = 0;
  let dueAt = Infinity;
  const lookSoon = (every, within = 0) => {
    const at = Math.max(Date.now() + 200, lookedAt + every) + Math.random() * within;
    if (at >= dueAt) return;
    dueAt = at;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      dueAt = Infinity;
      lookedAt = Date.now();
      await look();
      lookSoon(EVERY_MS);
    }, at - Date.now());
  };
  // What happens is told to all screens at once: they do not ask all at once. Who is looked at asks first.
  const spread = () => (document.hidden ? 6_000 : 1_500);
  document.addEventListener("attention", (event) => lookSoon(event.detail.name === "list" ? LIST_EVERY_MS : AT_MOST_EVERY_MS, spread()));
  document.addEventListener("visibilitychange", () => !document.hidden && lookSoon(AT_MOST_EVERY_MS));
  lookSoon(0);

  let lost = 0;
  document.addEventListener("screen", (event) => {
    clearTimeout(lost);
    if (event.detail.isLive) {
      isScreenLost = false;
      forget((id) => id === "screen");
      lookSoon(AT_MOST_EVERY_MS, spread());
      return;
    }
    lost = setTimeout(() => {
      isScreenLost = true;
      favicon.href = place.dataset.dotted;
      ring([{ id: "screen", title: place.dataset.lost, words: place.dataset.lostWords, url: "" }]);
    }, LOST_AFTER_MS);
  });

  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-forget]")) localStorage.removeItem(RUNG);
  });
  document.getElementById("ask-later").addEventListener("click", () => {
    localStorage.setItem(ASKED, "1");
    document.getElementById("ask").hidden = true;
  });
  // A choice that was just made, in the menu or on the card (preferences.js).
  document.addEventListener("preferred", (event) => {
    const { name, value } = event.detail;
    if (name !== "sound" && name !== "notifications") return;
    place.dataset[name] = value;
    if (name === "sound" && value === "1") chime();
    if (value === "1") document.getElementById("ask").hidden = true;
  });
})();
