// A voice note: asked for, recorded with a clock and a level, listened to, sent or thrown away. Nothing leaves before.
(() => {
  "use strict";

  const form = () => document.getElementById("composer");
  if (!form()) return;
  const part = (selector) => document.querySelector(`#recorder ${selector}`);
  const LONGEST_S = 10 * 60;
  const KINDS = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

  let recorder = null;
  let stream = null;
  let sound = null; // what the level is read from
  let ticking = 0;
  let now = ""; // asking, recording, ready
  let address = "";

  const state = (name) => {
    now = name;
    const shell = document.getElementById("recorder");
    if (!shell) return;
    shell.hidden = !name;
    form().classList.toggle("is-recording", Boolean(name));
    for (const one of shell.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== name;
    document.getElementById("record-stop").hidden = name !== "recording";
    const [box, send] = [document.getElementById("text"), form().querySelector(".send")];
    send.disabled = name === "asking" || name === "recording" || box.readOnly;
    if (name && document.activeElement === box) (name === "recording" ? document.getElementById("record-stop") : send).focus(); // it is hidden
  };
  const complain = (words) => {
    const trouble = document.getElementById("composer-trouble");
    trouble.textContent = words;
    trouble.hidden = !words;
  };

  const quiet = () => {
    clearInterval(ticking);
    const last = recorder;
    recorder = null;
    if (last?.state === "recording") last.stop();
    for (const track of stream?.getTracks() ?? []) track.stop();
    sound?.close();
    stream = sound = null;
  };

  const show = (file) => {
    URL.revokeObjectURL(address);
    address = file ? URL.createObjectURL(file) : "";
    if (file) part("audio").src = address;
    else part("audio").removeAttribute("src");
    state(file ? "ready" : "");
  };
  const { put } = window.sdrKept("voice", show);

  const watch = () => {
    const began = performance.now();
    sound = new AudioContext();
    const hears = sound.createAnalyser();
    sound.createMediaStreamSource(stream).connect(hears);
    const wave = new Float32Array(hears.fftSize);
    ticking = setInterval(() => {
      if (!document.getElementById("recorder")) return; // it is being stopped
      const seconds = Math.floor((performance.now() - began) / 1000);
      part(".recorder-time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      hears.getFloatTimeDomainData(wave);
      part(".recorder-level").value = Math.min(1, Math.max(...wave.map(Math.abs)) * 1.5);
      if (seconds >= LONGEST_S) recorder?.stop();
    }, 100);
  };

  const record = async () => {
    complain("");
    const words = document.getElementById("recorder").dataset;
    const kind = window.MediaRecorder && navigator.mediaDevices && KINDS.find((one) => MediaRecorder.isTypeSupported(one));
    if (!kind) {
      complain(words.noRecorder);
      return;
    }
    state("asking");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    } catch {
      state("");
      complain(words.noMicrophone);
      return;
    }
    if (now !== "asking") return quiet(); // thrown away meanwhile
    const chunks = [];
    const mine = new MediaRecorder(stream, { mimeType: kind });
    recorder = mine;
    mine.addEventListener("dataavailable", (event) => chunks.push(event.data));
    mine.addEventListener("stop", () => {
      if (recorder !== mine) return; // thrown away
      const type = kind.split(";")[0];
      const isHere = [document.body, document.getElementById("record-stop")].includes(document.activeElement);
      quiet();
      state("");
      put(new File(chunks, `voice.${type.split("/")[1]}`, { type }));
      if (isHere && now) form().querySelector(".send").focus();
    });
    recorder.start();
    state("recording");
    watch();
    document.getElementById("record-stop").focus();
  };

  const discard = () => {
    quiet();
    put(null);
    document.getElementById("text").focus();
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("#record")) record();
    else if (event.target.closest("#record-stop")) recorder?.stop();
    else if (event.target.closest("#record-cancel")) discard();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !event.target.closest?.("#recorder")) return;
    event.preventDefault();
    discard();
  });

  // A voice note goes alone: what else stands in the box waits for the next send.
  document.addEventListener("htmx:configRequest", ({ detail: { elt, parameters } }) => {
    if (elt.id !== "composer" || !parameters.voice?.size) return;
    delete parameters.text;
    delete parameters.file;
  });

  // The box was made anew under it. Where a message is being changed there is no recorder: what was said until then is kept.
  document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
    if (target?.id !== "composer" || (now !== "asking" && now !== "recording")) return;
    if (document.getElementById("recorder")) state(now);
    else if (now === "asking") state("");
    else if (recorder?.state === "recording") recorder.stop();
  });
})();
