"""From when on a lead's message is too old for the bot, and how many such leads are answered a minute all the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from bot import hours
from bot.models import BotSettings

#: A lead who waits longer than this is backlog: answered slowly, numbers get banned for bursts.
BACKLOG = timedelta(minutes=10)


def too_old_before() -> datetime:
    """What leads wrote before it is not answered by itself any more."""
    settings = BotSettings.load()
    return hours.waits_since(settings, hours.local(timezone.now()), timedelta(hours=settings.answer_within_hours))


def turns_after(count: int) -> list[float]:
    """In how many seconds each of `count` late answers begins: numbers get banned for bursts."""
    apart = 60 / max(1, BotSettings.load().catch_up_per_minute)
    return [number * apart for number in range(count)]
