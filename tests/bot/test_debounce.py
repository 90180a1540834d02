"""The wait for the end of a burst."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache

from bot import debounce
from conversations.message import Key
from tests.factories import LEAD, NOON

KEY = Key("voice_sdr_v4", LEAD)


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        cache.clear()
        yield


def wait(message_id: str, second: float) -> float:
    with time_machine.travel(NOON + timedelta(seconds=second), tick=False):
        return debounce.touch(KEY, message_id, NOON, idle_s=6, cap_s=30)


def test_each_message_begins_the_wait_anew_and_the_newest_token_wins() -> None:
    assert wait("A", 0) == 6
    assert wait("B", 4) == 6

    assert debounce.look(KEY).supersedes("A")
    assert not debounce.look(KEY).supersedes("B")


def test_a_burst_waits_no_longer_than_the_cap() -> None:
    wait("A", 0)

    assert wait("B", 27) == pytest.approx(3)
    assert wait("C", 40) == 0


def test_a_lost_token_means_go_on() -> None:
    wait("A", 0)
    cache.clear()

    assert not debounce.look(KEY).supersedes("A")
    assert debounce.look(KEY).age_s is None


def test_typing_is_seen_for_a_while() -> None:
    wait("A", 0)
    debounce.note_typing(KEY, True)

    with time_machine.travel(NOON + timedelta(seconds=6), tick=False):
        assert debounce.look(KEY).is_typing
        assert debounce.look(KEY).age_s == 6
    with time_machine.travel(NOON + timedelta(seconds=31), tick=False):
        assert not debounce.look(KEY).is_typing


def test_writing_or_stopping_ends_the_typing() -> None:
    wait("A", 0)
    debounce.note_typing(KEY, True)
    wait("B", 1)

    assert not debounce.look(KEY).is_typing


def test_a_new_burst_begins_after_the_end_of_one() -> None:
    wait("A", 0)
    debounce.end(KEY)

    assert not debounce.is_pending(KEY)
    assert wait("B", 29) == 6
