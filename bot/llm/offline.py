"""The stand-in when there is no key: a Portuguese SDR that follows a script; equal requests get equal drafts.

It understands a few words, hears nothing, sees nothing and knows no price; it says so. What it asked already it reads
from its own questions in the history, so it keeps no state.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.llm.fence import fenced
from bot.llm.port import Blob, Draft, Handoff, HandoffReason, Request

#: What it asks, one at a time, in this order.
QUESTIONS: Mapping[str, str] = {
    "necessidade": "Para eu te ajudar melhor: o que você quer resolver, e para quantas pessoas seria?",
    "orçamento": "Vocês já têm uma faixa de orçamento em mente?",
    "decisão": "Além de você, quem mais participa dessa decisão?",
    "prazo": "E para quando vocês gostariam de ter isso funcionando?",
}
PROPOSAL = "Posso pedir para uma pessoa do nosso time continuar com você por aqui?"

#: The last word before a person takes over.
_GOODBYES: Mapping[HandoffReason, str] = {
    HandoffReason.ANGRY: "Sinto muito por isso. Vou chamar uma pessoa do nosso time para cuidar do seu caso.",
    HandoffReason.ASKED_FOR_PERSON: "Claro! Estou chamando uma pessoa do nosso time para falar com você por aqui.",
    HandoffReason.PRICE_OR_DISCOUNT: "Condições são com o nosso time: estou chamando uma pessoa para te responder.",
    HandoffReason.QUALIFIED: "Perfeito! Já passei tudo para o nosso time; uma pessoa continua com você por aqui.",
}
_ACKNOWLEDGEMENTS = ("Entendi!", "Certo, agradeço por contar.", "Perfeito, anotado.", "Ótimo!")

# Matched against the lead's words in lower case without accents.
_ASKS_FOR_PERSON = re.compile(
    r"\b(?:falar|conversar|atendid[oa]|chama|chamar|passa|transfere|transferir)\b.{0,20}\b"
    r"(?:pessoa|humano|humana|atendente|vendedor|vendedora|consultor|consultora|gerente|responsavel|alguem)\b"
    r"|\b(?:quero|preciso de|tem) (?:um |uma |algum |alguma )?(?:atendente|humano|pessoa de verdade)\b"
    r"|\A\W*(?:atendente|humano|pessoa)\W*\Z|\batend(?:ente|imento) human[oa]\b"
)
_ANGRY = re.compile(
    r"\b(?:absurdo|palhacada|ridiculo|pessim[oa]|vergonha|porcaria|lixo|incompeten\w*|procon|reclame aqui|enganad[oa]|"
    r"golpe|processar|merda|porra|caralho|irritad[oa]|que saco|horrivel|falta de respeito|descaso)\b"
)
_STOP = re.compile(
    r"\A\W*(?:parar|pare|para|sair|stop|descadastrar|remover|cancelar)\W*\Z"
    r"|\bnao quero (?:mais )?(?:receber|mensage|contato)|\bme (?:tira|remove) d[ae] (?:sua )?lista"
    r"|\bpar[ae] de (?:me )?(?:mandar|enviar|escrever)"
)
_DISCOUNT = re.compile(r"\b(?:desconto|abatimento|mais barato|faz por menos|melhor preco)\b")
_PRICE = re.compile(r"\b(?:quanto (?:custa|fica|sai|e)|preco|precos|valores|qual o valor|tabela)\b")
_ASKS_IF_ROBOT = re.compile(
    r"\b(?:robo|bot|chatgpt|inteligencia artificial|maquina)\b"
    r"|\b(?:voce|vc|tu) e (?:uma? )?(?:pessoa|humano|humana|ia)\b"
)
_OFF_LIMITS = re.compile(
    r"\b(?:ignore|ignora|esqueca)\b.{0,40}\b(?:instruc\w+|regras)\b|\bprompt\b|\bsuas instrucoes\b"
)
_YES = re.compile(
    r"\A\W*(?:sim|pode|claro|quero|ok|okay|blz|beleza|isso|por favor|com certeza|pode ser|pode sim|fechado|manda)\b"
)
_NO = re.compile(r"\A\W*(?:nao|agora nao|ainda nao|depois)\b")
_THANKS = re.compile(r"\A\W*(?:muito )?(?:obrigad[oa]|valeu|vlw|tchau|ate mais|ate logo)\b")

_MONTHS = "janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro"
_PEOPLE = re.compile(
    r"\b\d{1,6} (?:pessoas?|funcionários?|colaboradores|usuários?|alunos?|vendedores|atendentes|clientes|lojas?|"
    r"licenças?)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(r"R\$\s?\d[\d.,]*\d?(?:\s?mil\b)?|\b\d[\d.,]*\s(?:mil\s)?reais\b", re.IGNORECASE)
_WHEN = re.compile(
    r"\b(?:hoje|amanhã|(?:n?a )?semana que vem|(?:n?o )?mês que vem|(?:até o )?fim d[eo] (?:mês|ano)|este mês|"
    rf"esta semana|(?:até |em )?(?:{_MONTHS})|dia \d{{1,2}}(?:/\d{{1,2}})?|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?|"
    r"(?:em |até )?\d{1,3} (?:dias?|semanas?|meses|mês))\b",
    re.IGNORECASE,
)


class OfflineBot:
    """The `Model` that needs no network, no key and no time."""

    def generate(self, request: Request) -> Draft:
        """As `Model.generate`; never raises."""
        talk = _Talk(request)
        reason = _wish_for_person(talk)
        return Draft(
            messages=(_GOODBYES[reason],) if reason else tuple(_bubbles(talk)),
            handoff=Handoff(reason, talk.summary) if reason else None,
            language="pt-BR",
            # It cannot hear: a note without words, not a note with invented ones.
            transcripts=dict.fromkeys(request.listen_to, ""),
            tokens_in=0,
            tokens_out=0,
        )

    def find(self, model: str, *, timeout_s: float) -> str:
        """It is always there."""
        return "offline"


@dataclass(frozen=True)
class _Talk:
    """The request, as the script needs it."""

    request: Request

    @cached_property
    def persona(self) -> str:
        return self._fact("Nome") or "Clara"

    @cached_property
    def company(self) -> str:
        company = self._fact("Empresa")
        return "empresa" if company.startswith("(") else company or "empresa"

    @cached_property
    def last(self) -> str:
        """What the lead wrote since we last spoke."""
        return "\n".join(_said(self.request.turns[-1].parts)) if self.request.turns else ""

    @cached_property
    def plain(self) -> str:
        """`last` in lower case without accents."""
        return _plain(self.last)

    @cached_property
    def files(self) -> list[str]:
        """The types of what came with the lead's last words."""
        parts = self.request.turns[-1].parts if self.request.turns else ()
        return [part.mime_type for part in parts if isinstance(part, Blob)]

    @cached_property
    def ours(self) -> str:
        """Everything we said so far."""
        return "\n".join(text for turn in self.request.turns if turn.role == "us" for text in _texts(turn.parts))

    @property
    def asked(self) -> list[str]:
        return [topic for topic, question in QUESTIONS.items() if question in self.ours]

    @property
    def next_question(self) -> str:
        """The first question not asked yet, or the proposal to bring in a person."""
        return next((question for question in QUESTIONS.values() if question not in self.ours), PROPOSAL)

    @property
    def summary(self) -> str:
        """Two lines for the rep."""
        lead = [text for turn in self.request.turns if turn.role == "lead" for text in _said(turn.parts)]
        facts = list(dict.fromkeys(fact for text in lead for fact in _facts(text)))
        first = " ".join(max(lead[:3], key=len, default="").split())[:120]
        asked = ", ".join(self.asked) or "nada"
        return f"O lead disse: “{first}”\nAnotado: {', '.join(facts) or 'nada'}. Já perguntado: {asked}."

    def _fact(self, name: str) -> str:
        found = re.search(rf"^- {name}: (.+)$", self.request.system, re.MULTILINE)
        return found[1].strip() if found else ""


