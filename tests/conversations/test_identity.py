"""One conversation for one lead, whatever addresses WhatsApp gives the person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from conversations import control, fence, identity, switches
from conversations.fence import Answered, Lost, Right
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Act, Alias, AuditEntry, Control, Mode, Sent
from tests.factories import NOON

pytestmark = pytest.mark.django_db

INSTANCE = "voice_sdr_v4"
PHONE = JID("5511999990001@s.whatsapp.net")
LID = JID("111222333444@lid")
BY_PHONE, BY_LID = Key(INSTANCE, PHONE), Key(INSTANCE, LID)


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana")


def test_an_address_nobody_told_us_about_is_its_own_conversation() -> None:
    assert identity.resolve(INSTANCE, LID) == BY_LID
    assert identity.jids(BY_LID) == (LID,)


@pytest.mark.parametrize(("jid", "alt"), [(LID, PHONE), (PHONE, LID)])
def test_two_addresses_in_one_inbound_key_become_the_phones_conversation(jid: JID, alt: JID) -> None:
    assert identity.learn(INSTANCE, jid, alt) == BY_PHONE

    assert identity.resolve(INSTANCE, LID) == BY_PHONE
    assert identity.jids(BY_PHONE) == (PHONE, LID)
    assert identity.resolve("another", LID) == Key("another", LID)


def test_what_is_known_already_writes_nothing(django_assert_num_queries: object) -> None:
    identity.learn(INSTANCE, LID, PHONE)

    with django_assert_num_queries(1):  # type: ignore[operator]
        identity.learn(INSTANCE, LID, PHONE)

    assert Alias.objects.count() == 2


def test_merging_keeps_the_stricter_mode_the_later_end_and_raises_the_epoch(ana: User) -> None:
    until = timezone.now() + timedelta(hours=4)
    control.pause(BY_LID, ana, until)
    control.pause(BY_PHONE, ana, timezone.now() + timedelta(minutes=30))

    identity.learn(INSTANCE, LID, PHONE)

    row = Control.objects.get()
    assert (row.key, row.mode, row.until, row.epoch) == (BY_PHONE, Mode.PAUSED, until, 2)
    assert AuditEntry.objects.filter(act=Act.MERGE).count() == 1


def test_a_person_on_one_address_keeps_the_bot_quiet_on_both(ana: User) -> None:
    control.take_over(BY_LID, ana)
    control.ensure(BY_PHONE)

    identity.learn(INSTANCE, LID, PHONE)

    assert (control.current(BY_PHONE).mode, control.current(BY_PHONE).holder) == (Mode.HUMAN, ana)


@pytest.mark.parametrize(
    ("here", "there", "kept"),
    [("", "on", "on"), ("off", "", ""), ("off", "on", "on"), ("off", "off", "off")],
)
def test_merging_keeps_that_a_person_approves(here: str, there: str, kept: str) -> None:
    Control.objects.create(instance=INSTANCE, conversation=PHONE, approval=here)
    Control.objects.create(instance=INSTANCE, conversation=LID, approval=there)

    identity.learn(INSTANCE, LID, PHONE)

    assert control.current(BY_PHONE).approval == kept


def test_merging_keeps_the_newer_settled_and_forgets_no_id() -> None:
    for key, message_id, at in ((BY_PHONE, "A", NOON), (BY_LID, "B", NOON + timedelta(seconds=5))):
        row = control.ensure(key)
        fence.settle(row, Answered((message_id,), message_id, at))
        row.save()

    identity.learn(INSTANCE, LID, PHONE)

    row = Control.objects.get()
    assert row.settled == "B"
    assert set(row.settled_ids) == {"A", "B"}


def test_a_turn_that_began_before_the_merge_says_nothing_any_more() -> None:
    switches.switch(None, INSTANCE, True)
    row = control.ensure(BY_LID)
    Control.objects.filter(pk=row.pk).update(turn="w:1")
    state = switches.state()
    right = Right(BY_LID, "w:1", row.epoch, state.instances[INSTANCE].epoch, state.everything.epoch)

    identity.learn(INSTANCE, LID, PHONE)

    with pytest.raises(Lost):
        fence.claim(right, Answered(("A",), "A", NOON))


def test_an_open_claim_survives_the_merge(ana: User) -> None:
    control.ensure(BY_PHONE)
    token = fence.claim_for_rep(Key(*control.ensure(BY_LID).key), ana)

    identity.learn(INSTANCE, LID, PHONE)

    assert control.current(BY_PHONE).sending == token
    fence.confirm(token, "3EB0")
    assert Sent.objects.get().conversation == PHONE
    assert control.current(BY_PHONE).sending == ""
