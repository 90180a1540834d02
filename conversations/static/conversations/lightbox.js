// A photo, large: in a dialog, with the photos before and after it.
(() => {
  "use strict";

  const messages = document.getElementById("messages");
  const box = document.getElementById("lightbox");
  if (!messages || !box) return;
  const part = (name) => document.getElementById(`lightbox-${name}`);
  const image = part("image");
  let shown = null;

  const photos = () => [...messages.querySelectorAll("a[data-photo]:not(.is-missing)")];
  const beside = (step) => photos()[photos().indexOf(shown) + step];

  const show = (photo) => {
    if (!photo) return;
    shown = photo;
    const small = photo.querySelector("img");
    image.src = small.currentSrc || small.src;
    image.alt = small.alt;
    part("when").textContent = `${photo.closest("li").querySelector(".author").textContent} · ${photo.dataset.when}`;
    part("words").textContent = photo.closest("li").querySelector(".text")?.textContent ?? "";
    part("download").href = photo.dataset.download;
    part("previous").disabled = !beside(-1);
    part("next").disabled = !beside(1);
  };

  messages.addEventListener("click", (event) => {
    const photo = event.target.closest("a[data-photo]");
    if (!photo || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (photo.matches(".is-missing")) return;
    show(photo);
    box.showModal();
  });
  part("previous").addEventListener("click", () => show(beside(-1)));
  part("next").addEventListener("click", () => show(beside(1)));
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(beside(step));
  });
  box.addEventListener("click", (event) => event.target.matches(".lightbox-picture") && box.close());
  box.addEventListener("close", () => {
    image.removeAttribute("src");
    // Where one stopped looking is where one goes on reading.
    shown?.focus();
  });
})();
