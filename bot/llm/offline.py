"""The stand-in when there is no key: a Portuguese SDR that follows a script; equal requests get equal drafts.

It understands a few words, hears nothing, sees nothing and knows no price but what the offer states; it says so. Where
it is in the script it reads from its own words in the history, so it keeps no state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.llm import portuguese as pt
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
#: The first question, when the lead began with the price.
NEED_FOR_PRICE = "Para te passarem o valor certo: o que você quer resolver, e para quantas pessoas seria?"
PRICE_PROPOSAL = "Posso chamar uma pessoa do nosso time para te passar o valor por aqui?"
#: So often may a lead ask for the price before a person is called unasked.
_PATIENCE = 3

#: The last word before a person takes over.
_GOODBYES: Mapping[HandoffReason, str] = {
    HandoffReason.ANGRY: "Sinto muito por isso. Vou chamar uma pessoa do nosso time para cuidar do seu caso.",
    HandoffReason.ASKED_FOR_PERSON: "Claro! Estou chamando uma pessoa do nosso time para falar com você por aqui.",
    HandoffReason.PRICE_OR_DISCOUNT: (
        "Valores e condições são com o nosso time: estou chamando uma pessoa para te responder por aqui."
    ),
    HandoffReason.QUALIFIED: "Perfeito! Já passei tudo para o nosso time; uma pessoa continua com você por aqui.",
}
_GOODBYE_AGAIN = "Entendo. Reforcei o pedido com o nosso time: uma pessoa vai te responder por aqui."
#: What the rep reads before the lead's words.
_CAUSES: Mapping[HandoffReason, str] = {
    HandoffReason.ANGRY: "O lead está reclamando",
    HandoffReason.ASKED_FOR_PERSON: "O lead pediu uma pessoa",
    HandoffReason.PRICE_OR_DISCOUNT: "O lead quer saber de preço ou desconto",
    HandoffReason.QUALIFIED: "O lead aceitou continuar com o time",
}
_TRIGGERS: Mapping[HandoffReason, re.Pattern[str]] = {
    HandoffReason.ANGRY: pt.ANGRY,
    HandoffReason.ASKED_FOR_PERSON: pt.ASKS_FOR_PERSON,
    HandoffReason.PRICE_OR_DISCOUNT: re.compile(f"{pt.DISCOUNT.pattern}|{pt.PRICE.pattern}"),
    HandoffReason.QUALIFIED: pt.YES,
}

_NOTED_FOR_PERSON = "Anotado! Deixei junto com o seu pedido; uma pessoa do nosso time responde por aqui."
_THANKS_WHILE_WAITING = "Eu que agradeço! 😊 Uma pessoa do nosso time responde por aqui."
_CONFIRMS = "uma pessoa confirma por aqui"
#: As long as one of these is our last word, a person is awaited.
_AWAITS_PERSON = (*_GOODBYES.values(), _GOODBYE_AGAIN, _NOTED_FOR_PERSON, _THANKS_WHILE_WAITING, _CONFIRMS)
_THANKS = "Eu que agradeço! 😊 Qualquer coisa, é só chamar por aqui."
_NOT_NOW = "Sem problemas! Quando quiser continuar, é só escrever por aqui."
_SAY_PODE = "é só me dizer “pode”"
_SAY_WHEN = f"Anotado! Quando quiser que uma pessoa do nosso time continue, {_SAY_PODE}."
_WELCOME_BACK = f"Oi! Que bom falar com você de novo. Se quiser que uma pessoa do nosso time continue, {_SAY_PODE}."
#: One of these was said: every question has been asked.
_ASKED_ALL = (PROPOSAL, _NOT_NOW, _SAY_PODE)
_FOR_CONSULTANT = "para um consultor confirmar"
_ACKNOWLEDGEMENTS = ("Entendi!", "Certo, agradeço por contar.", "Perfeito, anotado.", "Ótimo!")
#: A first sentence for the rep: it greets, shows that the lead's words were read, and commits nobody to anything.
_SUGGESTIONS: Mapping[HandoffReason, str] = {
    HandoffReason.ANGRY: "Oi! Sinto muito por isso. Li tudo o que você escreveu e cuido do seu caso a partir daqui.",
    HandoffReason.ASKED_FOR_PERSON: "Oi! Você pediu para falar com uma pessoa: estou por aqui. Como posso te ajudar?",
    HandoffReason.PRICE_OR_DISCOUNT: "Oi! Vi sua pergunta sobre valores e cuido dela a partir daqui.",
    HandoffReason.QUALIFIED: "Oi! Li o que você já contou e sigo com você por aqui, sem precisar repetir nada.",
}
#: What a colleague wrote, up to the next mark.
_COLLEAGUE = re.compile(r"^\[colega[^\]]*\] (.+?)(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
#: So many sentences of colleagues are proposed as what was agreed.
_AGREEMENTS = 2
_QUOTE_LENGTH = 120
#: How much of the offer's price list is quoted.
_OFFER_LENGTH = 300


class OfflineBot:
    """The `Model` that needs no network, no key and no time."""

    def generate(self, request: Request) -> Draft:
        """As `Model.generate`; never raises."""
        talk = _Talk(request)
        if talk.is_for_us:
            return _for_us(talk)
        reason = _wish_for_person(talk)
        return Draft(
            messages=(_goodbye(talk, reason),) if reason else tuple(_bubbles(talk)),
            handoff=_handoff(talk, reason) if reason else None,
            language="pt-BR",
            # It cannot hear: a note without words, not a note with invented ones.
            transcripts=dict.fromkeys(request.listen_to, ""),
            tokens_in=0,
            tokens_out=0,
        )

    def find(self, model: str, *, timeout_s: float) -> str:
        """It is always there."""
        return "offline"


def _for_us(talk: _Talk) -> Draft:
    """A brief for whoever takes over, or what the colleagues agreed, in their own words."""
    is_brief = "vai assumir esta conversa" in talk.request.system
    reason = _wish_for_person(talk) or HandoffReason.ASKED_FOR_PERSON
    agreed = [] if is_brief else _agreed(talk)
    return Draft(
        messages=(f"combinado: {'; '.join(agreed)}",) if agreed else (),
        handoff=_handoff(talk, reason) if is_brief else None,
        language="pt-BR", transcripts={}, tokens_in=0, tokens_out=0,
    )  # fmt: skip


def _agreed(talk: _Talk) -> list[str]:
    """The last sentences in which colleagues promised something or named a price, a date or a condition."""
    said = [found[1] for turn in talk.our_turns for found in _COLLEAGUE.finditer(turn)]
    return [sentence for words in said for sentence in pt.commitments(words)][-_AGREEMENTS:]


def _handoff(talk: _Talk, reason: HandoffReason) -> Handoff:
    suggestion = _SUGGESTIONS[reason]
    if reason is HandoffReason.QUALIFIED and talk.slot:
        suggestion = f"Oi! Vi que {talk.slot} é bom para você. Posso confirmar?"
    return Handoff(reason, _summary(talk, reason), suggestion)


@dataclass(frozen=True)
class _Talk:
    """The request, as the script needs it."""

    request: Request

    @cached_property
    def is_for_us(self) -> bool:
        """Asked for a brief or for what was agreed, not for an answer to the lead."""
        return "Não responda ao lead." in self.request.system

    @cached_property
    def persona(self) -> str:
        return self._fact("Nome") or "Clara"

    @cached_property
    def company(self) -> str:
        company = self._fact("Empresa")
        return "empresa" if company.startswith("(") else company or "empresa"

    @cached_property
    def prices(self) -> str:
        """The first lines of the offer that state a price, word for word; "" when none does."""
        offer = re.search(r"^# O que vendemos\n(.*?)(?=^# |\Z)", self.request.system, re.MULTILINE | re.DOTALL)
        lines = [line.strip(" \t-*•") for line in offer[1].splitlines()] if offer else []
        stated = ""
        for line in lines:
            together = f"{stated} / {line}" if stated else line
            if pt.MONEY.search(pt.bare(line)) and len(together) <= _OFFER_LENGTH:
                stated = together
        return stated

    @cached_property
    def leads(self) -> list[str]:
        """What the lead wrote, turn by turn, the newest last."""
        return ["\n".join(_said(turn.parts)) for turn in self.request.turns if turn.role == "lead"]

    @cached_property
    def last(self) -> str:
        """What the lead wrote since we last spoke."""
        return self.leads[-1] if self.leads else ""

    @cached_property
    def plain(self) -> str:
        """`last` in lower case without accents."""
        return pt.bare(self.last)

    @cached_property
    def files(self) -> list[str]:
        """The types of what came with the lead's last words."""
        parts = self.request.turns[-1].parts if self.request.turns else ()
        return [part.mime_type for part in parts if isinstance(part, Blob)]

    @cached_property
    def our_turns(self) -> list[str]:
        """What we said, turn by turn, the newest last."""
        return ["\n".join(_texts(turn.parts)) for turn in self.request.turns if turn.role == "us"]

    @cached_property
    def ours(self) -> str:
        """Everything we said, as far back as the history goes."""
        return "\n".join(self.our_turns)

    @cached_property
    def our_last(self) -> str:
        return self.our_turns[-1] if self.our_turns else ""

    @cached_property
    def asked(self) -> list[str]:
        """The topics asked about: what is before one of them was asked too, even where the history is cut off."""
        topics = list(QUESTIONS)
        if any(line in self.ours for line in _ASKED_ALL):
            return topics
        seen = [number for number, topic in enumerate(topics) if QUESTIONS[topic] in self.ours]
        seen += [0] if NEED_FOR_PRICE in self.ours or PRICE_PROPOSAL in self.ours else []
        return topics[: max(seen, default=-1) + 1]

    @cached_property
    def facts(self) -> list[str]:
        """What the lead told of people, money and dates, in the lead's own words."""
        return list(dict.fromkeys(fact for text in self.leads for fact in _facts(text)))

    @cached_property
    def decides(self) -> bool:
        """The lead's last words say that nobody else decides."""
        is_answer = QUESTIONS["decisão"] in self.our_last and pt.ONLY_ME.search(self.plain)
        return bool(is_answer or pt.DECIDES.search(self.plain))

    @cached_property
    def known(self) -> set[str]:
        """The topics that the lead spoke of unasked."""
        told = pt.bare("\n".join(self.leads))
        signs = {"necessidade": pt.PEOPLE, "orçamento": pt.MONEY, "decisão": pt.DECIDES, "prazo": pt.WHEN}
        return {topic for topic, sign in signs.items() if sign.search(told)}

    @property
    def open_topics(self) -> list[str]:
        """The topics neither asked about nor spoken of yet."""
        return [topic for topic in QUESTIONS if topic not in self.asked and topic not in self.known]

    @property
    def next_question(self) -> str:
        """The first question that is still open, or the proposal to bring in a person."""
        return QUESTIONS[self.open_topics[0]] if self.open_topics else PROPOSAL

    @cached_property
    def slot(self) -> str:
        """When the lead would like to talk; "" when nothing was said of it."""
        if not pt.MEETS.search(self.plain):
            return ""
        slot = next(pt.found(pt.SLOT, self.last), "")
        return slot[:1].lower() + slot[1:]

    def _fact(self, name: str) -> str:
        found = re.search(rf"^- {name}: (.+)$", self.request.system, re.MULTILINE)
        return found[1].strip() if found else ""


