"""The sweep: whatever webhooks, workers and brokers lose is found again, and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from bot import debounce, heartbeat, reconcile, tasks, turns
from bot.models import BotSettings
from bot.reply import reply_to
from conversations import control, fence, identity, notes, switches
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.fence import Answered
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Act, Actor, AuditEntry, Control, Due, Mode, Note, Reason, Sent, Switch, Unconfirmed
from conversations.silence import Silence
from conversations.transitions import Occurrence
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

INSTANCE = "voice_sdr_v4"
KEY = Key(INSTANCE, LEAD)
LID = JID("111222333444@lid")
FIND, CHATS, SEND, STATE = "/chat/findMessages", "/chat/findChats", "/message/sendText", "/instance/connectionState"
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db

Dispatched = list[tuple[str, str]]


class Sweep:
    """Sweeps, and keeps what was handed to the worker."""

    def __init__(self) -> None:
        self.dispatched: Dispatched = []
        self.delays: list[float] = []
        self.said = ""

    def __call__(self, now: datetime | None = None) -> Dispatched:
        """Sweep once, as if it were `now`; the (conversation, message id) pairs that it dispatched, in order."""
        self.dispatched = []
        self.said = reconcile.sweep(self._take) if now is None else reconcile._sweep(self._take, now)
        return self.dispatched

    def _take(self, instance: str, conversation: str, asked: str, *, in_s: float = 0) -> None:
        self.dispatched.append((conversation, asked))
        self.delays.append(in_s)


@pytest.fixture
def sweep(bot: BotSettings) -> Sweep:
    """The sweep of a bot that has been on since yesterday."""
    Switch.objects.exclude(instance="").update(bot_since=timezone.now() - timedelta(days=1))
    return Sweep()


def ago(seconds: float) -> float:
    """A clock time."""
    return time.time() - seconds


def lead(number: int) -> JID:
    return JID(f"55119999{number:05}@s.whatsapp.net")


def texts(sandbox: Sandbox, jid: str = LEAD) -> list[str]:
    return [sent.text for sent in sandbox.sent(jid, by="api")]


def row(key: Key = KEY) -> Control:
    return control.current(key)


# ------------------------------------------------------------------------------------------------------------- expiry


def test_notes_whose_time_is_over_are_erased(sweep: Sweep, ana: User) -> None:
    notes.write(KEY, Note.Kind.COLLEAGUES, ana, "Ligou ontem", lifetime=timedelta(seconds=-1))
    notes.write(KEY, Note.Kind.COLLEAGUES, ana, "Ligou hoje")

    sweep()

    assert Note.objects.count() == 1


def test_a_pause_that_is_over_is_recorded_once_as_an_act_of_the_system(sweep: Sweep, ana: User) -> None:
    control.pause(KEY, ana, timezone.now() - timedelta(seconds=1))

    sweep()
    assert "expired 1," in sweep.said
    sweep()
    assert "expired 0," in sweep.said

    assert (row().mode, row().reason) == (Mode.BOT, Reason.EXPIRED)
    entries = AuditEntry.objects.filter(act=Act.EXPIRE)
    assert [entry.actor for entry in entries] == [Actor.SYSTEM]


def test_a_hold_that_is_over_is_followed_by_an_answer_to_what_came_meanwhile(sweep: Sweep, sandbox: Sandbox) -> None:
    sandbox.phone_types(LEAD, "Já te ligo", at=ago(4000))
    control.note_phone(KEY, timezone.now() - timedelta(seconds=4000), hold=timedelta(seconds=4001))
    asked = sandbox.lead_writes(LEAD, "E aí?", at=ago(60))
    assert sweep() == []
    Control.objects.update(until=timezone.now())

    assert sweep() == [(LEAD, asked)]


# -------------------------------------------------------------------------------------------------------- unclear sends


def an_unclear_send(sandbox: Sandbox, how: Unconfirmed, *, key: Key = KEY, age_s: float = 0) -> str:
    """The lead wrote, the bot's POST ended unclearly; gives the id of what was asked."""
    asked = sandbox.lead_writes(key.conversation, "Oi", at=ago(30), instance=key.instance)
    held = control.ensure(key)
    Control.objects.filter(pk=held.pk).update(turn="dead:1", turn_started_at=timezone.now(), newest=asked)
    state = switches.state()
    right = fence.Right(key, "dead:1", held.epoch, state.instances[key.instance].epoch, state.everything.epoch)
    token = fence.claim(right, Answered((asked,), asked, timezone.now() - timedelta(seconds=30)))
    if how:
        fence.leave_unconfirmed(token, how)
    Control.objects.filter(pk=held.pk).update(sending_at=timezone.now() - timedelta(seconds=age_s))
    return asked


