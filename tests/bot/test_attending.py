"""When people do not come, or do not come back: who is rung, what the lead is told, when the bot goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone
from time_machine import Traveller

from bot import attending, reconcile
from bot.models import BotSettings
from bot.turns import Outcome
from conversations import control, live
from conversations.evolution.sandbox import Sandbox
from conversations.frames import Frame
from conversations.message import Key
from conversations.models import AuditEntry, Control, Due, Mode, Reason, Switch
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

Turn = Callable[..., Outcome]
KEY = Key("voice_sdr_v4", LEAD)
BEGIN = timezone.now().replace(microsecond=0)


@pytest.fixture
def clock() -> Iterator[Traveller]:
    with time_machine.travel(BEGIN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Why people were called, in order; nothing else that is told to the screens."""
    told: list[object] = []

    class Ear:
        def tell(self, frame: Frame) -> None:
            if frame.event == "attention":
                told.append(frame.facts["why"])

    monkeypatch.setattr(live, "_publisher", Ear)
    return told


def sweep() -> None:
    reconcile.sweep(lambda *_, **__: None)


def texts(sandbox: Sandbox) -> list[str]:
    return [sent.text for sent in sandbox.sent(LEAD, by="api")]


# ------------------------------------------------------------------------------------------------ who is not taken over


@pytest.fixture
def waits(clock: Traveller, turn: Turn, sandbox: Sandbox) -> None:
    """A lead asked for a person."""
    BotSettings.objects.update(handoff_phrases="atendente", waiting_ring_minutes=5, waiting_word_minutes=15)
    turn(sandbox.lead_writes(LEAD, "um atendente, por favor"))


@pytest.mark.usefixtures("waits")
def test_first_people_are_rung_then_the_lead_is_told_each_once(
    clock: Traveller, rung: list[object], sandbox: Sandbox
) -> None:
    history = []
    for minutes in (4, 6, 7, 16, 17):
        clock.move_to(BEGIN + timedelta(minutes=minutes))
        sweep()
        history.append((minutes, len(rung), len(texts(sandbox))))

    assert history == [(4, 0, 1), (6, 1, 1), (7, 1, 1), (16, 1, 2), (17, 1, 2)]
    assert rung == ["waiting"]
    assert "não foi esquecida" in texts(sandbox)[-1]
    assert control.current(KEY).due == Due.NONE


@pytest.mark.usefixtures("waits")
def test_whoever_was_taken_over_is_left_alone(clock: Traveller, sandbox: Sandbox, ana: User) -> None:
    control.take_over(KEY, ana)
    clock.shift(timedelta(hours=1))

    sweep()

    assert len(texts(sandbox)) == 1


@pytest.mark.usefixtures("waits")
def test_nobody_came_and_the_bot_goes_on_where_it_is_wanted(clock: Traveller) -> None:
    clock.shift(timedelta(minutes=31))
    sweep()
    assert control.current(KEY).mode == Mode.WAITING

    BotSettings.objects.update(waiting_return_minutes=30)
    sweep()

    row = control.current(KEY)
    assert (row.mode, row.reason) == (Mode.BOT, Reason.TIMED_OUT)
    assert AuditEntry.objects.first().actor == "system"  # type: ignore[union-attr]  # it is there


@pytest.mark.usefixtures("waits")
def test_a_switched_off_bot_tells_nothing(clock: Traveller, sandbox: Sandbox) -> None:
    Switch.objects.update(is_on=False)
    clock.shift(timedelta(minutes=20))

    sweep()

    assert len(texts(sandbox)) == 1


def test_who_asked_outside_the_teams_hours_waits_from_the_opening_on(
    turn: Turn, sandbox: Sandbox, rung: list[object]
) -> None:
    """They were told when people are back; nobody is rung at night."""
    BotSettings.objects.update(handoff_phrases="atendente", people_in_hours_only=True, hours_open="08:00")
    told = []
    with time_machine.travel("2030-12-09T22:00-03:00", tick=False) as night:
        turn(sandbox.lead_writes(LEAD, "um atendente, por favor"))
        for hour in ("09T22:20", "10T08:04", "10T08:06", "10T08:16"):
            night.move_to(f"2030-12-{hour}-03:00")
            sweep()
            told.append((len(rung), len(texts(sandbox))))

    assert told == [(0, 1), (0, 1), (1, 1), (1, 2)]