# ------------------------------------------------------------------------------------------------ calling a person


def _wish_for_person(talk: _Talk) -> HandoffReason | None:
    """Why a person should take over now, if so."""
    if pt.ANGRY.search(talk.plain):
        return HandoffReason.ANGRY
    if pt.ASKS_FOR_PERSON.search(talk.plain):
        return HandoffReason.ASKED_FOR_PERSON
    says_yes = pt.YES.search(talk.plain)
    if pt.DISCOUNT.search(talk.plain) or _insists_on_price(talk) or (says_yes and PRICE_PROPOSAL in talk.our_last):
        return HandoffReason.PRICE_OR_DISCOUNT
    if says_yes and any(line in talk.our_last for line in (PROPOSAL, _SAY_PODE)):
        return HandoffReason.QUALIFIED
    return None


def _insists_on_price(talk: _Talk) -> bool:
    asked = [text for text in talk.leads if pt.PRICE.search(pt.bare(text))]
    return len(asked) >= _PATIENCE and talk.last in asked


def _goodbye(talk: _Talk, reason: HandoffReason) -> str:
    if any(line in talk.our_last for line in _AWAITS_PERSON):
        return _GOODBYE_AGAIN
    if reason is HandoffReason.QUALIFIED and talk.slot:
        return f"Perfeito! Já passei para o nosso time a sua preferência ({talk.slot}); {_CONFIRMS}."
    return _GOODBYES[reason]