@pytest.fixture
def real_waits(settings: Any) -> None:
    settings.UNCONFIRMED_AFTER_ERROR_SECONDS, settings.UNCONFIRMED_AFTER_SILENCE_SECONDS = 5, 30


@pytest.mark.parametrize(
    ("how", "age_s"), [(Unconfirmed.ERROR, 0), (Unconfirmed.SILENCE, 0), (Unconfirmed.NONE, 31)],
    ids=["after a 500", "after silence", "of a worker that died"],
)  # fmt: skip
def test_an_unclear_send_that_went_out_settles_and_is_not_followed_by_another(
    sweep: Sweep, sandbox: Sandbox, real_waits: None, how: Unconfirmed, age_s: float
) -> None:
    asked = an_unclear_send(sandbox, how, age_s=age_s)
    sandbox.another_integration_sends(LEAD, "o que o bot disse")

    sweep()

    assert "cleared up 1," in sweep.said
    assert (row().sending, row().settled) == ("", asked)
    assert Sent.objects.get().state == Sent.State.SENT
    assert turns.run(KEY, asked, reply_to).sent == 0
    assert texts(sandbox) == []


def test_a_500_that_kept_the_message_in_is_read_back_twice_five_seconds_apart_and_then_answered(
    sweep: Sweep, sandbox: Sandbox, real_waits: None
) -> None:
    asked = an_unclear_send(sandbox, Unconfirmed.ERROR)

    sweep()
    assert (row().sending != "", row().read_back_at is not None) == (True, True)
    sweep()
    assert row().sending != ""
    Control.objects.update(read_back_at=timezone.now() - timedelta(seconds=6))
    dispatched = sweep()

    assert (row().sending, Sent.objects.get().state) == ("", Sent.State.NOT_SENT)
    assert dispatched == [(LEAD, asked)]


def test_silence_is_waited_out_before_it_counts_as_not_sent(sweep: Sweep, sandbox: Sandbox, real_waits: None) -> None:
    asked = an_unclear_send(sandbox, Unconfirmed.SILENCE)

    sweep()
    assert row().sending != ""
    Control.objects.update(sending_at=timezone.now() - timedelta(seconds=31))

    assert sweep() == [(LEAD, asked)]
    assert row().sending == ""


def test_a_send_on_its_way_is_left_alone(sweep: Sweep, sandbox: Sandbox, real_waits: None) -> None:
    an_unclear_send(sandbox, Unconfirmed.NONE)
    sandbox.another_integration_sends(LEAD, "o que o bot disse")

    sweep()

    assert "cleared up 0," in sweep.said
    assert row().sending != ""


def test_a_gateway_that_is_down_keeps_the_claim_and_is_asked_once_for_all_its_claims(
    sweep: Sweep, sandbox: Sandbox, settings: Any
) -> None:
    for number in range(3):
        an_unclear_send(sandbox, Unconfirmed.ERROR, key=Key(INSTANCE, lead(number)))
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"

    sweep()

    assert "cleared up 0," in sweep.said
    assert Control.objects.exclude(sending="").count() == 3
    assert not Control.objects.exclude(read_back_at=None).exists()


def test_a_claim_whose_ledger_was_erased_is_freed(sweep: Sweep, sandbox: Sandbox) -> None:
    asked = an_unclear_send(sandbox, Unconfirmed.ERROR)
    Sent.objects.all().delete()

    assert sweep() == [(LEAD, asked)]
    assert row().sending == ""


# ------------------------------------------------------------------------------------------------ words that are owed


def a_word_is_owed(sandbox: Sandbox, *, since_s: float = 60) -> None:
    """The bot called a person and died before it could say so."""
    sandbox.lead_writes(LEAD, "Quero falar com gente", at=ago(since_s + 1))
    control.hand_off(KEY, Reason.ASKED_FOR_PERSON, epoch=control.ensure(KEY).epoch)
    Control.objects.update(changed_at=timezone.now() - timedelta(seconds=since_s))


def test_a_word_that_is_owed_is_paid_once(sweep: Sweep, sandbox: Sandbox) -> None:
    BotSettings.objects.update(handoff_notice="Já chamo alguém.")
    a_word_is_owed(sandbox)

    sweep()
    assert "paid 1," in sweep.said
    sweep()
    assert "paid 0," in sweep.said

    assert texts(sandbox) == ["Já chamo alguém."]
    assert row().due == Due.NONE


