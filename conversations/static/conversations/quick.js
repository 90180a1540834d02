// Quick answers: a slash at the start of an empty box offers them, and what is typed after it narrows them down.
(() => {
  "use strict";

  const box = () => document.getElementById("text");
  const list = () => document.getElementById("quick");
  if (!box()) return;

  // With none of them, a slash says so; the words come with it, so that they are heard as well.
  const tell = (isMeant) => {
    const none = document.getElementById("quick-none");
    if (!none || none.hidden !== isMeant) return;
    none.hidden = !isMeant;
    none.firstElementChild.textContent = isMeant ? none.dataset.words : "";
  };
  const options = () => [...list().querySelectorAll("[role=option]")];
  const offered = () => options().filter((one) => !one.hidden);
  const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const choose = (option) => {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    if (option) {
      box().setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else box().removeAttribute("aria-activedescendant");
  };
  const open = (isOpen) => {
    list().hidden = !isOpen;
    choose(isOpen ? offered()[0] : null);
  };
  const narrow = () => {
    const typed = /^\/([^\s]*)$/.exec(box().value);
    if (!typed) return open(false);
    const wanted = plain(typed[1]);
    for (const one of options()) {
      const begins = one.dataset.shortcut.startsWith(wanted);
      one.hidden = !begins && !(wanted.length > 1 && plain(one.dataset.text).includes(wanted));
    }
    open(offered().length > 0);
  };
  const take = (option) => {
    box().value = option.dataset.text;
    open(false);
    box().dispatchEvent(new Event("input", { bubbles: true }));
    box().focus();
  };

  document.addEventListener("input", (event) => {
    if (event.target !== box()) return;
    if (list()) narrow();
    tell(box().value === "/");
  });
  // Before the box's own keys: here Enter takes the answer into the box, and only the next one sends it.
  document.addEventListener("keydown", (event) => {
    if (event.target !== box() || !list() || list().hidden || event.isComposing) return;
    const here = offered();
    const at = here.findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") choose(here[(at + (event.key === "ArrowDown" ? 1 : -1) + here.length) % here.length]);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && here[at]) take(here[at]);
    else if (event.key === "Escape") open(false);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("#quick [role=option]");
    if (!option) return;
    event.preventDefault(); // the box keeps the focus
    take(option);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && event.target === box() && tell(false));
  document.addEventListener("focusout", (event) => event.target === box() && list() && open(false));
})();
