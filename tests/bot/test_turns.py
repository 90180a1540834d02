"""One turn at a time: how it begins and ends, what it survives, and what becomes of every error."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bot import heartbeat, llm, turns
from bot.models import BotSettings
from bot.reply import reply_to
from bot.turns import NotStoredYet, Outcome, Turn, Withheld
from conversations import control, fence, identity, sending, switches
from conversations.evolution import errors
from conversations.evolution.sandbox import Failure, Sandbox, content
from conversations.fence import Answered, Lost
from conversations.jid import JID
from conversations.message import Author, Key, Kind
from conversations.models import Control, Due, Mode, Reason, Sent, Unconfirmed
from conversations.silence import Silence
from tests.factories import LEAD, NOON, message
from tests.fake_gemini import FakeGemini, Step

INSTANCE = "voice_sdr_v4"
KEY = Key(INSTANCE, LEAD)
LID = JID("111222333444@lid")
BY_LID = Key(INSTANCE, LID)
FIND, SEND = "/chat/findMessages", "/message/sendText"

pytestmark = pytest.mark.django_db


def texts(sandbox: Sandbox, jid: str = LEAD) -> list[str]:
    """What reached the lead through the API, in order."""
    return [sent.text for sent in sandbox.sent(jid, by="api")]


def tell(what: Exception | int, key: Key = KEY, asked: str = "A") -> Outcome:
    """Run a turn whose story raises `what`, or says that so many bubbles went out."""

    def story(turn: Turn) -> int:
        if isinstance(what, Exception):
            raise what
        return what

    return turns.run(key, asked, story)


def row() -> Control:
    return control.current(KEY)


# ------------------------------------------------------------------------------------------------------ one at a time


def test_what_a_hand_back_owes_outlives_a_turn_that_began_before(bot: BotSettings, ana: User) -> None:
    def story(turn: Turn) -> int:
        control.pause(KEY, ana, None)
        control.hand_back(KEY, ana)
        # As it was told before the hand back.
        raise Lost(Silence.PAUSED)

    turns.run(KEY, "A", story)

    assert (row().mode, row().turn, row().newest) == (Mode.BOT, "", "A")
    assert row().turn_started_at is not None  # the sweep takes it up


def test_a_turn_that_a_living_worker_runs_is_left_alone_and_its_owner_learns_what_came(bot: BotSettings) -> None:
    cache.set("worker:elsewhere", 1, 60)
    Control.objects.create(
        instance=INSTANCE, conversation=LEAD, turn="elsewhere:1", next_try_at=timezone.now() + timedelta(minutes=2)
    )

    assert tell(1).silence is Silence.ANOTHER_TURN
    assert (row().turn, row().newest) == ("elsewhere:1", "A")


@pytest.mark.parametrize("why", ["dead", "overdue"])
def test_a_turn_of_a_dead_worker_or_past_its_lease_is_taken_over(bot: BotSettings, why: str) -> None:
    if why == "overdue":
        cache.set("worker:elsewhere", 1, 60)
    lease_ends = timezone.now() + timedelta(minutes=2 if why == "dead" else -1)
    Control.objects.create(instance=INSTANCE, conversation=LEAD, turn="elsewhere:1", next_try_at=lease_ends)

    assert tell(1).sent == 1
    assert row().turn == ""


def test_a_turn_holds_a_lease_while_it_runs_and_leaves_nothing_behind(bot: BotSettings) -> None:
    seen: list[Control] = []

    def story(turn: Turn) -> int:
        seen.append(row())
        return 1

    turns.run(KEY, "A", story)

    assert seen[0].turn.startswith(f"{heartbeat.WORKER}:")
    assert seen[0].next_try_at is not None
    assert seen[0].next_try_at > timezone.now() + timedelta(seconds=100)
    assert (row().turn, row().turn_started_at, row().next_try_at, row().tries) == ("", None, None, 0)


def test_a_turn_whose_lease_was_taken_over_says_nothing_and_frees_nothing(bot: BotSettings) -> None:
    def story(turn: Turn) -> int:
        Control.objects.update(turn="another:1", next_try_at=timezone.now() + timedelta(minutes=2))
        fence.claim(turn.right, Answered(("A",), "A", NOON))
        return 1

    assert turns.run(KEY, "A", story).silence is Silence.ANOTHER_TURN
    assert row().turn == "another:1"


def test_what_came_while_the_turn_ran_is_looked_at_when_it_ends(bot: BotSettings) -> None:
    def story(turn: Turn) -> int:
        assert tell(1, asked="B").silence is Silence.ANOTHER_TURN
        return 1

    assert turns.run(KEY, "A", story).again_in_s == 0
    assert turns.look_again(KEY) == "B"


def test_what_was_asked_and_not_settled_is_not_asked_again_and_again(bot: BotSettings) -> None:
    assert tell(Withheld(Silence.NOTHING_NEW)).again_in_s is None


def test_what_a_lead_writes_while_a_person_has_the_conversation_is_noted(bot: BotSettings, ana: User) -> None:
    control.take_over(KEY, ana)

    assert tell(1, asked="B").silence is Silence.TAKEN_OVER

    assert row().newest == "B"


def test_a_turn_that_is_sending_looks_after_what_comes_meanwhile(bot: BotSettings) -> None:
    others: list[Outcome] = []

    def story(turn: Turn) -> int:
        token = fence.claim(turn.right, Answered(("A",), "A", NOON))
        others.append(tell(1, asked="B"))
        fence.release(token)
        return 1

    outcome = turns.run(KEY, "A", story)

    assert (others[0].silence, others[0].again_in_s) == (Silence.ANOTHER_TURN, None)
    assert outcome.again_in_s == 0


def test_of_two_turns_at_once_one_runs_and_looks_after_the_other(bot: BotSettings) -> None:
    others: list[Outcome] = []

    def story(turn: Turn) -> int:
        others.append(tell(1, asked="B"))
        return 1

    outcome = turns.run(KEY, "A", story)

    assert others[0].silence is Silence.ANOTHER_TURN
    assert row().newest == "B"
    assert outcome.again_in_s == 0


def test_a_turn_begins_with_what_was_settled_until_then(bot: BotSettings) -> None:
    """Another turn may end between the reading of the row and the taking of the turn."""
    read = control.ensure(KEY)
    answered = Answered(("A",), "A", NOON)
    turns.run(KEY, "A", lambda turn: _sends(turn, answered))

    assert not turns._try_to_take(read, "A", "w:2", timezone.now())
    assert turns._take(read, "A", timezone.now()).settled_ids == ["A"]


def _sends(turn: Turn, answered: Answered) -> int:
    fence.confirm(fence.claim(turn.right, answered), "3EB0", answered=answered, turn=turn.right.turn)
    return 1


# -------------------------------------------------------------------------------------- two addresses become one lead


def test_a_merge_frees_the_turn_that_ran_under_the_old_address(bot: BotSettings, sandbox: Sandbox) -> None:
    first = sandbox.lead_writes(LID, "Oi")

    def story(turn: Turn) -> int:
        identity.learn(INSTANCE, LID, LEAD)
        fence.check(turn.right)
        return 1

    assert turns.run(BY_LID, first, story).silence is Silence.CHANGED_MEANWHILE
    assert (row().turn, row().next_try_at) == ("", None)
    assert tell(1, asked="B").sent == 1


def test_a_merge_keeps_the_word_that_is_owed_payable(bot: BotSettings) -> None:
    for has_two in (False, True):
        Control.objects.all().delete()
        if has_two:
            control.ensure(KEY)
        control.hand_off(BY_LID, Reason.ANGRY, epoch=control.ensure(BY_LID).epoch)

        identity.merge(INSTANCE, LID, LEAD)

        assert fence.claim_system(KEY, Due.HANDOFF_NOTICE, row().due_epoch)


def test_a_task_that_looked_the_address_up_before_the_merge_cannot_speak_past_the_merged_control(
    bot: BotSettings, ana: User
) -> None:
    identity.learn(INSTANCE, LID, LEAD)
    control.take_over(KEY, ana)

    assert tell(1, key=BY_LID).silence is Silence.CHANGED_MEANWHILE
    assert Control.objects.count() == 1
    assert row().mode == Mode.HUMAN


def test_a_claim_under_an_address_that_was_merged_away_fails(bot: BotSettings) -> None:
    def story(turn: Turn) -> int:
        identity.learn(INSTANCE, LID, LEAD)
        control.ensure(BY_LID)
        Control.objects.filter(conversation=LID).update(epoch=turn.right.epoch, turn=turn.right.turn)
        fence.claim(turn.right, Answered(("A",), "A", NOON))
        return 1

    assert turns.run(BY_LID, "A", story).silence is Silence.CHANGED_MEANWHILE
    assert not Sent.objects.exists()


def test_a_send_that_is_confirmed_while_its_conversation_is_merged_settles_the_merged_one(bot: BotSettings) -> None:
    """PostgreSQL: the merge held the row, and it is gone when the confirmation gets it."""
    answered = Answered(("A",), "A", NOON)
    tokens: list[str] = []

    def story(turn: Turn) -> int:
        tokens.append(fence.claim(turn.right, answered))
        return 1

    turns.run(BY_LID, "A", story)
    identity.learn(INSTANCE, LID, LEAD)
    Sent.objects.update(conversation=LID)

    fence.confirm(tokens[0], "3EB0", answered=answered)

    assert (row().settled, row().sending) == ("A", "")


def test_a_rep_who_acts_under_an_address_that_was_merged_away_acts_on_the_merged_one(
    bot: BotSettings, ana: User
) -> None:
    identity.learn(INSTANCE, LID, LEAD)

    control.take_over(BY_LID, ana)

    assert Control.objects.get().key == KEY
    assert row().holder == ana


def test_a_rep_whose_conversation_is_merged_between_taking_over_and_sending_is_not_kept_waiting(
    bot: BotSettings, ana: User
) -> None:
    control.take_over(BY_LID, ana)
    identity.learn(INSTANCE, LID, LEAD)

    token = fence.claim_for_rep(BY_LID, ana)

    assert row().sending == token


def test_a_takeover_under_an_address_that_was_merged_away_waits_for_the_claim_and_can_be_undone(
    bot: BotSettings, ana: User
) -> None:
    identity.learn(INSTANCE, LID, LEAD)
    before = control.state_of(control.ensure(KEY))
    Sent.objects.create(token="t", instance=INSTANCE, conversation=LEAD, author=Sent.By.BOT, at=timezone.now())
    Control.objects.update(sending="t", sending_at=timezone.now())

    taken = control.take_over(BY_LID, ana)

    assert taken.may_still_leave
    assert control.undo(BY_LID, ana, before, epoch=taken.control.epoch)
    assert row().mode == Mode.BOT


@pytest.mark.parametrize("silence", [Silence.NOTHING_NEW, Silence.EMPTY])
def test_what_a_turn_leaves_unanswered_is_noted_where_its_conversation_is_by_then(
    bot: BotSettings, silence: Silence
) -> None:
    control.ensure(KEY)

    def story(turn: Turn) -> int:
        identity.learn(INSTANCE, LID, LEAD)
        raise Withheld(silence, settle=[message("A")] if silence is Silence.EMPTY else [])

    assert turns.run(BY_LID, "A", story).silence is silence
    assert row().settled_ids == ["A"]


def test_a_row_that_is_merged_away_while_a_turn_begins_is_looked_at_again(bot: BotSettings) -> None:
    control.ensure(BY_LID)
    control.ensure(KEY)
    learnt: list[str] = []

    def merges(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and '"turn" = ' in sql and not learnt:
            learnt.append(sql)
            identity.learn(INSTANCE, LID, LEAD)
        return execute(sql, *rest)

    with connection.execute_wrapper(merges):
        outcome = turns.run(BY_LID, "A", lambda turn: 1)

    assert (outcome.silence, outcome.again_in_s) == (Silence.CHANGED_MEANWHILE, 0)
    assert learnt


# --------------------------------------------------------------------------------------------------- every error ends

MODEL_IS_AWAY = [llm.RateLimited("429"), llm.Unavailable("503"), llm.TimedOut("slow")]
GATEWAY_IS_AWAY = [
    errors.Unreachable("away"),
    errors.Broken("500", status=500),
    errors.NotConnected("closed", status=400),
    errors.UnknownInstance("?", status=404),
    errors.WrongKey("401", status=401),
]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(error, Reason.MODEL) for error in MODEL_IS_AWAY]
    + [(error, Reason.GATEWAY) for error in GATEWAY_IS_AWAY]
    + [(errors.Unconfirmed("500", status=500), Reason.GATEWAY), (errors.Unconfirmed("silence"), Reason.GATEWAY)],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_passes_is_tried_again_and_given_up_for_its_reason_when_the_budget_is_spent(
    bot: BotSettings, error: Exception, reason: Reason
) -> None:
    first = tell(error)

    assert first.silence is Silence.TRY_AGAIN
    assert first.again_in_s is not None
    assert (row().mode, row().turn, row().tries) == (Mode.BOT, "", 1)
    Control.objects.update(turn_started_at=timezone.now() - timedelta(seconds=601))
    assert str(tell(error)) == Silence.GAVE_UP.value
    assert (row().mode, row().reason, row().turn, row().turn_started_at) == (Mode.WAITING, reason, "", None)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (llm.Blocked("SAFETY"), Reason.BLOCKED),
        (llm.Garbled("?"), Reason.UNUSABLE),
        (llm.Truncated("MAX_TOKENS"), Reason.UNUSABLE),
        (llm.Refused("400"), Reason.MODEL),
        (errors.Refused("no", status=400), Reason.REFUSED),
        (errors.NotOnWhatsApp("no", status=400), Reason.REFUSED),
        (errors.TooLarge("9 MB"), Reason.REFUSED),
        (errors.Unreadable("what?"), Reason.GATEWAY),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_does_not_pass_is_given_up_at_once(bot: BotSettings, error: Exception, reason: Reason) -> None:
    assert tell(error).silence is Silence.GAVE_UP
    assert (row().mode, row().reason, row().turn) == (Mode.WAITING, reason, "")


@pytest.mark.parametrize(
    ("error", "reason", "wait"),
    [
        (NotStoredYet(), Reason.NOT_STORED, 5),
    ],
    ids=["NotStoredYet"],
)
def test_what_may_be_better_the_next_time_is_tried_three_times(
    bot: BotSettings, error: Exception, reason: Reason, wait: float | None
) -> None:
    outcomes = [tell(error) for _ in range(3)]

    assert [outcome.silence for outcome in outcomes] == [Silence.TRY_AGAIN, Silence.TRY_AGAIN, Silence.GAVE_UP]
    assert wait is None or outcomes[0].again_in_s == wait
    assert row().reason == reason


def test_the_pauses_between_retries_grow_to_a_minute_and_stay_there(bot: BotSettings) -> None:
    pauses = [tell(llm.Unavailable("503")).again_in_s for _ in range(8)]

    assert pauses == [2, 4, 8, 15, 30, 60, 60, 60]


@pytest.mark.parametrize(("asked_for", "waited"), [(7.0, 7.0), (3600.0, 60.0), (None, 2.0)])
def test_a_model_that_names_a_pause_gets_it_up_to_a_minute(
    bot: BotSettings, asked_for: float | None, waited: float
) -> None:
    assert tell(llm.RateLimited("429", retry_after_s=asked_for)).again_in_s == waited


@pytest.mark.parametrize(
    ("error", "waits"), [(errors.Unconfirmed("500", status=500), 5), (errors.Unconfirmed("…"), 30)]
)
def test_an_unconfirmed_send_is_looked_at_again_when_it_can_be_known(
    bot: BotSettings, settings: object, error: Exception, waits: int
) -> None:
    settings.UNCONFIRMED_AFTER_ERROR_SECONDS, settings.UNCONFIRMED_AFTER_SILENCE_SECONDS = 5, 30  # type: ignore[attr-defined]

    assert tell(error).again_in_s == waits


def test_the_budget_is_counted_from_the_first_attempt_and_ends_with_an_answer(bot: BotSettings) -> None:
    tell(llm.Unavailable("503"))
    began = row().turn_started_at
    tell(llm.Unavailable("503"))
    assert (row().turn_started_at, row().tries) == (began, 2)

    tell(1)

    assert (row().turn_started_at, row().tries) == (None, 0)


def test_a_turn_that_died_keeps_its_budget_running(bot: BotSettings) -> None:
    began = timezone.now() - timedelta(minutes=9, seconds=30)
    Control.objects.create(
        instance=INSTANCE, conversation=LEAD, turn="dead:1", turn_started_at=began, tries=9, next_try_at=timezone.now()
    )

    assert tell(llm.Unavailable("503")).silence is Silence.GAVE_UP


def test_a_mistake_of_ours_is_tried_again_given_up_for_a_person_and_its_words_are_not_logged(
    bot: BotSettings, caplog: pytest.LogCaptureFixture
) -> None:
    mistake = KeyError("meu segredo é abacaxi")

    with caplog.at_level(logging.DEBUG):
        assert tell(mistake).silence is Silence.TRY_AGAIN
    Control.objects.update(turn_started_at=timezone.now() - timedelta(seconds=601))
    assert tell(mistake).silence is Silence.GAVE_UP

    assert (row().mode, row().reason, row().turn) == (Mode.WAITING, Reason.OTHER, "")
    assert "KeyError at" in caplog.text
    assert "test_turns.py" in caplog.text
    assert "abacaxi" not in caplog.text


def test_a_worker_that_is_told_to_stop_leaves_the_turn_open_for_the_sweep(bot: BotSettings) -> None:
    def story(turn: Turn) -> int:
        raise SystemExit

    with pytest.raises(SystemExit):
        turns.run(KEY, "A", story)

    assert row().turn == ""
    assert row().turn_started_at is not None


# ------------------------------------------------------------------------------------------------- rights that are lost


@pytest.mark.parametrize("silence", [Silence.SENDING, Silence.UNCONFIRMED])
def test_a_turn_stopped_by_another_send_looks_again_and_stays_open(bot: BotSettings, silence: Silence) -> None:
    outcome = tell(Lost(silence))

    assert (outcome.silence, outcome.again_in_s) == (Silence.TRY_AGAIN, 5)
    assert row().turn_started_at is not None


def test_a_turn_stopped_by_a_person_is_over(bot: BotSettings) -> None:
    outcome = tell(Lost(Silence.TAKEN_OVER))

    assert (outcome.silence, outcome.again_in_s) == (Silence.TAKEN_OVER, None)
    assert (row().turn, row().turn_started_at) == ("", None)


def test_a_turn_that_lost_its_right_while_control_came_back_to_the_bot_looks_again(
    bot: BotSettings, sandbox: Sandbox, ana: User
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")

    def story(turn: Turn) -> int:
        control.take_over(KEY, ana)
        control.hand_back(KEY, ana)
        fence.check(turn.right)
        return 1

    outcome = turns.run(KEY, asked, story)

    assert (outcome.silence, outcome.again_in_s) == (Silence.CHANGED_MEANWHILE, 0)
    assert turns.run(KEY, turns.look_again(KEY), reply_to).sent == 1


def test_an_unclear_send_that_cannot_be_read_back_is_left_to_the_sweep(bot: BotSettings, sandbox: Sandbox) -> None:
    _an_unclear_send(Unconfirmed.ERROR)
    sandbox.failures.add(Failure(FIND, "drop", times=2))

    outcome = tell(1)

    assert (outcome.silence, outcome.again_in_s) == (Silence.UNCONFIRMED, None)
    assert row().turn == ""


def _an_unclear_send(how: Unconfirmed) -> str:
    control.ensure(KEY)
    token = "f" * 32
    Sent.objects.create(
        token=token, instance=INSTANCE, conversation=LEAD, author=Sent.By.BOT, at=timezone.now(), answers=["A"],
        answers_at=timezone.now(), state=Sent.State.UNCONFIRMED,
    )  # fmt: skip
    Control.objects.update(sending=token, sending_at=timezone.now(), unconfirmed=how)
    return token


# ----------------------------------------------------------------------------------------- where no turn is needed


def test_a_rep_a_pause_or_a_switch_keeps_the_bot_from_reading_at_all(
    bot: BotSettings, sandbox: Sandbox, ana: User
) -> None:
    sandbox.failures.add(Failure(FIND, "refuse", times=1000))

    control.take_over(KEY, ana)
    assert tell_story().silence is Silence.TAKEN_OVER
    control.pause(KEY, ana, None)
    assert tell_story().silence is Silence.PAUSED
    switches.switch(ana, INSTANCE, False)
    assert tell_story().silence is Silence.OFF


def tell_story() -> Outcome:
    return turns.run(KEY, "A", reply_to)


def test_a_conversation_that_waits_is_read_for_a_person_who_answered_on_the_phone(
    bot: BotSettings, sandbox: Sandbox
) -> None:
    control.hand_off(KEY, Reason.ANGRY, epoch=control.ensure(KEY).epoch)
    asked = sandbox.lead_writes(LEAD, "Alguém?")
    sandbox.phone_types(LEAD, "Sim!", webhook=False)

    assert turns.run(KEY, asked, reply_to).silence is Silence.TAKEN_OVER
    assert row().is_on_phone


def test_a_turn_costs_few_queries(bot: BotSettings, sandbox: Sandbox) -> None:
    """Every one of them is in front of every answer; who adds one should know."""
    asked = sandbox.lead_writes(LEAD, "Oi")
    control.ensure(KEY)

    with CaptureQueriesContext(connection) as queries:
        assert turns.run(KEY, asked, reply_to).sent == 1

    assert len([one for one in queries.captured_queries if one["sql"].startswith(("SELECT", "UPDATE", "INSERT"))]) <= 23


# ------------------------------------------------------------------------------------------- when control changes hands


def test_the_budget_ends_with_the_control_it_began_under(bot: BotSettings, ana: User) -> None:
    Control.objects.create(
        instance=INSTANCE, conversation=LEAD, turn="dead:1", tries=5,
        turn_started_at=timezone.now() - timedelta(days=1), next_try_at=timezone.now(),
    )  # fmt: skip
    control.take_over(KEY, ana)
    control.hand_back(KEY, ana)

    assert tell(llm.Unavailable("503")).silence is Silence.TRY_AGAIN


def test_where_the_bot_may_speak_again_it_owes_a_turn_for_what_nobody_answered(bot: BotSettings, ana: User) -> None:
    control.ensure(KEY)
    Control.objects.update(newest="B", settled_ids=["A"])
    control.give_up(KEY, Reason.MODEL, epoch=0)
    assert row().turn_started_at is None

    control.recover(KEY)

    assert row().turn_started_at is not None


def test_where_everything_is_answered_no_turn_is_owed(bot: BotSettings, ana: User) -> None:
    control.ensure(KEY)
    Control.objects.update(newest="A", settled_ids=["A"])
    control.take_over(KEY, ana)

    control.hand_back(KEY, ana)

    assert row().turn_started_at is None


# ------------------------------------------------------------------------------------------------ nobody is forgotten


def test_a_message_that_arrives_late_with_an_old_date_is_answered(
    bot: BotSettings, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    now = timezone.now().timestamp()
    second = sandbox.lead_writes(LEAD, "e vocês entregam?", at=now + 5)
    assert turns.run(KEY, second, reply_to).sent == 1

    late = sandbox.lead_writes(LEAD, "Oi, quanto custa?", at=now + 1)

    assert turns.run(KEY, late, reply_to).sent == 1
    assert turns.run(KEY, late, reply_to).silence is Silence.ANSWERED_ALREADY
    assert set(row().settled_ids) == {second, late}


def test_a_late_message_that_a_person_answered_is_left_alone(bot: BotSettings, sandbox: Sandbox, ana: User) -> None:
    now = timezone.now().timestamp()
    late = sandbox.lead_writes(LEAD, "Oi", at=now + 1)
    sandbox.phone_types(LEAD, "Oi, aqui é a Ana", at=now + 2)
    control.note_phone(KEY, timezone.now() + timedelta(seconds=2), hold=timedelta(hours=1))
    control.hand_back(KEY, ana)
    Control.objects.update(last_human_at=timezone.now() + timedelta(minutes=1))

    assert turns.run(KEY, late, reply_to).silence is Silence.NOTHING_NEW


@pytest.mark.django_db(transaction=True)
def test_an_empty_answer_settles_only_what_was_thought_about(
    bot: BotSettings, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    gemini.will(*(Step(messages=(), hold=True) for _ in range(3)))
    ids = [sandbox.lead_writes(LEAD, "Oi")]
    outcomes: list[Outcome] = []
    worker = threading.Thread(target=_in_a_thread, args=(lambda: outcomes.append(turns.run(KEY, ids[0], reply_to)),))
    worker.start()

    for number in range(3):
        assert gemini.wait_until_held()
        ids.append(sandbox.lead_writes(LEAD, f"e mais {number}"))
        gemini.release()
    worker.join(20)

    assert outcomes[0].silence is Silence.EMPTY
    assert set(row().settled_ids) == set(ids[:3])


def _in_a_thread(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()


# --------------------------------------------------------------------------------------------------- who is a person


@pytest.mark.parametrize(
    "facts",
    [{"is_notice": True, "kind": Kind.UNSUPPORTED}, {"is_deleted": True}],
    ids=["a protocol message", "a message taken back"],
)
def test_what_a_device_of_ours_tells_by_itself_is_no_person(bot: BotSettings, facts: dict[str, object]) -> None:
    found = [message("L"), message("p", Author.PHONE, second=1, sent_at=timezone.now(), **facts)]

    assert control.note_people(control.current(KEY), found, hold=timedelta(hours=1)).mode == Mode.BOT


def test_a_thumb_given_on_the_phone_is_no_person(bot: BotSettings, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.phone_sends(LEAD, content.reaction({"remoteJid": LEAD, "id": asked, "fromMe": False}, "👍", "1"))

    assert turns.run(KEY, asked, reply_to).sent == 1


# ---------------------------------------------------------------------------------------------------- closed and owed


def test_a_closed_word_that_surely_did_not_go_out_is_said_at_the_next_try(bot: BotSettings, sandbox: Sandbox) -> None:
    BotSettings.objects.update(hours_only=True, hours_days=_another_day(), closed_text="Voltamos logo.")
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.failures.add(Failure(SEND, "refuse", status=404))

    turns.run(KEY, asked, reply_to)
    Control.objects.update(mode=Mode.BOT)
    turns.run(KEY, asked, reply_to)
    turns.run(KEY, asked, reply_to)

    assert texts(sandbox) == ["Voltamos logo."]


def _another_day() -> str:
    return str((timezone.localtime().isoweekday() + 2) % 7 + 1)


@pytest.mark.django_db(transaction=True)
def test_a_word_that_was_paid_is_not_owed_any_more_in_the_very_transaction_that_says_it_went_out(
    bot: BotSettings, sandbox: Sandbox
) -> None:
    sandbox.lead_writes(LEAD, "Oi")
    owing = control.hand_off(KEY, Reason.ANGRY, epoch=control.ensure(KEY).epoch)

    with CaptureQueriesContext(connection) as queries:
        sending.send_due(owing, LEAD, "Já chamo alguém.")

    assert row().due == Due.NONE
    done = [one["sql"] for one in queries.captured_queries]
    sent = next(number for number, sql in enumerate(done) if "'sent'" in sql)
    paid = next(number for number, sql in enumerate(done) if "SET \"due\" = ''" in sql)
    assert not [sql for sql in done[sent:paid] if sql.startswith("COMMIT")]
