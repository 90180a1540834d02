"""Words as they are compared: how somebody typed them does not count. Pure."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """Lower case, no accents, single spaces, no punctuation."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c)).split())
