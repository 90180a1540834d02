"""Whether a lead asks not to be written to: surely, perhaps, or not. Plain Portuguese (and English), pure.

Sure is a short message whose core is the wish itself. What somebody wants to stop may be something else, a bill or an
order ("não me mande mais boletos"): that is no wish to be left alone. What is in between a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from conversations.message import Message
from conversations.plain import plain

#: More words than these tell a story, and a story is for a person to judge.
_SHORT = 12


class Wish(Enum):
    """What the lead wants."""

    SURE = "sure"
    MAYBE = "maybe"
    NO = "no"


#: The message is nothing but this: the words that every list of messages teaches people to send.
_ALONE = re.compile(
    r"(?:por favor |pf |pfv |quero |favor )?"
    r"(?:parar?|pare|sair|stop|descadastr(?:ar|e|o)|desinscrever?|unsubscribe|opt ?out)"
    r"(?: por favor| pf| pfv| obrigad[oa])?"
)
#: Nothing but this may mean the messages, or the order: a person asks.
_UNCLEAR = re.compile(r"(?:por favor |quero )?(?:cancelar?|cancela|remover?|remova)(?: por favor| obrigad[oa])?")
_STOP = (
    r"(?:par(?:e|em|a|ar)|cess(?:e|em|ar)|deix(?:e|em|a|ar)|chega|não quero(?: mais)?|nao quero(?: mais)?"
    r"|nao (?:me )?(?:mand|envi|escrev)(?:e|em|a|am|ar|ou)?(?: mais)?|sem mais|stop)"
)
#: What would stop: messages to me.
_MESSAGES = (
    r"(?:(?:de |com )?(?:me )?(?:mand(?:ar|e|em)|envi(?:ar|e|em)|escrever|escreva|receber|incomodar|perturbar)"
    r"(?: (?:mais|tantas|essas|estas|as|suas))* *"
    r"(?:mensage(?:m|ns)|msgs?|contatos?|whatsapp|zap|nada|propagandas?|isso)?"
    r"|(?:as |essas |estas |de |mais |suas |receber )*(?:mensage(?:m|ns)|msgs?|propagandas?|contatos?))"
)
_WISH = re.compile(
    rf"\b{_STOP}\b.{{0,15}}\b{_MESSAGES}"
    r"|\b(?:nao (?:me )?(?:mande|manda|mandem|envie|envia|enviem|escreva|escreve|escrevam|chame|chama|procure|procura)"
    r"(?: mais)?(?: (?:mensage(?:m|ns)|msgs?|nada|por aqui|no whatsapp|no zap))?)\b"
    r"|\b(?:me )?(?:tir(?:e|a|em|ar)|remov(?:a|e|am|er)|exclu(?:a|i|am|ir)|apag(?:ue|a|uem|ar)|delet(?:e|a|ar))\b"
    r".{0,20}\b(?:lista|cadastro|contatos?|numero|base|telefone)\b"
    r"|\b(?:me deix(?:e|a|em) em paz|nao entre(?:m)? mais em contato|nao me ligue(?:m)? mais"
    r"|nao quero (?:mais )?(?:contato|ser contatad[oa]|conversa|falar com voces)|quero sair d(?:a|essa|esta) lista"
    r"|do not (?:text|message|contact) me|don t (?:text|message|contact) me|stop (?:texting|messaging|contacting) me"
    r"|unsubscribe me|leave me alone)\b"
)
#: What people also ask to stop, and which is business: what is named right after the verb, or anywhere beside it.
_BUSINESS = re.compile(
    r"\b(?:boletos?|cobrancas?|pedidos?|faturas?|notas?|nfe?|email|emails|e mails?|audios?|figurinhas?|fotos?|videos?"
    r"|catalogos?|pdf|links?|orcamentos?|propostas?|assinaturas?|planos?|compras?|reunia?o|reunioes|agendamentos?"
    r"|consultas?|contratos?|encomendas?|produtos?|servicos?|entregas?|pagamentos?|cartao|renovacao)\b"
)
#: Words that smell of it without saying it.
_DOUBT = re.compile(
    r"\b(?:spam|denunciar|denuncio|bloquear|bloqueio|vou bloquear|incomod\w+|insistent\w+|enche\w* o saco|encher o saco"
    r"|que chat[oa]|chega disso|ja deu|nao (?:tenho|ha) interesse|sem interesse|nao me interessa"
    r"|quem passou meu (?:numero|contato)"
    r"|como (?:conseguiu|pegou|tem) meu (?:numero|contato)|lgpd|procon)\b"
)
#: Later is not never, and a question is not a wish.
_NOT_NOW = re.compile(
    r"\b(?:agora|hoje|ainda|por enquanto|no momento|depois|amanha|semana que vem|mes que vem|mais tarde|ate)\b"
)
#: Who was left alone and comes back: the word that confirmed the wish says that one need only ask for a person.
_BACK = re.compile(
    r"\b(?:pessoa|human[oa]|alguem|atendente|vendedor(?:a|es)?|consultor(?:a|es)?|gerente|suporte|atendimento"
    r"|falar com|me (?:lig(?:a|ue|uem)|cham(?:a|e|em)|atend(?:e|a|am)|ajud(?:a|e|em)|respond(?:e|a|am))"
    r"|mudei de ideia|quero (?:voltar|receber)|pode(?:m)? (?:voltar|mandar|escrever|me chamar)"
    r"|a person|human being|someone|an agent)\b"
)
#: Said outright, it is that even beside the wish itself ("parem de mandar mensagem, quero falar com uma pessoa").
_A_PERSON = re.compile(
    r"(?:(?<!nao )\b(?:quero|queria|preciso|gostaria|prefiro|posso)(?: de)?(?: (?:falar|conversar|ser atendid[oa]))?"
    r"(?: com| por)?|\bso (?:falo )?com)(?: (?:um|uma|o|a|algum|alguma))?"
    r" (?:pessoa|human[oa]|alguem|gente|atendente|vendedora?|consultora?|gerente|responsavel)\b"
)
_NO_NEED = re.compile(r"\bnao (?:quero|preciso|precisa|precisam)\b")


def judge(waiting: Sequence[Message]) -> Wish:
    """What the lead's unanswered messages, oldest first, say together: the strongest of them counts."""
    found = {judge_text(message.text) for message in waiting}
    return next((wish for wish in (Wish.SURE, Wish.MAYBE) if wish in found), Wish.NO)


def judge_text(text: str) -> Wish:
    """What one message says."""
    words = plain(text)
    if not words:
        return Wish.NO
    if _ALONE.fullmatch(words):
        return Wish.SURE
    is_wish, is_business = bool(_WISH.search(words)), bool(_BUSINESS.search(words))
    if is_wish and not is_business:
        is_clear = len(words.split()) <= _SHORT and not _NOT_NOW.search(words) and "?" not in text
        return Wish.SURE if is_clear else Wish.MAYBE
    is_doubtful = _UNCLEAR.fullmatch(words) or (_DOUBT.search(words) and not is_business)
    return Wish.MAYBE if is_doubtful else Wish.NO


def asks_for_a_person(waiting: Sequence[Message]) -> bool:
    """Somebody who was left alone, or wants to be, asks for a person, or to be written to again."""
    return any(_asks_for_a_person(message.text) for message in waiting)


def _asks_for_a_person(text: str) -> bool:
    words = plain(text)
    if _A_PERSON.search(words):
        return True
    return judge_text(text) is Wish.NO and bool(_BACK.search(words)) and not _NO_NEED.search(words)
