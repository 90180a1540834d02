// Whether this screen is live, and what to say when something did not get through. The words stand in the page.
(() => {
  "use strict";

  const PING_S = 15; // how often the server says that it is there
  const DEAD_AFTER_S = PING_S * 2 + 10;
  const STALE_AFTER_S = 20;

  const badge = document.getElementById("live");
  let source = null;
  let heardAt = Date.now();
  let state = "waiting";

  const clock = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });

  const show = () => {
    if (!badge) return;
    const isStale = state === "waiting" && Date.now() - heardAt > STALE_AFTER_S * 1000;
    const words = { live: badge.dataset.live, waiting: badge.dataset.waiting, over: badge.dataset.over }[state];
    const said = isStale ? `${badge.dataset.stale} ${clock(heardAt)}` : words;
    if (badge.textContent !== said) badge.textContent = said;
    badge.className = `live is-${isStale || state === "over" ? "stale" : state}`;
    badge.hidden = false;
  };

  const heard = () => {
    heardAt = Date.now();
    state = "live";
    show();
  };

  const waiting = () => {
    if (state === "live") state = "waiting";
    show();
  };

  // A connection can be dead without saying so, above all after sleep: take it for closed, and it is opened again.
  const reopen = () => {
    if (!source || state === "over") return;
    waiting();
    source.close();
    if (source.onerror) source.onerror(new Event("error"));
  };

  document.addEventListener("htmx:sseOpen", (event) => {
    if (source === event.detail.source) return heard();
    source = event.detail.source;
    for (const name of ["ping", "gap", "list", "message"]) source.addEventListener(name, heard);
    source.addEventListener("deaf", () => {
      // The server itself hears nothing; it says "gap" when it does again.
      heardAt = Date.now();
      waiting();
    });
    source.addEventListener("bye", () => {
      state = "over";
      source.close();
      show();
    });
    heard();
  });
  document.addEventListener("htmx:sseError", waiting);

  setInterval(() => {
    if (state === "live" && Date.now() - heardAt > DEAD_AFTER_S * 1000) reopen();
    show();
  }, 5000);
  window.addEventListener("online", reopen);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - heardAt > DEAD_AFTER_S * 1000) reopen();
  });
  if (document.body.hasAttribute("data-stream")) show();

  // ------------------------------------------------------------------------------------------ what did not get through

  const failure = document.getElementById("failure");
  const fail = (words) => {
    failure.textContent = words;
    failure.hidden = false;
  };
  // What refreshes by itself fails quietly: the badge says that the screen is not live.
  const wasAsked = (event) => event.detail.requestConfig?.verb === "post" || event.detail.requestConfig?.triggeringEvent?.type === "click";
  document.addEventListener("htmx:sendError", (event) => wasAsked(event) && fail(failure.dataset.offline));
  document.addEventListener("htmx:timeout", (event) => wasAsked(event) && fail(failure.dataset.offline));
  document.addEventListener("htmx:responseError", (event) => {
    if (wasAsked(event)) fail(event.detail.xhr.status < 500 ? failure.dataset.refused : failure.dataset.broken);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (wasAsked(event)) failure.hidden = true;
  });
})();
