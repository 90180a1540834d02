// Emoji: a small choice of our own, found by Portuguese and English words; the ones used last come first.
(() => {
  "use strict";

  // The picture, then the words it is found by.
  const ALL = `
😀 sorriso feliz smile|😃 feliz alegre happy|😄 rindo sorriso laugh|😁 sorriso dentes grin|😂 rindo chorar kkk joy|🤣 rolando rir kkk rofl|🙂 sorriso leve|😉 piscada wink|😊 corado feliz blush|😇 anjo inocente angel|🥰 apaixonado amor carinho love|😍 apaixonado olhos coração love|🤩 encantado estrela wow|😘 beijo kiss|😋 delicia gostoso yum|😜 lingua brincadeira|🤪 maluco|🤗 abraço hug|🤭 risinho ops|🤫 silencio segredo|🤔 pensando duvida think|🤨 desconfiado|😐 neutro|😶 sem palavras|🙄 revirar olhos|😏 malicioso|😌 aliviado calmo|😴 dormindo sono sleep|😷 mascara doente|🤒 febre doente|🤧 espirro gripe|🥳 festa comemorar party|😎 oculos legal cool|🤓 nerd estudo|🧐 analisando lupa|😕 confuso|😟 preocupado|🙁 triste|😮 surpreso uau wow|😲 chocado|😳 envergonhado|🥺 por favor pidao please|😢 chorando triste cry|😭 chorando muito|😤 bufando|😠 bravo raiva angry|😡 furioso raiva|😱 susto medo|😅 suor alivio ufa|😓 suor cansado|😩 cansado|🥱 bocejo sono|🤯 explodiu cabeça|😬 sem graça|🙃 ironia|
👍 joinha legal ok sim like|👎 nao ruim dislike|👌 ok perfeito|✌️ paz vitoria|🤞 torcendo sorte dedos|🤝 acordo negocio fechado aperto mao deal|👏 palmas parabens clap|🙌 viva mãos|🙏 obrigado por favor rezar thanks|👋 oi tchau aceno hello|💪 força musculo|👉 direita aponta|👈 esquerda aponta|👆 acima aponta|👇 abaixo aponta|☝️ um atenção|✋ pare mao|🫶 coração mãos|✍️ escrever assinar|🤙 me liga hang|👀 olhos ver|🧠 cerebro ideia|🙋 eu mao levantada|🤷 nao sei dar de ombros|🤦 mao na cara|👩‍💼 executiva|👨‍💼 executivo|👥 pessoas equipe|👨‍👩‍👧 familia|
❤️ coração amor vermelho heart|🧡 coração laranja|💛 coração amarelo|💚 coração verde|💙 coração azul|💜 coração roxo|🖤 coração preto|🤍 coração branco|💔 coração partido|💯 cem perfeito|✨ brilho novo|⭐ estrela favorito star|🌟 estrela brilho|🔥 fogo top fire|🎉 festa comemorar parabens|🎊 confete festa|🎁 presente gift|🏆 trofeu campeao|🥇 medalha primeiro|🎂 bolo aniversario|🎈 balao|
✅ certo feito ok check|✔️ certo|❌ errado nao x|❗ atenção exclamação|❓ pergunta duvida|⚠️ aviso cuidado alerta|🚫 proibido|ℹ️ informação|🆗 ok|🆕 novo|🔝 topo melhor|➡️ seta direita|⬅️ seta esquerda|⬆️ seta cima|⬇️ seta baixo|🔄 atualizar repetir|🔔 sino aviso|📣 megafone anuncio|💬 conversa mensagem|
💰 dinheiro saco money|💵 dinheiro dolar nota|💸 dinheiro voando gasto|💳 cartão credito pagamento|🧾 recibo nota fiscal|🏷️ etiqueta preço desconto|🛒 carrinho compra|🛍️ sacola compra|📈 crescimento grafico subindo|📉 queda grafico|📊 grafico relatorio|💼 trabalho maleta|🏢 empresa predio|🏠 casa|🏦 banco|📝 contrato anotar proposta|📄 documento pagina|📎 anexo clipe|📁 pasta arquivo|📅 calendario agenda data|🗓️ agenda calendario|⏰ alarme hora|🕐 relogio hora|⏳ espera ampulheta|📞 telefone ligar phone|📱 celular telefone|💻 computador notebook|📧 email carta|✉️ carta email|📦 caixa entrega pacote|🚚 entrega caminhão frete|🚀 foguete rapido lançamento|💡 ideia lampada|🔑 chave|🔒 cadeado seguro|🔗 link|🎯 alvo meta objetivo|🛠️ ferramentas|⚙️ engrenagem configurar|📍 local mapa|🌎 mundo terra brasil|🇧🇷 brasil bandeira|
☀️ sol bom dia sun|🌙 lua boa noite moon|🌧️ chuva|🌈 arco iris|🌸 flor|🌹 rosa flor|🌻 girassol|🍀 sorte trevo|☕ café coffee|🍕 pizza|🍰 bolo doce|🍺 cerveja|🥂 brinde champanhe|⚽ futebol bola|🏃 correndo pressa|🚗 carro|✈️ avião viagem|🏖️ praia ferias|🐶 cachorro|🐱 gato
`.split("|").map((line) => line.trim()).filter(Boolean).map((line) => {
    const gap = line.indexOf(" ");
    return [line.slice(0, gap), line.slice(gap + 1)];
  });
  const RECENT = "emoji:recent";
  const MOST = 16;
  const form = () => document.getElementById("composer");
  if (!form()) return;
  const panel = () => document.getElementById("emoji");
  const grid = () => panel().querySelector(".emoji-grid");
  const search = () => document.getElementById("emoji-search");
  const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  // Which ones somebody likes is no secret, and stays after a log-out.
  const recent = () => (localStorage.getItem(RECENT) ?? "").split(" ").filter(Boolean);
  const remember = (one) => localStorage.setItem(RECENT, [one, ...recent().filter((other) => other !== one)].slice(0, MOST).join(" "));

  const button = (picture, words) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "emoji-one";
    made.textContent = picture;
    made.title = words.split(" ")[0];
    made.setAttribute("aria-label", words.split(" ").slice(0, 2).join(" "));
    made.tabIndex = -1;
    return made;
  };
  const group = (name, found) => {
    const title = document.createElement("p");
    title.className = "hint";
    title.textContent = name;
    const row = document.createElement("div");
    row.className = "emoji-row";
    row.append(...found.map(([picture, words]) => button(picture, words)));
    return [title, row];
  };
  const fill = () => {
    const wanted = plain(search().value.trim());
    const found = ALL.filter(([picture, words]) => picture === wanted || plain(words).split(" ").some((word) => word.startsWith(wanted)));
    const last = recent().map((picture) => ALL.find((one) => one[0] === picture)).filter(Boolean);
    const { recent: recentName, all, none } = grid().dataset;
    if (!found.length) grid().replaceChildren(none);
    else grid().replaceChildren(...(last.length && !wanted ? group(recentName, last) : []), ...group(all, found));
    const first = grid().querySelector("button");
    if (first) first.tabIndex = 0;
  };

  const open = (isOpen) => {
    panel().hidden = !isOpen;
    document.getElementById("emoji-button").setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return;
    search().value = "";
    fill();
    search().focus();
  };
  const insert = (picture) => {
    const box = document.getElementById("text");
    if (box.readOnly) return; // it is being sent
    box.setRangeText(picture, box.selectionStart, box.selectionEnd, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    remember(picture);
  };

  document.addEventListener("click", (event) => {
    const one = event.target.closest(".emoji-one");
    if (one) {
      insert(one.textContent);
      if (!event.shiftKey) {
        open(false);
        document.getElementById("text").focus();
      }
    } else if (event.target.closest("#emoji-button")) open(panel().hidden);
    else if (panel() && !panel().hidden && !event.target.closest("#emoji")) open(false);
  });
  document.addEventListener("input", (event) => event.target === search() && fill());

  // In the grid: arrows move, by rows of what is in sight.
  const step = (key, all, at) => {
    if (key === "ArrowRight") return at + 1;
    if (key === "ArrowLeft") return at - 1;
    const top = all[at].offsetTop;
    const left = all[at].offsetLeft;
    const others = key === "ArrowDown" ? all.slice(at + 1) : all.slice(0, at).reverse();
    return all.indexOf(others.find((one) => one.offsetTop !== top && Math.abs(one.offsetLeft - left) < 4));
  };
  document.addEventListener("keydown", (event) => {
    if (!panel() || panel().hidden || !event.target.closest?.("#emoji")) return;
    const all = [...grid().querySelectorAll("button")];
    if (event.key === "Escape") {
      open(false);
      document.getElementById("emoji-button").focus();
    } else if (event.target === search() && event.key === "Enter" && all.length) all[0].click();
    else if (event.target === search() && event.key === "ArrowDown" && all.length) all[0].focus();
    else if (event.target.matches(".emoji-one") && event.key.startsWith("Arrow")) {
      const next = all[step(event.key, all, all.indexOf(event.target))];
      if (next) next.focus();
      else if (event.key === "ArrowUp") search().focus();
    } else if (event.target !== search() || event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
  });
})();