@pytest.mark.usefixtures("waits")
def test_a_return_to_the_bot_after_a_day_comes_after_a_day(clock: Traveller) -> None:
    BotSettings.objects.update(waiting_return_minutes=24 * 60, answer_within_hours=12)
    clock.shift(timedelta(hours=23))
    sweep()
    assert control.current(KEY).mode == Mode.WAITING

    clock.shift(timedelta(hours=1))
    sweep()

    assert (control.current(KEY).mode, control.current(KEY).reason) == (Mode.BOT, Reason.TIMED_OUT)


@pytest.mark.usefixtures("waits")
def test_the_bot_that_goes_on_knows_that_nobody_came(
    clock: Traveller, turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    BotSettings.objects.update(waiting_return_minutes=30)
    clock.shift(timedelta(minutes=31))
    sweep()

    turn(sandbox.lead_writes(LEAD, "Então me diz o preço"))

    assert "ainda não pôde vir" in json.dumps(gemini.requests[-1].body, ensure_ascii=False)


# ------------------------------------------------------------------------------------ whom a person has and forgot


@pytest.fixture
def held(clock: Traveller, turn: Turn, sandbox: Sandbox, ana: User) -> None:
    """Ana has the conversation; the number returns them after 30 minutes."""
    Switch.objects.filter(instance=KEY.instance).update(resume_after_minutes=30)
    sandbox.lead_writes(LEAD, "Oi", at=BEGIN.timestamp() - 60)
    control.take_over(KEY, ana)


@pytest.mark.usefixtures("held")
def test_a_conversation_nobody_gave_a_sign_in_returns_as_an_act_of_the_system(
    clock: Traveller,
) -> None:
    clock.shift(timedelta(minutes=29))
    sweep()
    assert control.current(KEY).mode == Mode.HUMAN

    clock.shift(timedelta(minutes=2))
    sweep()

    row = control.current(KEY)
    entry = AuditEntry.objects.first()
    assert (row.mode, row.reason) == (Mode.BOT, Reason.AUTO_RESUMED)
    assert entry is not None
    assert (entry.act, entry.actor, entry.rep) == ("auto_resume", "system", None)


@pytest.mark.usefixtures("held")
def test_any_sign_of_a_person_begins_the_time_anew(clock: Traveller) -> None:
    clock.shift(timedelta(minutes=29))
    control.note_sign(KEY)
    clock.shift(timedelta(minutes=29))

    sweep()

    assert control.current(KEY).mode == Mode.HUMAN


@pytest.mark.usefixtures("held")
def test_whoever_asks_for_more_time_gets_it(clock: Traveller, ana: User) -> None:
    clock.shift(timedelta(minutes=29))
    control.more_time(KEY, ana, timedelta(hours=1))
    clock.shift(timedelta(minutes=59))
    sweep()
    assert control.current(KEY).mode == Mode.HUMAN

    clock.shift(timedelta(minutes=2))
    sweep()

    assert control.current(KEY).mode == Mode.BOT


@pytest.mark.usefixtures("held")
def test_while_a_promise_is_open_it_rings_instead(clock: Traveller, sandbox: Sandbox, rung: list[object]) -> None:
    sandbox.phone_types(LEAD, "Vou verificar e já te retorno", at=BEGIN.timestamp() + 1)
    clock.shift(timedelta(minutes=31))

    sweep()
    sweep()

    assert control.current(KEY).mode == Mode.HUMAN
    assert rung == ["promise"]


def test_it_is_off_where_nobody_switched_it_on(clock: Traveller, bot: BotSettings, sandbox: Sandbox, ana: User) -> None:
    control.take_over(KEY, ana)
    clock.shift(timedelta(days=30))

    assert attending.held_too_long(timezone.now()) == []


@pytest.mark.usefixtures("held")
def test_a_sign_in_the_very_moment_keeps_it(clock: Traveller) -> None:
    clock.shift(timedelta(minutes=31))
    row = Control.objects.get()
    control.note_sign(KEY)

    assert control.auto_resume(row).mode == Mode.HUMAN