def test_the_turn_that_has_just_called_a_person_says_so_itself(
    sweep: Sweep, sandbox: Sandbox, real_waits: None
) -> None:
    a_word_is_owed(sandbox, since_s=5)

    sweep()

    assert texts(sandbox) == []
    assert row().due == Due.HANDOFF_NOTICE


@pytest.mark.parametrize("mode", ["after", "hang", "drop_after"])
def test_a_word_that_went_out_unseen_is_not_said_again(sweep: Sweep, sandbox: Sandbox, mode: str) -> None:
    a_word_is_owed(sandbox)
    sandbox.failures.add(Failure(SEND, mode, seconds=2))

    sweep()
    sweep()
    sweep()

    assert len(texts(sandbox)) == 1
    assert (row().due, row().sending) == (Due.NONE, "")


def test_a_word_is_not_said_to_a_lead_whom_a_person_has_meanwhile(sweep: Sweep, sandbox: Sandbox, ana: User) -> None:
    a_word_is_owed(sandbox)
    control.take_over(KEY, ana)

    sweep()

    assert texts(sandbox) == []


def test_a_word_that_the_gateway_refuses_is_not_tried_for_ever(sweep: Sweep, sandbox: Sandbox) -> None:
    a_word_is_owed(sandbox)
    sandbox.failures.add(Failure(SEND, "refuse", status=403, times=100))

    sweep()
    sweep()

    assert row().due == Due.NONE
    assert Sent.objects.count() == 1


def test_a_word_that_has_been_owed_for_too_long_is_not_said_at_all(sweep: Sweep, sandbox: Sandbox) -> None:
    a_word_is_owed(sandbox, since_s=13 * 3600)

    sweep()

    assert (texts(sandbox), row().due) == ([], Due.NONE)


def test_a_word_waits_while_the_bot_is_off(sweep: Sweep, sandbox: Sandbox) -> None:
    a_word_is_owed(sandbox)
    switches.switch(None, INSTANCE, False)

    sweep()
    assert (texts(sandbox), row().due) == ([], Due.HANDOFF_NOTICE)
    switches.switch(None, INSTANCE, True)
    sweep()

    assert len(texts(sandbox)) == 1


# ---------------------------------------------------------------------------------------------------------- recovery


def gave_up(reason: Reason, asked: str = "A", key: Key = KEY) -> None:
    held = control.ensure(key)
    Control.objects.filter(pk=held.pk).update(newest=asked)
    control.give_up(key, reason, epoch=held.epoch)


