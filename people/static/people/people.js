// Coming in: show what is typed as a password, and choose what is to be copied with one click.
(() => {
  "use strict";

  for (const button of document.querySelectorAll("[data-reveal]")) {
    const field = document.getElementById(button.dataset.reveal);
    button.hidden = false;
    button.addEventListener("click", () => {
      const shows = field.type === "password";
      field.type = shows ? "text" : "password";
      button.setAttribute("aria-pressed", String(shows));
      field.focus();
    });
    // Whatever was looked at is hidden when it leaves, so that a browser keeps it as a password.
    field.form.addEventListener("submit", () => (field.type = "password"));
  }

  for (const field of document.querySelectorAll("[data-select]")) {
    field.addEventListener("focus", () => field.select());
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
