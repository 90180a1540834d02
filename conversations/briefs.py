"""What a person needs to know before taking a conversation over: sealed in the cache, made again if it is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from conversations import live, sealed
from conversations.message import Key, Message

_LIFETIME_S = 24 * 3600
#: Characters of a message that is quoted, and how many are.
_QUOTE = 160
_QUOTES = 3


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


def _name(key: Key) -> str:
    return f"brief:{key.instance}:{key.conversation}"
