"""Ceilings of turns and tokens, by conversation and by number."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from bot import limits
from bot.llm import Draft
from bot.models import BotSettings
from conversations.jid import JID
from conversations.message import Key
from tests.factories import LEAD

HERE = Key("voice_sdr_v4", LEAD)
NEIGHBOUR = Key("voice_sdr_v4", JID("5511999990002@s.whatsapp.net"))
ELSEWHERE = Key("another", LEAD)
#: 15:30 in São Paulo.
NOW = datetime(2026, 11, 23, 18, 30, tzinfo=timezone.utc)
YESTERDAY = NOW - timedelta(hours=16)

pytestmark = pytest.mark.django_db


def spent(key: Key, at: datetime = NOW, times: int = 1) -> None:
    for _ in range(times):
        limits.count(key, Draft((), None, "", {}, tokens_in=70, tokens_out=30), at, turns=1)


def ceilings(**values: int) -> BotSettings:
    return BotSettings(**{"conversation_turns_per_hour": 0, **values})


@pytest.mark.parametrize(
    ("ceiling", "reaching"),
    [
        ("conversation_turns_per_hour", 3),
        ("instance_turns_per_hour", 5),
        ("conversation_tokens_per_day", 300),
        ("instance_tokens_per_day", 500),
    ],
)
def test_each_ceiling_is_reached_by_what_it_counts(ceiling: str, reaching: int) -> None:
    spent(HERE, times=3)
    spent(NEIGHBOUR, times=2)
    spent(ELSEWHERE, times=9)

    assert limits.is_reached(ceilings(**{ceiling: reaching}), HERE, NOW)
    assert not limits.is_reached(ceilings(**{ceiling: reaching + 1}), HERE, NOW)


def test_a_new_hour_and_a_new_day_begin_at_nothing() -> None:
    spent(HERE, times=3)

    assert not limits.is_reached(ceilings(conversation_turns_per_hour=3), HERE, NOW + timedelta(hours=1))
    assert limits.is_reached(ceilings(conversation_tokens_per_day=300), HERE, NOW + timedelta(hours=1))
    assert not limits.is_reached(ceilings(conversation_tokens_per_day=300), HERE, NOW + timedelta(hours=9))


def test_nothing_is_asked_where_nothing_is_limited(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]  # a fixture without a type
        assert not limits.is_reached(ceilings(), HERE, NOW)