def _wish_for_person(talk: _Talk) -> HandoffReason | None:
    """Why a person should take over now, if so."""
    if _ANGRY.search(talk.plain):
        return HandoffReason.ANGRY
    if _ASKS_FOR_PERSON.search(talk.plain):
        return HandoffReason.ASKED_FOR_PERSON
    if _DISCOUNT.search(talk.plain):
        return HandoffReason.PRICE_OR_DISCOUNT
    if PROPOSAL in talk.ours and _YES.search(talk.plain):
        return HandoffReason.QUALIFIED
    return None


def _bubbles(talk: _Talk) -> Iterator[str]:
    """One or two bubbles: what there is to say to the lead's words, then at most one question."""
    if _STOP.search(talk.plain):
        yield "Tudo bem, não envio mais mensagens. Se mudar de ideia, é só escrever por aqui."
        return
    remark = _remark(talk)
    if not talk.ours:
        greeting = f"Olá! Aqui é {talk.persona}, assistente virtual da {talk.company}. 😊"
        yield f"{greeting} {remark}".strip()
        yield talk.next_question
    elif PROPOSAL in talk.ours:
        yield remark or _after_proposal(talk)
    elif _THANKS.search(talk.plain) and not talk.asked:
        yield "Por nada! Se precisar de algo, é só chamar."
    else:
        yield remark or _ACKNOWLEDGEMENTS[len(talk.asked) % len(_ACKNOWLEDGEMENTS)]
        yield talk.next_question


