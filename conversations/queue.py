"""Who waits for a person, in the order in which people should come, and taking the next one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from conversations import activity, control
from conversations.control import TakenOver
from conversations.models import TECHNICAL, Actor, Control, Mode, Reason
from conversations.transitions import Occurrence

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: Whom a person is owed before others, however short they have waited.
_FIRST = (Reason.ASKED_FOR_PERSON, Reason.ANGRY, Reason.QUALIFIED)


def urgency(reason: str, heat: int, waited: timedelta) -> tuple[int, timedelta]:
    """The smaller, the sooner somebody should come; pure.

    First who asked for a person, who complains and who is about to buy; last what ends by itself; else whoever waited
    longest.
    """
    rank = 1
    if reason in TECHNICAL:
        rank = 2
    elif heat >= control.HOT or reason in _FIRST:
        rank = 0
    return rank, -waited


def waiting(instances: Sequence[str], now: datetime) -> list[Control]:
    """The conversations of `instances` that wait for a person, the most urgent first."""
    rows = Control.objects.filter(mode=Mode.WAITING, instance__in=instances)
    return sorted(rows, key=lambda row: (*urgency(row.reason, row.heat, now - (row.changed_at or now)), row.pk))


def take_next(rep: User, instances: Sequence[str], now: datetime) -> tuple[Control, TakenOver] | None:
    """Give `rep` the most urgent conversation that is left: what it was before, and how that ended; None for none.

    Each is taken as it was read or not at all, so that two people who ask at once get two conversations.
    """
    for one in waiting(instances, now):
        row = control.change(one.key, Occurrence.TAKEN_OVER, actor=Actor.REP, rep=rep, only_at_epoch=one.epoch)
        if row.epoch == one.epoch + 1 and row.holder_id == rep.pk:
            activity.end(row.key)
            return one, control.settled(row)
    return None
