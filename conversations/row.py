"""One line of the list: what is kept of a conversation, and how it changes with each message. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from conversations.jid import is_group
from conversations.message import Key, Message
from conversations.order import in_order, left_by

#: Characters of the last message that are kept.
_PREVIEW = 200
#: So many of the lead's messages are counted; beyond that a number says no more.
MOST_COUNTED = 99


class Arrival(NamedTuple):
    """One message of the lead: enough to count it, and no word of it."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation, as the list shows it. Who may speak there is joined when it is shown."""

    key: Key
    #: What the gateway or the lead's profile calls the lead; "" when nobody knows.
    name: str
    #: The newest message, cut short; its author is completed from the ledger when it is shown.
    last: Message
    #: When the first of the lead's messages after our last word was sent, as far as it was seen; None: nothing waits.
    waiting_since: datetime | None
    #: The lead's last messages, oldest first, for people to be told how many came since they looked.
    arrivals: tuple[Arrival, ...] = ()
    #: Where the gateway says the lead's picture lies, for a while; "" when there is none.
    picture_url: str = ""

    @property
    def is_group(self) -> bool:
        """Several people talk there."""
        return is_group(self.key.conversation)

    def is_settled(self, ids: Collection[str]) -> bool:
        """The lead's last message is among `ids`, those that were dealt with."""
        return bool(self.arrivals) and self.arrivals[-1].id in ids

    @property
    def asked_at(self) -> datetime | None:
        """When the lead, who waits, last said something; None when nothing waits."""
        return self.waiting_since if self.waiting_since is None or self.last.from_me else self.last.sent_at

    def unread_since(self, moment: datetime) -> int:
        """How many messages of the lead came after `moment`; one above `MOST_COUNTED` stands for more."""
        return sum(one.at > moment for one in self.arrivals)


def after(row: Row | None, key: Key, message: Message, name: str, heard_at: datetime | None = None) -> Row:
    """The row once `message` is known; `heard_at` is when it came, where that is not when it was sent."""
    if row is None:
        # A word that answers nothing is said to somebody who waits.
        waits = message.waits_for_answer or message.answers == ()
        return Row(key, name, short(message), message.sent_at if waits else None, arrived((), [message], heard_at))
    arrivals = arrived(row.arrivals, [message], heard_at)
    is_last = message.id == row.last.id or in_order([row.last, message])[-1] is message
    last = short(message) if is_last else row.last
    if message.waits_for_answer:
        is_new = arrivals != row.arrivals  # one that is known was dealt with; an edit moves it in time
        waits = is_new and _is_left(row.last, message, is_heard=heard_at is not None)
        waiting_since = row.waiting_since or (message.sent_at if waits else None)
    else:
        waiting_since = _still_waiting_since(row, message)
    return replace(row, name=name, last=last, waiting_since=waiting_since, arrivals=arrivals)


def arrived(
    known: tuple[Arrival, ...], messages: Iterable[Message], heard_at: datetime | None = None
) -> tuple[Arrival, ...]:
    """`known` with those of `messages` that are the lead's and are not counted yet."""
    ids = {one.id for one in known}
    new = [Arrival(one.id, heard_at or one.sent_at) for one in messages if one.waits_for_answer and one.id not in ids]
    return tuple(sorted((*known, *new), key=lambda one: one.at)[-MOST_COUNTED - 1 :]) if new else known


def short(message: Message) -> Message:
    """What a row shows of a message, and no more: there may be ten thousand."""
    return replace(message, text=message.text[:_PREVIEW], quote=None, cards=(), referral=None)


def unanswered_since(messages: Sequence[Message]) -> datetime | None:
    """When the first of the lead's messages (oldest first, with ours) was sent that none of ours answers."""
    waiting: Sequence[Message] = []
    for message in messages:
        if message.waits_for_answer:
            waiting = [*waiting, message]
        elif message.from_me and message.reaction is None:
            waiting = [] if message.answers is None else left_by(waiting, message.answers)
    return waiting[0].sent_at if waiting else None


def _is_left(last: Message, message: Message, *, is_heard: bool) -> bool:
    """The lead's `message`, which was not known, is not answered by the `last` one.

    One with an older date is only if it is heard of now and the ledger knows that it is none of the answered.
    """
    if message.sent_at < last.sent_at and not (is_heard and last.answers is not None):
        return False
    return message.id not in (last.answers or ())


def _still_waiting_since(row: Row, message: Message) -> datetime | None:
    """Since when the lead waits once `message` is known, which asks nothing."""
    if message.is_from_lead or message.reaction is not None or row.waiting_since is None:
        return row.waiting_since
    if message.answers is None:
        return row.waiting_since if message.sent_at < row.last.sent_at else None
    waiting = [one for one in row.arrivals if one.at >= row.waiting_since]
    left = left_by(waiting, message.answers)
    if len(left) == len(waiting) and (waiting or not message.answers):
        return row.waiting_since
    return left[0].at if left else None