def test_a_model_that_works_again_ends_the_wait_as_an_act_of_the_system_and_the_lead_is_answered(
    sweep: Sweep, sandbox: Sandbox
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    gave_up(Reason.MODEL, asked)

    assert sweep() == [(LEAD, asked)]

    assert "recovered 1," in sweep.said
    assert row().mode == Mode.BOT
    assert AuditEntry.objects.filter(act=Act.RECOVER, actor=Actor.SYSTEM).count() == 1


def test_a_model_that_is_still_away_leaves_the_lead_waiting_and_is_asked_once_for_all(
    sweep: Sweep, sandbox: Sandbox, settings: Any
) -> None:
    settings.GEMINI_BASE_URL = "http://127.0.0.1:9"
    for number in range(3):
        gave_up(Reason.MODEL, key=Key(INSTANCE, lead(number)))

    assert sweep() == []
    assert Control.objects.filter(mode=Mode.WAITING).count() == 3


@pytest.mark.parametrize(("state", "mode"), [("open", Mode.BOT), ("connecting", Mode.WAITING), ("close", Mode.WAITING)])
def test_a_gateway_recovers_when_the_number_is_connected(
    sweep: Sweep, sandbox: Sandbox, state: str, mode: Mode
) -> None:
    sandbox.set_state(sandbox.instance(), state)
    gave_up(Reason.GATEWAY)

    sweep()

    assert row().mode == mode


def test_one_probe_serves_all_conversations_of_an_instance(sweep: Sweep, sandbox: Sandbox) -> None:
    for number in range(3):
        gave_up(Reason.GATEWAY, key=Key(INSTANCE, lead(number)))
    sandbox.failures.add(Failure(STATE, times=1))

    sweep()
    assert Control.objects.filter(mode=Mode.WAITING).count() == 3
    sweep()
    assert Control.objects.filter(mode=Mode.WAITING).count() == 0


def test_a_message_that_was_not_stored_recovers_when_it_can_be_read(sweep: Sweep, sandbox: Sandbox) -> None:
    gave_up(Reason.NOT_STORED, "LATE")

    sweep()
    assert row().mode == Mode.WAITING
    sandbox.lead_writes(LEAD, "Oi", id="LATE", at=ago(60))

    assert sweep() == [(LEAD, "LATE")]
    assert row().mode == Mode.BOT


@pytest.mark.parametrize(
    "reason", [Reason.BLOCKED, Reason.UNUSABLE, Reason.REFUSED, Reason.OTHER, Reason.ASKED_FOR_PERSON, Reason.ANGRY]
)
def test_every_other_reason_waits_for_a_person(sweep: Sweep, sandbox: Sandbox, reason: Reason) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    gave_up(reason, asked)

    assert sweep() == []
    assert (row().mode, row().reason) == (Mode.WAITING, reason)


def test_a_probe_that_deceives_is_trusted_less_and_less(sweep: Sweep, sandbox: Sandbox) -> None:
    """The model's name is known and every question is refused: no conversation goes back and forth for ever."""
    recoveries = 0
    for _ in range(12):
        gave_up(Reason.MODEL)
        sweep()
        recoveries += row().mode == Mode.BOT
    assert recoveries == 1

    Control.objects.update(changed_at=timezone.now() - HOUR)
    sweep()
    assert row().mode == Mode.BOT


def test_the_pause_before_a_probe_doubles_up_to_an_hour() -> None:
    minutes = [reconcile._probe_after(times) / timedelta(minutes=1) for times in (0, 1, 2, 3, 4, 7, 8, 9, 1000)]

    assert minutes == [0, 0, 1, 2, 4, 32, 60, 60, 60]


def test_a_lead_behind_the_bots_own_last_word_is_answered_after_a_recovery(sweep: Sweep, sandbox: Sandbox) -> None:
    """Nothing in the gateway's list shows that somebody waits there."""
    hidden = sandbox.lead_writes(LEAD, "e o prazo?", at=ago(3000))
    sandbox.another_integration_sends(LEAD, "a última bolha")
    cache.set(f"sweep:look:{INSTANCE}", time.time(), 3600)
    control.ensure(KEY)
    Control.objects.update(settled="X", settled_ids=["X"], settled_at=timezone.now() - HOUR)
    gave_up(Reason.MODEL, hidden)

    assert sweep() == [(LEAD, hidden)]


# --------------------------------------------------------------------------------------------------------- who waits


def test_a_lead_nobody_told_us_of_is_found(sweep: Sweep, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60), webhook=False)

    assert sweep() == [(LEAD, asked)]
    assert sweep.said == "expired 0, cleared up 0, paid 0, recovered 0, attended 0, dispatched 1"


def test_who_was_answered_is_not_found(sweep: Sweep, sandbox: Sandbox) -> None:
    turns.run(KEY, sandbox.lead_writes(LEAD, "Oi", at=ago(60)), reply_to)

    assert sweep() == []


