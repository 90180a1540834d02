// The palette (Ctrl K): acts of the open conversation, pages, and conversations by name or number.
//
// A combobox as the ARIA practices describe it: the field keeps the focus, aria-activedescendant names the choice.
(() => {
  "use strict";

  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const form = dialog.querySelector("form");
  const field = form.querySelector("input[role=combobox]");
  const list = document.getElementById("palette-list");
  const words = form.dataset;
  const ASK_AFTER_MS = 120;

  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const isMeant = (text, wanted) => wanted.split(/\s+/).every((part) => plain(text).split(/\s+/).some((word) => word.startsWith(part)));

  let offered = []; // what each option does
  let active = -1;
  let found = []; // conversations the server knows
  let acts = []; // taken when it opens: behind an open dialog nothing counts as visible to everybody
  let isFailed = false;

  const pages = () => {
    const known = new Map();
    for (const link of document.querySelectorAll(".top a[href], [data-page-link]")) {
      const text = (link.getAttribute("aria-label") || link.textContent).replace(/\s+/g, " ").trim();
      if (text && !link.matches(".brand, .calls") && !known.has(link.href)) known.set(link.href, { words: text, hint: "", run: () => location.assign(link.href) });
    }
    return [...known.values()];
  };

  const option = (one, index) => {
    const item = document.createElement("li");
    item.id = `palette-${index}`;
    item.role = "option";
    item.setAttribute("aria-selected", "false");
    const said = document.createElement("span");
    said.textContent = one.words;
    said.dir = "auto";
    item.append(said);
    if (one.hint) {
      const hint = document.createElement(one.isKey ? "kbd" : "small");
      hint.textContent = one.hint;
      item.append(hint);
    }
    item.addEventListener("click", () => run(index));
    item.addEventListener("pointermove", () => choose(index, false));
    return item;
  };

  const group = (name, options) => {
    if (!options.length) return [];
    const heading = document.createElement("li");
    heading.role = "presentation";
    heading.className = "palette-group";
    heading.textContent = name;
    return [heading, ...options.map((one) => option(one, offered.push(one) - 1))];
  };

  const show = () => {
    const wanted = plain(field.value.trim());
    const keep = (all) => all.filter((one) => !wanted || isMeant(one.words, wanted));
    offered = [];
    list.replaceChildren(...group(words.acts, keep(acts)), ...group(words.conversations, found), ...group(words.pages, keep(pages())));
    document.getElementById("palette-word").textContent = offered.length ? (isFailed ? words.offline : "") : isFailed ? words.offline : words.nothing;
    choose(offered.length ? 0 : -1, true);
  };

  const choose = (index, scrolls) => {
    document.getElementById(`palette-${active}`)?.setAttribute("aria-selected", "false");
    active = index;
    const item = document.getElementById(`palette-${active}`);
    item?.setAttribute("aria-selected", "true");
    if (scrolls) item?.scrollIntoView({ block: "nearest" });
    if (item) field.setAttribute("aria-activedescendant", item.id);
    else field.removeAttribute("aria-activedescendant");
  };

  const run = (index) => {
    const one = offered[index];
    if (!one) return;
    dialog.close();
    one.run();
  };

  let timer = 0;
  let asked = 0;
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++asked;
      try {
        const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "error", headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error();
        const { conversations } = await answer.json();
        if (mine !== asked) return;
        found = conversations.map((one) => ({ ...one, run: () => location.assign(one.url) }));
        isFailed = false;
      } catch {
        if (mine !== asked) return;
        found = [];
        isFailed = true;
      }
      show();
    }, ASK_AFTER_MS);
  };

  const open = () => {
    if (dialog.open || document.querySelector("dialog[open]")) return;
    acts = window.pageActs().map((act) => ({ words: act.words, hint: act.key, isKey: true, run: act.press }));
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
    field.value = "";
    found = [];
    dialog.showModal();
    field.focus();
    show();
    ask();
  };

  field.addEventListener("input", () => {
    show();
    ask();
  });
  field.addEventListener("keydown", (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && offered.length) {
      event.preventDefault();
      choose((active + move + offered.length) % offered.length, true);
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(active);
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  document.addEventListener("palette", open);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette]")) return;
    event.preventDefault();
    open();
  });
})();
