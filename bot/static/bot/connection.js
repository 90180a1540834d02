// The connection page: asks by itself only while somebody looks, and checks anew when a number's state
// has changed, and closes the dialog that was answered.
(() => {
  "use strict";

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    const isByItself = elt.matches("[data-poll]") && !requestConfig.triggeringEvent?.isTrusted;
    if (document.hidden && isByItself) event.preventDefault();
  });
  // What changed while nobody looked is read when somebody does.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const panel of document.querySelectorAll("[data-poll]")) window.htmx.ajax("GET", panel.getAttribute("hx-get"), { target: panel, swap: "outerHTML" });
  });
  // What was found holds no longer once a number is another way than it was then.
  let before = null;
  const conditions = () => [...document.querySelectorAll("[data-condition]")].map((panel) => panel.dataset.condition).join();
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.matches("[data-condition]")) before = conditions();
  });
  document.body.addEventListener("htmx:afterSwap", () => {
    if (before === null) return;
    if (conditions() !== before) window.htmx.trigger("#check-again", "stale");
    before = null;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const dialog = event.detail.elt.closest("dialog[open]");
    if (!dialog) return;
    dialog.close();
    document.getElementById(event.detail.elt.getAttribute("hx-target").slice(1))?.focus();
  });
})();
