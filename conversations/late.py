"""Leads who wrote so long ago that the bot leaves them alone, and a person's word that it shall answer all the same.

How long that is, and how the bot is told, is known to whoever has a bot (`bot/apps.py`); without one nobody is late.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import timezone as utc
from typing import TYPE_CHECKING, Protocol

from django.db import transaction
from django.utils import timezone

from conversations import control, switches
from conversations.inbox import inbox
from conversations.message import Key
from conversations.models import Act, AuditEntry, Control, Mode
from conversations.row import Row
from conversations.standing import Standing

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

#: A person's word counts for so long: retries, and the others that are answered first, take their time.
_COUNTS_FOR = timedelta(hours=1)


class Answers(Protocol):
    """Hands conversations to the bot, a few a minute."""

    def __call__(self, keys: Sequence[Key]) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which moments a lead's message must lie to be missed."""

    #: What is older is not answered any more; None where nobody answers anyway.
    before: datetime | None = None
    #: By instance: what is older was never the bot's.
    since: dict[str, datetime | None] = field(default_factory=dict)

    def are_missed_by(self, row: Row, standing: Standing) -> bool:
        """The bot owes this lead an answer and will not give it by itself."""
        return standing.mode is Mode.BOT and not standing.opted_out and self.would_be_missed(row)

    def would_be_missed(self, row: Row) -> bool:
        """The same where the conversation is simply the bot's."""
        first = row.waiting_since
        if first is None or self.before is None or first >= self.before:
            return False
        asked_at, since = row.asked_at or first, self.since.get(row.key.instance)
        return since is not None and since <= asked_at < self.before and not row.is_group


_before: list[Callable[[], datetime]] = []
_answers: list[Answers] = []


def is_known_by(before: Callable[[], datetime], answers: Answers) -> None:
    """Have `before` say since when messages are too old, and `answers` take those that are answered all the same."""
    _before[:], _answers[:] = [before], [answers]


def limits() -> Limits:
    """As they are at this moment."""
    if not _before:
        return Limits()
    state = switches.state()
    since = {name: state.bot_since(name) for name in state.instances}
    # The gateway counts whole seconds. All in one zone: comparing across zones is slow, ten thousand times.
    return Limits(
        _before[0]().astimezone(utc.utc),
        {name: at.replace(microsecond=0) if at else None for name, at in since.items()},
    )


def answer(keys: Sequence[Key], rep: User) -> list[Key]:
    """Have the bot answer `keys` although their leads wrote long ago; returns those it may speak to now."""
    state = switches.state()
    asked = [key for key in keys if state.is_on(key.instance) and _note(key, rep)]
    for hand_over in _answers:
        hand_over(asked)
    log.info("%d of %d late answers were asked for", len(asked), len(keys))
    return asked if _answers else []


def _note(key: Key, rep: User) -> bool:
    """Write down that `rep` asked, where the bot may speak at all and the lead waits for it."""
    now = timezone.now()
    row = control.ensure(key)
    if row.mode_at(now) is not Mode.BOT or row.opted_out or _waits_for_nothing(key, row):
        return False
    with transaction.atomic():
        Control.objects.filter(pk=row.pk).update(late_at=now)
        AuditEntry.record(key, Act.ANSWER_LATE, rep, at=now, before=Mode.BOT, after=Mode.BOT)
    return True


def _waits_for_nothing(key: Key, row: Control) -> bool:
    """The lead was answered; or the bot has called a person, say, and was given the conversation back unanswered."""
    listed = inbox().row(key)
    return listed is not None and (listed.waiting_since is None or listed.is_settled(row.settled_ids))


def is_asked_for(row: Control) -> bool:
    """Somebody asked, a while ago at most, that this lead be answered whenever it was that they wrote."""
    return row.late_at is not None and row.late_at > timezone.now() - _COUNTS_FOR
