// The queue, live: no card moves while the pointer rests on the queue or the focus is in it. What changes only inside a
// card, or comes in below all others, is shown at once.
(() => {
  "use strict";

  const queue = document.getElementById("queue");
  const refresh = document.getElementById("refresh-queue");
  const pill = document.getElementById("queue-news");
  const body = queue.parentElement;
  const LEFT_FOR_MS = 400; // a pointer that only passes over the edge has not left

  let isPointed = false;
  const isBusy = () => isPointed || body.contains(document.activeElement);
  const order = (root) => [...root.querySelectorAll(".promises a, .wait-card")].map((one) => one.id);

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig, serverResponse, isError } = event.detail;
    if (target !== queue || isError) return;
    const coming = order(new DOMParser().parseFromString(serverResponse, "text/html"));
    const moves = order(queue).some((id, place) => coming[place] !== id);
    const isHeld = moves && isBusy() && requestConfig.triggeringEvent?.type !== "click";
    pill.hidden = !isHeld;
    if (!isHeld) return;
    event.detail.shouldSwap = false;
    for (const card of queue.querySelectorAll(".wait-card")) card.classList.toggle("is-gone", !coming.includes(card.id));
  });

  let leaving = 0;
  const settleSoon = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => !pill.hidden && !isBusy() && htmx.trigger(refresh, "again"), LEFT_FOR_MS);
  };
  const point = ({ pointerType }) => {
    isPointed = pointerType !== "touch";
  };
  body.addEventListener("pointerenter", point);
  body.addEventListener("pointermove", point, { passive: true });
  body.addEventListener("pointerleave", () => {
    isPointed = false;
    settleSoon();
  });
  body.addEventListener("focusout", settleSoon);

  // Who pressed it with a key goes on from the first card.
  let isByKey = false;
  pill.addEventListener("click", ({ detail }) => {
    isByKey = detail === 0;
    refresh.click();
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target !== queue || !isByKey) return;
    isByKey = false;
    queue.querySelector("[data-row]")?.focus();
  });
})();
