"""Business hours. The clock is an argument; the zone too, but in `local`, which is the business's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django.conf import settings


class Hours(Protocol):
    """The part of BotSettings that says when the bot answers."""

    @property
    def hours_only(self) -> bool: ...
    @property
    def hours_days(self) -> str: ...
    @property
    def hours_open(self) -> time: ...
    @property
    def hours_close(self) -> time: ...


@dataclass(frozen=True, slots=True)
class TeamHours:
    """When people are there, whether or not the bot keeps to it."""

    hours_days: str
    hours_open: time
    hours_close: time
    hours_only: bool = True

    @classmethod
    def of(cls, hours: Hours) -> TeamHours:
        """The business hours of the settings."""
        return cls(hours.hours_days, hours.hours_open, hours.hours_close)


def local(at: datetime) -> datetime:
    """`at` as the business's clocks show it."""
    return at.astimezone(ZoneInfo(settings.TIME_ZONE))


def is_open(hours: Hours, local: datetime) -> bool:
    """The bot answers at `local` (aware, in the business's zone). Hours may run past midnight: 18:00 to 02:00."""
    if not hours.hours_only:
        return True
    at = local.time()
    if hours.hours_open < hours.hours_close:
        return hours.hours_open <= at < hours.hours_close and _is_business_day(hours, local)
    if at >= hours.hours_open:
        return _is_business_day(hours, local)
    return at < hours.hours_close and _is_business_day(hours, local - timedelta(days=1))


def next_opening(hours: Hours, local: datetime) -> datetime:
    """The first moment at or after `local` when the bot answers, within eight days."""
    if is_open(hours, local):
        return local
    for days in range(9):
        day = local + timedelta(days=days)
        opening = day.replace(hour=hours.hours_open.hour, minute=hours.hours_open.minute, second=0, microsecond=0)
        if opening >= local and _is_business_day(hours, opening):
            return opening
    return local + timedelta(days=1)


def last_closing(hours: Hours, local: datetime) -> datetime:
    """When the closed period that `local` lies in, or the last one before it, began; at most eight days ago."""
    for days in range(9):
        day = local - timedelta(days=days)
        closing = day.replace(hour=hours.hours_close.hour, minute=hours.hours_close.minute, second=0, microsecond=0)
        if closing <= local and is_open(hours, closing - timedelta(minutes=1)):
            return closing
    return local - timedelta(days=8)


def waits_since(hours: Hours, local: datetime, answer_within: timedelta) -> datetime:
    """Lead messages older than this are answered no more. A night or a weekend is not held against the lead.

    What came since the last closing is answered in the next business hours, however long that takes.
    """
    oldest = local - answer_within
    return min(oldest, last_closing(hours, local)) if hours.hours_only else oldest


def _is_business_day(hours: Hours, local: datetime) -> bool:
    return str(local.isoweekday()) in hours.hours_days
