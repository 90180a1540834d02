// Several people on one conversation: who else is here, and what went out that this page does not show yet.
(() => {
  "use strict";

  // What a colleague handed over can be put away before it goes by itself (toast.js).
  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest(".toast").remove();
  });

  const place = document.getElementById("colleagues");
  if (!place) return;
  const refresh = document.getElementById("refresh-colleagues");
  const LOOKING_MS = 20_000;
  const WRITING_MS = 3_000;
  // A little longer than what the server remembers.
  const FADES_MS = { writing: 8_000, looking: 52_000 };
  const csrf = document.querySelector("input[name=csrfmiddlewaretoken]")?.value;

  // ---------------------------------------------------------------------------------------------- who else is here

  const tell = (sign) => {
    const body = new URLSearchParams({ sign });
    // Nothing to say when it fails: the badge tells whether the screen is live.
    return fetch(refresh.href, { method: "POST", body, headers: { "X-CSRFToken": csrf }, keepalive: true }).catch(() => {});
  };
  const look = () => document.visibilityState === "visible" && tell("looking");

  let writtenAt = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "text" || Date.now() - writtenAt < WRITING_MS) return;
    writtenAt = Date.now();
    const told = tell(event.target.value ? "writing" : "looking");
    // Whoever writes keeps the conversation: what the bar says of its return is no longer true.
    if (event.target.value && document.getElementById("returns")) told.then(() => htmx.trigger("#refresh-control", "over"));
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.requestConfig?.path.endsWith("/send/")) return;
    writtenAt = 0;
    look();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? tell("left") : look()));
  window.addEventListener("pagehide", () => tell("left"));
  setInterval(look, LOOKING_MS);
  look();
  const again = () => htmx.trigger(refresh, "again");
  document.addEventListener("htmx:load", again, { once: true });

  // Nobody tells that a colleague gave up writing, or that their screen died.
  let fading = 0;
  new MutationObserver(() => {
    clearTimeout(fading);
    if (place.querySelector("[data-writing]")) fading = setTimeout(again, FADES_MS.writing);
    else if (place.querySelector(".colleague")) fading = setTimeout(again, FADES_MS.looking);
  }).observe(place, { childList: true });

  // ------------------------------------------------------------------------------------------- what this page shows

  const MOST_IDS = 60;
  const since = document.querySelector("#composer [name=seen]")?.value.split(" ")[0];
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.path.endsWith("/send/") || !since) return;
    const ours = document.querySelectorAll("#messages li.bubble:not(.by-lead)");
    const ids = [...ours].slice(-MOST_IDS).map((bubble) => bubble.id.slice("message-".length));
    event.detail.parameters.seen = [since, ...ids].join(" ");
  });
  document.addEventListener("htmx:afterSettle", () => {
    // Read once for each time it is asked.
    const asked = document.querySelector("#newer:not([data-read])");
    if (!asked) return;
    asked.dataset.read = "";
    htmx.trigger("#refresh-messages", "again");
  });
})();
