"""A stranger's words on their way into a prompt: between two marks that nothing inside can write. Pure.

The marks are `<lead …>` and `</lead>`. Inside, no angle bracket of any alphabet is left, so no text, however clever,
closes the fence or opens another; there is nothing to guess and nothing random to keep. What a reader cannot see
(controls, direction overrides, Unicode tags) is taken out, since a model does see it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: A flood of text costs money and pushes the instructions out of sight; WhatsApp allows 65,536 characters.
LENGTH = 4_000
CUT_MARK = "[… cortado: texto longo demais]"

# Angle brackets, and what a model may take for one.
_OPENING = "<\N{SMALL LESS-THAN SIGN}\N{FULLWIDTH LESS-THAN SIGN}\N{MATHEMATICAL LEFT ANGLE BRACKET}"
_OPENING += "\N{LEFT ANGLE BRACKET}\N{LEFT-POINTING ANGLE BRACKET}\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
_CLOSING = ">\N{SMALL GREATER-THAN SIGN}\N{FULLWIDTH GREATER-THAN SIGN}\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
_CLOSING += "\N{RIGHT ANGLE BRACKET}\N{RIGHT-POINTING ANGLE BRACKET}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
_ESCAPES = str.maketrans({**dict.fromkeys(_OPENING, "&lt;"), **dict.fromkeys(_CLOSING, "&gt;")})

_JOINER = "\N{ZERO WIDTH JOINER}"  # holds emoji of several parts together
_FENCE = re.compile(r"<lead(?: [^<>]*)?>\n(.*?)\n</lead>", re.DOTALL)


def fence(text: str, *, about: str = "") -> str:
    """`text` between the marks. `about` is ours (kind, time); it goes into the opening mark."""
    opening = f"<lead {about}>" if about else "<lead>"
    return f"{opening}\n{harmless(text)}\n</lead>"


def harmless(text: str) -> str:
    """`text` without brackets, invisible characters or excess length; line breaks and tabs are kept."""
    visible = "".join(filter(_is_visible, text.replace("\r\n", "\n").replace("\r", "\n")))
    if len(visible) > LENGTH:
        visible = f"{visible[:LENGTH]} {CUT_MARK}"
    return visible.translate(_ESCAPES)


def fenced(prompt_part: str) -> Iterator[str]:
    """The texts between the marks in `prompt_part`, first to last, brackets put back as plain ones."""
    for match in _FENCE.finditer(prompt_part):
        yield match[1].replace("&lt;", "<").replace("&gt;", ">")


def _is_visible(character: str) -> bool:
    """Not a control, a format character (direction, tags, zero width), a line separator, nor half of a pair."""
    if character in ("\n", "\t", _JOINER):
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
