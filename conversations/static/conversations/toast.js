// What was just done stands for a while and goes away by itself, but not under somebody's pointer or focus. What one does
// next ends it: by then it speaks of something else.
(() => {
  "use strict";

  const LASTS_MS = 10_000;
  const isInUse = (toast) => toast.matches(":hover") || toast.contains(document.activeElement);

  const fade = (toast) => {
    if (!toast.isConnected) return;
    if (isInUse(toast)) setTimeout(fade, 1000, toast);
    else toast.remove();
  };
  const begin = () => {
    for (const toast of document.querySelectorAll("[data-toast]:not([data-fading])")) {
      toast.dataset.fading = "";
      setTimeout(fade, LASTS_MS, toast);
    }
  };
  document.addEventListener("htmx:oobAfterSwap", begin);
  document.addEventListener("htmx:beforeRequest", (event) => {
    const isAct = event.detail.requestConfig.verb === "post" && event.detail.elt.closest(".conversation, .pane.lead");
    if (isAct && !event.detail.elt.closest(".toast")) document.getElementById("toasts")?.replaceChildren();
  });
  begin();
})();