def _summary(talk: _Talk, reason: HandoffReason) -> str:
    """Two lines for the rep: what called for a person, and what is known and is not."""
    cause = _CAUSES[reason]
    if PRICE_PROPOSAL in talk.our_last and not _TRIGGERS[reason].search(talk.plain):
        cause += " e aceitou falar com o time"
    trigger = _short(pt.line_with(_TRIGGERS[reason], talk.last))
    need = next((text for text in talk.leads[:-1] if pt.NEEDS.search(pt.bare(text))), "")
    decides = ["diz que decide por conta própria"] if pt.DECIDES.search(pt.bare("\n".join(talk.leads))) else []
    noted = [*talk.facts, *decides]
    known = [
        f"Disse antes: “{_short(pt.line_with(pt.NEEDS, need))}”." if need else "",
        f"Anotado: {', '.join(noted)}." if noted else "",
        f"Ainda não perguntado: {', '.join(talk.open_topics)}." if talk.open_topics else "",
    ]
    return "\n".join(line for line in (f"{cause}: “{trigger}”", " ".join(filter(None, known))) if line)


# -------------------------------------------------------------------------------------------------------- answering


def _bubbles(talk: _Talk) -> Iterator[str]:
    """One or two bubbles: what there is to say to the lead's words, then at most one question."""
    if pt.STOP.search(talk.plain):
        yield "Tudo bem, não envio mais mensagens. Se mudar de ideia, é só escrever por aqui."
    elif talk.ours:
        yield from _going_on(talk)
    else:
        remark, question = _remark(talk), _question(talk)
        yield f"{_greeting(talk)} {remark}".strip()
        if question:
            yield question


