// Files: chosen, dragged onto the conversation or pasted; shown before they go, and kept until they went out.
(() => {
  "use strict";

  const pane = document.querySelector("[data-conversation]");
  const form = () => document.getElementById("composer");
  const input = () => document.getElementById("file");
  if (!pane || !form()) return;

  // What stands in the box's field of this name stays there until it went out, also where the box is made anew meanwhile:
  // only what was part of the form that was sent is forgotten, and what may be out only once that is known.
  window.sdrKept = (name, show) => {
    let kept = null;
    let next = null; // chosen while that is on its way
    let sent = null; // what the form that was sent last had
    const unclear = new Map(); // by the token of its send
    const field = () => document.getElementById(name);
    const isOnItsWay = () => sent !== null && kept === sent && document.getElementById("text").readOnly;

    const draw = (file) => {
      if (!field()) return; // a message is being changed: it is offered when the box is back
      const holder = new DataTransfer();
      if (file) holder.items.add(file);
      field().files = holder.files;
      show(file);
    };
    const put = (file) => {
      if (file && isOnItsWay()) next = file;
      else if (file) kept = file;
      else [kept, next] = [next, null];
      draw(file ?? kept);
    };
    const again = () => draw(next && isOnItsWay() ? next : kept);

    document.addEventListener("htmx:beforeRequest", ({ detail: { elt, requestConfig } }) => {
      if (elt.id === "composer") sent = requestConfig.parameters[name]?.size ? kept : null;
    });
    const failed = ({ detail: { elt } }) => elt.id === "composer" && kept && draw(kept);
    for (const event of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(event, failed);
    document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
      if (target?.id !== "composer") return;
      const isUnsure = form().hasAttribute("data-unsure");
      if (sent && kept === sent && (isUnsure || form().hasAttribute("data-sent"))) {
        if (isUnsure) unclear.set(document.querySelector("#unsures .unsure").dataset.token, sent);
        [kept, next] = [next, null];
      }
      if (kept) draw(kept);
    });
    document.addEventListener("composer:lost", (event) => {
      const file = unclear.get(event.detail);
      unclear.delete(event.detail);
      if (!file || kept) return;
      event.preventDefault(); // it is offered again
      put(file);
    });
    document.addEventListener("composer:out", (event) => unclear.delete(event.detail));
    return { put, again };
  };

  let picture = "";

  const size = (bytes) => {
    const [amount, unit] = bytes < 1024 * 1024 ? [bytes && Math.max(1, Math.round(bytes / 1024)), "kB"] : [bytes / 1024 / 1024, "MB"];
    return `${amount.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} ${unit}`;
  };
  const complain = (words) => {
    document.getElementById("composer-why")?.remove(); // of what was chosen before
    const trouble = document.getElementById("composer-trouble");
    trouble.textContent = words;
    trouble.hidden = !words;
  };

  const show = (file) => {
    const strip = document.getElementById("attached");
    URL.revokeObjectURL(picture);
    strip.hidden = !file;
    if (!file) return;
    const isPicture = file.type.startsWith("image/");
    picture = isPicture ? URL.createObjectURL(file) : "";
    const image = strip.querySelector(".attached-picture");
    image.hidden = !isPicture;
    if (isPicture) image.src = picture;
    strip.querySelector(".attached-kind").hidden = isPicture;
    strip.querySelector(".attached-name").textContent = file.name;
    strip.querySelector(".attached-size").textContent = size(file.size);
  };

  const { put, again } = window.sdrKept("file", show);

  const take = ([file, ...more]) => {
    if (!file || !input()) return;
    complain("");
    if (file.size > Number(form().dataset.largest)) {
      again();
      complain(form().dataset.tooLarge);
      return;
    }
    put(file);
    if (more.length) complain(form().dataset.oneFile);
    document.getElementById("text").focus();
  };

  document.addEventListener("change", (event) => event.target === input() && take(event.target.files));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-detach]")) return;
    put(null);
    complain("");
    document.getElementById("text").focus();
  });
  document.addEventListener("paste", (event) => {
    const files = event.target.closest?.("#composer") && event.clipboardData?.files;
    if (!files?.length) return;
    event.preventDefault();
    take(files);
  });

  const hasFile = (event) => event.dataTransfer?.types.includes("Files") && input();
  pane.addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    pane.classList.add("is-dropping");
  });
  pane.addEventListener("dragleave", (event) => {
    if (!pane.contains(event.relatedTarget)) pane.classList.remove("is-dropping");
  });
  pane.addEventListener("drop", (event) => {
    pane.classList.remove("is-dropping");
    if (!hasFile(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
})();
