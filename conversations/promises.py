"""Whether a person of ours promised the lead something and has not come back to it yet. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from conversations.message import Author, Message
from conversations.plain import plain

_PROMISE = re.compile(
    r"\b(?:vou|iremos|vamos|irei|deixa eu|deixe me|preciso|tenho que|estou|ja estou|to|ja to)"
    r" (?:ja |so |aqui )?(?:verific|confirm|consult|chec|ver(?! voce| com bons)|olhar|conferi"
    r"|perguntar|levantar|calcular|prepar|montar|buscar|falar com|providenci|analis"
    r"|te envi|te mand|enviar|mandar|retorn"
    r"|te lig|ligar|te pass|avis|te avis|resolver|separ)\w*"
    r"|\b(?:ja|logo|em breve|daqui a pouco|assim que|amanha|hoje ainda|mais tarde)\b.{0,25}"
    r"\b(?:te|lhe|vos|eu) ?(?:retorn|respond|avis|lig|mand|envi|pass|confirm|fal)\w*"
    r"|\b(?:te|lhe) (?:retorno|aviso|ligo|mando|envio|confirmo|respondo|falo)\b"
    r"|\b(?:retorno|volto|respondo) (?:em|ate|assim|amanha|hoje|ainda|daqui|logo|ja)\b"
    r"|\b(?:so )?um (?:minut(?:o|inho)|moment(?:o|inho)|instante)\b|\baguarde\b|\bja volto\b"
    r"|\b(?:i ll|i will|let me) (?:check|confirm|get back|call|send|ask|see)\b|\bget back to you\b|\bone moment\b"
)


def is_open(messages: Sequence[Message]) -> bool:
    """The last thing a person of ours said in `messages` (oldest first) promises something that is still to come."""
    ours = [one for one in messages if one.author in (Author.REP, Author.PHONE) and not one.is_deleted and one.text]
    return bool(ours) and promises(ours[-1].text)


def promises(text: str) -> bool:
    """`text` says that something will follow."""
    return bool(_PROMISE.search(plain(text)))