def _remark(talk: _Talk) -> str:
    """What the lead's last words ask us to say before anything else; "" for nothing in particular."""
    if any(kind.startswith("audio/") for kind in talk.files):
        return "Recebi seu áudio, mas estou em modo de demonstração e não consigo ouvir. Pode me escrever em texto?"
    if talk.files:
        return "Recebi o arquivo, mas em modo de demonstração não consigo abri-lo. Pode me contar o que ele diz?"
    if _OFF_LIMITS.search(talk.plain):
        return f"Por aqui eu só consigo ajudar com assuntos da {talk.company}."
    if _ASKS_IF_ROBOT.search(talk.plain):
        return "Sou uma assistente virtual, sim. Se preferir falar com uma pessoa, é só pedir."
    if _PRICE.search(talk.plain):
        return "Sobre valores não quero te passar nada errado: quem confirma é uma pessoa do nosso time."
    facts = list(dict.fromkeys(_facts(talk.last)))
    return f"Anotei: {', '.join(facts)}." if facts else ""


def _after_proposal(talk: _Talk) -> str:
    if _NO.search(talk.plain):
        return "Sem problemas! Quando quiser continuar, é só escrever por aqui."
    if _THANKS.search(talk.plain):
        return "Eu que agradeço! Quando quiser falar com o nosso time, é só pedir por aqui."
    return "Anotado! Quando quiser que uma pessoa do nosso time continue, é só me dizer “pode”."


def _facts(text: str) -> Iterator[str]:
    """What can be noted down from `text`, in the lead's own words: people, money, dates."""
    for pattern in (_PEOPLE, _MONEY, _WHEN):
        yield from (match[0].strip() for match in pattern.finditer(text))


def _said(parts: Sequence[str | Blob]) -> Iterator[str]:
    """The lead's own words in `parts`: what stands in fences, or everything where there is none."""
    for text in _texts(parts):
        for words in list(fenced(text)) or [text]:
            lines = [line for line in words.splitlines() if not line.startswith(("em resposta a:", "(", "["))]
            if any(lines):
                yield "\n".join(lines)


def _texts(parts: Sequence[str | Blob]) -> Iterator[str]:
    return (part for part in parts if isinstance(part, str))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(character for character in decomposed if unicodedata.category(character) != "Mn")
