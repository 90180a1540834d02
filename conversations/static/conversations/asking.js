// What a form is about to bring is not read anew meanwhile, but once its answer is there. Else the older of two answers
// would stand at the end; and a form that has left the page: htmx puts its answer nowhere, nobody hears that it failed,
// and what was written in it is gone. Nor is a dialog taken away from whom it asks: its place is read once it is closed.
(() => {
  "use strict";

  const asking = new Map(); // each form whose answer is on its way, and the place that it is for
  const late = new Map(); // each link that was answered too early, and the place that was in use
  let answered = null; // whose answer is being put into the page
  const isAwaited = (place) => [...asking].some(([form, target]) => target.id === place.id || place.contains(form));
  const isInUse = (place) => isAwaited(place) || (place.querySelector("dialog[open]") !== null && !place.contains(answered));
  const leave = (detail) => {
    detail.shouldSwap = false;
    if (answered?.hasAttribute("hx-get")) late.set(answered, detail.target.id);
  };

  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (detail.requestConfig.verb === "post") asking.set(detail.elt, detail.target);
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    answered = detail.requestConfig.elt;
    asking.delete(answered);
    if (detail.requestConfig.verb === "get" && isInUse(detail.target)) leave(detail);
  });
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => isInUse(detail.target) && leave(detail));

  const catchUp = () => {
    for (const [link, id] of [...late]) {
      const used = document.getElementById(id);
      if (used && isInUse(used)) continue;
      late.delete(link);
      const place = link.isConnected && document.querySelector(link.getAttribute("hx-target"));
      if (place) htmx.ajax("GET", link.getAttribute("hx-get"), { source: link, target: place, swap: link.getAttribute("hx-swap") });
    }
  };
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    answered = null;
    asking.delete(detail.requestConfig.elt); // or failed; the form itself may be gone by now
    catchUp();
  });
  document.addEventListener("close", catchUp, true); // a dialog's event does not bubble
})();