def _going_on(talk: _Talk) -> Iterator[str]:
    """The answer in a conversation that has begun, however little of it the history shows."""
    is_awaited = any(line in talk.our_last for line in _AWAITS_PERSON)
    if _closes(talk):
        yield _THANKS_WHILE_WAITING if is_awaited else _THANKS
    elif is_awaited:
        yield _NOTED_FOR_PERSON
    elif any(line in talk.ours for line in _ASKED_ALL):
        yield _remark(talk) or _after_proposal(talk)
    else:
        yield _remark(talk) or _acknowledgement(talk)
        if question := _question(talk):
            yield question


def _closes(talk: _Talk) -> bool:
    """The lead thanks or says goodbye, and no more than that."""
    has_more = "?" in talk.plain or talk.files or any(_facts(talk.last))
    return bool(pt.CLOSES.search(talk.plain)) and not has_more


def _greeting(talk: _Talk) -> str:
    opening = next((word for word in ("Bom dia", "Boa tarde", "Boa noite") if pt.bare(word) in talk.plain), "Olá")
    how = "! Tudo ótimo por aqui" if pt.HOW_ARE_YOU.search(talk.plain) else ""
    return f"{opening}{how}! Aqui é {talk.persona}, assistente virtual da {talk.company}. 😊"


def _question(talk: _Talk) -> str:
    """What to ask at the end; "" when the remark asks already, or the lead cannot answer now."""
    if talk.files or pt.CANNOT_TALK_NOW.search(talk.plain):
        return ""
    if pt.PRICE.search(talk.plain) and not _quotes_price(talk):
        return PRICE_PROPOSAL if "necessidade" in (*talk.asked, *talk.known) else NEED_FOR_PRICE
    return talk.next_question


