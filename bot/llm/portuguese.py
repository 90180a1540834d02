"""What a few Portuguese words of a lead mean to the offline bot. Pure: patterns over text, no model.

Patterns read the text in lower case without accents, letter for letter as long as the original (`bare`): people on
phones leave accents out, and what is quoted back is cut from the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from conversations.promises import promises

ASKS_FOR_PERSON = re.compile(
    r"\b(?:falar|conversar|atendid[oa]|chama|chamar|passa|transfere|transferir)\b.{0,20}\b"
    r"(?:pessoa|humano|humana|atendente|vendedor|vendedora|consultor|consultora|gerente|responsavel|alguem)\b"
    r"|\b(?:quero|preciso de|tem) (?:um |uma |algum |alguma )?(?:atendente|humano|pessoa de verdade)\b"
    r"|\A\W*(?:atendente|humano|pessoa)\W*\Z|\batend(?:ente|imento) human[oa]\b"
)
ANGRY = re.compile(
    r"\b(?:absurdo|palhacada|ridiculo|pessim[oa]|vergonha|porcaria|lixo|incompeten\w*|procon|reclame aqui|enganad[oa]|"
    r"golpe|processar|merda|porra|caralho|irritad[oa]|que saco|horrivel|falta de respeito|descaso|palhacos?)\b"
    r"|\benesima vez\b"
    r"|\b(?:segunda|terceira|quarta|quinta|sexta|decima|2a|3a|4a|5a) vez que (?:eu |ja |te |lhe )*"
    r"(?:mando|escrevo|ligo|peco|tento|falo|chamo|reclamo|cobro|aviso|pergunto|entro em contato)\b"
    # Not "ninguém responde" alone: so do leads speak of their own shop.
    r"|\bninguem (?:me|nos) (?:resolve|resolveu|responde|respondeu|atende|atendeu|ajuda|ajudou)\b"
    r"|\bninguem (?:resolve|resolveu|faz|fez) nada\b|\bvoces nao (?:resolvem|respondem|atendem)\b"
    r"|\b(?:me|nos) enrola(?:m|ndo|ram)?\b|\benrolacao\b|\bperd(?:i|endo) a paciencia\b"
    r"|\b(?:cansad[oa]|cansei) de (?:esperar|mandar|pedir|ligar|voces)\b"
)
STOP = re.compile(
    r"\A\W*(?:parar|pare|para|sair|stop|descadastrar|remover|cancelar)\W*\Z"
    r"|\bnao quero (?:mais )?(?:receber|mensage|contato)|\bme (?:tira|remove) d[ae] (?:sua )?lista"
    r"|\bpar[ae] de (?:me )?(?:mandar|enviar|escrever)"
)
DISCOUNT = re.compile(r"\b(?:descontos?|abatimento|mais barato|faz por menos|melhor preco)\b")
PRICE = re.compile(
    r"\b(?:quanto (?:custa|custam|fica|sai|e|cobram|voces cobram|ta|esta)|precos?|valores|tabela|mensalidade|"
    r"(?:qual|so|saber|passa|me diz|manda) (?:e )?o valor)\b"
)
ASKS_IF_ROBOT = re.compile(
    r"\b(?:robo|bot|chatgpt|inteligencia artificial|maquina)\b"
    r"|\b(?:voce|vc|tu) e (?:uma? )?(?:pessoa|humano|humana|ia)\b"
)
OFF_LIMITS = re.compile(r"\b(?:ignore|ignora|esqueca)\b.{0,40}\b(?:instruc\w+|regras)\b|\bprompt\b|\bsuas instrucoes\b")
YES = re.compile(
    r"\A\W*(?:sim|pode|claro|quero|ok|okay|blz|beleza|isso|por favor|com certeza|fechad[oa]|fechou|manda|perfeito|"
    r"otimo|combinado|bora|vamos|ta bom|aceito)\b(?!.*\b(?:nao precisa|nao quero|agora nao|depois eu)\b)",
    re.DOTALL,
)
NO = re.compile(r"\A\W*(?:nao|agora nao|ainda nao|depois)\b")
CLOSES = re.compile(
    r"\A\W*(?:(?:combinado|perfeito|ok|okay|beleza|blz|certo|show|otimo|ta bom|fechado|fechou|massa|sim|entendi|"
    r"legal|nao)\W+)?"
    r"(?:muito )?(?:obrigad[oa]|obg|brigad[oa]|valeu|vlw|tchau|ate (?:mais|logo|breve|la|amanha|segunda|terca|quarta|"
    r"quinta|sexta))\b"
    r"|\A\W*combinado\W*\Z|\bfico no aguardo\b"
)
GREETS = re.compile(r"\A\W*(?:oi+e?|ola|opa|hey|e ai|bom dia|boa tarde|boa noite)\b")
ONLY_GREETS = re.compile(
    r"\A\W*(?:(?:oi+e?|ola|opa|hey|e ai|bom dia|boa tarde|boa noite|tudo (?:bem|bom|certo)|como vai)\b\W*)+\Z"
)
HOW_ARE_YOU = re.compile(r"\b(?:tudo (?:bem|bom|certo)|como vai|beleza)\s*\?")
CANNOT_TALK_NOW = re.compile(
    r"\b(?:dirigindo|no transito|em reuniao|ocupad[oa]|nao (?:posso|consigo) (?:falar|escrever|responder) agora|"
    r"(?:te )?(?:respondo|escrevo|falo) (?:mais tarde|depois))\b"
)
DECIDES = re.compile(
    r"\beu (?:mesm[oa] )?(?:que|quem) (?:decido|resolvo)\b|\bdecido sozinh[oa]\b|\bquem decide sou eu\b"
    r"|\bdecisao e (?:so )?minha\b"
)
#: The same, only as an answer to the question who decides.
ONLY_ME = re.compile(r"\A\W*(?:(?:so|somente|apenas) eu|(?:sou )?eu mesm[oa]|(?:sou )?so eu|ninguem mais)\b")
_NEEDS = (
    r"\b(?:preciso|precisamos|procuro|procurando|quero (?:um|uma|resolver|melhorar|organizar)|queria|gostaria|"
    r"(?:a gente |nos )?perd(?:e|emos|endo)|problema|dificuldade|tenho uma?|temos uma?)\b"
)
MEETS = re.compile(
    r"\b(?:falar|conversar|ligar|liga|ligue|ligacao|reuniao|agendar|marcar|visita|pode ser|encontro|horario)\b"
)

_COUNTED = (
    "pessoas?|funcionari[oa]s?|colaborador(?:es|as?)?|usuari[oa]s?|alun[oa]s?|vendedor(?:es|as?)?|atendentes?|clientes?|"
    "lojas?|licencas?|dentistas?|medic[oa]s?|advogad[oa]s?|corretor(?:es|as?)?|consultor(?:es|as?)?|"
    "professor(?:es|as?)?|agentes?|soci[oa]s?|unidades|filiais|leads|contatos|equipes?|times?"
)
_MONTHS = "janeiro|fevereiro|marco|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro"
_PART_OF_DAY = r"(?: de manha| pela manha| cedo| (?:a|de|pela) (?:tarde|noite))?"

PEOPLE = re.compile(rf"\b\d{{1,6}} (?:{_COUNTED})\b")
#: What the lead wants, or how large it is.
NEEDS = re.compile(f"{_NEEDS}|{PEOPLE.pattern}")
MONEY = re.compile(r"r\$\s?\d[\d.,]*\d?(?:\s?mil\b)?|\b\d[\d.,]*\s(?:mil\s)?reais\b")
WHEN = re.compile(
    rf"\b(?:(?:para|pra|ainda) hoje|amanha{_PART_OF_DAY}|(?:n?a )?semana que vem|"
    r"(?:n?o )?mes que vem|(?:ate o )?fim d[eo] (?:mes|ano)|"
    rf"(?:n?este|n?esse) mes|(?:n?esta|n?essa) semana|(?:ate |em )?(?:{_MONTHS})|"
    r"dia \d{1,2}(?:/\d{1,2})?|\d{1,2}/\d{1,2}(?:/\d{2,4})?|(?:em |ate )?\d{1,3} (?:dias?|semanas?|meses|mes))\b"
)
_AT = r"(?:,? as \d{1,2}(?:h(?:\d{2})?|:\d{2})?)"
SLOT = re.compile(
    rf"\b(?:hoje|amanha|(?:segunda|terca|quarta|quinta|sexta)(?:-feira)?(?! vez))\b{_PART_OF_DAY}{_AT}?(?!\w)"
)

_OPENING = re.compile(
    r"\A\W*(?:oi+e?|ola|opa|bom dia|boa tarde|boa noite|tudo (?:bem|bom|certo))\b[^,.!:;]{0,30}[,.!:;]\s*"
)
_CONDITION = re.compile(
    r"\b\d+(?:,\d+)?\s?%|\b(?:descont|parcel|gratis\b|gratuit|a vista\b|boleto|garantia|fidelidade|multa|entrada de\b)"
)
_HOUR = re.compile(r"\b(?:as )?\d{1,2}(?:h\d{0,2}\b|:\d{2}\b)")
_AGREES = re.compile(r"\b(?:fechad[oa]|combinad[oa]|acertad[oa]|reservad[oa]|agendad[oa]|marcad[oa])\b")
_SENTENCE = re.compile(r"[^\n.!?]*[^\n.!?\s][^\n.!?]*[.!?]*")
#: The same, whole where a number has a point in it ("R$ 2.500").
_WHOLE_SENTENCE = re.compile(r"(?:[^\n.!?]|[.](?=\d))+[.!?]*")


def bare(text: str) -> str:
    """`text` in lower case without accents, as long as `composed(text)`, place by place."""
    return "".join(unicodedata.normalize("NFD", character)[0].lower()[:1] for character in composed(text))


def composed(text: str) -> str:
    """`text` with each accent in its letter, so that a place in `bare(text)` is the same place here."""
    return unicodedata.normalize("NFC", text)


def found(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """What `pattern` finds in `text`, in the words of `text`."""
    original = composed(text)
    yield from (original[match.start() : match.end()].strip() for match in pattern.finditer(bare(text)))


def questions(text: str) -> list[str]:
    """The questions in `text`, without pleasantries ("tudo bem?", "pode ser?")."""
    asked = [sentence.strip() for sentence in _SENTENCE.findall(composed(text)) if sentence.rstrip().endswith("?")]
    return [
        question for question in asked if len(bare(question).split()) > 2 and not HOW_ARE_YOU.search(bare(question))
    ]


def commitments(text: str) -> Iterator[str]:
    """The sentences of `text`, ours, that promise something or name a price, a date or a condition; no greeting."""
    for sentence in _WHOLE_SENTENCE.findall(composed(text)):
        opening = _OPENING.match(bare(sentence))
        words = sentence[opening.end() if opening else 0 :].strip()
        is_one = any(sign.search(bare(words)) for sign in (MONEY, _CONDITION, WHEN, SLOT, _HOUR)) or promises(words)
        is_bare_yes = len(words.split()) < 2
        if not words.endswith("?") and not is_bare_yes and (is_one or _AGREES.search(bare(words))):
            yield words.rstrip(".! ")


def line_with(pattern: re.Pattern[str], text: str) -> str:
    """The first line of `text` where `pattern` is found; the first line without one."""
    lines = [line.strip() for line in composed(text).splitlines() if line.strip()]
    return next((line for line in lines if pattern.search(bare(line))), lines[0] if lines else "")
