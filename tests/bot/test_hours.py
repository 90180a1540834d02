"""Business hours, also past midnight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot import hours

ZONE = ZoneInfo("America/Sao_Paulo")


@dataclass
class Set:
    hours_only: bool = True
    hours_days: str = "12345"
    hours_open: time = time(8)
    hours_close: time = time(18)


def at(text: str) -> datetime:
    """2026-11-23 is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


OFFICE, NIGHT = Set(), Set(hours_open=time(18), hours_close=time(2))


@pytest.mark.parametrize(
    ("set_", "moment", "is_open"),
    [
        (OFFICE, "2026-11-23 08:00", True),
        (OFFICE, "2026-11-23 07:59", False),
        (OFFICE, "2026-11-23 18:00", False),
        (OFFICE, "2026-11-22 12:00", False),
        (NIGHT, "2026-11-23 23:00", True),
        (NIGHT, "2026-11-24 01:59", True),
        (NIGHT, "2026-11-28 01:00", True),
        (NIGHT, "2026-11-23 01:00", False),
        (NIGHT, "2026-11-23 12:00", False),
        (Set(hours_only=False), "2026-11-22 03:00", True),
    ],
)
def test_is_open(set_: Set, moment: str, is_open: bool) -> None:
    assert hours.is_open(set_, at(moment)) is is_open


@pytest.mark.parametrize(
    ("set_", "moment", "opening"),
    [
        (OFFICE, "2026-11-23 06:00", "2026-11-23 08:00"),
        (OFFICE, "2026-11-23 19:00", "2026-11-24 08:00"),
        (OFFICE, "2026-11-27 18:30", "2026-11-30 08:00"),
        (OFFICE, "2026-11-23 09:30", "2026-11-23 09:30"),
        (NIGHT, "2026-11-23 01:00", "2026-11-23 18:00"),
    ],
)
def test_next_opening(set_: Set, moment: str, opening: str) -> None:
    assert hours.next_opening(set_, at(moment)) == at(opening)


@pytest.mark.parametrize(
    ("set_", "moment", "closing"),
    [
        (OFFICE, "2026-11-23 19:00", "2026-11-23 18:00"),
        (OFFICE, "2026-11-23 06:00", "2026-11-20 18:00"),
        (NIGHT, "2026-11-24 03:00", "2026-11-24 02:00"),
    ],
)
def test_the_closed_period_began(set_: Set, moment: str, closing: str) -> None:
    assert hours.last_closing(set_, at(moment)) == at(closing)
