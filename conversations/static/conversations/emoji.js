// Emoji: a small choice of our own, found by Portuguese and English words; the ones used last come first.
(() => {
  "use strict";

  const IS_PORTUGUESE = document.documentElement.lang.startsWith("pt");
  const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  // The picture, its name in Portuguese and in English, and what else it is found by.
  const ALL = `
😀 sorriso/grinning/feliz smile|😃 sorriso aberto/big smile/feliz alegre happy|😄 rindo/laughing/sorriso laugh|😁 sorriso com dentes/beaming smile/grin|😂 chorando de rir/tears of joy/kkk chorar laugh|🤣 rolando de rir/rolling on the floor/kkk rofl|🙂 sorriso leve/slight smile|😉 piscada/wink|😊 sorriso corado/blush/feliz smile|😇 anjo/angel/inocente|🥰 apaixonado/in love/amor carinho love|😍 olhos de coração/heart eyes/apaixonado amor love|🤩 encantado/star-struck/estrela wow|😘 beijo/kiss|😋 delícia/yum/gostoso|😜 língua de fora/tongue out/brincadeira joke|🤪 maluco/zany/crazy|🤗 abraço/hug|🤭 risinho/giggle/ops oops|🤫 silêncio/quiet/segredo secret|🤔 pensando/thinking/dúvida think|🤨 desconfiado/raised eyebrow/doubt|😐 neutro/neutral|😶 sem palavras/speechless|🙄 revirando os olhos/eye roll/revirar|😏 malicioso/smirk|😌 aliviado/relieved/calmo calm|😴 dormindo/sleeping/sono sleep|😷 máscara/mask/doente sick|🤒 febre/fever/doente sick|🤧 espirro/sneeze/gripe flu|🥳 comemorando/partying/festa comemorar party|😎 óculos escuros/sunglasses/legal cool|🤓 nerd/nerd/estudo|🧐 analisando/monocle/lupa inspect|😕 confuso/confused|😟 preocupado/worried|🙁 triste/sad|😮 surpreso/surprised/uau wow|😲 chocado/astonished/shocked|😳 envergonhado/flushed/embarrassed|🥺 pidão/pleading/por favor please|😢 chorando/crying/triste cry|😭 chorando muito/sobbing/cry|😤 bufando/huffing|😠 bravo/angry/raiva|😡 furioso/furious/raiva angry|😱 susto/screaming/medo fear|😅 ufa/phew/suor alívio sweat|😓 suor frio/cold sweat/cansado|😩 cansado/weary/tired|🥱 bocejo/yawn/sono|🤯 cabeça explodindo/mind blown/explodiu|😬 sem graça/awkward/grimace|🙃 ironia/upside down/irony|
👍 joinha/thumbs up/legal ok sim like yes|👎 não gostei/thumbs down/ruim dislike no|👌 perfeito/ok hand|✌️ paz/peace/vitória victory|🤞 dedos cruzados/fingers crossed/torcendo sorte luck|🤝 aperto de mão/handshake/acordo negócio fechado deal|👏 palmas/clapping/parabéns clap bravo|🙌 mãos para o alto/raised hands/viva hooray|🙏 obrigado/folded hands/por favor rezar thanks please|👋 aceno/waving/oi tchau hello bye|💪 força/strength/músculo strong|👉 direita/pointing right/aponta|👈 esquerda/pointing left/aponta|👆 acima/pointing up/aponta|👇 abaixo/pointing down/aponta|☝️ atenção/one finger/um dedo|✋ pare/stop/mão hand|🫶 mãos em coração/heart hands/amor|✍️ escrevendo/writing/escrever assinar sign|🤙 me liga/call me/hang loose|👀 olhos/eyes/ver look|🧠 cérebro/brain/ideia|🙋 eu/raising a hand/mão levantada me|🤷 não sei/shrug/dar de ombros|🤦 mão na cara/facepalm|👩‍💼 executiva/businesswoman|👨‍💼 executivo/businessman|👥 pessoas/people/equipe team|👨‍👩‍👧 família/family|
❤️ coração vermelho/red heart/amor love|🧡 coração laranja/orange heart|💛 coração amarelo/yellow heart|💚 coração verde/green heart|💙 coração azul/blue heart|💜 coração roxo/purple heart|🖤 coração preto/black heart|🤍 coração branco/white heart|💔 coração partido/broken heart|💯 cem/hundred/perfeito|✨ brilho/sparkles/novo|⭐ estrela/star/favorito|🌟 estrela brilhante/glowing star/brilho|🔥 fogo/fire/top|🎉 festa/party/comemorar parabéns congratulations|🎊 confete/confetti/festa|🎁 presente/gift|🏆 troféu/trophy/campeão|🥇 medalha de ouro/gold medal/primeiro first|🎂 bolo de aniversário/birthday cake|🎈 balão/balloon|
✅ feito/done/certo ok check|✔️ certo/check|❌ errado/wrong/não x no|❗ exclamação/exclamation/atenção|❓ pergunta/question/dúvida|⚠️ aviso/warning/cuidado alerta|🚫 proibido/forbidden/no|ℹ️ informação/information|🆗 ok/ok|🆕 novo/new|🔝 topo/top/melhor|➡️ seta para a direita/arrow right|⬅️ seta para a esquerda/arrow left|⬆️ seta para cima/arrow up|⬇️ seta para baixo/arrow down|🔄 atualizar/refresh/repetir|🔔 sino/bell/aviso|📣 megafone/megaphone/anúncio|💬 conversa/chat/mensagem message|
💰 saco de dinheiro/money bag|💵 dinheiro/money/dólar nota dollar|💸 dinheiro voando/flying money/gasto|💳 cartão de crédito/credit card/pagamento pay|🧾 recibo/receipt/nota fiscal|🏷️ etiqueta/label/preço desconto price|🛒 carrinho/cart/compra|🛍️ sacolas/shopping bags/compra|📈 gráfico subindo/chart up/crescimento growth|📉 gráfico caindo/chart down/queda|📊 gráfico/bar chart/relatório report|💼 maleta/briefcase/trabalho work|🏢 escritório/office/empresa prédio|🏠 casa/house/home|🏦 banco/bank|📝 anotação/memo/contrato anotar proposta|📄 documento/document/página page|📎 clipe/paperclip/anexo|📁 pasta/folder/arquivo file|📅 calendário/calendar/agenda data date|🗓️ agenda/planner/calendário calendar|⏰ despertador/alarm clock/alarme hora|🕐 relógio/clock/hora|⏳ ampulheta/hourglass/espera|📞 telefone/phone/ligar call|📱 celular/mobile phone/telefone|💻 notebook/laptop/computador|📧 e-mail/e-mail/email carta|✉️ carta/letter/email|📦 pacote/package/caixa entrega|🚚 caminhão/truck/entrega frete delivery|🚀 foguete/rocket/rápido lançamento|💡 lâmpada/light bulb/ideia idea|🔑 chave/key|🔒 cadeado/lock/seguro|🔗 link/link|🎯 alvo/target/meta objetivo goal|🛠️ ferramentas/tools|⚙️ engrenagem/gear/configurar settings|📍 local/pin/mapa place|🌎 mundo/world/terra brasil|🇧🇷 bandeira do Brasil/flag of Brazil|
☀️ sol/sun/bom dia|🌙 lua/moon/boa noite|🌧️ chuva/rain|🌈 arco-íris/rainbow|🌸 flor/flower|🌹 rosa/rose/flor|🌻 girassol/sunflower|🍀 trevo/clover/sorte luck|☕ café/coffee|🍕 pizza/pizza|🍰 bolo/cake/doce|🍺 cerveja/beer|🥂 brinde/toast/champanhe cheers|⚽ futebol/football/bola soccer|🏃 correndo/running/pressa|🚗 carro/car|✈️ avião/plane/viagem travel|🏖️ praia/beach/férias|🐶 cachorro/dog|🐱 gato/cat
`.split("|").map((line) => line.trim()).filter(Boolean).map((line) => {
    const gap = line.indexOf(" ");
    const said = line.slice(gap + 1).split("/");
    return { picture: line.slice(0, gap), name: said[IS_PORTUGUESE ? 0 : 1], words: plain(said.join(" ")).split(/[ -]/) };
  });
  const RECENT = "emoji:recent";
  const MOST = 16;
  const form = () => document.getElementById("composer");
  if (!form()) return;
  const panel = () => document.getElementById("emoji");
  const grid = () => panel().querySelector(".emoji-grid");
  const search = () => document.getElementById("emoji-search");

  // Which ones somebody likes is no secret, and stays after a log-out.
  const recent = () => (localStorage.getItem(RECENT) ?? "").split(" ").filter(Boolean);
  const remember = (one) => localStorage.setItem(RECENT, [one, ...recent().filter((other) => other !== one)].slice(0, MOST).join(" "));

  const button = ({ picture, name }) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "emoji-one";
    made.textContent = picture;
    made.title = name;
    made.setAttribute("aria-label", name);
    made.tabIndex = -1;
    return made;
  };
  const group = (name, found) => {
    const title = document.createElement("p");
    title.className = "hint";
    title.textContent = name;
    const row = document.createElement("div");
    row.className = "emoji-row";
    row.append(...found.map(button));
    return [title, row];
  };
  const fill = () => {
    const wanted = plain(search().value.trim());
    const isIn = ({ words }) => wanted.split(/[ -]+/).every((part) => words.some((word) => word.startsWith(part)));
    const found = ALL.filter((one) => one.picture === wanted || isIn(one));
    const last = recent().map((picture) => ALL.find((one) => one.picture === picture)).filter(Boolean);
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
