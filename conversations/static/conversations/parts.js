// What every page can do: open and close its dialogs and menus, and copy what stands somewhere.
(() => {
  "use strict";

  const PATIENCE_MS = 3000;

  // What a dialog says may have changed since the page was made: its part with data-anew is asked for as it opens.
  const renew = async (dialog, address) => {
    const part = dialog.querySelector("[data-anew]");
    if (!part) return true;
    try {
      const headers = { "HX-Request": "true", "HX-Target": "switch-asked" };
      const answer = await fetch(address, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.redirected) {
        location.assign(answer.url); // somebody was faster, or the session is over
        return false;
      }
      if (answer.ok) part.innerHTML = await answer.text();
    } catch {
      // As the page was made it claims nothing.
    }
    return true;
  };
  const open = async (opener) => {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog && (await renew(dialog, opener.href)) && !dialog.open) dialog.showModal();
  };

  // A button with data-dialog="id" opens that <dialog>; one with data-close closes the dialog it is in.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      event.preventDefault();
      open(opener);
      return;
    }
    if (event.target.closest("[data-close]") || event.target.matches("dialog[open]")) event.target.closest("dialog").close();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // data-copy="text" puts that text on the clipboard, and the button says so for a moment with data-copied.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    if (!button.dataset.copied || button.dataset.before) return;
    button.dataset.before = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => {
      button.textContent = button.dataset.before;
      delete button.dataset.before;
    }, 2000);
  });

  document.addEventListener("submit", (event) => {
    // Nobody finds another person's unfinished answers after a log-out.
    if (event.target.matches("[data-forget]")) sessionStorage.clear();
  });
})();
