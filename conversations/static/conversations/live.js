// Whether this screen is live, and what to say when something did not get through. The words stand in the page.
(() => {
  "use strict";

  const STALE_AFTER_S = 20;

  const badge = document.getElementById("live");
  const panel = document.getElementById("connections");
  let source = null;
  let state = "waiting";
  let lostAt = Date.now();

  const { lang, dataset: { zone: timeZone } } = document.documentElement;
  const clock = (at) => new Date(at).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit", timeZone });

  const show = () => {
    if (!badge) return;
    const isStale = state === "waiting" && Date.now() - lostAt > STALE_AFTER_S * 1000;
    const words = { live: badge.dataset.live, waiting: badge.dataset.waiting, over: badge.dataset.over }[state];
    const said = isStale ? `${badge.dataset.stale} ${clock(lostAt)}` : words;
    if (badge.textContent !== said) badge.textContent = said;
    badge.className = `live is-${isStale || state === "over" ? "stale" : state}`;
    const screen = document.getElementById("screen-state");
    if (screen) {
      screen.textContent = screen.dataset[isStale ? "stale" : state].replace("{time}", clock(lostAt));
      screen.className = state === "live" ? "is-well" : "is-bad";
    }
    const over = document.getElementById("over");
    if (over) over.hidden = state !== "over";
  };

  // What is heard proves that the screen is live; "deaf" says that the server itself hears nothing until its "gap".
  const become = (next) => {
    if (state === "over" || state === next) return;
    if (next === "waiting") lostAt = source?.heardAt ?? Date.now();
    state = next;
    show();
    document.dispatchEvent(new CustomEvent("screen", { detail: { isLive: state === "live", lostAt } }));
  };
  const heard = () => become("live");
  const waiting = () => become("waiting");
  const over = () => {
    become("over");
    source?.close();
  };

  document.addEventListener("htmx:sseOpen", (event) => {
    if (source !== event.detail.source) {
      source = event.detail.source;
      for (const name of ["ping", "gap", "list", "message"]) source.addEventListener(name, heard);
      source.addEventListener("deaf", waiting);
      source.addEventListener("bye", over);
      for (const name of ["attention", "connection", "list", "gap"]) {
        source.addEventListener(name, () => document.dispatchEvent(new CustomEvent("attention", { detail: { name } })));
      }
      for (const name of ["connection", "gap"]) source.addEventListener(name, () => panel?.open && read());
    }
    heard();
  });
  document.addEventListener("htmx:sseError", waiting);
  if (document.body.hasAttribute("data-stream")) {
    show();
    setInterval(show, 5000);
  }

  // -------------------------------------------------------------------------------------------------- in three levels

  const read = async () => {
    const place = document.getElementById("connections-part");
    try {
      const answer = await fetch(place.dataset.part, { redirect: "error", cache: "no-store" });
      if (answer.ok) place.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    } catch {
      // What the panel said last is still there, and the first line says that the screen is not live.
    }
  };
  panel?.addEventListener("toggle", () => {
    show();
    if (panel.open) read();
  });

  // ------------------------------------------------------------------------------------------ what did not get through

  const failure = () => document.getElementById("failure");
  const fail = (word) => {
    const place = failure();
    if (!place) return;
    place.textContent = place.dataset[word];
    place.hidden = false;
  };
  // What refreshes by itself fails quietly: the badge says that the screen is not live.
  const wasAsked = (event) => event.detail.requestConfig?.verb === "post" || event.detail.requestConfig?.triggeringEvent?.type === "click";
  // Nor does it take the page to the login when the session is over: what is being written here stays.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (wasAsked(event) || !event.detail.xhr.getResponseHeader("HX-Redirect")) return;
    event.preventDefault();
    over();
  });
  const isToBeTold = (event) => wasAsked(event) && event.detail.elt.id !== "composer"; // the box says it itself
  document.addEventListener("htmx:sendError", (event) => isToBeTold(event) && fail("offline"));
  document.addEventListener("htmx:timeout", (event) => isToBeTold(event) && fail("offline"));
  document.addEventListener("htmx:responseError", (event) => {
    if (isToBeTold(event)) fail(event.detail.xhr.status < 500 ? "refused" : "broken");
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (wasAsked(event) && failure()) failure().hidden = true;
  });
})();
