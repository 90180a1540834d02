"""A lead who wrote too long ago is answered when a person says so, and by all the rules that hold otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from bot.late import turns_after
from bot.models import BotSettings
from conversations import control, inbox, late, switches
from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from conversations.models import Act, AuditEntry, Control, Switch
from conversations.sealed import opaque_id
from conversations.silence import Silence
from tests.bot.test_reply import Turn, texts
from tests.factories import LEAD

INSTANCE = "voice_sdr_v4"
KEY = Key(INSTANCE, LEAD)
Queue = Callable[[], list[list[Any]]]


@pytest.fixture
def missed(bot: BotSettings, sandbox: Sandbox, queue: Queue) -> Sandbox:
    """Mariana wrote thirteen hours ago, when the bot was there, and was not answered."""
    inbox.forget()
    Switch.objects.update(bot_since=timezone.now() - timedelta(days=1))
    sandbox.lead_writes(LEAD, "Oi?", name="Mariana", at=sandbox.clock() - 13 * 3600)
    return sandbox


def test_she_is_answered_when_a_person_says_so(missed: Sandbox, turn: Turn, ana: User, queue: Queue) -> None:
    assert turn().silence is Silence.TOO_OLD

    assert late.answer([KEY], ana) == [KEY]
    assert queue() == [[INSTANCE, LEAD, "", ""]]
    turn()

    assert len(texts(missed)) == 1
    entry = AuditEntry.objects.get(act=Act.ANSWER_LATE)
    assert (entry.rep, entry.conversation) == (ana, LEAD)
    late.answer([KEY], ana)
    turn()
    assert len(texts(missed)) == 1, "answered twice"


def test_outside_business_hours_now_means_now(missed: Sandbox, turn: Turn, ana: User) -> None:
    never = str((timezone.localtime() + timedelta(days=3)).isoweekday())
    BotSettings.objects.update(hours_only=True, hours_days=never)

    late.answer([KEY], ana)
    turn()

    assert len(texts(missed)) == 1


@pytest.mark.parametrize("why", ["switched off", "taken over", "paused", "opted out", "before the bot"])
def test_a_persons_word_lifts_no_other_rule(missed: Sandbox, turn: Turn, ana: User, why: str) -> None:
    control.ensure(KEY)
    if why == "switched off":
        switches.switch(ana, INSTANCE, False)
    elif why == "taken over":
        control.take_over(KEY, ana)
    elif why == "paused":
        control.pause(KEY, ana, None)
    elif why == "opted out":
        Control.objects.update(opted_out=True)
    else:
        Switch.objects.update(bot_since=timezone.now())

    asked = late.answer([KEY], ana)
    turn()

    assert texts(missed) == []
    assert asked == ([KEY] if why == "before the bot" else [])


def test_the_word_is_forgotten_after_a_while(missed: Sandbox, turn: Turn) -> None:
    control.ensure(KEY)
    Control.objects.update(late_at=timezone.now() - timedelta(hours=2))

    assert turn().silence is Silence.TOO_OLD
    assert texts(missed) == []


def test_what_the_bot_has_dealt_with_is_left_to_people_and_said(missed: Sandbox, ana: User, queue: Queue) -> None:
    """She asked for a person, was told that one comes, and the conversation was given back without a word."""
    ana.groups.add(Group.objects.get(name="Vendedores"))
    browser = Client()
    browser.force_login(ana)
    browser.get("/?view=missed")
    listed = inbox.inbox().row(KEY)
    assert listed is not None
    control.ensure(KEY)
    Control.objects.update(settled_ids=[listed.arrivals[-1].id])

    said = browser.post(
        "/several/",
        {"c": f"{INSTANCE}/{opaque_id(KEY)}", "act": "answer"},
        headers={"Accept-Language": "en"},
        follow=True,
    ).content.decode()

    assert "The bot does not answer 1 lead" in said
    assert "Take the conversation over to answer." in said
    assert queue() == []


def test_who_was_answered_on_the_phone_is_not_promised_another_answer(missed: Sandbox, ana: User, queue: Queue) -> None:
    missed.phone_types(LEAD, "Tudo bem, Mariana", at=missed.clock() - 12 * 3600)
    ana.groups.add(Group.objects.get(name="Vendedores"))
    browser = Client()
    browser.force_login(ana)
    browser.get("/")
    Control.objects.all().delete()

    assert late.answer([KEY], ana) == []

    assert queue() == []
    assert not AuditEntry.objects.filter(act=Act.ANSWER_LATE).exists()


def test_many_are_answered_a_few_a_minute(bot: BotSettings) -> None:
    BotSettings.objects.update(catch_up_per_minute=10)

    assert turns_after(12) == [number * 6.0 for number in range(12)]


def test_the_button_says_for_how_many_it_was_done(missed: Sandbox, ana: User, queue: Queue) -> None:
    ana.groups.add(Group.objects.get(name="Vendedores"))
    browser = Client()
    browser.force_login(ana)
    page = browser.get("/?view=missed", headers={"Accept-Language": "en"}).content.decode()
    assert "Answer now" in page

    place = f"{INSTANCE}/{opaque_id(KEY)}"
    said = browser.post(
        "/several/", {"c": place, "act": "answer"}, headers={"Accept-Language": "en"}, follow=True
    ).content.decode()

    assert "The bot answers 1 lead now." in said
    assert queue() == [[INSTANCE, LEAD, "", ""]]
