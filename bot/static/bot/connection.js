// The connection page: asks by itself only while somebody looks, and closes the dialog that was answered.
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
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const dialog = event.detail.elt.closest("dialog[open]");
    if (!dialog) return;
    dialog.close();
    document.getElementById(event.detail.elt.getAttribute("hx-target").slice(1))?.focus();
  });
})();
