// The newcomer plays the lead. Everything shown is asked of the sandbox once a second; nothing is kept here but names.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const clock = new Intl.DateTimeFormat("pt-BR", { hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat("pt-BR", { weekday: "long", day: "numeric", month: "long" });
  const LARGEST_FILE = 8 * 1024 * 1024;

  let version = -1;
  let world = { instances: [], chats: [], leads: [], delivery: {} };
  let open = null; // {instance, jid, name}
  let shownIds = "";
  let isAtEnd = true;
  let recorder = null;
  let typedAt = 0;

  // ------------------------------------------------------------------------------------------------------- talking

  async function get(path) {
    const answer = await fetch(path, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  async function post(path, body) {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  const act = (body) => post(`/_sandbox/${encodeURIComponent(open.instance)}/lead`, { jid: open.jid, name: open.name, ...body });

  // ------------------------------------------------------------------------------------------------------- drawing

  function make(tag, properties = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  function initials(name) {
    return (name.match(/\p{L}/gu) || ["?"]).slice(0, 1).join("").toUpperCase();
  }

  function personButton(person, what, at) {
    const button = make("button", { type: "button", className: "person" },
      make("span", { className: "face", ariaHidden: "true" }, initials(person.name)),
      make("span", { className: "who" }, person.name),
      at ? make("time", {}, clock.format(at * 1000)) : "",
      make("span", { className: "what" }, what));
    const isOpen = open && open.jid === person.jid && open.instance === person.instance;
    button.setAttribute("aria-current", String(Boolean(isOpen)));
    button.dataset.key = `${person.instance} ${person.jid}`;
    button.addEventListener("click", () => choose(person));
    return button;
  }

  function keepFocus(list, draw) {
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    draw();
    if (focused) [...list.querySelectorAll("[data-key]")].find((node) => node.dataset.key === focused)?.focus();
  }

  function drawPeople() {
    const scripted = new Set(world.leads.map((lead) => lead.jid));
    keepFocus(byId("cast"), () => byId("cast").replaceChildren(...world.leads.map((lead) => {
      const again = make("button", { type: "button", className: "button icon", title: "Começar de novo" }, "↻");
      again.setAttribute("aria-label", `Começar de novo: ${lead.name}`);
      again.dataset.key = `again ${lead.id}`;
      again.addEventListener("click", () => post("/_sandbox/leads", { lead: lead.id }).then(() => choose(lead)));
      return make("li", {}, personButton(lead, lead.about), again);
    })));
    const chats = world.chats.filter((chat) => !scripted.has(chat.jid));
    keepFocus(byId("chats"), () => byId("chats").replaceChildren(...chats.map((chat) =>
      make("li", {}, personButton(chat, (chat.fromMe ? "↩ " : "") + (chat.last || "mídia"), chat.at)))));
  }

  function drawPairing() {
    const closed = world.instances.filter((instance) => instance.state !== "open");
    byId("pairing").replaceChildren(...closed.map((instance) => {
      const scan = make("button", { type: "button", className: "button primary" }, "Escanear o QR code");
      scan.addEventListener("click", () => post(`/_sandbox/${encodeURIComponent(instance.name)}/connection`, { state: "open" }));
      scan.disabled = !instance.qr;
      const words = instance.qr ? "O número está esperando o QR code." : "Desconectado: peça o QR code no painel.";
      return make("div", { className: "pairing" }, make("h2", {}, instance.name), make("p", {}, words),
        instance.qr ? make("img", { src: instance.qr, alt: "QR code do número", width: 200, height: 200 }) : "", scan);
    }));
  }

  function drawWarning() {
    const failing = world.delivery.failedLately >= 3 && !(world.delivery.last >= 200 && world.delivery.last < 300);
    const refused = world.delivery.last === 403;
    byId("warning").hidden = !failing;
    if (failing) byId("warning").textContent = refused
      ? "O painel está recusando os avisos: o segredo do webhook não confere."
      : "O painel não está respondendo. As mensagens ficam guardadas aqui e o aviso é repetido.";
  }

  function ticks(message) {
    const words = { READ: ["✓✓", "lida"], DELIVERY_ACK: ["✓✓", "entregue"], SERVER_ACK: ["✓", "enviada"], PENDING: ["🕓", "saindo"] };
    const [sign, word] = words[message.status] || words.PENDING;
    const node = make("span", { className: "ticks", title: word }, sign);
    node.classList.toggle("read", message.status === "READ");
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", word);
    return node;
  }

  function body(message) {
    if (message.deleted) return [make("span", { className: "gone" }, "mensagem apagada")];
    const parts = message.quoted ? [make("span", { className: "quote" }, message.quoted)] : [];
    if (message.type === "audioMessage" && message.media) {
      parts.push(make("audio", { controls: true, preload: "metadata", src: message.media }));
    } else if (message.type === "imageMessage" && message.media) {
      parts.push(make("img", { src: message.media, alt: message.text || "imagem", loading: "lazy" }));
    } else if (message.media) {
      parts.push(make("a", { href: message.media, download: "" }, "📄 arquivo"));
    }
    if (message.type === "locationMessage") parts.push("📍 ");
    if (message.text && message.type !== "audioMessage") parts.push(make("span", {}, message.text));
    return parts;
  }

  function bubble(message) {
    const foot = make("span", { className: "foot" });
    if (message.reaction) foot.append(message.reaction);
    if (message.edited) foot.append("editada");
    foot.append(make("time", {}, clock.format(message.at * 1000)));
    // This is the lead's phone: WhatsApp shows ticks on what one has sent, never on what one has received.
    if (!message.fromMe) foot.append(ticks(message));
    const item = make("li", { className: "bubble" }, make("span", { className: "unseen" }, message.fromMe ? "Empresa: " : "Você: "),
      ...body(message), foot);
    item.classList.toggle("mine", !message.fromMe);
    return item;
  }

  function drawMessages(messages, company) {
    const list = byId("messages");
    const ids = JSON.stringify([open.jid, company, messages]);
    if (ids === shownIds) return;
    const playing = [...list.querySelectorAll("audio")].some((audio) => !audio.paused);
    if (playing) return;
    if (!shownIds) isAtEnd = true;
    shownIds = ids;
    const items = [];
    let lastDay = "";
    for (const message of messages) {
      const today = day.format(message.at * 1000);
      if (today !== lastDay) items.push(make("li", { className: "day" }, today));
      lastDay = today;
      items.push(bubble(message));
    }
    if (company) items.push(make("li", { className: "bubble", ariaHidden: "true" }, make("span", { className: "dots" }, make("i"), make("i"), make("i"))));
    list.replaceChildren(...items);
    stayAtEnd();
  }

  function stayAtEnd() {
    const list = byId("messages");
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }

  // --------------------------------------------------------------------------------------------------------- acting

  function choose(person) {
    open = { instance: person.instance, jid: person.jid, name: person.name };
    shownIds = "";
    document.body.dataset.view = "chat";
    byId("empty").hidden = true;
    byId("open").hidden = false;
    byId("name").textContent = person.name;
    byId("messages").replaceChildren();
    drawPeople();
    byId("text").focus();
    look(true);
  }

  function close() {
    document.body.dataset.view = "list";
    open = null;
    byId("open").hidden = true;
    byId("empty").hidden = false;
    drawPeople();
  }

  function newNumber() {
    const digits = String(1 + Math.floor(Math.random() * 8999998)).padStart(7, "0");
    return `551196${digits}@s.whatsapp.net`;
  }

  async function sendText(event) {
    event.preventDefault();
    const text = byId("text").value.trim();
    if (!text || !open) return;
    byId("text").value = "";
    fit();
    try {
      await act({ text });
    } catch {
      byId("text").value = text;
    }
    look(true);
  }

  function sayTyping() {
    if (!open || Date.now() - typedAt < 3000) return;
    typedAt = Date.now();
    act({ type: "typing" }).catch(() => {});
  }

  function fit() {
    const text = byId("text");
    text.rows = Math.min(6, text.value.split("\n").length);
  }

  function base64Of(blob) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result).split(",")[1]);
      reader.onerror = reject;
      reader.readAsDataURL(blob);
    });
  }

  async function sendFile() {
    const [file] = byId("file").files;
    byId("file").value = "";
    if (!file || !open || file.size > LARGEST_FILE) return;
    const type = file.type.startsWith("image/") ? "image" : file.type.startsWith("audio/") ? "audio" : "document";
    await act({ type, base64: await base64Of(file), mime: file.type, fileName: file.name, seconds: 1 });
    look(true);
  }

  async function record() {
    if (recorder) {
      recorder.stop();
      return;
    }
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      byId("recording").textContent = "sem acesso ao microfone";
      byId("recording").hidden = false;
      byId("text").hidden = true;
      setTimeout(stopShowing, 2500);
      return;
    }
    const mime = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"].find((each) => MediaRecorder.isTypeSupported(each));
    const chunks = [];
    const began = Date.now();
    const who = open;
    recorder = new MediaRecorder(stream, mime ? { mimeType: mime } : {});
    recorder.isDropped = false;
    recorder.ondataavailable = (event) => chunks.push(event.data);
    const timer = setInterval(showTime, 250);
    function showTime() {
      const seconds = Math.floor((Date.now() - began) / 1000);
      byId("recording").textContent = `● gravando ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (seconds % 3 === 0) act({ type: "typing", presence: "recording" }).catch(() => {});
      if (seconds >= 120) recorder.stop();
    }
    recorder.onstop = async () => {
      clearInterval(timer);
      stream.getTracks().forEach((track) => track.stop());
      const isDropped = recorder.isDropped;
      const kind = recorder.mimeType || mime || "audio/webm";
      recorder = null;
      stopShowing();
      if (isDropped || !who) return;
      const seconds = Math.max(1, Math.round((Date.now() - began) / 1000));
      const body = { type: "audio", base64: await base64Of(new Blob(chunks, { type: kind })), mime: kind.replace(";", "; "), seconds };
      await post(`/_sandbox/${encodeURIComponent(who.instance)}/lead`, { jid: who.jid, name: who.name, ...body });
      look(true);
    };
    recorder.start();
    byId("text").hidden = byId("send").hidden = true;
    byId("recording").hidden = byId("cancel").hidden = false;
    byId("record").textContent = "➤";
    byId("record").setAttribute("aria-label", "Enviar o áudio");
    showTime();
  }

  function stopShowing() {
    byId("text").hidden = byId("send").hidden = false;
    byId("recording").hidden = byId("cancel").hidden = true;
    byId("record").textContent = "🎤";
    byId("record").setAttribute("aria-label", "Gravar áudio");
  }

  // -------------------------------------------------------------------------------------------------------- looking

  async function look(isForced = false) {
    try {
      const state = await get(`/_sandbox/state?version=${isForced ? -1 : version}`);
      if (state.chats) {
        world = { ...world, ...state };
        version = state.version;
        drawPeople();
        drawPairing();
        drawWarning();
      }
      byId("dashboard").hidden = !state.dashboard;
      if (state.dashboard) byId("dashboard").href = state.dashboard;
      if (open) await lookAtConversation(state);
    } catch {
      byId("warning").hidden = false;
      byId("warning").textContent = "O sandbox parou de responder.";
    }
  }

  async function lookAtConversation(state) {
    const { instance, jid } = open;
    const shown = await get(`/_sandbox/${encodeURIComponent(instance)}/conversation?jid=${encodeURIComponent(jid)}`);
    if (!open || open.jid !== jid) return;
    const presence = (state.typing.find((each) => each[0] === instance && each[1] === jid) || [])[2];
    byId("presence").textContent = presence === "recording" ? "gravando áudio…" : presence ? "bot está digitando…" : "";
    drawMessages(shown.messages, presence);
  }

  async function watch() {
    await look();
    setTimeout(watch, document.hidden ? 4000 : 800);
  }

  byId("write").addEventListener("submit", sendText);
  byId("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) sendText(event);
  });
  byId("text").addEventListener("input", () => { fit(); sayTyping(); });
  byId("file").addEventListener("change", sendFile);
  byId("record").addEventListener("click", record);
  byId("cancel").addEventListener("click", () => { recorder.isDropped = true; recorder.stop(); });
  byId("back").addEventListener("click", close);
  byId("messages").addEventListener("scroll", ({ target }) => { isAtEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 80; });
  // A picture has its height only once it is there; `load` does not bubble.
  byId("messages").addEventListener("load", stayAtEnd, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && open && !recorder) close(); });
  byId("new").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = byId("new-name").value.trim();
    const [first] = world.instances;
    if (name && first) choose({ instance: first.name, jid: newNumber(), name });
    byId("new-name").value = "";
  });
  if (!navigator.mediaDevices || !window.MediaRecorder) byId("record").disabled = true;
  watch();
})();
