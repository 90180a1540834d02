// A file that does not come: its bubble says why, in the server's words, and offers to try again.
(() => {
  "use strict";

  const messages = document.getElementById("messages");
  const words = document.getElementById("file-words");
  if (!messages || !words) return;

  const say = (box, why, again) => {
    let note = box.nextElementSibling;
    if (!note?.matches(".file-why")) {
      note = document.createElement("p");
      note.className = "file-why";
      note.setAttribute("role", "status");
      box.after(note);
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button is-small";
    button.textContent = words.dataset.again;
    button.addEventListener("click", () => {
      note.remove();
      box.classList.remove("is-missing");
      again();
    });
    note.replaceChildren(document.createTextNode(`${why} `), button);
    box.classList.add("is-missing");
  };

  // The browser does not tell why a picture or a sound did not come: the address is asked once more, and answers at once.
  const why = async (address) => {
    try {
      const answer = await fetch(address, { headers: { Range: "bytes=0-0" } });
      return answer.ok ? words.dataset.unplayable : (await answer.text()).slice(0, 200);
    } catch {
      return words.dataset.offline;
    }
  };

  const plain = (address) => address.split("?")[0];

  window.sdrFiles = {
    /** Say beside `box` why `address` did not come; `again` gets the address to try. */
    missing: async (box, address, again) => say(box, await why(address), () => again(`${plain(address)}?again=${Date.now()}`)),
    /** Take the words away again. */
    came: (box) => {
      box.classList.remove("is-missing");
      if (box.nextElementSibling?.matches(".file-why")) box.nextElementSibling.remove();
    },
  };

  const failed = (media) => {
    const box = media.closest("[data-file]");
    if (!box || box.matches(".is-missing")) return;
    window.sdrFiles.missing(box, media.currentSrc || media.src, (address) => {
      media.src = address;
      if (media.matches("video")) media.play().catch(() => {});
    });
  };
  // These events do not bubble.
  messages.addEventListener("error", (event) => event.target.matches("img, video") && failed(event.target), true);
  // What failed before this script was there.
  for (const image of messages.querySelectorAll("[data-file] img")) if (image.complete && !image.naturalWidth) failed(image);
})();
