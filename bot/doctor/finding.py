"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """How bad it is."""

    OK = "ok"
    #: It works, and somebody should know something about it.
    WARNING = "warning"
    #: A promise of the product does not hold while this is so.
    WRONG = "wrong"
    #: It could not be looked at, because of something that is wrong elsewhere.
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question; words for a person, in the active language."""

    state: State
    word: str
    #: What to do about it; "" when there is nothing to do.
    remedy: str = ""


def ok(word: str) -> Finding:
    """As it should be."""
    return Finding(State.OK, word)


def warning(word: str, remedy: str) -> Finding:
    """Works, but."""
    return Finding(State.WARNING, word, remedy)


def wrong(word: str, remedy: str) -> Finding:
    """Does not work."""
    return Finding(State.WRONG, word, remedy)


def skipped(word: str, remedy: str = "") -> Finding:
    """Cannot be known now."""
    return Finding(State.SKIPPED, word, remedy)
