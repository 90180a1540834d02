"""Words as they are compared: how somebody typed them does not count. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: The accents of Latin letters, once they are apart from them.
_ACCENTS = re.compile("[\u0300-\u036f]")


def folded(text: str) -> str:
    """Lower case and no accents, as people type when they search."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))


#: The same for names and last messages, which each letter that somebody types is compared with.
folded_once = lru_cache(maxsize=30_000)(folded)


def plain(text: str) -> str:
    """`folded`, with single spaces and no punctuation."""
    letters = (c for c in folded(text) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in letters).split())
