// Acting in a conversation: the bot's unsent words in the box, and the first field of a menu that asks.
(() => {
  "use strict";

  const HELD_MS = 60_000; // the bot may notice only when the model has answered
  let heldAt = 0;

  const use = (text, isHeld = false) => {
    const box = document.getElementById("text");
    if (!box) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    const isElsewhere = document.activeElement.matches("input, textarea, select") && document.activeElement !== box;
    if (isHeld && isElsewhere) return;
    box.focus();
    box.setSelectionRange(isHeld ? 0 : text.length, text.length);
  };

  // Held: what was not sent comes into the box, now or a moment later, unless somebody has begun to write there. It is
  // selected: whoever writes on means other words.
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
    use(text, true);
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
    const menu = event.target;
    if (menu.matches("details.menu") && menu.open && !("again" in menu.dataset)) menu.querySelector("[data-first]")?.focus();
  }, true);

  // What was agreed, as it was found: into the field, unless somebody has written there.
  let isTyped = false;
  const agreed = () => document.getElementById("agreed");
  const isTaken = () => isTyped || Boolean(agreed().value);
  document.addEventListener("input", (event) => {
    if (event.target === agreed()) isTyped = true;
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id !== "agreed-found" || !isTaken()) return;
    event.preventDefault(); // the bar was read again: nothing more is to be found
    event.detail.elt.replaceChildren();
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!agreed()) isTyped = false;
    const found = document.querySelector("#agreed-found [data-agreed]:not([data-used])");
    if (!found) return;
    found.dataset.used = "";
    if (isTaken()) return found.remove();
    agreed().value = found.dataset.agreed;
  });
})();
