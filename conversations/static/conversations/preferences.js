// One click, one preference: shown at once, kept by the server. Without scripts the same forms load the page again.
(() => {
  "use strict";

  const APPLY = {
    theme: (value) => {
      document.documentElement.dataset.theme = value;
      for (const meta of document.querySelectorAll("meta[name=theme-color]")) {
        meta.content = meta.dataset[value === "system" ? meta.dataset.scheme : value];
      }
    },
    shortcuts: (value) => {
      document.body.dataset.shortcuts = value;
    },
  };

  // The browser is asked only after the person has asked for it.
  const isAllowed = async (name, value) => {
    if (name !== "notifications" || value !== "1") return true;
    return "Notification" in window && (await Notification.requestPermission()) === "granted";
  };

  const toggle = (button, value) => {
    button.setAttribute("aria-pressed", String(value === "1"));
    button.value = value === "1" ? "0" : "1";
  };
  const press = (name, value) => {
    for (const button of document.querySelectorAll(`form[data-prefer] button[name="${name}"]`)) {
      if (button.hasAttribute("data-toggles")) toggle(button, value);
      else button.setAttribute("aria-pressed", String(button.value === value));
    }
  };

  // What the person wants everywhere is so here only if this browser lets it; else the switch stands for asking it.
  const showHere = () => {
    if (document.getElementById("attention")?.dataset.notifications !== "1") return;
    const permission = window.Notification?.permission ?? "denied";
    for (const button of document.querySelectorAll("button[name=notifications][data-toggles]")) {
      toggle(button, permission === "granted" ? "1" : "0");
      button.form.querySelector("[data-refused]").hidden = permission !== "denied";
    }
  };
  showHere();
  document.getElementById("me")?.addEventListener("toggle", showHere);

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-prefer]");
    const button = event.submitter;
    if (!form || !button?.name) return;
    event.preventDefault();
    const { name, value } = button;
    const word = form.querySelector("[data-refused]");
    if (word) word.hidden = true;
    if (!(await isAllowed(name, value))) {
      if (word) word.hidden = false;
      return;
    }
    const body = new FormData(form);
    body.set(name, value);
    press(name, value);
    APPLY[name]?.(value);
    document.dispatchEvent(new CustomEvent("preferred", { detail: { name, value } }));
    await fetch(form.action, { method: "POST", body, keepalive: true, headers: { Accept: "application/json" } }).catch(() => {});
  });

  if ("serviceWorker" in navigator && document.body.dataset.worker) {
    navigator.serviceWorker.register(document.body.dataset.worker).catch(() => {});
  }
})();
