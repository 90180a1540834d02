"""Who needs a person now, as far as one person may see it: what the title, the sound and the notifications tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from conversations import control
from conversations.inbox import inbox, lists_groups
from conversations.message import Key
from conversations.models import Control, Mode
from conversations.row import Row
from people import access

#: A lead who waits longer for an answer needs somebody.
OVERDUE_AFTER = timedelta(minutes=10)
#: Older than this it is a missed conversation, for the list to show, and rings no more.
MISSED_AFTER = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Call:
    """One conversation that needs a person."""

    key: Key
    since: datetime
    #: Why it waits for a person, in the person's language; "" for a lead who merely waits too long.
    reason: str = ""

    @property
    def is_overdue(self) -> bool:
        """Nobody was asked for: an answer is late."""
        return not self.reason


def calls(user: User) -> list[Call]:
    """The conversations that need somebody, whoever waits longest first; only what `user` may see."""
    now = timezone.now()
    mine = access.instances_of(user)
    asked = {row.key: row for row in Control.objects.filter(mode=Mode.WAITING, instance__in=mine)}
    found = [Call(key, row.changed_at or now, row.get_reason_display()) for key, row in asked.items()]
    late = [row for row in _late(mine, now) if row.key not in asked]
    controls = control.currents(row.key for row in late)
    found += [Call(row.key, row.waiting_since or now) for row in late if _is_owed(row, controls.get(row.key), user)]
    return sorted(found, key=lambda call: call.since)


def _late(instances: tuple[str, ...], now: datetime) -> list[Row]:
    return [
        row
        for row in inbox().rows(groups=lists_groups())
        if row.waiting_since
        and now - MISSED_AFTER < row.waiting_since < now - OVERDUE_AFTER
        and row.key.instance in instances
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
    return row.last.id not in held.settled_ids


def closed(user: User) -> list[str]:
    """The numbers `user` sees that are known not to be connected, or whose gateway does not answer."""
    health = inbox().health()
    return [
        name
        for name in access.instances_of(user)
        if name in health and (health[name].silent_since or health[name].state not in ("", "open"))
    ]