def _remark(talk: _Talk) -> str:
    """What the lead's last words ask us to say before anything else; "" for nothing in particular."""
    if any(kind.startswith("audio/") for kind in talk.files):
        return "Recebi seu áudio, mas estou em modo de demonstração e não consigo ouvir. Pode me escrever em texto?"
    if talk.files:
        return "Recebi o arquivo, mas em modo de demonstração não consigo abri-lo. Pode me contar o que ele diz?"
    if pt.OFF_LIMITS.search(talk.plain):
        return f"Por aqui eu só consigo ajudar com assuntos da {talk.company}."
    if pt.ASKS_IF_ROBOT.search(talk.plain):
        return "Sou uma assistente virtual, sim. Se preferir falar com uma pessoa, é só pedir."
    if pt.PRICE.search(talk.plain):
        return _about_price(talk)
    if pt.CANNOT_TALK_NOW.search(talk.plain):
        return "Sem problemas, fique à vontade! Quando puder, me escreva por aqui o que você precisa."
    return " ".join(_notes(talk))


def _quotes_price(talk: _Talk) -> bool:
    """The offer states a price that this lead has not been told."""
    return bool(talk.prices) and talk.prices not in talk.ours


def _about_price(talk: _Talk) -> str:
    if _quotes_price(talk):
        return f"Sobre valores, o que tenho aqui é: “{talk.prices}”"
    if talk.prices:
        return "De valores, só tenho o que já te passei; para o seu caso, quem confirma é o nosso time."
    if any(pt.PRICE.search(pt.bare(text)) for text in talk.leads[:-1]):
        return "Entendo, o valor vem primeiro. Só que eu não tenho esse número e não quero te passar nada errado."
    return "Eu não tenho valores para te passar, mas deixo a pergunta anotada para um consultor."


def _notes(talk: _Talk) -> Iterator[str]:
    """What was understood of the last words, a sentence each."""
    if talk.decides:
        yield "Entendi, a decisão é com você."
    if talk.slot:
        yield f"Anotei a preferência ({talk.slot}); quem confirma o horário é uma pessoa do nosso time."
    facts = [fact for fact in dict.fromkeys(_facts(talk.last)) if fact.lower() not in talk.slot.lower()]
    if facts:
        yield f"Anotei: {', '.join(facts)}."
    asked = [] if talk.slot else pt.questions(talk.last)
    if asked:
        why = "Anotei também" if _FOR_CONSULTANT in talk.ours else "Isso eu não sei dizer com certeza; anotei"
        yield f"{why} “{_short(asked[-1])}” {_FOR_CONSULTANT}."


def _after_proposal(talk: _Talk) -> str:
    if pt.NO.search(talk.plain):
        return _NOT_NOW
    return _WELCOME_BACK if pt.ONLY_GREETS.search(talk.plain) else _SAY_WHEN


def _acknowledgement(talk: _Talk) -> str:
    if pt.ONLY_GREETS.search(talk.plain):
        return "Oi! Que bom falar com você de novo."
    if pt.NO.search(talk.plain):
        return "Sem problemas!"
    return _ACKNOWLEDGEMENTS[len(talk.asked) % len(_ACKNOWLEDGEMENTS)]


def _facts(text: str) -> Iterator[str]:
    """What can be noted down from `text`, in the lead's own words: people, money, dates."""
    for pattern in (pt.PEOPLE, pt.MONEY, pt.WHEN):
        yield from pt.found(pattern, text)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _QUOTE_LENGTH else f"{flat[:_QUOTE_LENGTH].rstrip()}…"


def _said(parts: Sequence[str | Blob]) -> Iterator[str]:
    """The lead's own words in `parts`: what stands in fences, or everything where there is none."""
    for text in _texts(parts):
        for words in list(fenced(text)) or [text]:
            lines = [line for line in words.splitlines() if not line.startswith(("em resposta a:", "(", "["))]
            if any(lines):
                yield "\n".join(lines)


def _texts(parts: Sequence[str | Blob]) -> Iterator[str]:
    return (part for part in parts if isinstance(part, str))
