"""Which of the lead's messages wait for an answer. Decided by ids, not by time; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from conversations import commands
from conversations.message import Author, Message


class Settled(Protocol):
    """What `Control` remembers of the messages that were dealt with."""

    @property
    def settled_at(self) -> datetime | None:
        """When the newest of them was sent; None when nothing was ever settled."""

    @property
    def settled_ids(self) -> Sequence[str]:
        """Their ids, the last ones."""


def unanswered(
    messages: Sequence[Message], settled: Settled, *, since: datetime | None, asked: str = ""
) -> tuple[Message, ...]:
    """The lead's messages of `messages` (oldest first) that wait for an answer, oldest first.

    Nothing older than `since` (to the second, as the gateway counts) waits. Where something was settled, what is not
    among it and not older than it waits; an edit moves a message in time but keeps its id, so it reopens nothing. Where
    nothing was settled, only what comes after our own last word waits. What a person of ours wrote answers everything
    before it; a command to the bot is said to nobody.

    `asked` is a message the gateway has just announced. It waits although a later one is settled: a phone that was out
    of reach, or a message that could be decrypted only later, brings it with an old date.
    """
    # The gateway tells no order within a second: there a lead's message counts as the later one, and waits.
    ends = [message.sent_at for message in messages if _answers_all_before(message, settled)]
    ends += [since.replace(microsecond=0)] if since else []
    announced = max(ends, default=None)
    start = max([*ends, *filter(None, [settled.settled_at])], default=None)
    return tuple(
        message
        for message in messages
        if message.waits_for_answer
        and message.id not in settled.settled_ids
        and _is_after(announced if message.id == asked else start, message)
    )


def _is_after(start: datetime | None, message: Message) -> bool:
    return start is None or message.sent_at >= start


def _answers_all_before(message: Message, settled: Settled) -> bool:
    if message.is_from_lead or message.reaction is not None or message.is_deleted or message.is_notice:
        return False
    if message.author is Author.PHONE and commands.parse(message.text):
        return False
    return settled.settled_at is None or message.author in (Author.REP, Author.PHONE)
