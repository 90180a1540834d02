// An open conversation: every message once and in order, no word of an unfinished answer lost. Where one reads in it
// is `scroll.js`.
(() => {
  "use strict";

  const pane = document.querySelector("[data-conversation]");
  if (!pane) return;
  const messages = document.getElementById("messages");
  const activity = document.getElementById("activity");
  const heard = document.getElementById("heard");
  const isPast = messages.hasAttribute("data-past");
  const ACTIVITY_LASTS_MS = 90_000;
  const NOTICE_LASTS_MS = 30_000; // what it says stands in the bar as well
  const GOES_ON_S = 300; // as `shown.GOES_ON`
  const HEARD_CHARACTERS = 200;

  // ----------------------------------------------------------------------------------------------- each message once

  const readAgain = () => htmx.trigger("#refresh-messages", "again");
  const isBubble = (node) => node.matches("li.bubble");
  const bubbles = () => [...messages.children].filter(isBubble);
  const at = (bubble) => Number(bubble.dataset.at);

  const parsed = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return [...holder.content.children];
  };

  // Delivery is told in any order and never goes back; that it failed may come only before it went out.
  const isLater = (ticks, than) => {
    if (ticks.matches(".is-error")) return Number(than.dataset.rank) <= 1;
    return Number(ticks.dataset.rank) >= Number(than.dataset.rank) && !than.matches(".is-error");
  };

  // The bubble to show for one that was just read: the one on the screen when nothing changed, so that what one is
  // about to press, hear or copy stays; with the later of the two deliveries.
  const current = (fresh) => {
    const known = document.getElementById(fresh.id);
    if (!known) return fresh;
    const [mine, theirs] = [known.querySelector(".ticks"), fresh.querySelector(".ticks")];
    if (mine && theirs && known.dataset.version === fresh.dataset.version) {
      if (isLater(theirs, mine) && mine.dataset.rank !== theirs.dataset.rank) mine.replaceWith(theirs);
    } else if (mine && theirs && !isLater(theirs, mine)) theirs.replaceWith(mine.cloneNode(true));
    return known.dataset.version === fresh.dataset.version ? known : fresh;
  };

  // Days are named once, an author once in a group.
  const tidy = () => {
    let day = "";
    let before = null;
    for (const node of [...messages.children]) {
      if (isBubble(node)) {
        const isSame = before && before.dataset.author === node.dataset.author && before.dataset.day === node.dataset.day;
        node.classList.toggle("is-continued", Boolean(isSame) && at(node) - at(before) <= GOES_ON_S);
        before = node;
        continue;
      }
      before = null;
      if (!node.matches(".day")) continue;
      if (node.dataset.day === day) node.remove();
      day = node.dataset.day;
    }
  };

  // Only what has links that htmx follows: the list itself hears events already, and would hear them twice.
  const wire = () => messages.querySelectorAll(":scope > .more, :scope > .empty").forEach((node) => htmx.process(node));

  // Nodes that stay are not touched: touching stops a film and loses the focus.
  const arrange = (wanted) => {
    const stays = new Set(wanted);
    for (const node of [...messages.children]) if (!stays.has(node)) node.remove();
    let next = messages.firstElementChild;
    for (const node of wanted) {
      if (node === next) next = next.nextElementSibling;
      else messages.insertBefore(node, next);
    }
    tidy();
    wire();
  };

  // What a page that was read again says of the newest messages, with the older ones that were loaded before, and with
  // what came while it was on its way: it knows nothing of that.
  let came = [];
  const merge = (html) => {
    const fresh = parsed(html);
    const read = fresh.filter(isBubble);
    for (const trouble of messages.querySelectorAll("li.empty")) trouble.remove();
    if (!read.length) return arrange([...(fresh.some((node) => node.matches("[role=alert]")) ? messages.children : []), ...fresh]);
    const ids = new Set(read.map((bubble) => bubble.id));
    const here = [...messages.children];
    const cut = here.findIndex((node) => isBubble(node) && (ids.has(node.id) || at(node) >= at(read[0])));
    const touches = here.some((node) => ids.has(node.id));
    const kept = touches ? here.slice(0, cut).filter((node) => !node.matches(".new-from") && !ids.has(node.id)) : [];
    const isLonger = kept.some(isBubble);
    const late = here.filter((node) => came.includes(node.id) && !ids.has(node.id));
    const marks = [...messages.querySelectorAll(".new-from")].map((mark) => [mark, mark.nextElementSibling?.id]);
    const wanted = [
      ...(isLonger ? kept : []),
      ...fresh.filter((node) => !isLonger || !node.matches(".more")).map((node) => (isBubble(node) ? current(node) : node)),
      ...late,
    ];
    for (const [mark, id] of marks) {
      const place = wanted.findIndex((node) => node.id === id);
      if (id && place >= 0) wanted.splice(place, 0, mark);
    }
    arrange(wanted);
  };

  const addOlder = (sentinel, html) => {
    const fresh = parsed(html).filter((node) => !isBubble(node) || !document.getElementById(node.id));
    sentinel.replaceWith(...fresh);
    tidy();
    wire();
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === messages) came = [];
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, serverResponse, isError } = event.detail;
    if (isError || (target !== messages && target.id !== "older")) return;
    event.detail.shouldSwap = false;
    window.sdrScroll.keepPlace(() => (target === messages ? merge(serverResponse) : addOlder(target, serverResponse)));
  });

  // --------------------------------------------------------------------------------------------------- one that comes

  const isNext = (bubble) => {
    const last = bubbles().at(-1);
    return last && last.dataset.day === bubble.dataset.day && at(last) <= at(bubble);
  };

  const nameQuoted = (bubble) => {
    const quote = bubble.querySelector("a.quote");
    const quoted = quote && document.getElementById(quote.dataset.jump);
    if (!quoted) return;
    quote.querySelector(".quote-author").textContent = quoted.querySelector(".author").textContent;
    quote.classList.toggle("of-lead", quoted.matches(".by-lead"));
  };

  const say = (bubble) => {
    const words = bubble.querySelector(".text")?.textContent ?? bubble.querySelector("img")?.alt ?? bubble.querySelector(".kind")?.textContent ?? "";
    heard.textContent = `${bubble.querySelector(".author").textContent}: ${words.trim().slice(0, HEARD_CHARACTERS)}`;
  };

  // Of the lead's messages of the same second the first that an answer, where it is known, does not answer (`order.py`).
  const crossed = (bubble) => {
    if (!bubble.dataset.answers) return null;
    const answered = bubble.dataset.answers.split(" ").map((id) => `message-${id}`);
    const ofNow = bubbles().filter((one) => at(one) === at(bubble));
    const last = ofNow.findLastIndex((one) => !one.matches(".by-lead") || answered.includes(one.id));
    return ofNow[last + 1] ?? null;
  };

  // Delivery that was told before its message came.
  const early = new Map();
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (!event.target.matches("[sse-swap=patch]")) return;
    const [ticks] = parsed(event.detail.data);
    if (!ticks || document.getElementById(ticks.id)) return;
    event.preventDefault();
    ticks.removeAttribute("hx-swap-oob");
    early.set(ticks.id, ticks);
  });
  const tick = (bubble) => {
    const mine = bubble.querySelector(".ticks");
    const told = mine && early.get(mine.id);
    if (told && isLater(told, mine)) mine.replaceWith(told);
  };

  // A new day, or late: the page knows where it belongs.
  const take = (bubble) => {
    came.push(bubble.id);
    nameQuoted(bubble);
    const known = document.getElementById(bubble.id);
    if (known) {
      // Its text, not its delivery: that comes by itself, and may have come first.
      const [mine, theirs] = [known.querySelector(".ticks"), bubble.querySelector(".ticks")];
      if (mine && theirs && !isLater(theirs, mine)) theirs.replaceWith(mine);
      if (known.dataset.version !== bubble.dataset.version) known.replaceWith(bubble);
      return tidy();
    }
    if (!isNext(bubble)) return readAgain();
    tick(bubble);
    messages.insertBefore(bubble, crossed(bubble));
    tidy();
    messages.dispatchEvent(new CustomEvent("messages:came", { detail: bubble }));
  };

  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.target !== messages) return;
    event.preventDefault();
    const bubble = parsed(event.detail.data).find(isBubble);
    if (!bubble) return readAgain();
    const isNew = !document.getElementById(bubble.id);
    take(bubble);
    if (isNew) say(bubble);
  });

  // Nobody tells that a lead gave up writing: what was heard of it counts for a while.
  const WRITING_MS = 12000;
  let writing = 0;
  const presence = document.getElementById("presence");
  if (presence) {
    new MutationObserver(() => {
      clearTimeout(writing);
      if (presence.textContent.trim()) writing = setTimeout(() => presence.replaceChildren(), WRITING_MS);
    }).observe(presence, { childList: true });
  }

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const ticks = target.matches(".ticks") && fragment.querySelector(".ticks");
    if (ticks && !isLater(ticks, target)) event.detail.shouldSwap = false;
    const bubble = target === messages && fragment.querySelector("li.bubble");
    if (!bubble) return;
    event.detail.shouldSwap = false;
    // One's own answer is looked at, wherever one was reading.
    if (isPast) return location.assign(pane.dataset.conversation);
    window.sdrScroll.stayAtEnd();
    take(bubble);
  });

  // -------------------------------------------------------------------------------------------- what passes by itself

  let fading = 0;
  new MutationObserver(() => {
    clearTimeout(fading);
    if (activity.textContent) fading = setTimeout(() => activity.replaceChildren(), ACTIVITY_LASTS_MS);
  }).observe(activity, { childList: true });

  let gone = 0;
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.id !== "notice") return;
    clearTimeout(gone);
    gone = setTimeout(() => document.getElementById("notice").replaceChildren(), NOTICE_LASTS_MS);
  });

  // The button that was pressed is gone: go on reading where its answer stands.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.verb === "post" && document.activeElement.matches("body, #control [data-focus]")) {
      const asked = document.querySelector("#notice [data-focus]");
      // Whoever takes over writes next. On a phone that would cover half the screen with keys.
      const isTaken = /\/(take-over|hold)\/$/.test(event.detail.requestConfig.path) && matchMedia("(pointer: fine)").matches;
      const box = isTaken && !asked && document.getElementById("text");
      (box || asked || document.querySelector("#control [data-focus]"))?.focus();
    }
  });
})();
