// Choosing several conversations: the boxes appear, what was chosen stays chosen while the list lives.
(() => {
  "use strict";

  const pane = document.getElementById("list-pane");
  const button = document.getElementById("choose");
  if (!pane || !button) return;
  const list = document.getElementById("list");
  const form = document.getElementById("several");
  const count = form.querySelector(".several-count");
  const all = document.getElementById("all");
  const acts = [...form.querySelectorAll("button")];
  const menu = form.querySelector("details");
  const opener = menu.querySelector("summary");
  const boxes = () => [...list.querySelectorAll(".row-pick input")];
  const chosen = new Set();

  const show = () => {
    const said = chosen.size ? count.dataset.some.replace("{n}", chosen.size) : count.dataset.none;
    if (count.textContent !== said) count.textContent = said; // it is read out each time it is written
    for (const act of acts) act.disabled = chosen.size === 0;
    // A summary knows no "disabled"; the words beside it say why nothing opens.
    opener.setAttribute("aria-disabled", String(chosen.size === 0));
    if (chosen.size === 0) menu.open = false;
    all.checked = boxes().length > 0 && boxes().every((box) => box.checked);
    all.indeterminate = !all.checked && chosen.size > 0;
  };

  const choose = (is) => {
    pane.classList.toggle("is-selecting", is);
    button.setAttribute("aria-pressed", String(is));
    if (!is) {
      chosen.clear();
      for (const box of boxes()) box.checked = false;
    }
    show();
  };

  button.addEventListener("click", (event) => {
    event.preventDefault();
    choose(!pane.classList.contains("is-selecting"));
  });
  button.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    button.click();
  });
  list.addEventListener("change", (event) => {
    if (!event.target.matches(".row-pick input")) return;
    if (event.target.checked) chosen.add(event.target.value);
    else chosen.delete(event.target.value);
    show();
  });
  // While choosing, the whole row is the box.
  list.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row || !pane.classList.contains("is-selecting") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    row.closest(".row-item").querySelector(".row-pick input").click();
  });
  opener.addEventListener("click", (event) => {
    if (chosen.size === 0) event.preventDefault();
  });
  all.addEventListener("change", () => {
    const is = all.checked;
    for (const box of boxes()) {
      box.checked = is;
      if (is) chosen.add(box.value);
      else chosen.delete(box.value);
    }
    show();
  });
  new MutationObserver(() => {
    for (const box of boxes()) box.checked = chosen.has(box.value);
    show();
  }).observe(list, { childList: true, subtree: true });
  document.addEventListener("submit", (event) => {
    const back = event.target.matches("#several, #one") && event.target.elements.back;
    const here = new URL(location.href);
    here.searchParams.delete("select");
    if (back) back.value = here.pathname + here.search;
  });

  all.closest("label").hidden = false;
  show();
})();
