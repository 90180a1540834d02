// The list, live: rows come as they change, in place; nothing moves while somebody is in the list.
(() => {
  "use strict";

  const list = document.getElementById("list");
  if (!list) return;
  const pill = document.getElementById("news");
  const pane = document.querySelector("[data-conversation]");
  const rows = () => document.getElementById("rows");
  const lines = () => [...rows().querySelectorAll(".row-item")];
  const AT_TOP_PX = 8;
  const LEFT_FOR_MS = 400; // a pointer that only passes over the edge has not left
  const DOING_LASTS_MS = 90_000;
  const SEEN_AFTER_MS = 800;

  // ------------------------------------------------------------------------------------------------- what belongs here

  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const isFound = (line) => {
    const asked = document.getElementById("q").value.trim();
    const digits = asked.replace(/\D/g, "");
    const name = line.querySelector(".row-name").textContent;
    if (digits.length > 2 && name.replace(/\D/g, "").includes(digits)) return true;
    const text = plain(`${name} ${line.querySelector(".row-text").textContent}`);
    return plain(asked).split(/\s+/).every((word) => text.includes(word));
  };

  const belongs = (line) => {
    const { view, instance, searched } = rows().dataset;
    if (instance && instance !== line.dataset.instance) return false;
    if (view === "mine" ? line.dataset.holder !== list.dataset.me : !line.dataset.views.split(" ").includes(view)) return false;
    return searched === undefined || Boolean(line.isConnected) || isFound(line);
  };

  // As `question.select`: whoever waits longest, if that is asked for; then, and among those who do not, the newest.
  const waits = (line) => (rows().dataset.sort === "waiting" ? Number(line.dataset.waits || Number.MAX_VALUE) : 0);
  const isBelow = (one, other) => (waits(one) - waits(other) || other.dataset.at - one.dataset.at) > 0;
  // A row that waits to be moved says nothing about the place of another.
  const others = (line) => lines().filter((one) => one !== line && !waiting.has(one.id));
  const isInPlace = (line) => {
    const all = lines().filter((one) => one === line || !waiting.has(one.id));
    const here = all.indexOf(line);
    const [above, below] = [all[here - 1], all[here + 1]];
    return !(above && isBelow(above, line)) && !(below && isBelow(line, below));
  };

  const place = (line) => {
    const before = others(line).find((one) => isBelow(one, line));
    const more = document.getElementById("more");
    if (before) before.before(line);
    else if (more) line.remove(); // it stands on a page that is not loaded
    else rows().append(line);
    list.querySelector(".empty")?.remove();
  };

  // ------------------------------------------------------------------------------------------- somebody is in the list

  let isPointed = false;
  const isBusy = () => isPointed || list.contains(document.activeElement) || list.scrollTop > AT_TOP_PX;
  const waiting = new Map();

  const showPill = () => {
    pill.hidden = waiting.size === 0;
    pill.querySelector("span").textContent = waiting.size === 1 ? pill.dataset.one : pill.dataset.many.replace("{n}", waiting.size);
  };

  const settle = () => {
    for (const [id, fresh] of [...waiting]) {
      const line = document.getElementById(id) ?? fresh;
      if (line.matches(".is-gone") || !belongs(line)) line.remove();
      else place(line);
      waiting.delete(id);
    }
    showPill();
    if (!lines().length && !list.querySelector(".empty")) readAgain();
  };

  let leaving = 0;
  const settleSoon = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => waiting.size && !isBusy() && settle(), LEFT_FOR_MS);
  };
  const point = () => {
    isPointed = true;
  };
  list.addEventListener("pointerenter", point);
  list.addEventListener("pointermove", point, { passive: true });
  list.addEventListener("pointerleave", () => {
    isPointed = false;
    settleSoon();
  });
  list.addEventListener("focusout", settleSoon);
  list.addEventListener("scroll", settleSoon, { passive: true });
  pill.addEventListener("click", () => {
    list.scrollTop = 0;
    settle();
  });

  // ---------------------------------------------------------------------------------------------------- a row has news

  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

  // As the page itself would have written it: with the question in its address, the open one marked.
  const dress = (line) => {
    const link = line.querySelector(".row");
    const isOpen = pane && link.pathname === pane.dataset.conversation;
    if (isOpen) {
      link.classList.add("is-open");
      link.setAttribute("aria-current", "page");
      if (!document.hidden) line.querySelector(".count.is-new")?.remove();
    }
    link.search = rows().dataset.query;
  };

  // The link stays the same element: a click that is half done and a focus are not lost.
  const renew = (line, fresh) => {
    for (const name of Object.keys(fresh.dataset)) line.dataset[name] = fresh.dataset[name];
    const link = line.querySelector(".row");
    const picture = link.querySelector("[data-picture]");
    const anew = fresh.querySelector("[data-picture]");
    if (anew && picture) anew.replaceWith(picture);
    link.replaceChildren(...fresh.querySelector(".row").childNodes);
    line.querySelector(".row-act")?.remove();
    const act = fresh.querySelector(".row-act");
    if (act) line.append(act);
    showDoing(line);
  };

  const take = (fresh) => {
    dress(fresh);
    let line = document.getElementById(fresh.id);
    if (line) renew(line, fresh);
    line ??= fresh;
    const isHere = line.isConnected;
    const fits = belongs(line);
    line.classList.toggle("is-gone", isHere && !fits);
    if (!isHere && !fits) waiting.delete(line.id);
    else if (isHere && fits && isInPlace(line)) waiting.delete(line.id);
    else if (isBusy()) waiting.set(line.id, line);
    else if (fits) place(line);
    else line.remove();
    if (!isHere) showDoing(line);
    showPill();
    if (!lines().length && !waiting.size && !list.querySelector(".empty")) readAgain();
  };

  // ----------------------------------------------------------------------------------------------- what the bot does

  const doings = new Map();
  function showDoing(line) {
    const { doing, number, of } = doings.get(line.id) ?? {};
    const words = of > 1 ? list.dataset.typingOf.replace("{number}", number).replace("{of}", of) : list.dataset[doing];
    const place = line.querySelector(".row-doing");
    place.textContent = words ?? "";
    place.hidden = !words;
    line.classList.toggle("is-doing", Boolean(words));
  }

  const hearDoing = ({ id, ...step }) => {
    const name = `line-${id}`;
    clearTimeout(doings.get(name)?.timer);
    const end = () => {
      doings.delete(name);
      if (document.getElementById(name)) showDoing(document.getElementById(name));
    };
    if (!(step.doing in list.dataset)) return end();
    doings.set(name, { ...step, timer: setTimeout(end, DOING_LASTS_MS) });
    if (document.getElementById(name)) showDoing(document.getElementById(name));
  };

  // What was going on when the list was read.
  const hearDoings = () => {
    for (const [id, step] of Object.entries(JSON.parse(rows().dataset.doings))) hearDoing({ id, ...step });
  };
  hearDoings();

  const showCounts = (numbers) => {
    // They are of all numbers; of one alone only the server knows.
    if (rows().dataset.instance) return;
    for (const [view, number] of Object.entries(numbers)) {
      const count = document.querySelector(`#tab-${view} .count`);
      if (!count) continue;
      count.textContent = number;
      if (view === "waiting") count.classList.toggle("is-urgent", number > 0);
    }
  };

  const showTab = () => document.querySelector(".tab[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  showTab();

  let source = null;
  document.addEventListener("htmx:sseOpen", (event) => {
    if (source === event.detail.source) return;
    source = event.detail.source;
    source.addEventListener("row", ({ data }) => {
      const fresh = parsed(data).querySelector(".row-item");
      if (!fresh) return;
      came.add(fresh.id);
      take(document.adoptNode(fresh));
    });
    source.addEventListener("counts", ({ data }) => showCounts(JSON.parse(data)));
    source.addEventListener("doing", ({ data }) => hearDoing(JSON.parse(data)));
    source.addEventListener("message", seen);
  });

  // ------------------------------------------------------------------------------------------------- reading it again

  const refresh = document.getElementById("refresh-list");
  const readAgain = () => htmx.trigger(refresh, "again");
  const isByItself = (config) => config?.elt === refresh && config.triggeringEvent?.type !== "click" && config.triggeringEvent?.type !== "again";

  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, parameters } = event.detail;
    if (elt === refresh || elt.id === "search") {
      // What goes without saying does not stand in the address.
      for (const name of ["view", "sort", "q", "instance"]) {
        if (!parameters[name] || (name === "sort" && parameters[name] === "latest")) delete parameters[name];
      }
    }
    const pages = Number(rows().dataset.pages ?? 1);
    if (elt === refresh && pages > 1) parameters.pages = pages;
  });

  // What came while the answer was on its way, which knows nothing of it.
  let came = new Set();

  // What the answer would name if it still belonged here: what comes after its last row may stand on a page it has not.
  const lose = (read) => {
    const told = [...read.querySelectorAll(".row-item")];
    const isTold = new Set(told.map((line) => line.id));
    const isBeyond = (line) => read.getElementById("more") && isBelow(line, told.at(-1));
    for (const line of [...lines(), ...waiting.values()]) {
      if (isTold.has(line.id) || came.has(line.id) || isBeyond(line)) continue;
      line.classList.toggle("is-gone", line.isConnected);
      if (line.isConnected) waiting.set(line.id, line);
      else waiting.delete(line.id);
    }
  };

  const showBands = (read) => {
    const [here, anew] = [[...list.querySelectorAll(":scope > .band")], [...read.querySelectorAll("body > .band")]];
    if (String(here.map((band) => band.textContent)) === String(anew.map((band) => band.textContent))) return;
    for (const band of here) band.remove();
    list.prepend(...anew);
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig, xhr } = event.detail;
    if (target !== list || !isByItself(requestConfig) || xhr.status !== 200) return;
    const read = parsed(xhr.responseText);
    const isShorter = Number(read.getElementById("rows").dataset.pages) < Number(rows().dataset.pages);
    if (!isBusy() && !isShorter) return;
    // Somebody is in the list, or has read more of it than is read at once: each row is told as if it had come by itself.
    event.detail.shouldSwap = false;
    lose(read);
    showBands(read);
    for (const fresh of read.querySelectorAll(".row-item")) if (!came.has(fresh.id)) take(document.adoptNode(fresh));
    if (isBusy()) showPill();
    else settle();
    for (const count of read.querySelectorAll(".tab .count")) {
      const known = document.querySelector(`#${count.parentElement.id} .count`);
      if (known) known.replaceWith(document.adoptNode(count));
    }
  });

  let page = 1;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { dataset } = event.detail.elt;
    if (event.detail.target === list) came = new Set();
    page = Number(dataset?.page ?? page);
    // What is typed before the view has come is searched for in it.
    if (event.detail.elt.matches(".tab")) document.getElementById("view-field").value = dataset.view === "all" ? "" : dataset.view;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (requestConfig?.elt.dataset.page) {
      rows().dataset.pages = page;
      // What moved up meanwhile is there already.
      const known = new Set();
      for (const line of lines()) {
        if (known.has(line.id)) line.remove();
        known.add(line.id);
      }
    } else if (target === list) {
      waiting.clear();
      showPill();
      if (requestConfig?.elt !== refresh) list.scrollTop = 0;
      hearDoings();
      setTimeout(showTab); // they are renewed after the list
    } else {
      return;
    }
    for (const line of lines()) if (doings.has(line.id)) showDoing(line);
    restore();
  });

  // A choice in a select is a question like one that is typed. They are renewed with the tabs: listened to from above.
  document.addEventListener("change", (event) => {
    if (event.target.matches("#sort, #instance")) document.getElementById("search").requestSubmit();
  });

  // A picture that is not there leaves the initials.
  list.addEventListener("error", (event) => event.target.matches("[data-picture]") && event.target.remove(), true);

  // ---------------------------------------------------------------------------------------- where one was in the list

  const PLACE = "list";
  let wanted = null;
  let isForgotten = false; // what was searched is nobody's any more after a log-out (parts.js)
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-forget]")) isForgotten = true;
  });
  window.addEventListener("pagehide", () => {
    if (isForgotten) return;
    const { query, pages } = rows().dataset;
    sessionStorage.setItem(PLACE, JSON.stringify({ query, pages, top: list.scrollTop, first: lines()[0]?.id }));
  });
  function restore() {
    if (wanted === null) return;
    list.scrollTop = wanted;
    wanted = null;
  }
  // Whoever goes from one conversation to the next stays where they were. Whoever comes to the list anew, or reads it
  // again, is shown who stands at its top now.
  const isGoingOn = () => pane && performance.getEntriesByType("navigation")[0]?.type !== "reload";
  // After htmx, which listens to the page only once it is whole.
  document.addEventListener("DOMContentLoaded", () => {
    const was = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
    const isKnown = was?.query === rows().dataset.query && (was.first === lines()[0]?.id || isGoingOn());
    if (!was?.top || !isKnown) return list.querySelector(".row.is-open")?.scrollIntoView({ block: "nearest" });
    wanted = was.top;
    if (Number(was.pages) <= Number(rows().dataset.pages)) return restore();
    rows().dataset.pages = was.pages;
    readAgain();
  });

  // --------------------------------------------------------------------------------------- what was looked at is seen

  let seeing = 0;
  let isUnseen = false;
  function seen() {
    isUnseen = true;
    if (!pane || document.hidden) return;
    clearTimeout(seeing);
    seeing = setTimeout(() => {
      isUnseen = false;
      const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
      fetch(`${pane.dataset.conversation}seen/`, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => {
        isUnseen = true;
      });
    }, SEEN_AFTER_MS);
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !isUnseen) return;
    list.querySelector(".row.is-open .count.is-new")?.remove();
    seen();
  });
})();
