// Files: chosen, dragged onto the conversation or pasted; shown before they go, and kept until they went out.
(() => {
  "use strict";

  const pane = document.querySelector("[data-conversation]");
  const form = () => document.getElementById("composer");
  const input = () => document.getElementById("file");
  if (!pane || !form()) return;

  let kept = null; // what was chosen last and has not gone out
  let picture = "";

  const size = (bytes) => {
    const [amount, unit] = bytes < 1024 * 1024 ? [Math.max(1, Math.round(bytes / 1024)), "kB"] : [bytes / 1024 / 1024, "MB"];
    return `${amount.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} ${unit}`;
  };
  const complain = (words) => {
    const trouble = document.getElementById("composer-trouble");
    trouble.textContent = words;
    trouble.hidden = !words;
  };

  const show = () => {
    const strip = document.getElementById("attached");
    if (!strip) return;
    const file = input().files[0];
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

  const put = (file) => {
    const holder = new DataTransfer();
    if (file) holder.items.add(file);
    input().files = holder.files;
    kept = file;
    show();
  };

  const take = (file) => {
    if (!file || !input()) return;
    if (document.getElementById("text").readOnly) return put(kept); // what is on its way is as it is
    complain("");
    if (file.size > Number(form().dataset.largest)) {
      put(null);
      complain(form().dataset.tooLarge);
      return;
    }
    put(file);
    document.getElementById("text").focus();
  };

  document.addEventListener("change", (event) => event.target === input() && take(event.target.files[0]));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-detach]")) return;
    put(null);
    complain("");
    document.getElementById("text").focus();
  });
  document.addEventListener("paste", (event) => {
    const file = event.target.closest?.("#composer") && event.clipboardData?.files[0];
    if (!file) return;
    event.preventDefault();
    take(file);
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
    take(event.dataTransfer.files[0]);
  });

  // What did not go out is offered again; of what may be out, only once it is sure that it did not.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "composer" || !input()) return;
    if (form().hasAttribute("data-sent")) kept = null;
    if (kept && !form().hasAttribute("data-unsure")) put(kept);
  });
  document.addEventListener("composer:lost", () => kept && input() && put(kept));
  document.addEventListener("composer:out", () => {
    kept = null;
  });
})();
