"""The list in memory: built from the gateway, kept current by events, and honest when it cannot be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from conversations import history, identity
from conversations.evolution import get_client
from conversations.evolution.sandbox import Sandbox
from conversations.frames import Frame
from conversations.inbox import Inbox
from conversations.jid import JID
from conversations.message import Author, Key, Kind, Message, Reaction, Status
from conversations.models import Sent
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD, message

pytestmark = pytest.mark.django_db

MARIANA = Key(INSTANCE, LEAD)
PEDRO = JID("5511999990002@s.whatsapp.net")
GROUP = JID("120363020000000001@g.us")


@pytest.fixture
def here(sandbox: Sandbox) -> Inbox:
    return Inbox([INSTANCE])


def told(what: str = "message", key: Key = MARIANA, said: Message | None = None, **facts: Any) -> Frame:
    return Frame(what, key.instance, key.conversation, said, facts)


def test_the_gateways_chats_are_listed_newest_first(sandbox: Sandbox, here: Inbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", name="Mariana", at=sandbox.clock() - 60)
    sandbox.lead_writes(PEDRO, "Quanto custa?", name="Pedro")

    here.refresh()

    assert [(row.name, row.last.text) for row in here.rows()] == [("Pedro", "Quanto custa?"), ("Mariana", "Oi")]
    assert here.health()[INSTANCE].is_built


def test_two_addresses_of_a_lead_are_one_row(sandbox: Sandbox, here: Inbox) -> None:
    lid = JID("7771@lid")
    identity.learn(INSTANCE, lid, LEAD)
    sandbox.lead_writes(LEAD, "pelo número", name="Mariana", at=sandbox.clock() - 60)
    sandbox.lead_writes(lid, "pelo lid", name="Mariana")

    here.refresh()

    assert [(row.key, row.last.text) for row in here.rows()] == [(MARIANA, "pelo lid")]


def test_addresses_that_turn_out_to_be_one_lead_become_one_row(here: Inbox) -> None:
    lid = JID("7771@lid")
    here.hear(told(key=Key(INSTANCE, lid), said=message("A", jid=lid)))

    here.hear(told(said=message("B", jid=lid, alt_jid=LEAD, second=1)))

    assert [(row.key, row.last.id) for row in here.rows()] == [(MARIANA, "B")]


def test_groups_are_left_out_unless_wanted_and_broadcasts_always(here: Inbox) -> None:
    for jid in (GROUP, JID("status@broadcast"), JID("1203@newsletter")):
        here.hear(told(key=Key(INSTANCE, jid), said=message("A", jid=jid)))

    assert here.rows() == []
    assert [row.key.conversation for row in here.rows(groups=True)] == [GROUP]


def test_an_event_moves_its_row_to_the_top(sandbox: Sandbox, here: Inbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", at=sandbox.clock() - 60)
    sandbox.lead_writes(PEDRO, "Oi", at=sandbox.clock() - 30)
    here.refresh()

    here.hear(told(said=message("B", Author.BOT, text="Olá!", sent_at=timezone.now())))

    assert [row.last.text for row in here.rows()] == ["Olá!", "Oi"]


def test_a_late_event_does_not_replace_what_is_newer(here: Inbox) -> None:
    here.hear(told(said=message("B", second=10)))
    here.hear(told(said=message("A", second=1, push_name="Mariana")))

    assert [(row.last.id, row.name) for row in here.rows()] == [("B", "Mariana")]


def test_the_name_of_a_lead_is_never_ours(here: Inbox) -> None:
    here.hear(told(said=message("A", push_name="Mariana")))
    here.hear(told(said=message("B", Author.BOT, second=1)))

    assert here.rows()[0].name == "Mariana"


def test_a_lead_waits_from_the_first_unanswered_message_on(here: Inbox) -> None:
    first = message("A")
    here.hear(told(said=first))
    here.hear(told(said=message("B", second=30)))
    like = message("C", kind=Kind.REACTION, second=40, text="", reaction=Reaction("A", "👍"))
    here.hear(told(said=like))

    assert here.rows()[0].waiting_since == first.sent_at

    here.hear(told(said=message("D", Author.BOT, second=50)))

    assert here.rows()[0].waiting_since is None


def test_delivery_and_deletion_are_seen(here: Inbox) -> None:
    here.hear(told(said=message("A", Author.BOT)))

    here.hear(told("status", message_id="A", status="READ"))
    here.hear(told("status", message_id="A", status="DELIVERY_ACK"))
    here.hear(told("status", message_id="A", status="no word of ours"))
    here.hear(told("deleted", message_id="A"))
    here.hear(told("deleted", message_id="another"))

    last = here.rows()[0].last
    assert (last.status, last.is_deleted) == (Status.READ, True)


def test_what_a_webhook_did_not_tell_is_found_by_the_next_read(sandbox: Sandbox, here: Inbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", at=sandbox.clock() - 60)
    here.refresh()

    sandbox.lead_writes(PEDRO, "perdida", name="Pedro")
    here.refresh()

    assert [row.last.text for row in here.rows()] == ["perdida", "Oi"]


def test_what_came_while_the_list_was_read_stays(sandbox: Sandbox, here: Inbox) -> None:
    sandbox.lead_writes(LEAD, "velha", at=sandbox.clock() - 60)
    here.hear(told(said=message("B", text="nova", sent_at=timezone.now())))

    here.refresh()

    assert [row.last.text for row in here.rows()] == ["nova"]


def test_a_silent_gateway_is_a_state_and_the_list_stays(sandbox: Sandbox, here: Inbox, settings: Settings) -> None:
    sandbox.lead_writes(LEAD, "Oi")
    here.refresh()
    there = settings.EVOLUTION_API_URL

    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"
    here.refresh()
    since = here.health()[INSTANCE].silent_since
    here.refresh()

    assert since is not None
    assert timezone.now() - since < timedelta(minutes=1)
    assert here.health()[INSTANCE].silent_since == since
    assert len(here.rows()) == 1

    settings.EVOLUTION_API_URL = there
    here.refresh()
    assert here.health()[INSTANCE].silent_since is None


def test_a_closed_number_is_known(sandbox: Sandbox, here: Inbox) -> None:
    here.refresh()
    assert here.health()[INSTANCE].state == "open"

    here.hear(Frame("connection", INSTANCE, facts={"state": "close"}))
    assert here.health()[INSTANCE].state == "close"


def test_what_belongs_to_no_instance_of_ours_is_ignored(here: Inbox) -> None:
    here.hear(told(key=Key("another", LEAD), said=message("A")))
    here.hear(Frame("connection", "another", facts={"state": "close"}))
    here.hear(Frame("switch"))

    assert here.rows() == []


def test_a_missing_name_is_looked_up_once(sandbox: Sandbox, here: Inbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", name="Mariana", at=sandbox.clock() - 60)
    sandbox.phone_types(LEAD, "Olá!")
    here.refresh()
    assert [row.name for row in here.rows()] == [""]

    here.want_names(here.rows())
    here.look_into()

    assert [row.name for row in here.rows()] == ["Mariana"]


def test_reading_a_conversation_corrects_its_row(here: Inbox) -> None:
    first = message("B", second=20, push_name="Mariana")
    here.hear(told(said=message("A", Author.BOT)))

    here.saw(MARIANA, [message("A", Author.BOT), first, message("C", second=30)])

    assert [(row.name, row.last.id, row.waiting_since) for row in here.rows()] == [("Mariana", "C", first.sent_at)]


def test_an_old_reading_does_not_turn_a_row_back(here: Inbox) -> None:
    here.hear(told(said=message("C", second=30)))

    here.saw(MARIANA, [message("A"), message("B", Author.BOT, second=10)])
    here.saw(MARIANA, [])

    assert [(row.last.id, row.waiting_since) for row in here.rows()] == [("C", message("C", second=30).sent_at)]


def test_a_row_keeps_no_more_than_it_shows(here: Inbox) -> None:
    here.hear(told(said=message("A", text="x" * 5000)))

    assert len(here.rows()[0].last.text) == 200


def ledger(message_id: str, *answers: str) -> None:
    Sent.objects.create(
        token=message_id, instance=INSTANCE, conversation=LEAD, message_id=message_id, author=Sent.By.BOT,
        state=Sent.State.SENT, answers=list(answers), at=timezone.now(),
    )  # fmt: skip


def test_what_the_bot_said_is_read_with_what_it_answers(sandbox: Sandbox, here: Inbox) -> None:
    now = sandbox.clock()
    asked = sandbox.lead_writes(LEAD, "Quanto custa?", at=now - 60)
    crossed = sandbox.lead_writes(LEAD, "E o anual?", at=now - 30)
    here.saw(MARIANA, history.recent(MARIANA, 10))
    ledger(sandbox.phone_types(LEAD, "A partir de R$ 149", at=now - 30), asked)

    here.refresh()

    row = here.rows()[0]
    assert (row.waiting_since, row.last.id) == (history.recent(MARIANA, 10)[-1].sent_at, crossed)
    assert [one.text for one in history.recent(MARIANA, 10)] == ["Quanto custa?", "A partir de R$ 149", "E o anual?"]
    assert [one.text for one in history.page(MARIANA, 10).messages][-1] == "E o anual?"


def test_a_word_of_the_system_is_no_answer(sandbox: Sandbox, here: Inbox) -> None:
    now = sandbox.clock()
    sandbox.lead_writes(LEAD, "Quero falar com alguém", at=now - 60)
    here.refresh()
    asked_at = here.rows()[0].waiting_since
    ledger(sandbox.phone_types(LEAD, "Nosso time está demorando", at=now))

    here.refresh()

    assert (here.rows()[0].waiting_since, here.rows()[0].last.text) == (asked_at, "Nosso time está demorando")


def test_an_edit_of_ours_is_no_answer_to_what_the_lead_asked_since(sandbox: Sandbox, here: Inbox) -> None:
    """The gateway moves it behind the question, also for a process that starts just then."""
    now = sandbox.clock()
    ours = sandbox.phone_types(LEAD, "A partir de R$ 149", at=now - 600)
    asked = sandbox.lead_writes(LEAD, "E o desconto?", at=now - 300)
    Sent.objects.create(
        token="f" * 32, instance=INSTANCE, conversation=LEAD, message_id=ours, author=Sent.By.REP,
        state=Sent.State.SENT, at=timezone.now() - timedelta(seconds=600),
    )  # fmt: skip
    get_client().edit_message(INSTANCE, LEAD, ours, "A partir de R$ 129")

    here.refresh()
    here.look_into()

    [row] = here.rows()
    assert (row.last.id, row.waiting_since is not None) == (asked, True)
    assert [one.text for one in history.recent(MARIANA, 10)] == ["A partir de R$ 129", "E o desconto?"]
