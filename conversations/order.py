"""In which order messages stand, and what an answer leaves waiting: one rule for conversation, list and sweep. Pure.

WhatsApp counts whole seconds. Within one, a message of ours stands after those of the lead that it answers and before
those that it does not; where the ledger does not know what it answers the lead's come first, as questions do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Protocol, TypeVar

from conversations.message import Message


class Named(Protocol):
    """Anything that stands for one message of the lead."""

    @property
    def id(self) -> str:
        """The message's."""


One = TypeVar("One", bound=Named)


def in_order(messages: Iterable[Message]) -> list[Message]:
    """`messages`, oldest first, each id once: as it stands first in them."""
    found: dict[str, Message] = {}
    for message in messages:
        found.setdefault(message.id, message)
    said = sorted(found.values(), key=lambda message: (message.sent_at, message.from_me))
    if not any(message.answers for message in said):
        return said
    return [one for _second, group in groupby(said, lambda message: message.sent_at) for one in _in_second(group)]


def left_by(waiting: Sequence[One], answers: Sequence[str]) -> Sequence[One]:
    """What goes on waiting of `waiting`, the lead's messages, oldest first, once those in `answers` are answered."""
    answered = [place for place, one in enumerate(waiting, start=1) if one.id in answers]
    return waiting[answered[-1] :] if answered else waiting


def _in_second(messages: Iterable[Message]) -> list[Message]:
    """Those of one second, the lead's first, as the rule has them."""
    said = list(messages)
    answered = {id for one in said for id in one.answers or ()}
    leads = sorted((one for one in said if one.is_from_lead), key=lambda one: one.id not in answered)
    places = {one.id: place for place, one in enumerate(leads, start=1)}

    def place(one: Message) -> tuple[int, bool]:
        if one.answers:
            return max(places.get(id, 0) for id in one.answers), True
        return places.get(one.id, len(leads)), one.from_me

    return sorted([*leads, *(one for one in said if one.from_me)], key=place)
