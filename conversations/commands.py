"""What the account's owner may type into a chat on the phone to steer the bot there. Pure.

Only what was sent from the account itself is ever looked at: the same words from a lead are just words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


class What(Enum):
    """What is asked for."""

    PAUSE = "pausar"
    BOT = "bot"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it was typed."""

    what: What
    #: For PAUSE: how long; None means until somebody resumes it.
    length: timedelta | None = None


_FORM = re.compile(
    r"#\s?(pausar|pausa|bot|status)(?:\s+(\d{1,4})\s*(min|minutos?|m|horas?|h|dias?|d))?\s*[.!]?", re.IGNORECASE
)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
#: Whoever wants more says so without a number.
_LONGEST = timedelta(days=90)


def parse(text: str) -> Command | None:
    """The command that the whole of `text` is: "#pausar", "#pausar 2h", "#bot", "#status"; else None."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    word, number, unit = found.groups()
    what = What.PAUSE if word.lower().startswith("paus") else What(word.lower())
    if number is None:
        return Command(what)
    if what is not What.PAUSE:
        return None
    return Command(what, min(int(number) * _UNITS[unit[0].lower()], _LONGEST))
