// A form whose answer is on its way stays in the page, out of sight, when its part is read anew beneath it: htmx puts an
// answer where the form stands, and what is told of a form that has left the page (it failed, say) reaches nobody.
(() => {
  "use strict";

  const asking = new Set();
  const aside = document.createElement("div");
  aside.hidden = true;
  document.body.append(aside);

  const setAside = (place) => {
    for (const form of asking) {
      if (form === place || !place.contains(form)) continue;
      const focused = form.contains(document.activeElement) && document.activeElement.id;
      if (focused) document.addEventListener("htmx:afterSwap", () => document.getElementById(focused)?.focus(), { once: true });
      for (const named of [form, ...form.querySelectorAll("[id]")]) named.removeAttribute("id");
      aside.append(form);
    }
  };

  document.addEventListener("htmx:beforeSend", (event) => asking.add(event.detail.elt));
  document.addEventListener("htmx:beforeSwap", (event) => {
    asking.delete(event.detail.requestConfig.elt); // answered: what it stands in may go
    setAside(event.detail.target);
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    // The form itself: its own answer takes it away.
    if (asking.has(event.detail.target)) event.detail.shouldSwap = false;
    else setAside(event.detail.target);
  });
  document.addEventListener("htmx:afterRequest", ({ detail: { elt } }) => {
    asking.delete(elt);
    if (aside.contains(elt)) setTimeout(() => elt.remove());
  });
})();
