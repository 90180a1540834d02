// An open conversation: every message once and in order, the newest in sight, no word of an unfinished answer lost.
(() => {
  "use strict";

  const pane = document.querySelector("[data-conversation]");
  if (!pane) return;
  const scroll = document.getElementById("scroll");
  const messages = document.getElementById("messages");
  const activity = document.getElementById("activity");
  const ACTIVITY_LASTS_MS = 90_000;
  const NOTICE_LASTS_MS = 30_000; // what it says stands in the bar as well
  const NEAR_PX = 80;

  // ------------------------------------------------------------------------------------------------ the newest in sight

  let isAtEnd = true;
  const toEnd = () => {
    scroll.scrollTop = scroll.scrollHeight;
  };
  scroll.addEventListener("scroll", () => {
    isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX;
  }, { passive: true });
  const follow = () => isAtEnd && toEnd();
  new MutationObserver(follow).observe(messages, { childList: true, subtree: true });
  new MutationObserver(follow).observe(activity, { childList: true });
  new ResizeObserver(follow).observe(scroll);
  toEnd();

  // ----------------------------------------------------------------------------------------------- each message once

  const readAgain = () => htmx.trigger("#refresh-messages", "again");
  const bubbleIn = (html) => new DOMParser().parseFromString(html, "text/html").querySelector("li.bubble");

  const isNext = (bubble) => {
    const last = [...messages.querySelectorAll("li.bubble")].at(-1);
    return last && last.dataset.day === bubble.dataset.day && Number(last.dataset.at) <= Number(bubble.dataset.at);
  };

  // A reading that began before a message came knows nothing of it, and must not take it from the screen.
  let came = [];
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === messages) came = [];
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === messages && came.some((id) => !document.getElementById(id))) readAgain();
  });

  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.target !== messages) return;
    const bubble = bubbleIn(event.detail.data);
    if (bubble) came.push(bubble.id);
    const known = bubble && document.getElementById(bubble.id);
    if (known) {
      event.preventDefault();
      // Its text, not its delivery: that comes by itself, and may have come first.
      bubble.querySelector(".ticks")?.replaceWith(known.querySelector(".ticks") ?? "");
      known.replaceWith(bubble);
    } else if (!bubble || !isNext(bubble)) {
      // A new day, or late: the page knows where it belongs.
      event.preventDefault();
      readAgain();
    }
  });

  // Nobody tells that a lead gave up writing: what was heard of it counts for a while.
  const WRITING_MS = 12000;
  let writing = 0;
  const presence = document.getElementById("presence");
  if (presence) {
    new MutationObserver(() => {
      clearTimeout(writing);
      if (presence.textContent.trim()) writing = setTimeout(() => presence.replaceChildren(), WRITING_MS);
    }).observe(presence, { childList: true });
  }

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const ticks = event.detail.target.matches(".ticks") && event.detail.fragment.querySelector(".ticks");
    // Delivery is told in any order, and never goes back.
    if (ticks && Number(ticks.dataset.rank) < Number(event.detail.target.dataset.rank)) event.detail.shouldSwap = false;
    const bubble = event.detail.target === messages && event.detail.fragment.querySelector("li.bubble");
    if (!bubble) return;
    isAtEnd = true;
    if (document.getElementById(bubble.id)) {
      event.detail.shouldSwap = false;
    } else if (!isNext(bubble)) {
      event.detail.shouldSwap = false;
      readAgain();
    }
  });

  // -------------------------------------------------------------------------------------------- what passes by itself

  let fading = 0;
  new MutationObserver(() => {
    clearTimeout(fading);
    if (activity.textContent) fading = setTimeout(() => activity.replaceChildren(), ACTIVITY_LASTS_MS);
  }).observe(activity, { childList: true });

  let gone = 0;
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.id !== "notice") return;
    clearTimeout(gone);
    gone = setTimeout(() => document.getElementById("notice").replaceChildren(), NOTICE_LASTS_MS);
  });

  // ------------------------------------------------------------------------------------------------------- answering

  const place = `draft:${pane.dataset.conversation}`;
  const box = () => document.getElementById("text");
  if (box() && !box().value) box().value = sessionStorage.getItem(place) ?? "";

  // Whether an unclear message went out is known after a while: what went out is in sight, what did not is in the box.
  document.addEventListener("htmx:afterSettle", () => {
    const unsure = document.getElementById("unsure");
    const control = document.getElementById("control");
    if (!unsure || control.hasAttribute("data-unconfirmed")) return;
    if (control.hasAttribute("data-lost") && !box().value) box().value = unsure.dataset.text;
    unsure.remove();
  });

  document.addEventListener("input", (event) => {
    if (event.target !== box()) return;
    if (event.target.value) sessionStorage.setItem(place, event.target.value);
    else sessionStorage.removeItem(place);
  });
  document.addEventListener("keydown", (event) => {
    if (event.target !== box() || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (box().value.trim()) box().form.requestSubmit();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const composer = document.getElementById("composer");
    if (event.detail.requestConfig?.path.endsWith("/send/") && composer) {
      if (!box().value) sessionStorage.removeItem(place);
      box().focus();
    } else if (event.detail.requestConfig?.verb === "post" && document.activeElement === document.body) {
      // The button that was pressed is gone: go on reading where its answer stands.
      (document.querySelector("#notice [data-focus]") ?? document.querySelector("#control [data-focus]"))?.focus();
    }
  });
})();
