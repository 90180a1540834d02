// Acting in a conversation: the bot's unsent words in the box, and the first field of a menu that asks.
(() => {
  "use strict";

  const HELD_MS = 60_000; // the bot may notice only when the model has answered
  let heldAt = 0;

  const use = (text) => {
    const box = document.getElementById("text");
    if (!box) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
    box.setSelectionRange(text.length, text.length);
  };

  // Held: what was not sent comes into the box, now or a moment later, unless somebody has begun to write there.
  document.addEventListener("htmx:afterSettle", () => {
    const control = document.getElementById("control");
    if (!control) return;
    if (control.hasAttribute("data-held")) {
      control.removeAttribute("data-held");
      heldAt = Date.now();
    }
    const text = document.getElementById("draft-text")?.textContent;
    if (!text || Date.now() - heldAt > HELD_MS || document.getElementById("text")?.value) return;
    heldAt = 0;
    use(text);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-use-draft]")) {
      event.preventDefault();
      use(document.getElementById("draft-text").textContent);
      document.getElementById("draft").open = false;
    } else if (event.target.closest("[data-use-suggestion]")) {
      event.preventDefault();
      use(document.querySelector("#control .suggestion-text").textContent);
    }
  });

  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.menu") && event.target.open) event.target.querySelector("[data-first]")?.focus();
  }, true);

  // What was agreed, as it was found: into the field, unless somebody has written there.
  document.addEventListener("input", (event) => {
    if (event.target.id === "agreed") event.target.dataset.typed = "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    const found = document.querySelector("#agreed-found [data-agreed]:not([data-used])");
    const field = document.getElementById("agreed");
    if (!found || !field) return;
    found.dataset.used = "";
    if (field.value || "typed" in field.dataset) return found.remove();
    field.value = found.dataset.agreed;
  });

  // The bar is read again while somebody chooses in one of its menus, or writes in one: nothing of it is lost.
  let kept = null;
  document.addEventListener("htmx:beforeSwap", ({ detail: { target, requestConfig } }) => {
    if (target?.id !== "control") return;
    const writing = target.contains(document.activeElement) ? document.activeElement : null;
    kept = requestConfig?.verb === "get" && {
      menus: [...target.querySelectorAll("details[id]")].map((menu) => [menu.id, menu.open]),
      values: [...target.querySelectorAll("textarea, input:not([type=hidden])")].map((field) => [field.id, field.value]),
      focus: writing?.id,
      at: writing?.matches("textarea") ? [writing.selectionStart, writing.selectionEnd] : null,
    };
  });
  document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
    if (!kept || target?.id !== "control") return;
    for (const [id, isOpen] of kept.menus) document.getElementById(id)?.toggleAttribute("open", isOpen);
    for (const [id, value] of kept.values) {
      const field = document.getElementById(id);
      if (field) field.value = value;
    }
    const writing = kept.focus && document.getElementById(kept.focus);
    if (writing) {
      writing.focus();
      if (kept.at) writing.setSelectionRange(...kept.at);
    }
    kept = null;
  });
})();
