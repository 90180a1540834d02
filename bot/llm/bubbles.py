"""How a reply is cut into bubbles. Pure.

The model cuts; this only holds the hard limits, and never cuts a price, a link or an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: Bubbles in one reply, at most.
LIMIT = 3
#: Characters in one bubble: about a phone's screen.
LENGTH = 900

_MONEY = r"(?:R\$|US\$|U\$|€|\$)\s?\d[\d.,]*(?:\s?(?:mil|milhão|milhões)\b)?"
_INSTALMENTS = rf"\d{{1,3}}\s?x\s+(?:de\s+)?(?:{_MONEY}|\d[\d.,]*)"
_LINK = (
    r"(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|app|io|br)\b(?:/\S*)?"
)
#: From the street's kind to the last part with a digit: "Av. Paulista, nº 1.000, 3º andar, CEP 01310-100".
_STREET = (
    r"\b(?:avenida|av|rua|r|alameda|al|praça|pça|rodovia|rod|travessa|estrada|largo)\b\.?\s"
    r"[^\n!?;,]{2,60}(?:,\s?|\s)(?:n[ºo°.]*\s?)?\d[\d.]*(?:,\s[^\n!?;.]{1,40}){0,5}"
)
#: Digits with marks between them: 1.500,00, 12.05.2026, 14:30, (11) 98765-4321.
_NUMBER = r"\d+(?:[.,:/-]\d+)+|\(?\d{2}\)?\s?\d{4,5}[\s-]\d{4}"
_SHORT = r"\b(?:sr|sra|srta|dr|dra|prof|profa|av|nº|n|tel|ex|obs|etc|cia|ltda|máx|mín|aprox|pág)\.\s"
_WHOLE = re.compile("|".join((_INSTALMENTS, _MONEY, _LINK, _STREET, _NUMBER, _SHORT)), re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]*_]*\s+|\n+")
_GAP = re.compile(r"\s+")


def fit(messages: Iterable[str], *, limit: int = LIMIT) -> tuple[str, ...]:
    """`messages` as at most `limit` bubbles of at most LENGTH characters, blank ones left out.

    What is within the limits is not touched. A bubble too many joins the one before it; a bubble too long is cut at a
    sentence's end (or, with no sentence's end in reach, between two words), never inside a price, a link or an address.
    What does not fit into `limit` full bubbles is left out, from the end, by whole pieces.
    """
    said = [message.strip() for message in messages if message.strip()]
    while len(said) > limit:
        said[-2:] = ["\n\n".join(said[-2:])]
    pieces = [piece for message in said for piece in _cut(message)]
    return tuple(pieces[:limit])


def _cut(text: str) -> list[str]:
    """`text` in pieces of at most LENGTH characters; longer only where a single link or price is longer."""
    pieces = []
    while len(text) > LENGTH:
        at = _cutting_point(text)
        if at is None:
            break
        pieces.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*pieces, text] if text else pieces


def _cutting_point(text: str) -> int | None:
    """Where the first piece of `text` ends: the last sentence's end that fits, else the last gap, else any gap."""
    whole = [match.span() for match in _WHOLE.finditer(text)]
    for pattern in (_SENTENCE_END, _GAP):
        ends = [match.start() for match in pattern.finditer(text) if not _is_inside(match.start(), whole)]
        within = [end for end in ends if 0 < end <= LENGTH]
        if within:
            return within[-1]
    return next((end for end in ends if end > LENGTH), None)


def _is_inside(position: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < position < end for start, end in spans)
