// The bot's settings: says what is not saved, leaves no page with it unasked, and makes trying a conversation.
(() => {
  "use strict";

  const form = document.getElementById("settings");
  const status = document.getElementById("unsaved");
  if (!form || !status) return;

  // What one tries the settings on is no setting.
  const isSetting = (element) => element.name && element.id && !element.closest("#try") && element.type !== "hidden";
  const values = () => JSON.stringify([...form.elements].filter(isSetting).map((one) => (one.type === "checkbox" ? one.checked : one.value)));
  const stored = form.hasAttribute("data-unsaved") ? "" : values();
  let isLeaving = false;

  const isDirty = () => values() !== stored;
  const show = () => {
    const dirty = isDirty();
    status.textContent = dirty ? status.dataset.dirty : status.dataset.clean;
    status.classList.toggle("is-dirty", dirty);
  };
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  form.addEventListener("submit", () => (isLeaving = true));
  window.addEventListener("beforeunload", (event) => {
    if (isDirty() && !isLeaving) event.preventDefault();
  });
  show();

  document.getElementById("errors")?.focus();

  // ------------------------------------------------------------------------------------------------------- trying it

  const words = document.getElementById("id_words");
  const label = document.getElementById("words-label");
  const choice = document.getElementById("id_conversation");
  const moment = document.getElementById("moment");
  const settle = () => {
    const isReal = Boolean(choice?.value);
    moment?.classList.toggle("is-idle", !isReal);
    label.textContent = isReal ? label.dataset.real : label.dataset.invented;
  };
  choice?.addEventListener("change", settle);
  settle();

  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    document.getElementById("try-button").click();
  });
  document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id !== "rehearsal") return;
    // The bot takes its time: what was written meanwhile is the next thing to say.
    const isAnswered = !detail.xhr.response.includes("data-failed") && words.value === detail.requestConfig.formData.get("words");
    if (isAnswered) words.value = "";
    words.focus();
  });
})();
