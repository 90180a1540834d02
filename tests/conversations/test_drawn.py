"""Drawings are kept, and one that says something else than what is to be shown is never used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from datetime import timezone as utc

import pytest
from django.utils import timezone, translation

from conversations import census, drawn
from conversations.jid import JID
from conversations.late import Limits
from conversations.message import Key, Message
from conversations.models import Control, Mode
from conversations.question import Facts, Question, View
from conversations.row import Row, after
from conversations.shown import Bubble, Line
from conversations.standing import Standing
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD, message

MARIANA = Key(INSTANCE, LEAD)
#: Of this day, so that rows say how long ago it was.
JUST_NOW = timezone.now() - timedelta(seconds=5)
NOW = datetime(2026, 11, 12, 15, tzinfo=utc.utc)


@pytest.fixture(autouse=True)
def _nothing_drawn() -> None:
    drawn.forget()


def line(text: str = "Oi", *, unread: int = 0, name: str = "Mariana", held: Control | None = None) -> Line:
    said = message("A1", text=text, sent_at=JUST_NOW)
    return Line(after(None, MARIANA, said, name), said, held or Control(instance=INSTANCE), unread=unread)


OTHERS: list[Callable[[], Line]] = [
    lambda: line("Tchau"),
    lambda: line(name="Ana"),
    lambda: line(unread=3),
    lambda: line(held=Control(instance=INSTANCE, mode=Mode.PAUSED)),
    lambda: line(held=Control(instance=INSTANCE, opted_out=True)),
    lambda: replace(line(), waiting_since=JUST_NOW),
    lambda: replace(line(), views=(View.ALL, View.UNANSWERED, View.MISSED)),
]


@pytest.mark.parametrize("make", OTHERS)
def test_a_row_that_says_something_else_is_drawn_again(make: Callable[[], Line]) -> None:
    first = drawn.row(line(), may_act=True)

    assert drawn.row(make(), may_act=True) != first
    assert drawn.row(line(), may_act=True) == first


def test_the_same_row_is_drawn_once_for_each_way_of_reading() -> None:
    one = line()

    first = drawn.row(one, may_act=True)

    assert drawn.row(one, may_act=True) is first
    assert drawn.row(one, may_act=False) != first
    with translation.override("en"):
        assert drawn.row(one, may_act=True) != first
    with timezone.override("Asia/Tokyo"):
        assert drawn.row(one, may_act=True) != first


def test_an_open_row_keeps_what_the_list_was_asked() -> None:
    one, asked = line(), Question(words='"><b>x')

    html = drawn.on_page(one, True, asked, is_open=True)

    assert 'class="row is-open" aria-current="page"' in html
    assert f'href="{one.url}?q=%22%3E%3Cb%3Ex" id="row-{one.id}"' in html
    assert drawn.on_page(one, True, Question(), is_open=False) == drawn.row(one, True)


def bubble(text: str = "Oi", **other: object) -> Bubble:
    said: Message = message("A1", text=text, sent_at=NOW)
    return replace(Bubble(said), **other)  # type: ignore[arg-type]


def test_a_bubble_is_drawn_once_and_again_when_it_changes() -> None:
    first = drawn.bubble(bubble(), "/c/x/y/", offers_acts=True)

    assert drawn.bubble(bubble(), "/c/x/y/", offers_acts=True) is first
    assert "Tchau" in drawn.bubble(bubble("Tchau"), "/c/x/y/", offers_acts=True)
    assert "is-continued" in drawn.bubble(bubble(is_continued=True), "/c/x/y/", offers_acts=True)
    assert "?reply=" in first
    assert "?reply=" not in drawn.bubble(bubble(), "/c/x/y/", offers_acts=False)


def test_no_more_is_kept_than_was_said() -> None:
    kept = drawn.Drawings(most=2, lasts_s=60)

    drawings = [kept.get((number,), (), lambda turn=turn: str(turn)) for turn, number in enumerate((1, 2, 3, 3, 1))]  # type: ignore[misc]

    assert drawings == ["0", "1", "2", "2", "4"]


def test_what_is_too_old_is_drawn_again() -> None:
    kept = drawn.Drawings(most=2, lasts_s=0)

    assert kept.get((1,), (), lambda: "a") == "a"
    assert kept.get((1,), (), lambda: "b") == "b"


# ----------------------------------------------------------------------------------------------------------- counted


def rows() -> list[Row]:
    """Twenty leads; every third was answered, and every sixth is a group."""
    found = []
    for number in range(20):
        jid = JID(f"1203634{number:011}@g.us" if number % 6 == 5 else f"55119999{number:05}@s.whatsapp.net")
        said = message(f"A{number}", jid=jid, from_me=number % 3 == 0, sent_at=NOW - timedelta(hours=number))
        found.append(after(None, Key("another" if number % 7 == 6 else INSTANCE, jid), said, ""))
    return found


def facts(found: list[Row]) -> Facts:
    kinds = [
        Standing(Mode.HUMAN, 1), Standing(Mode.PAUSED), Standing(Mode.WAITING), Standing(opted_out=True),
        Standing(Mode.HUMAN), Standing(Mode.WAITING, called_at=NOW - timedelta(hours=1)),
    ]  # fmt: skip
    standings = {row.key: kinds[number % len(kinds)] for number, row in enumerate(found) if number % 2}
    standings[Key(INSTANCE, JID("5511888888888@s.whatsapp.net"))] = Standing(Mode.PAUSED)
    since: dict[str, datetime | None] = {INSTANCE: NOW - timedelta(hours=18), "another": None}
    return Facts(standings, Limits(NOW - timedelta(hours=6), since))


def test_the_numbers_are_those_of_the_views() -> None:
    found = rows()
    known = facts(found)

    tallies = census.count(found, known)

    for instance in (INSTANCE, "another"):
        here = [row for row in found if row.key.instance == instance]
        for view in View:
            number = sum(view in known.views(row, 1) for row in here)
            assert tallies[instance].seen_by(1)[view.value] == number, (instance, view)


def test_another_list_is_counted_anew() -> None:
    found = rows()
    known = facts(found)

    first = census.count(found, known)[INSTANCE].seen_by(1)["all"]

    assert census.count(found[:5], known)[INSTANCE].seen_by(1)["all"] < first
