"""Who may speak: what people do, and what is written down of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection
from django.utils import timezone

from conversations import control, fence
from conversations.commands import Command, What
from conversations.message import Author, Key
from conversations.models import Act, Actor, AuditEntry, Control, Due, Mode, Reason, Sent
from tests.factories import LEAD, message

pytestmark = pytest.mark.django_db

KEY = Key("voice_sdr_v4", LEAD)
HOUR = timedelta(hours=1)


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", first_name="Ana")


@pytest.fixture(autouse=True)
def _no_waiting(settings: object) -> None:
    settings.TAKEOVER_WAIT_SECONDS = 0  # type: ignore[attr-defined]


def test_a_conversation_nothing_ever_happened_in_is_the_bots() -> None:
    row = control.current(KEY)

    assert row.mode == Mode.BOT
    assert row.pk is None


def test_a_row_that_was_made_and_merged_away_in_between_is_made_again() -> None:
    """Another process makes it first, and has merged it into another conversation before it is read."""
    refused: list[str] = []

    def is_made_and_merged_away(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT") and not refused:
            refused.append(sql)
            raise IntegrityError
        return execute(sql, *rest)

    with connection.execute_wrapper(is_made_and_merged_away):
        row = control.ensure(KEY)

    assert refused
    assert row.pk == control.current(KEY).pk


def test_taking_over_raises_the_epoch_and_leaves_an_audit_row(ana: User) -> None:
    taken = control.take_over(KEY, ana)

    assert (taken.control.mode, taken.control.holder, taken.control.epoch) == (Mode.HUMAN, ana, 1)
    assert not taken.may_still_leave
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.rep, entry.act) == (Actor.REP, ana, Act.TAKE_OVER)
    assert (entry.before, entry.after) == (Mode.BOT, Mode.HUMAN)


def test_taking_over_twice_changes_nothing(ana: User) -> None:
    control.take_over(KEY, ana)

    again = control.take_over(KEY, ana)

    assert again.control.epoch == 1
    assert AuditEntry.objects.count() == 1


def test_a_takeover_says_so_when_a_message_of_the_bot_may_still_leave(ana: User) -> None:
    row = control.ensure(KEY)
    Sent.objects.create(
        token="t", instance=KEY.instance, conversation=KEY.conversation, author="bot", at=timezone.now()
    )
    Control.objects.filter(pk=row.pk).update(sending="t", sending_at=timezone.now())

    assert control.take_over(KEY, ana).may_still_leave


@pytest.mark.django_db(transaction=True)
def test_what_left_while_a_takeover_waited_for_the_database_is_told(ana: User) -> None:
    """Its change comes after all that was stored before it, however long the lock was waited for."""
    control.ensure(KEY)

    def bubble_leaves(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        # SQLite locks as it begins, PostgreSQL with the row.
        if (sql.startswith("BEGIN") or "FOR UPDATE" in sql) and not Sent.objects.exists():
            Sent.objects.create(
                token="t", instance=KEY.instance, conversation=KEY.conversation, author=Sent.By.BOT,
                state=Sent.State.SENT, message_id="3EB0", at=timezone.now(),
            )  # fmt: skip
        return execute(sql, *rest)

    with connection.execute_wrapper(bubble_leaves):
        taken = control.take_over(KEY, ana)

    assert [sent.message_id for sent in taken.just_left] == ["3EB0"]


def test_a_takeover_does_not_wait_for_another_rep(ana: User) -> None:
    fence.claim_for_rep(Key(*control.ensure(KEY).key), ana)

    assert not control.take_over(KEY, ana).may_still_leave


def test_a_pause_whose_time_is_over_counts_as_the_bots_and_is_recorded_by_the_system(ana: User) -> None:
    control.pause(KEY, ana, timezone.now() + HOUR)
    Control.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert control.current(KEY).mode_at(timezone.now()) is Mode.BOT

    assert control.expired(timezone.now()) == [KEY]
    row = control.expire(KEY)

    assert (row.mode, row.reason, row.epoch) == (Mode.BOT, Reason.EXPIRED, 2)
    assert AuditEntry.objects.order_by("-pk")[0].actor == Actor.SYSTEM


def test_the_phone_takes_over_and_slides_its_hold() -> None:
    now = timezone.now()

    control.note_phone(KEY, now - timedelta(minutes=30), hold=HOUR)
    row = control.note_phone(KEY, now, hold=HOUR)

    assert row.is_on_phone
    assert row.until == now + HOUR
    assert row.last_human_at == now


def test_what_was_typed_on_the_phone_longer_ago_than_the_hold_changes_nothing() -> None:
    row = control.note_phone(KEY, timezone.now() - 2 * HOUR, hold=HOUR)

    assert row.mode == Mode.BOT


def test_the_phone_leaves_a_rep_in_place_but_counts_as_a_sign_of_a_person(ana: User) -> None:
    control.take_over(KEY, ana)
    at = timezone.now() + timedelta(seconds=5)

    row = control.note_phone(KEY, at, hold=HOUR)

    assert (row.holder, row.last_human_at, row.epoch) == (ana, at, 1)


def test_a_pause_lasts_as_long_as_the_phones_hold(ana: User) -> None:
    """The bot that comes back would talk over whoever wrote in its last minute."""
    now = timezone.now()
    control.pause(KEY, ana, now + timedelta(minutes=1))

    row = control.note_phone(KEY, now, hold=HOUR)

    assert (row.mode, row.until) == (Mode.PAUSED, now + HOUR)


@pytest.mark.parametrize("paused", [False, True])
def test_nothing_is_undone_once_somebody_wrote_on_the_phone(ana: User, paused: bool) -> None:
    before = control.current(KEY)
    row = control.pause(KEY, ana, timezone.now() + HOUR) if paused else control.take_over(KEY, ana).control
    control.note_phone(KEY, timezone.now(), hold=HOUR)

    assert not control.undo(KEY, ana, control.state_of(before), epoch=row.epoch)

    assert control.current(KEY).mode == row.mode


def test_a_command_from_before_what_was_typed_since_does_nothing() -> None:
    """Webhooks overtake each other."""
    now = timezone.now().replace(microsecond=0)
    control.note_phone(KEY, now, hold=HOUR)

    row = control.obey(KEY, Command(What.BOT), now - timedelta(seconds=1))

    assert row.is_on_phone


def test_a_pause_from_the_phone_takes_no_conversation_from_a_rep(ana: User) -> None:
    control.take_over(KEY, ana)

    row = control.obey(KEY, Command(What.PAUSE, timedelta(minutes=1)), timezone.now())

    assert (row.mode, row.holder) == (Mode.HUMAN, ana)


def test_who_waits_for_a_person_is_not_paused_out_of_the_queue(ana: User) -> None:
    control.hand_off(KEY, Reason.ASKED_FOR_PERSON, epoch=0)

    assert control.pause(KEY, ana, timezone.now() + HOUR).mode == Mode.WAITING


def test_a_person_in_history_takes_over_when_the_webhook_was_lost() -> None:
    now = timezone.now()
    history = [
        message("A", sent_at=now - timedelta(minutes=3)),
        message("p", Author.PHONE, sent_at=now - timedelta(minutes=2)),
    ]

    row = control.note_people(control.current(KEY), history, hold=HOUR)

    assert row.is_on_phone
    assert control.note_people(control.current(KEY), history, hold=HOUR).epoch == row.epoch


def test_a_person_in_history_from_before_the_hand_back_does_not_count(ana: User) -> None:
    control.take_over(KEY, ana)
    control.hand_back(KEY, ana)
    earlier = timezone.now() - timedelta(minutes=5)

    row = control.note_people(control.current(KEY), [message("p", Author.PHONE, sent_at=earlier)], hold=HOUR)

    assert row.mode == Mode.BOT


def test_a_conversation_that_people_began_is_theirs_for_good() -> None:
    long_ago = timezone.now() - timedelta(days=2)
    history = [message("p", Author.PHONE, sent_at=long_ago), message("A", sent_at=timezone.now())]

    row = control.note_people(control.current(KEY), history, hold=HOUR)

    assert (row.mode, row.until, row.reason) == (Mode.HUMAN, None, Reason.OUTBOUND_FIRST)


def test_a_dialogue_that_people_had_long_ago_is_no_conversation_that_they_began() -> None:
    long_ago = timezone.now() - timedelta(days=2)
    history = [
        message("p", Author.PHONE, sent_at=long_ago),
        message("A", sent_at=long_ago),
        message("q", Author.PHONE, sent_at=long_ago),
        message("B", sent_at=timezone.now()),
    ]

    assert control.note_people(control.current(KEY), history, hold=HOUR).mode == Mode.BOT


def test_a_handoff_owes_the_lead_a_word_and_only_happens_in_the_epoch_it_was_thought_in(ana: User) -> None:
    late = control.hand_off(KEY, Reason.ANGRY, epoch=7)
    assert late.mode == Mode.BOT

    row = control.hand_off(KEY, Reason.ANGRY, epoch=0)

    assert (row.mode, row.reason, row.due, row.due_epoch) == (Mode.WAITING, Reason.ANGRY, Due.HANDOFF_NOTICE, 1)
    assert control.take_over(KEY, ana).control.due == Due.NONE


@pytest.mark.parametrize(("reason", "heat", "shown"), [(Reason.QUALIFIED, 1, 2), (Reason.ANGRY, 1, 1)])
def test_who_told_everything_and_wants_to_go_on_is_a_hot_lead(reason: Reason, heat: int, shown: int) -> None:
    assert control.hand_off(KEY, reason, epoch=0, heat=heat).heat == shown


def test_whether_a_lead_wants_messages_takes_nobodys_place_in_the_queue(ana: User) -> None:
    waits = control.hand_off(KEY, Reason.ASKED_FOR_PERSON, epoch=0, heat=control.HOT)
    Control.objects.update(rung_epoch=waits.epoch)

    control.note_opt_out(KEY, ana)
    row = control.opt_in(KEY, ana)

    assert (row.mode, row.heat, row.changed_at) == (Mode.WAITING, control.HOT, waits.changed_at)
    assert (row.rung_epoch, row.told_epoch) == (row.epoch, 0)


def test_who_waits_again_after_an_undo_waits_as_before(ana: User) -> None:
    """As hot, since when they did, and neither rung for nor told of it once more."""
    waits = control.hand_off(KEY, Reason.ASKED_FOR_PERSON, epoch=0, heat=control.HOT)
    Control.objects.update(rung_epoch=waits.epoch, told_epoch=waits.epoch)
    taken = control.take_over(KEY, ana).control

    assert control.undo(KEY, ana, control.state_of(waits), epoch=taken.epoch, since=waits.changed_at)

    row = control.current(KEY)
    assert (row.heat, row.changed_at) == (control.HOT, waits.changed_at)
    assert row.rung_epoch == row.told_epoch == row.epoch


def test_who_was_rung_for_long_ago_is_rung_for_when_they_wait_anew(ana: User) -> None:
    waits = control.hand_off(KEY, Reason.ASKED_FOR_PERSON, epoch=0)
    Control.objects.update(rung_epoch=waits.epoch, told_epoch=waits.epoch)
    row = control.hand_back(KEY, ana)

    row = control.hand_off(KEY, Reason.ASKED_FOR_PERSON, epoch=row.epoch)

    assert row.epoch not in (row.rung_epoch, row.told_epoch)


def test_who_waits_anew_for_another_reason_is_not_hot_from_before(ana: User) -> None:
    control.hand_off(KEY, Reason.ASKED_FOR_PERSON, epoch=0, heat=control.HOT)
    row = control.hand_back(KEY, ana)

    assert control.give_up(KEY, Reason.MODEL, epoch=row.epoch).heat == 1


def test_only_technical_reasons_recover_by_themselves() -> None:
    control.give_up(KEY, Reason.MODEL, epoch=0)
    assert control.recover(KEY).mode == Mode.BOT

    control.give_up(KEY, Reason.BLOCKED, epoch=2)
    assert control.recover(KEY).mode == Mode.WAITING


# ------------------------------------------------------------------------------------------ commands from the phone


def test_a_command_in_history_is_obeyed_when_its_webhook_was_lost() -> None:
    now = timezone.now()
    history = [
        message("A", sent_at=now - timedelta(minutes=3)),
        message("B", Author.PHONE, text="#pausar", sent_at=now - timedelta(minutes=2)),
    ]

    row = control.note_people(control.ensure(KEY), history, hold=HOUR)

    assert (row.mode, row.until) == (Mode.PAUSED, None)
    assert control.note_people(row, history, hold=HOUR).epoch == row.epoch


def test_words_typed_after_a_command_take_over_all_the_same() -> None:
    now = timezone.now()
    history = [
        message("A", sent_at=now - timedelta(minutes=4)),
        message("B", Author.PHONE, text="#bot", sent_at=now - timedelta(minutes=3)),
        message("C", Author.PHONE, text="Oi, sou a Ana", sent_at=now - timedelta(minutes=2)),
    ]

    assert control.note_people(control.ensure(KEY), history, hold=HOUR).is_on_phone


def test_a_command_typed_after_words_counts() -> None:
    now = timezone.now()
    history = [
        message("A", sent_at=now - timedelta(minutes=4)),
        message("B", Author.PHONE, text="Oi, sou a Ana", sent_at=now - timedelta(minutes=3)),
        message("C", Author.PHONE, text="#bot", sent_at=now - timedelta(minutes=2)),
    ]

    assert control.note_people(control.ensure(KEY), history, hold=HOUR).mode == Mode.BOT


def test_a_command_whose_webhook_comes_late_changes_nothing_where_somebody_decided_since(ana: User) -> None:
    typed_at = timezone.now() - timedelta(minutes=10)
    control.take_over(KEY, ana)

    assert control.obey(KEY, Command(What.BOT), typed_at).mode == Mode.HUMAN
    assert control.obey(KEY, Command(What.BOT), timezone.now()).mode == Mode.BOT
