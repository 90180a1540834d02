// The bot's answer that waits: what one changed in it is given back when somebody else has decided.
// What was whispered leaves its box once it is kept.
(() => {
  "use strict";

  const place = document.getElementById("pending");
  if (!place) return;
  const box = () => document.getElementById("offer-text");
  const isMine = (event) => event.detail.target === place;

  let changed = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isMine(event)) return;
    const isDecided = event.detail.requestConfig.verb === "post"; // here
    changed = !isDecided && box() && box().value !== box().defaultValue ? box().value : "";
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!isMine(event) || !changed || box()?.value === changed) return; // keeping.js has put them back
    // Somebody decided meanwhile, or it is void: the words go where one writes to the lead, if nothing stands there.
    const answer = document.getElementById("text");
    if (!answer || answer.value) return;
    answer.value = changed;
    answer.dispatchEvent(new Event("input", { bubbles: true }));
  });

  document.addEventListener("toggle", (event) => {
    if (event.target.id !== "offer-edit" || !event.target.open || "again" in event.target.dataset) return;
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