def test_who_was_left_without_an_answer_on_purpose_is_not_found(
    sweep: Sweep, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    gemini.will_answer()
    turns.run(KEY, sandbox.lead_writes(LEAD, "👍", at=ago(60)), reply_to)

    assert sweep() == []


def test_who_wrote_before_the_last_bubble_is_found_though_the_webhook_was_lost(sweep: Sweep, sandbox: Sandbox) -> None:
    first = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    second = sandbox.lead_writes(LEAD, "E o prazo?", at=ago(50), webhook=False)
    sandbox.another_integration_sends(LEAD, "a resposta à primeira")
    control.ensure(KEY)
    Control.objects.update(settled=first, settled_ids=[first], settled_at=timezone.now() - timedelta(seconds=61))

    assert sweep() == [(LEAD, second)]


@pytest.mark.parametrize("forgotten", [True, False], ids=["and the cache was wiped", "and the last look is known"])
def test_who_wrote_while_we_were_away_and_then_reacted_is_found(
    sweep: Sweep, sandbox: Sandbox, forgotten: bool
) -> None:
    if not forgotten:
        cache.set(f"sweep:look:{INSTANCE}", ago(3700), 24 * 3600)
    ours = sandbox.phone_types(LEAD, "Qualquer coisa me chama", at=ago(20_000))
    asked = sandbox.lead_writes(LEAD, "Oi, quanto custa?", at=ago(3600), webhook=False)
    sandbox.lead_reacts(ours, "👍", webhook=False)

    assert sweep() == [(LEAD, asked)]


def test_who_corrected_an_answered_message_after_an_unanswered_one_is_found(sweep: Sweep, sandbox: Sandbox) -> None:
    first = sandbox.lead_writes(LEAD, "Oi", at=ago(90))
    control.ensure(KEY)
    Control.objects.update(settled=first, settled_ids=[first], settled_at=timezone.now() - timedelta(seconds=90))
    second = sandbox.lead_writes(LEAD, "E o prazo?", at=ago(60), webhook=False)
    sandbox.lead_edits(first, "Oie", webhook=False)

    assert sweep() == [(LEAD, second)]


def test_what_was_taken_back_or_answered_by_a_person_is_looked_at_no_more_than_once(
    sweep: Sweep, sandbox: Sandbox
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    sandbox.lead_deletes(asked)
    cache.set(f"sweep:look:{INSTANCE}", ago(-3600), 3600)
    for conversation, message in sweep():
        turns.run(Key(INSTANCE, JID(conversation)), message, reply_to)

    assert sweep() == []


def test_a_person_who_answered_on_the_phone_leaves_nothing_to_find(sweep: Sweep, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    sandbox.phone_types(LEAD, "Oi, aqui é a Ana", at=ago(50), webhook=False)

    assert sweep() == []


def test_a_greeting_that_whatsapp_sends_by_itself_hides_nobody(sweep: Sweep, sandbox: Sandbox) -> None:
    BotSettings.objects.update(greeting_texts="Olá! Já vamos responder.")
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60), webhook=False)
    sandbox.phone_types(LEAD, "Olá! Já vamos responder.", at=ago(59), webhook=False)

    assert sweep() == [(LEAD, asked)]


def test_groups_and_broadcasts_are_not_looked_at(sweep: Sweep, sandbox: Sandbox) -> None:
    for jid in ("status@broadcast", "120363000000000000@newsletter"):
        sandbox.lead_writes(jid, "Oi", at=ago(60))

    assert sweep() == []


def test_two_addresses_of_a_lead_are_one_conversation_and_are_dispatched_once(sweep: Sweep, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LID, "Oi", at=ago(70), webhook=False)
    asked = sandbox.lead_writes(LID, "quanto custa?", at=ago(60), alt=LEAD, webhook=False)
    control.ensure(Key(INSTANCE, LID))

    assert sweep() == [(LEAD, asked)]
    assert identity.resolve(INSTANCE, LID) == KEY
    assert Control.objects.get().key == KEY


def test_the_stricter_control_of_two_addresses_keeps_the_bot_quiet(sweep: Sweep, sandbox: Sandbox, ana: User) -> None:
    control.take_over(KEY, ana)
    sandbox.lead_writes(LID, "Oi", at=ago(60), alt=LEAD, webhook=False)

    assert sweep() == []


def test_what_somebody_wrote_who_was_left_alone_is_looked_at_once(sweep: Sweep, sandbox: Sandbox, ana: User) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    control.note_opt_out(KEY, ana)

    assert sweep() == [(LEAD, asked)]
    turns.run(KEY, asked, reply_to)

    assert sweep() == []
    assert sandbox.sent(LEAD) == []


@pytest.mark.parametrize("what", [Occurrence.TAKEN_OVER, Occurrence.PAUSED, Occurrence.PEOPLE_BEGAN])
def test_where_the_bot_may_not_speak_nobody_is_dispatched(
    sweep: Sweep, sandbox: Sandbox, ana: User, what: Occurrence
) -> None:
    sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    control.change(KEY, what, actor=Actor.REP, rep=ana)

    assert sweep() == []


@pytest.mark.parametrize("instance", [INSTANCE, switches.EVERYTHING])
def test_a_bot_that_is_off_dispatches_nothing_and_does_not_even_look(
    sweep: Sweep, sandbox: Sandbox, instance: str
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    switches.switch(None, instance, False)
    sandbox.failures.add(Failure(CHATS, times=1))

    assert sweep() == []
    assert "could not" not in sweep.said
    switches.switch(None, instance, True)
    sandbox.failures.clear()
    assert sweep() == [(LEAD, asked)]


def test_what_is_older_than_the_bot_is_left_alone(sweep: Sweep, sandbox: Sandbox) -> None:
    Switch.objects.exclude(instance="").update(bot_since=timezone.now() - timedelta(minutes=5))
    sandbox.lead_writes(LEAD, "Oi", at=ago(400))

    assert sweep() == []


def test_what_is_older_than_the_time_to_answer_is_missed(sweep: Sweep, sandbox: Sandbox) -> None:
    BotSettings.objects.update(answer_within_hours=1)
    sandbox.lead_writes(LEAD, "Oi", at=ago(3700))
    asked = sandbox.lead_writes(lead(2), "Oi", at=ago(3500))

    assert sweep() == [(lead(2), asked)]


def test_who_wrote_in_a_night_longer_than_the_time_to_answer_is_answered_in_the_morning(
    sweep: Sweep, sandbox: Sandbox
) -> None:
    now = timezone.localtime()
    opened, closed = now - timedelta(minutes=20), now - timedelta(hours=3)
    BotSettings.objects.update(
        hours_only=True,
        hours_days="1234567",
        hours_open=opened.time(),
        hours_close=closed.time(),
        answer_within_hours=1,
    )
    sandbox.lead_writes(lead(1), "Oi", at=ago(3.2 * 3600))
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(2.5 * 3600))

    assert sweep() == [(LEAD, asked)]
    assert turns.run(KEY, asked, reply_to).sent == 1


# ------------------------------------------------------------------------------------------------------- open turns


def an_open_turn(*, worker: str = "", minutes: float = 1, age: timedelta = timedelta(0), asked: str = "") -> None:
    """A turn of `worker` ("": between two tries), not to be tried or not dead before `minutes` are over."""
    Control.objects.create(
        instance=INSTANCE, conversation=LEAD, newest=asked, turn=f"{worker}:1" if worker else "",
        turn_started_at=timezone.now() - age, next_try_at=timezone.now() + timedelta(minutes=minutes), tries=1,
    )  # fmt: skip


def test_a_turn_of_a_dead_worker_is_begun_again(sweep: Sweep, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    an_open_turn(worker="dead", asked=asked)

    assert sweep() == [(LEAD, asked)]


def test_a_turn_of_a_living_worker_is_left_alone_until_its_lease_is_over(sweep: Sweep, sandbox: Sandbox) -> None:
    cache.set("worker:alive", 1, 60)
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    an_open_turn(worker="alive", asked=asked)

    assert sweep() == []
    Control.objects.update(next_try_at=timezone.now())
    assert sweep() == [(LEAD, asked)]


def test_a_pause_between_two_tries_is_kept_and_a_lost_retry_is_made_up_for(sweep: Sweep, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    an_open_turn(asked=asked)

    assert sweep() == []
    Control.objects.update(next_try_at=timezone.now())
    assert sweep() == [(LEAD, asked)]


def test_an_open_turn_is_ended_where_nothing_waits_any_more(sweep: Sweep, sandbox: Sandbox) -> None:
    an_open_turn(minutes=0, age=timedelta(days=2))

    assert sweep() == [(LEAD, "")]
    turns.run(KEY, "", reply_to)
    assert sweep() == []


def test_a_pause_until_the_opening_is_over_when_the_hours_change(sweep: Sweep, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    BotSettings.objects.update(
        hours_only=True, hours_days=str((timezone.localtime().isoweekday() + 2) % 7 + 1), closed_text="Voltamos logo."
    )
    turns.run(KEY, asked, reply_to)
    assert sweep() == []

    BotSettings.objects.update(hours_only=False)

    assert sweep() == [(LEAD, asked)]


def test_who_was_told_at_night_that_nobody_answers_is_answered_at_the_opening(sweep: Sweep, sandbox: Sandbox) -> None:
    """Hours later our closed word is the last one there, and all sweeps of the night have looked past the lead's."""
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    BotSettings.objects.update(
        hours_only=True, hours_days=str((timezone.localtime().isoweekday() + 2) % 7 + 1), closed_text="Voltamos logo."
    )
    turns.run(KEY, asked, reply_to)
    assert texts(sandbox) == ["Voltamos logo."]
    with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
        assert sweep() == []
        BotSettings.objects.update(hours_only=False)

        assert sweep() == [(LEAD, asked)]
        assert turns.run(KEY, asked, reply_to).sent == 1
        assert sweep() == []


def test_who_was_found_while_a_person_had_the_conversation_is_answered_when_it_is_handed_back(
    sweep: Sweep, sandbox: Sandbox
) -> None:
    """The webhook was lost, and what was taken back since stands last: no later sweep finds it in the chat."""
    ana = User.objects.create_user("ana")
    control.take_over(KEY, ana)
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(600), webhook=False)
    sandbox.lead_deletes(sandbox.lead_writes(LEAD, "?", at=ago(590), webhook=False), webhook=False)
    assert sweep() == []

    control.hand_back(KEY, ana)

    assert sweep() == [(LEAD, asked)]
    assert turns.run(KEY, asked, reply_to).sent == 1


# -------------------------------------------------------------------------------------------------- bursts and backlog


def test_a_burst_is_given_its_time(sweep: Sweep, sandbox: Sandbox) -> None:
    BotSettings.objects.update(debounce_idle_seconds=60, debounce_cap_seconds=120)
    sandbox.lead_writes(LEAD, "Oi", at=ago(50), webhook=False)
    sandbox.lead_writes(lead(2), "Oi", at=ago(70), webhook=False)

    assert [conversation for conversation, _ in sweep()] == [lead(2)]


def test_a_webhook_that_came_is_given_the_longest_a_burst_may_last(sweep: Sweep, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(20))
    debounce.touch(KEY, asked, timezone.now(), idle_s=6, cap_s=30)

    assert sweep() == []
    sandbox.lead_writes(lead(2), "Oi", at=ago(36))
    debounce.touch(Key(INSTANCE, lead(2)), "X", timezone.now(), idle_s=6, cap_s=30)

    assert [conversation for conversation, _ in sweep()] == [lead(2)]


def test_a_clock_that_is_ahead_of_ours_does_not_cut_a_burst_short(sweep: Sweep, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(-120))
    debounce.touch(KEY, asked, timezone.now(), idle_s=6, cap_s=30)

    assert sweep() == []
    debounce.end(KEY)
    assert sweep() == [(LEAD, asked)]


def test_a_backlog_goes_out_slowly_newest_first_and_with_a_little_disorder_in_time(
    sweep: Sweep, sandbox: Sandbox
) -> None:
    BotSettings.objects.update(catch_up_per_minute=3)
    for number in range(6):
        sandbox.lead_writes(lead(number), "Oi", at=ago(3600 + 60 * number), webhook=False)
    fresh = sandbox.lead_writes(LEAD, "Oi", at=ago(60), webhook=False)
    now = timezone.now()

    assert sweep(now) == [(LEAD, fresh), *[(lead(number), sandbox_id(sandbox, number)) for number in range(3)]]
    assert sweep.delays[0] == 0
    assert all(0 <= delay <= 5 for delay in sweep.delays)
    assert sweep(now) == [(LEAD, fresh)]
    assert len(sweep(now + timedelta(minutes=1))) == 4


def test_what_a_number_tells_that_was_away_is_backlog_too(sweep: Sweep, sandbox: Sandbox) -> None:
    """WhatsApp hands over what came meanwhile in one moment, each message by its own webhook."""
    BotSettings.objects.update(catch_up_per_minute=2)
    now = timezone.now()
    for number in range(5):
        asked = sandbox.lead_writes(lead(number), "Oi", at=ago(3600 + number), webhook=False)
        key = Key(INSTANCE, lead(number))
        debounce.touch(key, asked, now - timedelta(seconds=3600 + number), idle_s=6, cap_s=30)
        assert tasks.reply(INSTANCE, lead(number), asked, token=asked) == Silence.BACKLOG.value

    assert not Sent.objects.exists()
    assert len(sweep(now)) == len(sweep(now + timedelta(minutes=1))) == 2
    asked = sandbox.lead_writes(LEAD, "Oi", webhook=False)
    debounce.touch(KEY, asked, timezone.now(), idle_s=6, cap_s=30)
    assert tasks.reply(INSTANCE, LEAD, asked, token=asked) == "answered (1)"


def test_an_old_wish_to_be_left_alone_is_heard_at_once_where_a_person_is_waited_for(
    sweep: Sweep, sandbox: Sandbox
) -> None:
    control.hand_off(KEY, Reason.ASKED_FOR_PERSON, epoch=0)
    asked = sandbox.lead_writes(LEAD, "Pare de me mandar mensagem", at=ago(3600), webhook=False)
    debounce.touch(KEY, asked, timezone.now() - timedelta(hours=1), idle_s=6, cap_s=30)

    tasks.reply(INSTANCE, LEAD, asked, token=asked)

    assert row().opted_out


def sandbox_id(sandbox: Sandbox, number: int) -> str:
    with sandbox.lock:
        return sandbox.instance().rows[lead(number)][-1].key_id


def test_many_who_wait_for_the_same_reason_do_not_go_out_in_one_burst(sweep: Sweep, sandbox: Sandbox) -> None:
    BotSettings.objects.update(catch_up_per_minute=2)
    for number in range(5):
        asked = sandbox.lead_writes(lead(number), "Oi", at=ago(3600), webhook=False)
        gave_up(Reason.MODEL, asked, key=Key(INSTANCE, lead(number)))

    assert len(sweep()) == 2


def test_who_was_found_and_not_dispatched_is_found_again(sweep: Sweep, sandbox: Sandbox) -> None:
    BotSettings.objects.update(catch_up_per_minute=1)
    asked = {}
    for number in (1, 2):
        ours = sandbox.phone_types(lead(number), "Oi", at=ago(20_000))
        asked[number] = sandbox.lead_writes(lead(number), "Oi", at=ago(3600 + number), webhook=False)
        sandbox.lead_reacts(ours, "👍", webhook=False)
    now = timezone.now()
    found = {conversation for conversation, _ in sweep(now)}
    Control.objects.create(instance=INSTANCE, conversation=lead(1), settled_ids=[asked[1]])

    assert found == {lead(1)}
    assert {conversation for conversation, _ in sweep(now + timedelta(minutes=1))} == {lead(2)}


# -------------------------------------------------------------------------------------------------- the sweep itself


def test_one_sweep_at_a_time(sweep: Sweep, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    cache.set("worker:elsewhere", 1, 60)
    cache.set("sweep:lock", "elsewhere", 60)

    assert sweep() == []
    assert sweep.said == "another sweep runs"
    cache.delete("sweep:lock")
    assert len(sweep()) == 1


def test_a_sweep_that_died_holds_up_no_other(sweep: Sweep, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    cache.set("sweep:lock", "dead", 60)

    assert len(sweep()) == 1
    assert heartbeat.last_sweep_age_s() is not None


OTHER = "another_number"


@pytest.fixture
def two_instances(settings: Any, sandbox: Sandbox) -> None:
    settings.EVOLUTION_INSTANCES = (INSTANCE, OTHER)
    sandbox.new_instance(OTHER, number=None, integration="WHATSAPP-BAILEYS")


@pytest.mark.parametrize("route", [CHATS, FIND])
def test_an_instance_that_cannot_be_read_stops_no_other(
    two_instances: None, sweep: Sweep, sandbox: Sandbox, route: str
) -> None:
    switches.switch(None, OTHER, True)
    Switch.objects.exclude(instance="").update(bot_since=timezone.now() - timedelta(days=1))
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60), instance=OTHER)
    sandbox.lead_writes(LEAD, "Oi", at=ago(60))
    sandbox.failures.add(Failure(route, times=2, instance=INSTANCE))

    assert sweep() == [(LEAD, asked)]


def test_a_row_that_nobody_foresaw_keeps_no_other_from_its_turn_and_its_words_are_not_logged(
    sweep: Sweep, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2):
        an_unclear_send(sandbox, Unconfirmed.ERROR, key=Key(INSTANCE, lead(number)))
        sandbox.another_integration_sends(lead(number), "o que o bot disse")
    Sent.objects.filter(conversation=lead(1)).update(answers={"5511999990001": 1})
    asked = sandbox.lead_writes(LEAD, "Oi", at=ago(60))

    assert (LEAD, asked) in sweep()

    assert "cleared up 1," in sweep.said
    assert [held.conversation for held in Control.objects.exclude(sending="")] == [lead(1)]
    assert "KeyError at" in caplog.text
    assert "5511999990001" not in caplog.text


def test_a_conversation_of_a_number_that_is_not_ours_any_more_is_left_alone(sweep: Sweep, sandbox: Sandbox) -> None:
    Control.objects.create(
        instance="gone", conversation=LEAD, mode=Mode.WAITING, reason=Reason.GATEWAY, sending="f" * 32,
        sending_at=timezone.now() - HOUR, due=Due.HANDOFF_NOTICE, changed_at=timezone.now() - HOUR,
    )  # fmt: skip

    sweep()

    assert sweep.said.startswith("expired 0, cleared up 0, paid 0, recovered 0")


def test_an_idle_sweep_asks_the_gateway_two_questions(
    sweep: Sweep, sandbox: Sandbox, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    turns.run(KEY, sandbox.lead_writes(LEAD, "Oi", at=ago(60)), reply_to)
    sweep()

    with django_assert_max_num_queries(20):
        sweep()
