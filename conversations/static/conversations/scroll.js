// Where one reads in a conversation: older messages come in above without a jump, a button leads to the newest, quotes
// lead to what they quote. `conversation.js` puts messages in their places and asks here to hold the view still.
(() => {
  "use strict";

  const scroll = document.getElementById("scroll");
  if (!scroll) return;
  const messages = document.getElementById("messages");
  const activity = document.getElementById("activity");
  const newest = document.getElementById("newest");
  const count = document.getElementById("newest-count");
  const isPast = messages.hasAttribute("data-past");
  const NEAR_PX = 80;
  const AHEAD_PX = 600; // older messages are fetched so long before one sees their place
  const MOST_PAGES = 30; // that a jump loads, before it goes to a page of its own
  const FOUND_LASTS_MS = 2500;

  // ------------------------------------------------------------------------------------------------ the newest in sight

  let isAtEnd = true;
  let unseen = 0;
  let end = 0; // where the end was when it was last gone to
  const furthest = () => scroll.scrollHeight - scroll.clientHeight;
  const distance = () => furthest() - scroll.scrollTop;
  const toEnd = () => {
    scroll.scrollTop = scroll.scrollHeight;
    end = scroll.scrollTop;
  };
  const showNewest = () => {
    if (isAtEnd) unseen = 0;
    newest.hidden = isAtEnd || isPast;
    count.hidden = !unseen;
    count.textContent = unseen ? String(unseen) : "";
  };
  scroll.addEventListener("scroll", () => {
    isAtEnd = distance() < NEAR_PX;
    if (isAtEnd) end = scroll.scrollTop;
    showNewest();
  }, { passive: true });
  newest.addEventListener("click", () => {
    isAtEnd = true;
    toEnd();
    showNewest();
    scroll.focus({ preventScroll: true });
  });
  // Somebody may have scrolled up in this very frame, and its event comes only with the next one.
  const hasLeft = () => scroll.scrollTop < Math.min(end, furthest()) - NEAR_PX;
  const follow = () => isAtEnd && !isPast && !hasLeft() && toEnd();
  new MutationObserver(follow).observe(messages, { childList: true, subtree: true });
  new MutationObserver(follow).observe(activity, { childList: true });
  for (const id of ["pending", "whispers"]) new MutationObserver(follow).observe(document.getElementById(id), { childList: true });
  new ResizeObserver(follow).observe(scroll);

  // Whatever `change` does to the messages, the one at the top of the view stays where it is.
  const keepPlace = (change) => {
    const top = scroll.getBoundingClientRect().top;
    const anchor = [...messages.querySelectorAll("li.bubble")].find((one) => one.getBoundingClientRect().bottom > top);
    const before = anchor?.getBoundingClientRect().top;
    const stays = !isAtEnd || hasLeft();
    scroll.style.overflowAnchor = "none";
    change();
    const now = anchor && document.getElementById(anchor.id);
    if (now && stays) scroll.scrollTop += now.getBoundingClientRect().top - before;
    else follow();
    requestAnimationFrame(() => {
      scroll.style.overflowAnchor = "";
    });
  };

  messages.addEventListener("messages:came", () => {
    if (isAtEnd) return;
    unseen += 1;
    showNewest();
  });

  window.sdrScroll = {
    keepPlace,
    stayAtEnd: () => {
      isAtEnd = true;
      toEnd();
      showNewest();
    },
  };

  // ------------------------------------------------------------------------------------------------- older messages

  const watcher = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) htmx.trigger("#older a", "older");
  }, { root: scroll, rootMargin: `${AHEAD_PX}px 0px 0px 0px` });
  const watch = () => {
    watcher.disconnect();
    const sentinel = document.getElementById("older");
    if (sentinel) watcher.observe(sentinel);
  };
  new MutationObserver(watch).observe(messages, { childList: true });

  const LOOKS = 20; // htmx takes a new link in after a moment; until then it hears nothing
  const LOOK_MS = 50;
  const moment = () => new Promise((resolve) => setTimeout(resolve, LOOK_MS));

  // Whether older messages came; when it is known they stand in their places.
  const older = async () => {
    for (let look = 0; look < LOOKS; look += 1) {
      const link = document.querySelector("#older a");
      if (!link) return false;
      htmx.trigger(link, "older");
      const isAsked = link.classList.contains("htmx-request");
      while (link.isConnected && link.classList.contains("htmx-request")) await moment();
      // The link goes with what it brought, or with a reading of everything that came between.
      if (isAsked) return !link.isConnected;
      await moment();
    }
    return false;
  };

  // --------------------------------------------------------------------------------------------------- what is quoted

  const show = (bubble) => {
    isAtEnd = false;
    bubble.scrollIntoView({ block: "center" });
    bubble.tabIndex = -1;
    bubble.focus({ preventScroll: true });
    bubble.classList.add("is-found");
    setTimeout(() => bubble.classList.remove("is-found"), FOUND_LASTS_MS);
  };

  const jump = async (link) => {
    messages.setAttribute("aria-busy", "true");
    for (let page = 0; page <= MOST_PAGES; page += 1) {
      const bubble = document.getElementById(link.dataset.jump);
      if (bubble) {
        messages.removeAttribute("aria-busy");
        return show(bubble);
      }
      if (!(await older())) break;
    }
    location.assign(link.href);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-jump]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    jump(link);
  });

  // ------------------------------------------------------------------------------------------------------- on opening

  const begin = () => {
    const named = location.hash.startsWith("#message-") && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const unread = document.getElementById("new-from");
    if (named) show(named);
    else if (unread) {
      isAtEnd = false;
      unread.scrollIntoView({ block: "start" });
      isAtEnd = distance() < NEAR_PX;
    } else toEnd();
    watch();
  };
  begin();
})();
