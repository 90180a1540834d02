// What one has opened or is writing is not lost when what is around it is read anew, or comes beside another answer: it is
// put back where the same question stands again. Only the form that was answered has done its work, and its menu.
(() => {
  "use strict";

  const WRITTEN = "textarea[id], input[id]:not([type=hidden], [type=file], [type=checkbox], [type=radio])";
  const kept = new WeakMap(); // what is in each place that is about to be replaced
  let answered = null; // the form whose answer is being put into the page

  const within = (place, selector) => [place, ...place.querySelectorAll(selector)].filter((one) => one.matches(selector));
  const isDone = (one) => answered !== null && (one.contains(answered) || answered.contains(one));
  // The hidden fields of its form say what it is about: which offer, whose conversation.
  const about = (one) =>
    [...(one.form ?? one).querySelectorAll("[type=hidden]:not([name=csrfmiddlewaretoken])")].map((field) => field.value).join(" ");
  const question = (one) => JSON.stringify([about(one), one.defaultValue]);
  const selectorOf = (one) => {
    if (one.id) return `#${CSS.escape(one.id)}`;
    return one.matches("details[id] > summary") ? `#${CSS.escape(one.parentElement.id)} > summary` : null;
  };

  const remember = (place) => {
    const focused = document.activeElement;
    const selector = place.contains(focused) && !isDone(focused) ? selectorOf(focused) : null;
    kept.set(place, {
      menus: within(place, "details[id]").filter((menu) => !isDone(menu)).map((menu) => ({ id: menu.id, asks: question(menu), isOpen: menu.open })),
      fields: within(place, WRITTEN)
        .filter((field) => field.value !== field.defaultValue && !isDone(field))
        .map((field) => ({ id: field.id, asks: question(field), value: field.value })),
      focus: selector && { selector, start: focused.selectionStart, end: focused.selectionEnd },
    });
  };

  const same = ({ id, asks }) => {
    const found = document.getElementById(id);
    return found && question(found) === asks ? found : null;
  };
  const putBack = (place) => {
    const known = kept.get(place);
    if (!known) return;
    kept.delete(place);
    for (const one of known.menus) {
      const menu = same(one);
      if (!menu || menu.open === one.isOpen) continue;
      menu.dataset.again = ""; // by us: nobody asked for the focus
      menu.addEventListener("toggle", () => delete menu.dataset.again, { once: true });
      menu.open = one.isOpen;
    }
    for (const one of known.fields) {
      const field = same(one);
      if (field && field.value === field.defaultValue) field.value = one.value;
    }
    const focus = known.focus && document.querySelector(known.focus.selector);
    if (!focus || ![document.body, focus].includes(document.activeElement)) return;
    focus.focus({ preventScroll: true });
    if (known.focus.start != null) focus.setSelectionRange(known.focus.start, known.focus.end);
  };

  document.addEventListener("htmx:beforeSwap", ({ detail: { target, requestConfig } }) => {
    answered = requestConfig.verb === "get" ? null : requestConfig.elt;
    remember(target);
  });
  document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target } }) => remember(target));
  for (const name of ["htmx:oobAfterSwap", "htmx:afterSwap"]) document.addEventListener(name, ({ detail: { target } }) => target && putBack(target));
  document.addEventListener("htmx:afterRequest", () => {
    answered = null;
  });
})();
