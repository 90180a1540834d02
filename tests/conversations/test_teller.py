"""What changed is told as rows: drawn once for all who see the same, and only for those who may."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from conversations import control, live, seen, teller
from conversations.evolution.sandbox import Sandbox
from conversations.frames import Frame
from conversations.inbox import Inbox
from conversations.live import Screen, Watcher
from conversations.message import Key
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD, message

pytestmark = [pytest.mark.django_db(transaction=True)]

MARIANA = Key(INSTANCE, LEAD)


@pytest.fixture
def hub() -> Iterator[live.Hub]:
    found = live.Hub("unix:///nobody.sock")
    found._start = lambda: None  # type: ignore[method-assign]  # nothing is to be heard
    yield found
    found.end()


@pytest.fixture
def here(sandbox: Sandbox) -> Inbox:
    """A list with Mariana, who has just written twice."""
    found = Inbox([INSTANCE])
    for number in (1, 2):
        said = message(f"A{number}", push_name="Mariana", text=f"Oi {number}", sent_at=timezone.now())
        found.hear(Frame("message", *MARIANA, said))
    return found


def watcher(user: User, **other: Any) -> Watcher:
    return replace(Watcher(user.pk, timezone.now() - timedelta(days=1), (INSTANCE,), "en", "", may_act=True), **other)


def told(hub: live.Hub, here: Inbox, watchers: list[Watcher], keys: list[Key] | None = None) -> list[dict[str, Frame]]:
    """What each of the watchers' screens is told, by event."""

    async def story() -> list[dict[str, Frame]]:
        screens = [Screen(None, one) for one in watchers]
        for screen in screens:
            hub.add(screen)
        telling = teller.Teller(here, hub)

        def tell() -> None:
            telling.tell([MARIANA] if keys is None else keys)
            connections.close_all()  # this thread's own

        await asyncio.to_thread(tell)
        await asyncio.sleep(0)
        return [{what.event: what for what in screen.news.values()} for screen in screens]

    return asyncio.run(story())


def html(news: dict[str, Frame]) -> str:
    return str(news["row"].facts["html"])


def test_a_row_comes_as_on_the_page_with_what_is_new_to_each(
    hub: live.Hub, here: Inbox, alice: User, bob: User
) -> None:
    seen.mark(bob, MARIANA, timezone.now())

    hers, his = told(hub, here, [watcher(alice), watcher(bob)])

    assert "Mariana" in html(hers)
    assert "Oi 2" in html(hers)
    assert 'class="count is-new">2<' in html(hers)
    assert "is-new" not in html(his)


def test_whoever_sees_the_same_gets_the_same_drawing(hub: live.Hub, here: Inbox, alice: User, bob: User) -> None:
    hers, his = told(hub, here, [watcher(alice), watcher(bob)])

    assert html(hers) is html(his)


def test_language_and_permission_make_another_row(hub: live.Hub, here: Inbox, alice: User, olga: User) -> None:
    hers, theirs = told(hub, here, [watcher(alice, language="pt-br"), watcher(olga, may_act=False)])

    assert "espera há" in html(hers)
    assert "unanswered" in html(theirs)
    assert "checkbox" in html(hers)
    assert "checkbox" not in html(theirs)


def test_nobody_is_told_of_an_instance_they_may_not_see(hub: live.Hub, here: Inbox, bob: User) -> None:
    (his,) = told(hub, here, [watcher(bob, instances=("another",))])

    assert "row" not in his
    assert json.loads(str(his["counts"].facts["numbers"]))["all"] == 0


def test_the_numbers_of_the_views_come_along(hub: live.Hub, here: Inbox, alice: User, bob: User) -> None:
    control.take_over(MARIANA, bob)

    hers, his = told(hub, here, [watcher(alice), watcher(bob)])

    assert json.loads(str(his["counts"].facts["numbers"]))["mine"] == 1
    assert json.loads(str(hers["counts"].facts["numbers"]))["mine"] == 0
    assert "Bob" in html(hers)


def test_where_nobody_watches_nothing_is_read(
    hub: live.Hub, here: Inbox, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(0):
        teller.Teller(here, hub).tell([MARIANA])


def test_of_many_watchers_each_row_is_read_once(
    hub: live.Hub, here: Inbox, bob: User, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    people = [watcher(bob, time_zone="America/Manaus" if number % 2 else "") for number in range(200)]

    async def open_all() -> None:
        for one in people:
            hub.add(Screen(None, one))

    asyncio.run(open_all())
    telling = teller.Teller(here, hub)
    telling.tell([])

    with django_assert_max_num_queries(8):
        telling.tell([MARIANA])


# ----------------------------------------------------------------------------------------------------------- a screen


def on_screen(key: Key | None, instances: tuple[str, ...], *frames: Frame) -> Screen:
    async def story() -> Screen:
        screen = Screen(key, Watcher(1, timezone.now(), instances, "en", "", may_act=False))
        for what in frames:
            screen.offer(what)
        return screen

    return asyncio.run(story())


def test_of_an_instance_one_may_not_see_nothing_is_kept() -> None:
    frames = [Frame("message", *MARIANA, message("A")), Frame("list", INSTANCE), Frame("bot", *MARIANA)]

    screen = on_screen(MARIANA, ("another",), *frames)

    assert (list(screen.waiting), screen.news) == ([], {})


def test_of_other_conversations_only_what_the_bot_does_is_kept_and_only_the_newest() -> None:
    thinking, typing = (Frame("bot", *MARIANA, facts={"doing": doing}) for doing in ("thinking", "typing"))

    screen = on_screen(None, (INSTANCE,), Frame("message", *MARIANA, message("A")), thinking, typing)

    assert list(screen.waiting) == []
    assert list(screen.news.values()) == [typing]


@pytest.fixture(autouse=True)
def _settings(settings: Settings) -> None:
    settings.EVOLUTION_INSTANCES = [INSTANCE]
