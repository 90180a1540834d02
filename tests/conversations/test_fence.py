"""The claim: without it no message of the bot leaves, and everything that takes the right away makes it fail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from conversations import control, fence, switches
from conversations.fence import Answered, Lost, Right
from conversations.message import Key
from conversations.models import Actor, Alias, Control, Mode, Reason, Sent, Switch, Unconfirmed
from conversations.silence import Silence
from conversations.transitions import Occurrence
from tests.factories import LEAD, NOON

KEY = Key("voice_sdr_v4", LEAD)
ASKED = Answered(("A", "B"), "B", NOON)


@pytest.fixture
def ana(db: None) -> User:
    return User.objects.create_user("ana")


@pytest.fixture
def right(db: None) -> Right:
    """A turn that has just begun."""
    switches.switch(None, KEY.instance, True)
    row = control.ensure(KEY)
    Control.objects.filter(pk=row.pk).update(turn="w:1")
    state = switches.state()
    return Right(KEY, "w:1", row.epoch, state.instances[KEY.instance].epoch, state.everything.epoch)


def test_a_claim_is_held_until_it_is_confirmed_and_settles_what_it_answers(right: Right) -> None:
    token = fence.claim(right, ASKED)
    assert control.current(KEY).sending == token
    assert Sent.objects.get().state == Sent.State.OPEN

    fence.confirm(token, "3EB0", answered=ASKED, turn=right.turn)

    row = control.current(KEY)
    assert (row.sending, row.settled, row.settled_at, row.settled_ids) == ("", "B", NOON, ["A", "B"])
    sent = Sent.objects.get()
    assert (sent.state, sent.message_id, sent.answers) == (Sent.State.SENT, "3EB0", ["A", "B"])


def test_the_later_bubbles_of_the_turn_that_settled_it_may_still_go_out(right: Right) -> None:
    fence.confirm(fence.claim(right, ASKED), "1", answered=ASKED, turn=right.turn)

    assert fence.claim(right, ASKED)


def _takes_over(ana: User) -> None:
    control.take_over(KEY, ana)


def _takes_over_and_hands_back(ana: User) -> None:
    control.take_over(KEY, ana)
    control.hand_back(KEY, ana)


def _pauses(ana: User) -> None:
    control.pause(KEY, ana, timezone.now() + timedelta(hours=1))


def _switches_instance_off(ana: User) -> None:
    switches.switch(ana, KEY.instance, False)


def _switches_everything_off_and_on(ana: User) -> None:
    switches.switch(ana, switches.EVERYTHING, False)
    switches.switch(ana, switches.EVERYTHING, True)


def _switches_instance_off_and_on(ana: User) -> None:
    switches.switch(ana, KEY.instance, False)
    switches.switch(ana, KEY.instance, True)


def _waits_for_a_person_since_before(ana: User) -> None:
    """A turn begins in a conversation that waits as well: somebody may have answered on the phone."""
    Control.objects.update(mode=Mode.WAITING)


def _instance_was_off_from_the_beginning(ana: User) -> None:
    Switch.objects.filter(instance=KEY.instance).update(is_on=False)


def _everything_was_off_from_the_beginning(ana: User) -> None:
    Switch.objects.filter(instance=switches.EVERYTHING).update(is_on=False)


def _address_becomes_part_of_another(ana: User) -> None:
    Alias.objects.create(instance=KEY.instance, jid=KEY.conversation, conversation="111222333444@lid")


def _lead_opts_out(ana: User) -> None:
    Control.objects.update(opted_out=True)


def _another_turn_begins(ana: User) -> None:
    Control.objects.update(turn="w:2")


def _another_turn_answers(ana: User) -> None:
    Control.objects.update(settled="B", settled_turn="w:0")


def _another_send_is_open(ana: User) -> None:
    Control.objects.update(sending="t", sending_at=timezone.now())


@pytest.mark.parametrize(
    ("happens", "silence"),
    [
        (_takes_over, Silence.TAKEN_OVER),
        (_takes_over_and_hands_back, Silence.CHANGED_MEANWHILE),
        (_pauses, Silence.PAUSED),
        (_switches_instance_off, Silence.OFF),
        (_switches_everything_off_and_on, Silence.OFF),
        (_switches_instance_off_and_on, Silence.OFF),
        (_instance_was_off_from_the_beginning, Silence.OFF),
        (_everything_was_off_from_the_beginning, Silence.OFF),
        (_waits_for_a_person_since_before, Silence.WAITING),
        (_address_becomes_part_of_another, Silence.CHANGED_MEANWHILE),
        (_lead_opts_out, Silence.OPTED_OUT),
        (_another_turn_begins, Silence.ANOTHER_TURN),
        (_another_turn_answers, Silence.ANSWERED_ALREADY),
        (_another_send_is_open, Silence.SENDING),
    ],
)
def test_whatever_takes_the_right_away_makes_the_claim_fail_and_says_why(
    right: Right, ana: User, happens: Callable[[User], None], silence: Silence
) -> None:
    happens(ana)

    with pytest.raises(Lost) as lost:
        fence.claim(right, ASKED)

    assert lost.value.silence is silence
    assert not Sent.objects.exists()


def test_an_unconfirmed_claim_blocks_the_bot_but_not_the_rep(right: Right, ana: User) -> None:
    token = fence.claim(right, ASKED)
    fence.leave_unconfirmed(token, Unconfirmed.SILENCE)

    with pytest.raises(Lost) as lost:
        fence.claim(right, ASKED)
    assert lost.value.silence is Silence.UNCONFIRMED
    assert fence.claim_for_rep(KEY, ana) != token
    assert Sent.objects.get(token=token).state == Sent.State.UNCONFIRMED


def test_a_send_that_surely_did_not_go_out_frees_the_claim(right: Right) -> None:
    fence.release(fence.claim(right, ASKED))

    assert fence.claim(right, ASKED)
    assert control.current(KEY).settled == ""


def test_confirming_an_id_that_another_process_has_entered_keeps_one_row_for_it(right: Right) -> None:
    Sent.objects.create(token="t", instance=KEY.instance, conversation="x", message_id="3EB0", author="bot", at=NOON)

    fence.confirm(fence.claim(right, ASKED), "3EB0", answered=ASKED, turn=right.turn)

    assert Sent.objects.filter(message_id="3EB0").count() == 1
    assert control.current(KEY).settled == "B"


def test_a_message_settled_later_in_time_is_not_unsettled_by_an_older_one(right: Right) -> None:
    row = control.current(KEY)
    fence.settle(row, ASKED)

    fence.settle(row, Answered(("old",), "old", NOON - timedelta(minutes=1)))

    assert (row.settled, row.settled_ids) == ("B", ["A", "B", "old"])


@pytest.mark.django_db(transaction=True)
def test_of_a_takeover_and_a_claim_that_race_one_sees_the_other() -> None:
    """Fifty races: after each, either the claim failed, or the takeover saw it (and said so)."""
    ana = User.objects.create_user("ana")
    switches.switch(None, KEY.instance, True)
    both_happened = 0
    for number in range(50):
        key = Key(KEY.instance, LEAD.replace("0001", f"{number:04}"))  # type: ignore[arg-type]
        row = control.ensure(key)
        Control.objects.filter(pk=row.pk).update(turn="w:1")
        state = switches.state()
        right = Right(key, "w:1", row.epoch, state.instances[key.instance].epoch, state.everything.epoch)
        barrier = threading.Barrier(2)
        results: dict[str, bool] = {}

        def claim(
            right: Right = right, barrier: threading.Barrier = barrier, results: dict[str, bool] = results
        ) -> None:
            barrier.wait()
            try:
                fence.claim(right, ASKED)
                results["claimed"] = True
            except Lost:
                results["claimed"] = False
            finally:
                connection.close()

        thread = threading.Thread(target=claim)
        thread.start()
        barrier.wait()
        row = control.change(key, Occurrence.TAKEN_OVER, actor=Actor.REP, rep=ana)
        saw_it = control.is_bot_sending(key)
        thread.join()
        assert row.mode == Mode.HUMAN
        assert row.reason == Reason.TOOK_OVER
        # A claim that succeeded must have been visible to the takeover once its change was stored.
        assert results["claimed"] == saw_it
        both_happened += results["claimed"]
    assert Switch.objects.count() >= 2
    assert Sent.objects.count() == both_happened
