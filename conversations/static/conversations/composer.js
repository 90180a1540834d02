// The box to answer in: what was typed is never lost, what is sent is sent once, and what it answers stands above it.
(() => {
  "use strict";

  const pane = document.querySelector("[data-conversation]");
  const form = () => document.getElementById("composer");
  const box = () => document.getElementById("text");
  if (!pane || !form()) return;
  const place = `draft:${pane.dataset.conversation}`;
  const isAnswer = () => !form().classList.contains("is-editing");

  // -------------------------------------------------------------------------------------------------------- the draft

  const keep = () => {
    if (!isAnswer()) return;
    if (box().value) sessionStorage.setItem(place, box().value);
    else sessionStorage.removeItem(place);
  };
  const bringBack = () => {
    if (isAnswer() && !box().value) box().value = sessionStorage.getItem(place) ?? "";
  };
  bringBack();
  document.addEventListener("input", (event) => event.target === box() && keep());

  // ------------------------------------------------------------------------------------------------ what is unclear

  // A message that may be out is kept in this tab, with the token of its one send, until it is known how that ended:
  // what went out is in sight and forgotten here, what did not is in the box again, or offered where that is taken.
  const unclearPlace = `unsure:${pane.dataset.conversation}`;
  const unclear = () => JSON.parse(sessionStorage.getItem(unclearPlace) ?? "[]");
  const keepUnclear = (all) => (all.length ? sessionStorage.setItem(unclearPlace, JSON.stringify(all)) : sessionStorage.removeItem(unclearPlace));
  const fates = () => new Map((document.getElementById("control").dataset.fates ?? "").split(" ").map((one) => one.split(":")));

  const noteUnclear = () => {
    const one = document.querySelector("#unsures .unsure")?.dataset;
    if (!form().hasAttribute("data-unsure") || !one || unclear().some((known) => known.token === one.token)) return;
    keepUnclear([...unclear(), { token: one.token, text: one.text, had: one.had, isLost: false }]);
  };
  const tell = (name, token) => form().dispatchEvent(new CustomEvent(name, { bubbles: true, cancelable: true, detail: token }));
  const judged = (one, ended) => {
    if (one.isLost || (ended !== "sent" && ended !== "not_sent")) return [one];
    if (ended === "sent") {
      tell("composer:out", one.token);
      return [];
    }
    const isBack = !tell("composer:lost", one.token); // its file
    const had = isBack ? "" : one.had;
    if (!one.text && !had) return [];
    if (had || box().value || !isAnswer()) return [{ ...one, had, isLost: true }];
    box().value = one.text;
    keep();
    return [];
  };
  const draw = () => {
    const place = document.getElementById("unsures");
    const drawn = unclear().map((one) => {
      const node = document.getElementById("unsure-one").content.firstElementChild.cloneNode(true);
      node.dataset.token = one.token;
      node.querySelector(".unsure-doubt").hidden = one.isLost;
      node.querySelector(".unsure-lost").hidden = !one.isLost;
      node.querySelector(".unsure-use").hidden = !one.isLost || !one.text;
      node.querySelector(".quote").textContent = [one.had, one.text].filter(Boolean).join("\n");
      return node;
    });
    // What is told already is not told again.
    if (drawn.map((node) => node.outerHTML).join("") !== [...place.children].map((node) => node.outerHTML).join("")) place.replaceChildren(...drawn);
  };
  const clearUp = () => {
    if (!form() || !document.getElementById("unsures")) return;
    noteUnclear();
    const known = fates();
    keepUnclear(unclear().flatMap((one) => judged(one, known.get(one.token))));
    draw();
  };
  clearUp();
  document.addEventListener("htmx:afterSettle", clearUp);
  document.addEventListener("click", (event) => {
    const token = event.target.closest("[data-unsure-use], [data-unsure-drop]")?.closest(".unsure").dataset.token;
    if (token === undefined) return;
    const one = unclear().find((known) => known.token === token);
    keepUnclear(unclear().filter((known) => known.token !== token));
    if (event.target.closest("[data-unsure-use]") && one) {
      box().value = [box().value, one.text].filter(Boolean).join("\n\n");
      keep();
    }
    draw();
    box().focus();
  });

  // ---------------------------------------------------------------------------------------------------------- sending

  const hasSomething = () => box().value.trim() || document.getElementById("file")?.files.length || document.getElementById("voice")?.files.length;
  document.addEventListener("keydown", (event) => {
    if (event.target !== box() || event.key !== "Enter" || event.shiftKey || event.isComposing || event.defaultPrevented) return;
    event.preventDefault();
    if (hasSomething()) form().requestSubmit();
  });

  const isSend = (event) => event.detail.requestConfig?.verb === "post" && event.detail.elt?.id === "composer";
  const trouble = () => document.getElementById("composer-trouble");
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt?.id !== "composer") return;
    if (isAnswer() && !hasSomething() && !trouble().hidden) return event.preventDefault(); // why there is nothing stands there
    keep();
    box().readOnly = true; // what is typed meanwhile would go with the form
    trouble().hidden = true;
  });
  // The same words with the same token: sent again by hand, they still go out once.
  const failed = (event) => {
    if (event.detail.elt?.id !== "composer") return;
    box().readOnly = false;
    const { tooLarge, refused, noAnswer } = form().dataset;
    trouble().textContent = { 403: refused, 413: tooLarge }[event.detail.xhr?.status] ?? noAnswer;
    trouble().hidden = false;
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, failed);

  let isElsewhere = false; // as the answer comes one writes in another field: a note is not to go on in the lead's box
  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    if (target.id === "composer") isElsewhere = document.activeElement !== document.body && !target.contains(document.activeElement);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!form() || event.detail.target?.id !== "composer") return;
    const isPost = isSend(event) || event.detail.requestConfig?.verb === "post";
    const wasSent = form().hasAttribute("data-sent") || form().hasAttribute("data-unsure");
    if (wasSent && event.detail.requestConfig.parameters.text !== undefined) sessionStorage.removeItem(place);
    else bringBack();
    if (form().hasAttribute("data-amended")) {
      document.getElementById("amend").replaceChildren();
      htmx.trigger("#refresh-messages", "again");
    } else if (isPost) document.getElementById("amend").replaceChildren();
    if (isPost && isElsewhere && document.activeElement !== document.body) return;
    box().focus();
    box().setSelectionRange(box().value.length, box().value.length);
  });

  // ------------------------------------------------------------------------------- replying, changing, taking back

  const asked = () => document.querySelector("#amend dialog");
  const ask = (address, target, swap) => htmx.ajax("GET", `${pane.dataset.conversation}composer/${address}`, { target, swap });
  document.addEventListener("click", (event) => {
    const compose = event.target.closest("[data-compose]");
    const amend = event.target.closest("[data-amend]");
    if (compose) {
      event.preventDefault();
      if (box().readOnly) return; // what is on its way answers what it answers
      keep();
      ask(new URL(compose.href).search, "#composer", "outerHTML");
    } else if (amend) {
      event.preventDefault();
      keep();
      ask(new URL(amend.href).search, "#amend", "innerHTML");
    } else if (event.target.closest("[data-close-amend]")) {
      event.preventDefault();
      asked().close();
    } else if (event.target.closest("[data-focus-text]")) box().focus();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "amend" && asked() && !asked().open) asked().showModal();
  });
  if (asked()?.open) {
    asked().close();
    asked().showModal();
  }
  document.addEventListener("keydown", (event) => {
    const cancel = event.key === "Escape" && !event.defaultPrevented && event.target === box() && form().querySelector("[data-cancel]");
    if (!cancel) return;
    event.preventDefault();
    cancel.click();
  });

  // A colleague's message can only be changed by them.
  const mine = () => {
    for (const act of document.querySelectorAll("#messages .by-rep [data-own]")) {
      if (act.dataset.own !== form()?.dataset.me) act.remove();
    }
  };
  mine();
  new MutationObserver(mine).observe(document.getElementById("messages"), { childList: true });
})();
