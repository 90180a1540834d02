// The keyboard of every page. An element with data-key="a" is pressed by that key; "?" shows them all, in words.
(() => {
  "use strict";

  const help = document.getElementById("keys");
  const isMeant = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
  const isField = (element) => element.closest?.("input, textarea, select, [contenteditable], [role=combobox]");
  const isOn = () => document.body.dataset.shortcuts !== "0";

  // What stands on the page now and may be pressed; the first one wins where two want the same key.
  const acts = () => {
    const found = new Map();
    for (const element of document.querySelectorAll("[data-key]")) {
      if (!element.disabled && isMeant(element) && !found.has(element.dataset.key)) found.set(element.dataset.key, element);
    }
    return found;
  };
  const wordsOf = (element) =>
    (element.dataset.keyWords || element.getAttribute("aria-label") || element.textContent || element.title).replace(/\s+/g, " ").trim();

  const press = (element) => {
    if (element.matches("input, textarea, select")) element.focus();
    else if (element.matches("summary")) {
      element.focus();
      element.click();
    } else element.click();
  };

  // ---------------------------------------------------------------------------------------------------- in the list

  const rows = () => [...document.querySelectorAll("[data-row], #list a.row")].filter(isMeant);
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const focused = all.indexOf(document.activeElement.closest?.("[data-row], a.row"));
    const open = all.findIndex((row) => row.hasAttribute("aria-current"));
    const from = focused >= 0 ? focused : open;
    const next = all[from < 0 ? 0 : Math.max(0, Math.min(all.length - 1, from + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const GENERAL = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => [...document.querySelectorAll("[data-search]")].find(isMeant)?.focus() ?? document.dispatchEvent(new CustomEvent("palette")),
    "?": () => showHelp(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return leave(event);
    if (!isOn() || isField(event.target) || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const element = acts().get(key);
    if (!element && !GENERAL[key]) return;
    event.preventDefault();
    if (element) press(element);
    else GENERAL[key]();
  });

  // Out of a field, back to where the keys act; what was typed stays.
  const leave = (event) => {
    if (!isField(event.target) || document.querySelector("dialog[open]")) return;
    event.target.blur();
  };

  // ------------------------------------------------------------------------------------------------------------- help

  const showHelp = () => {
    const here = document.getElementById("keys-here");
    const lines = [...acts()].filter(([key]) => !(key in GENERAL)).map(([key, element]) => line(key, wordsOf(element)));
    here.replaceChildren(...lines);
    here.closest("section").hidden = !lines.length;
    help.showModal();
  };
  const line = (key, words) => {
    const row = document.createElement("div");
    const name = document.createElement("dt");
    const cap = document.createElement("kbd");
    const said = document.createElement("dd");
    cap.textContent = key === "Escape" ? "Esc" : key;
    said.textContent = words;
    name.append(cap);
    row.append(name, said);
    return row;
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-keys]")) return;
    event.preventDefault();
    event.target.closest("details")?.removeAttribute("open");
    if (!help.open) showHelp();
  });

  // For the palette (palette.js): what may be done here.
  window.pageActs = () => [...acts()].filter(([, element]) => element.matches("button, a, summary")).map(([key, element]) => ({ key, element, words: wordsOf(element), press: () => press(element) }));
})();
