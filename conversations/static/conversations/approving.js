// The bot's answer that waits: what one changes in it is kept while it is read again, and given back when it is over.
// What was whispered leaves its box once it is kept.
(() => {
  "use strict";

  const place = document.getElementById("pending");
  if (!place) return;
  const box = () => document.getElementById("offer-text");
  const isMine = (event) => event.detail.target === place;

  let kept = null;
  let isOpenedAgain = false; // by us: nobody asked for the focus
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isMine(event)) return;
    const text = box();
    const isChanged = text && text.value !== text.defaultValue;
    const isPost = event.detail.requestConfig?.verb === "post";
    kept = !isPost && text && document.getElementById("offer-edit").open
      ? { id: document.getElementById("offer").dataset.offer, value: text.value, isChanged, hadFocus: document.activeElement === text, at: text.selectionStart }
      : null;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!isMine(event) || !kept) return;
    const { id, value, isChanged, hadFocus, at } = kept;
    kept = null;
    if (document.getElementById("offer")?.dataset.offer === id) {
      isOpenedAgain = true;
      document.getElementById("offer-edit").open = true;
      box().value = value;
      if (hadFocus) {
        box().focus({ preventScroll: true });
        box().setSelectionRange(at, at);
      }
      return;
    }
    // Somebody decided meanwhile, or it is void: the words go where one writes to the lead, if nothing stands there.
    const answer = document.getElementById("text");
    if (!isChanged || !answer || answer.value) return;
    answer.value = value;
    answer.dispatchEvent(new Event("input", { bubbles: true }));
  });

  document.addEventListener("toggle", (event) => {
    if (event.target.id !== "offer-edit" || !event.target.open) return;
    if (isOpenedAgain) {
      isOpenedAgain = false;
      return;
    }
    box()?.focus();
    place.scrollIntoView({ block: "end" });
  }, true);

  const leave = () => {
    const edit = document.getElementById("offer-edit");
    edit.querySelector("form").reset();
    edit.open = false;
    edit.querySelector("summary").focus();
  };
  document.addEventListener("click", (event) => event.target.closest("[data-cancel-edit]") && leave());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.target !== box() || event.isComposing) return;
    event.preventDefault();
    leave();
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id !== "whisper-form" || !event.detail.successful) return;
    if (document.querySelector("#whispers > [role=alert]")) return;
    document.getElementById("whisper-form").reset();
    document.getElementById("whisper-menu").open = false;
    document.querySelector("#whisper-menu > summary").focus();
  });
})();
