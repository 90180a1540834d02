// What a form is about to bring is not read anew meanwhile, but once its answer is there. Else the older of two answers
// would stand at the end; and a form that has left the page: htmx puts its answer nowhere, nobody hears that it failed,
// and what was written in it is gone.
(() => {
  "use strict";

  const asking = new Map(); // each form whose answer is on its way, and the place that it is for
  const late = new Set();
  const isAwaited = (place) => [...asking].some(([form, target]) => target.id === place.id || place.contains(form));

  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (detail.requestConfig.verb === "post") asking.set(detail.elt, detail.target);
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    asking.delete(detail.requestConfig.elt); // answered
    if (detail.requestConfig.verb !== "get" || !isAwaited(detail.target)) return;
    detail.shouldSwap = false;
    late.add(detail.requestConfig.elt);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    asking.delete(detail.requestConfig.elt); // or failed; the form itself may be gone by now
    for (const link of [...late]) {
      const place = document.querySelector(link.getAttribute("hx-target"));
      if (place && isAwaited(place)) continue;
      late.delete(link);
      if (place && link.isConnected) htmx.ajax("GET", link.getAttribute("hx-get"), { source: link, target: place, swap: link.getAttribute("hx-swap") });
    }
  });
})();
