// The border between the list and the conversation: moved with the pointer or the arrows, remembered in this browser.
(() => {
  "use strict";

  const divider = document.getElementById("divider");
  if (!divider) return;
  const workplace = divider.closest(".workplace");
  const PLACE = "list-width";
  const [LEAST, MOST, STEP] = [240, 640, 24];
  const desk = matchMedia("(min-width: 64rem)");
  const isReversed = () => getComputedStyle(workplace).direction === "rtl";
  const now = () => document.getElementById("list-pane").getBoundingClientRect().width;

  const set = (wanted, isKept = true) => {
    const width = Math.round(Math.min(MOST, Math.max(LEAST, wanted)));
    workplace.style.setProperty("--list-width", `${width}px`);
    divider.setAttribute("aria-valuenow", String(width));
    if (isKept) localStorage.setItem(PLACE, String(width));
  };
  const forget = () => {
    workplace.style.removeProperty("--list-width");
    localStorage.removeItem(PLACE);
    divider.setAttribute("aria-valuenow", String(Math.round(now())));
  };

  divider.addEventListener("keydown", (event) => {
    const way = isReversed() ? -1 : 1;
    const wanted = {
      ArrowLeft: now() - STEP * way, ArrowRight: now() + STEP * way, Home: LEAST, End: MOST,
    }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    set(wanted);
  });
  divider.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    divider.focus();
    divider.setPointerCapture(event.pointerId);
    const from = event.clientX;
    const was = now();
    const move = (moved) => set(was + (moved.clientX - from) * (isReversed() ? -1 : 1));
    divider.addEventListener("pointermove", move);
    divider.addEventListener("lostpointercapture", () => divider.removeEventListener("pointermove", move), { once: true });
  });
  divider.addEventListener("dblclick", forget);

  const fit = () => {
    divider.hidden = !desk.matches;
    const kept = Number(localStorage.getItem(PLACE));
    if (desk.matches && kept) set(kept, false);
    else divider.setAttribute("aria-valuenow", String(Math.round(now())));
  };
  desk.addEventListener("change", fit);
  fit();
})();
