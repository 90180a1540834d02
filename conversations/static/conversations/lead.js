// The pane about the lead: a column that can be put away on a desk, a drawer elsewhere.
(() => {
  "use strict";

  const pane = document.getElementById("lead");
  const button = document.getElementById("lead-button");
  if (!pane || !button || !pane.showPopover) return; // an old browser follows the link to the page
  const PLACE = "lead-pane";
  const desk = window.matchMedia("(min-width: 75rem)");
  const root = document.documentElement;

  const show = () => {
    const isOpen = desk.matches ? !root.classList.contains("is-without-lead") : pane.matches(":popover-open");
    button.setAttribute("aria-expanded", String(isOpen));
  };
  const toggleColumn = () => {
    root.classList.toggle("is-without-lead");
    localStorage.setItem(PLACE, root.classList.contains("is-without-lead") ? "away" : "here");
    show();
  };

  // What was not saved does not stand there as if it were.
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, ({ detail }) => detail.elt.querySelector("#approval") && detail.elt.reset());
  }

  button.setAttribute("role", "button");
  button.setAttribute("aria-controls", "lead");
  button.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // the page, in a tab of its own
    event.preventDefault();
    if (desk.matches) toggleColumn();
    else pane.togglePopover();
  });
  button.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    button.click();
  });
  pane.addEventListener("toggle", (event) => {
    show();
    if (event.newState === "open") document.getElementById("lead-close").focus();
    else if (!desk.matches) button.focus();
  });
  desk.addEventListener("change", () => {
    if (pane.matches(":popover-open")) pane.hidePopover();
    show();
  });

  // What comes is counted here: reading it again would cost the gateway a look at the whole conversation.
  document.getElementById("messages")?.addEventListener("messages:came", ({ detail: bubble }) => {
    const line = document.querySelector(`#lead-counts [data-author="${bubble.dataset.author.split(" ")[0]}"]`);
    if (!line) return;
    line.querySelector("strong").textContent = Number(line.querySelector("strong").textContent) + 1;
    line.hidden = false;
  });

  root.classList.toggle("is-without-lead", localStorage.getItem(PLACE) === "away");
  show();
})();
