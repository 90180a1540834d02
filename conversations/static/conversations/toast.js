// What was just done stands for a while and goes away by itself, but not under somebody's pointer or focus. What one does
// next ends it: by then it speaks of something else. So does what others do, where it can no longer be undone.
(() => {
  "use strict";

  const LASTS_S = 10;
  const isInUse = (toast) => toast.matches(":hover") || toast.contains(document.activeElement);

  const fade = (toast) => {
    if (!toast.isConnected) return;
    if (isInUse(toast)) setTimeout(fade, 1000, toast);
    else toast.remove();
  };
  const begin = () => {
    for (const toast of document.querySelectorAll("[data-toast]:not([data-fading])")) {
      toast.dataset.fading = "";
      setTimeout(fade, 1000 * (toast.dataset.toast || LASTS_S), toast);
    }
  };
  document.addEventListener("htmx:oobAfterSwap", begin);
  document.addEventListener("htmx:sseMessage", begin);

  document.addEventListener("htmx:afterSettle", () => {
    const now = document.getElementById("control")?.dataset.epoch;
    for (const toast of document.querySelectorAll("[data-undoes]")) if (toast.dataset.undoes !== now) toast.remove();
  });

  // What was handed over is in sight where it is the open conversation: its bar says so.
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const open = document.querySelector("[data-conversation]")?.dataset.conversation;
    if (event.target.id === "handed" && open && event.detail.data.includes(`href="${open}"`)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const isAct = event.detail.requestConfig.verb === "post" && event.detail.elt.closest(".conversation, .pane.lead");
    if (isAct && !event.detail.elt.closest(".toast")) document.getElementById("toasts")?.replaceChildren();
  });
  begin();
})();
