"""*É automática*: what WhatsApp Business sends by itself is nobody, and what somebody typed still is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import serializers
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from conversations import automatic, control
from conversations.evolution.sandbox import Sandbox
from conversations.message import Author, Key
from conversations.models import AuditEntry, AutomaticText, Control, Mode
from conversations.sealed import opaque_id
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD, message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

MARIANA = Key(INSTANCE, LEAD)
PAGE = f"/c/{INSTANCE}/{opaque_id(MARIANA)}/"
GREETING = "Olá! Já vamos responder 🙂"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def ask(client: Client, id: str) -> str:
    return str(client.get(f"{PAGE}composer/?tick={id}", headers={"Accept-Language": "en"}).content.decode())


def post(client: Client, act: str, id: str, **headers: str) -> Any:
    return client.post(f"{PAGE}{act}/", {"id": id}, headers={"Accept-Language": "en", "HX-Request": "true", **headers})


def on_the_phone(sandbox: Sandbox, text: str = GREETING) -> str:
    """The id of what took the conversation over."""
    id = sandbox.phone_types(LEAD, text)
    control.note_phone(MARIANA, timezone.now(), hold=timedelta(hours=1))
    Control.objects.update(last_human_at=timezone.now() - timedelta(seconds=5))
    return id


def test_only_the_known_words_right_after_the_lead_are_nobodys() -> None:
    soon = message("g", Author.PHONE, second=2, text="olá!  já respondemos")
    late = message("h", Author.PHONE, second=60, text="Olá! Já respondemos.")
    other = message("p", Author.PHONE, second=1, text="Oi, aqui é a Ana")

    kept = automatic.without(INSTANCE, [message("A"), other, soon, late], "Olá! Já respondemos.")

    assert [one.id for one in kept] == ["A", "p", "h"]
    assert automatic.without(INSTANCE, [message("A"), soon], "") == [message("A"), soon]


def test_what_was_ticked_is_known_on_that_number_alone_and_cannot_be_read(bob: User) -> None:
    automatic.tick(MARIANA, message("g", Author.PHONE, text=GREETING), bob)

    assert automatic.is_known(INSTANCE, "olá, já vamos responder")
    assert not automatic.is_known(INSTANCE, "Olá! Já vamos responder, Ana.")
    assert not automatic.is_known("another", GREETING)
    kept = serializers.serialize("json", [*AutomaticText.objects.all(), *AuditEntry.objects.all()])
    assert "vamos" not in kept.casefold()


def test_a_tick_outlives_a_new_secret_as_long_as_the_old_one_may_still_open(bob: User, settings: Settings) -> None:
    automatic.tick(MARIANA, message("g", Author.PHONE, text=GREETING), bob)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    assert automatic.is_known(INSTANCE, GREETING)
    settings.SECRET_KEY_FALLBACKS = []
    assert not automatic.is_known(INSTANCE, GREETING)


@pytest.mark.parametrize("words", ["", "🙂", "!!"])
def test_what_has_no_words_is_never_known(bob: User, words: str) -> None:
    assert not automatic.is_known(INSTANCE, words, listed="\n🙂\n")
    assert not automatic.may_tick(message("g", Author.PHONE, text=words))


def test_the_message_that_took_the_conversation_gives_it_back(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    id = on_the_phone(sandbox)

    question = ask(for_bob, id)
    answer = post(for_bob, "automatic", id).content.decode()

    assert "Does WhatsApp send this by itself?" in question
    assert GREETING in question
    assert "this text does not count as a person any more. The bot answers here again." in answer
    assert "Undo" in answer
    assert control.current(MARIANA).mode == Mode.BOT
    acts = list(AuditEntry.objects.filter(rep=bob).order_by("pk").values_list("act", flat=True))
    assert acts == ["automatic", "hand_back"]


def test_somebody_who_wrote_since_keeps_the_conversation(for_bob: Client, sandbox: Sandbox) -> None:
    id = on_the_phone(sandbox)
    control.note_phone(MARIANA, timezone.now() + timedelta(seconds=30), hold=timedelta(hours=1))

    answer = post(for_bob, "automatic", id).content.decode()

    assert "does not count as a person any more" in answer
    assert control.current(MARIANA).is_on_phone
    assert automatic.is_known(INSTANCE, GREETING)


def test_it_is_said_once_and_taken_back(for_bob: Client, sandbox: Sandbox) -> None:
    id = on_the_phone(sandbox)
    for _twice in range(2):
        post(for_bob, "automatic", id)
    assert AuditEntry.objects.filter(act="automatic").count() == 1

    assert "Does somebody type this?" in ask(for_bob, id)
    answer = post(for_bob, "not-automatic", id).content.decode()

    assert "whoever sends this text counts as a person again" in answer
    assert not automatic.is_known(INSTANCE, GREETING)
    assert AuditEntry.objects.filter(act="not_automatic").count() == 1


def test_only_what_the_phone_sent_is_asked_about(for_bob: Client, sandbox: Sandbox) -> None:
    of_lead = sandbox.lead_writes(LEAD, "Oi")
    for_bob.post(f"{PAGE}send/", {"token": uuid.uuid4().hex, "text": "Olá"})
    of_bob = sandbox.sent(LEAD)[-1].id

    for id in (of_lead, of_bob):
        assert "Only a text that was sent from the phone" in ask(for_bob, id)
        assert "Only a text that was sent from the phone" in post(for_bob, "automatic", id).content.decode()
    assert "no longer there" in post(for_bob, "automatic", "gone").content.decode()
    assert not AutomaticText.objects.exists()
    page = for_bob.get(PAGE).content.decode()
    assert "?tick=" not in page
    id = on_the_phone(sandbox)
    assert f"?tick={id}" in for_bob.get(PAGE).content.decode()


def test_without_scripts_the_question_stands_on_the_page(for_bob: Client, sandbox: Sandbox) -> None:
    id = on_the_phone(sandbox)

    page = for_bob.get(f"{PAGE}?tick={id}", headers={"Accept-Language": "en"}).content.decode()
    answer = for_bob.post(f"{PAGE}automatic/", {"id": id})

    assert "Does WhatsApp send this by itself?" in page
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert automatic.is_known(INSTANCE, GREETING)


def test_who_only_watches_ticks_nothing(for_olga: Client, sandbox: Sandbox) -> None:
    id = on_the_phone(sandbox)

    assert post(for_olga, "automatic", id).status_code == 403
    assert post(for_olga, "not-automatic", id).status_code == 403
    assert not AutomaticText.objects.exists()
