"""Who needs a person now, as far as one person may see it: what the title, the sound and the notifications tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from conversations import control, late, switches
from conversations.inbox import inbox, lists_groups
from conversations.message import Key
from conversations.models import Control, Mode, Reason
from conversations.row import Row
from people import access

#: A lead who waits longer for an answer needs somebody.
OVERDUE_AFTER = timedelta(minutes=10)
#: Whoever holds a conversation is warned so long before it returns to the bot by itself.
RETURNS_WITHIN = timedelta(minutes=5)
#: What is older is no news any more, where nobody says otherwise.
_NEWS = timedelta(hours=12)


class Why(str, Enum):
    """What a person is called for."""

    #: The bot asked for a person.
    WAITING = "waiting"
    #: It did, and for too long nobody has come: the managers are rung.
    NOBODY_CAME = "nobody"
    #: A lead merely waits too long for an answer.
    OVERDUE = "overdue"
    #: They promised the lead something, and have not come back to it.
    PROMISE = "promise"
    #: What they hold returns to the bot in a moment.
    RETURNS = "returns"
    #: Somebody took it over on the phone; a manager is told, once and without a sound.
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Call:
    """One conversation that needs a person."""

    key: Key
    since: datetime
    why: Why
    #: Why it waits for a person, in the person's language; "" for the other calls.
    reason: str = ""

    @property
    def is_overdue(self) -> bool:
        """Nobody was asked for: an answer is late."""
        return self.why is Why.OVERDUE

    @property
    def is_waiting(self) -> bool:
        """A person was asked for."""
        return self.why in (Why.WAITING, Why.NOBODY_CAME)


def calls(user: User) -> list[Call]:
    """The conversations that need somebody, whoever waits longest first; only what `user` may see."""
    now = timezone.now()
    mine = access.instances_of(user)
    is_manager = user.has_perm("people.manage")
    asked = {row.key: row for row in Control.objects.filter(mode=Mode.WAITING, instance__in=mine)}
    found = [_asked(row, now, is_manager) for row in asked.values()]
    overdue = [row for row in _late(mine, now) if row.key not in asked]
    controls = control.currents(row.key for row in overdue)
    found += [
        Call(row.key, row.waiting_since or now, Why.OVERDUE)
        for row in overdue
        if _is_owed(row, controls.get(row.key), user)
    ]
    found += _held(user, mine, now)
    if is_manager:
        found += _on_the_phone(mine, now)
    return sorted(found, key=lambda call: call.since)


def _asked(row: Control, now: datetime, is_manager: bool) -> Call:
    is_rung = is_manager and row.rung_epoch == row.epoch and row.epoch > 0
    return Call(row.key, row.changed_at or now, Why.NOBODY_CAME if is_rung else Why.WAITING, row.get_reason_display())


def waiting_count(user: Any) -> int:
    """How many conversations wait for a person, of those `user` may see."""
    return Control.objects.filter(mode=Mode.WAITING, instance__in=access.instances_of(user)).count()


def _held(user: User, instances: Sequence[str], now: datetime) -> Iterator[Call]:
    """What `user` holds and is about to lose, or promised something in."""
    state = switches.state()
    rows = Control.objects.filter(mode=Mode.HUMAN, holder=user, until=None, instance__in=instances)
    for row in rows if any(one.resume_after_minutes for one in state.instances.values()) else ():
        at = control.resumes_at(row, state.instances[row.instance].resume_after_minutes)
        if at is None or at > now + RETURNS_WITHIN:
            continue
        is_promised = row.rung_epoch == row.epoch and at <= now
        if is_promised or at > now:
            yield Call(row.key, at, Why.PROMISE if is_promised else Why.RETURNS)


def _on_the_phone(instances: Sequence[str], now: datetime) -> Iterator[Call]:
    rows = Control.objects.filter(
        mode=Mode.HUMAN, holder=None, reason=Reason.PHONE, instance__in=instances, changed_at__gt=now - _NEWS
    )
    for row in rows:
        if row.mode_at(now) is Mode.HUMAN:
            yield Call(row.key, row.changed_at or now, Why.PHONE)


def _late(instances: tuple[str, ...], now: datetime) -> list[Row]:
    # Older than the bot's limit it is a missed conversation: the list shows it, and it rings no more.
    missed = late.limits().before or now - _NEWS
    return [
        row
        for row in inbox().rows(groups=lists_groups())
        if row.waiting_since and missed < row.waiting_since < now - OVERDUE_AFTER and row.key.instance in instances
    ]


def _is_owed(row: Row, held: Control | None, user: User) -> bool:
    """The lead is owed an answer that `user` could see to: nobody paused it, left it on purpose, or has it already."""
    if held is None:
        return True
    mode = held.mode_at(timezone.now())
    if held.opted_out or mode is Mode.PAUSED:
        return False
    if mode is Mode.HUMAN:
        return held.holder_id in (None, user.pk)
    # Our last word may answer nothing, but then it said what to expect.
    return not row.last.from_me and row.last.id not in held.settled_ids


def closed(user: User) -> list[str]:
    """The numbers `user` sees that are known not to be connected, or whose gateway does not answer."""
    health = inbox().health()
    return [
        name
        for name in access.instances_of(user)
        if name in health and (health[name].silent_since or health[name].state not in ("", "open"))
    ]
