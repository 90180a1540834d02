"""How often the bot may speak and how much it may spend, by conversation and by number.

Counted in the database: a wiped cache must not lift a ceiling.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from django.db.models import F, Q, Sum
from django.utils import timezone

from bot.llm import Draft
from bot.models import Usage
from conversations.message import Key


class Ceilings(Protocol):
    """The part of BotSettings that limits it; 0 is no limit."""

    @property
    def conversation_turns_per_hour(self) -> int: ...
    @property
    def instance_turns_per_hour(self) -> int: ...
    @property
    def conversation_tokens_per_day(self) -> int: ...
    @property
    def instance_tokens_per_day(self) -> int: ...


def is_reached(ceilings: Ceilings, key: Key, now: datetime) -> bool:
    """One of the ceilings is reached: for this hour, or for this day where the house is."""
    allowed = (
        ceilings.conversation_turns_per_hour, ceilings.instance_turns_per_hour,
        ceilings.conversation_tokens_per_day, ceilings.instance_tokens_per_day,
    )  # fmt: skip
    if not any(allowed):
        return False
    here, this_hour = Q(conversation=key.conversation), Q(hour=_hour(now))
    tokens = F("tokens_in") + F("tokens_out")
    spent = Usage.objects.filter(instance=key.instance, hour__gte=_day(now)).aggregate(
        turns_here=Sum("turns", filter=here & this_hour), turns=Sum("turns", filter=this_hour),
        tokens_here=Sum(tokens, filter=here), tokens=Sum(tokens),
    )  # fmt: skip
    used = (spent["turns_here"], spent["turns"], spent["tokens_here"], spent["tokens"])
    return any(ceiling and (count or 0) >= ceiling for ceiling, count in zip(allowed, used, strict=True))


def count(key: Key, draft: Draft, now: datetime, *, turns: int = 0) -> None:
    """The model was asked once more, and this is what it took; `turns` of the bot began with it."""
    here: dict[str, Any] = {"instance": key.instance, "conversation": key.conversation, "hour": _hour(now)}
    more = {
        "turns": F("turns") + turns,
        "tokens_in": F("tokens_in") + draft.tokens_in,
        "tokens_out": F("tokens_out") + draft.tokens_out,
    }
    if not Usage.objects.filter(**here).update(**more):
        Usage.objects.get_or_create(**here)
        Usage.objects.filter(**here).update(**more)


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _day(now: datetime) -> datetime:
    """When today began, where the house is."""
    return timezone.localtime(now, timezone.get_default_timezone()).replace(hour=0, minute=0, second=0, microsecond=0)
