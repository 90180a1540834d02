"""One thing that just happened, as it travels from the process that saw it to those that show it. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from conversations.jid import JID
from conversations.message import (
    Author,
    Card,
    Key,
    Kind,
    Media,
    Message,
    Place,
    Quote,
    Reaction,
    Referral,
    Status,
)

Fact = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What happened, where, and the few facts of it."""

    #: "message", "status", "edited", "deleted", "control", "presence", "connection", "bot", "switch", …
    event: str
    #: "" for what concerns no instance.
    instance: str = ""
    #: "" for what concerns no conversation.
    conversation: str = ""
    message: Message | None = None
    facts: dict[str, Fact] = field(default_factory=dict)
    #: Where it stands in the order of all that happened; 0 for what was never published.
    position: int = 0

    @property
    def key(self) -> Key | None:
        """The conversation it is about, None when it is about none."""
        return Key(self.instance, JID(self.conversation)) if self.conversation else None


def dump(frame: Frame) -> str:
    """`frame` as one line of JSON, without its position."""
    facts: dict[str, Any] = {"event": frame.event, "instance": frame.instance, "conversation": frame.conversation}
    if frame.facts:
        facts["facts"] = frame.facts
    if frame.message is not None:
        facts["message"] = asdict(frame.message)
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"), default=_plain)


def load(text: str, position: int = 0) -> Frame:
    """What `dump` made. Raises ValueError for anything else: another version of us may be on the line."""
    try:
        facts = json.loads(text)
        message = facts.pop("message", None)
        return Frame(**facts, message=_message(message) if message else None, position=position)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a frame: {error}") from None


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not travel")


def _message(facts: dict[str, Any]) -> Message:
    facts["kind"] = Kind(facts["kind"])
    facts["author"] = Author(facts["author"])
    facts["sent_at"] = datetime.fromisoformat(facts["sent_at"])
    facts["status"] = Status(facts["status"]) if facts["status"] else None
    facts["answers"] = tuple(facts["answers"]) if facts.get("answers") is not None else None
    facts["cards"] = tuple(Card(card["name"], tuple(card["phones"])) for card in facts["cards"])
    if quote := facts["quote"]:
        facts["quote"] = Quote(**{**quote, "kind": Kind(quote["kind"])})
    for name, kind in (("media", Media), ("reaction", Reaction), ("place", Place), ("referral", Referral)):
        facts[name] = kind(**facts[name]) if facts[name] else None
    return Message(**facts)
