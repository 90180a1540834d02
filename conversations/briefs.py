"""What a person needs to know before taking a conversation over: sealed in the cache, made again if it is lost."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from django.core.cache import cache

from conversations import live, sealed
from conversations.message import Key, Message

log = logging.getLogger(__name__)

_LIFETIME_S = 24 * 3600
#: A brief that was asked for and has not come after so long is asked for again.
_ASKED_S = 120
#: Characters of a message that is quoted, and how many are.
_QUOTE = 160
_QUOTES = 3
#: A summary that has so many characters of a message says it already.
_SAID = 80


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words of the lead, and where they stand."""

    message_id: str
    words: str


@dataclass(frozen=True, slots=True)
class Brief:
    """Why a person was called, for that person."""

    #: At most three lines; "" where no model was asked.
    summary: str = ""
    #: A first sentence one could write; "" for none.
    suggestion: str = ""
    #: The lead's messages that called for a person, oldest first.
    quotes: tuple[Quoted, ...] = ()

    @property
    def is_empty(self) -> bool:
        """It says nothing."""
        return not (self.summary or self.suggestion or self.quotes)

    @property
    def unsaid(self) -> tuple[Quoted, ...]:
        """The quotes whose words do not stand in the summary."""
        said = " ".join(self.summary.split())
        return tuple(quote for quote in self.quotes if quote.words[:_SAID] not in said)


def quotes(messages: Sequence[Message]) -> tuple[Quoted, ...]:
    """The last words of the lead in `messages`, oldest first."""
    said = [one for one in messages if one.is_from_lead and one.text and not one.is_deleted]
    return tuple(Quoted(one.id, " ".join(one.text.split())[:_QUOTE]) for one in said[-_QUOTES:])


def keep(key: Key, brief: Brief) -> None:
    """Keep it for a day, and tell the screens that it is there."""
    sealed.put(_name(key), json.dumps(asdict(brief)), _LIFETIME_S)
    live.publish("brief", instance=key.instance, conversation=key.conversation)


def of(key: Key) -> Brief | None:
    """What is known; None when nothing was ever made, or it is gone."""
    text = sealed.get(_name(key))
    if text is None:
        return None
    facts = json.loads(text)
    return Brief(facts["summary"], facts["suggestion"], tuple(Quoted(**quote) for quote in facts["quotes"]))


# ------------------------------------------------------------------------------------------- whoever can make them

_make: list[Callable[[Key, int], None]] = []
_tell_agreed: list[Callable[[Key], str]] = []


def are_made_by(make: Callable[[Key, int], None], tell_agreed: Callable[[Key], str]) -> None:
    """Have `make` see to a brief, soon and elsewhere, and `tell_agreed` read what people agreed with the lead."""
    _make[:], _tell_agreed[:] = [make], [tell_agreed]


def ask(key: Key, epoch: int) -> bool:
    """Have the brief made, once for each change of control (`epoch`); True while it is on its way."""
    try:
        if _make and cache.add(_mark(key, epoch), "asked", _ASKED_S):
            _make[0](key, epoch)
        return bool(cache.get(_mark(key, epoch)) == "asked")
    except Exception as error:  # neither caches nor brokers share an error class with others
        log.warning("a brief could not be asked for: %s", type(error).__name__)
        return False


def made(key: Key, epoch: int) -> None:
    """Whoever was asked has done what they could: the screens look again, and nobody asks a second time."""
    cache.set(_mark(key, epoch), "made", _LIFETIME_S)
    live.publish("brief", instance=key.instance, conversation=key.conversation)


def agreed(key: Key) -> str:
    """What people agreed with the lead, for them to look at; "" when nobody can tell."""
    return _tell_agreed[0](key) if _tell_agreed else ""


def _mark(key: Key, epoch: int) -> str:
    """No number stands in it."""
    return f"brief-asked:{key.instance}:{sealed.opaque_id(key)}:{epoch}"


def _name(key: Key) -> str:
    return f"brief:{key.instance}:{key.conversation}"
