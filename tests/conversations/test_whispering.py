"""Whispers to the bot, its mode in one conversation, and leads who want no messages: what people do about the bot."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from conversations import control, notes, stream, switches
from conversations.frames import Frame
from conversations.message import Key
from conversations.models import Act, AuditEntry, Control, Due, Mode, Note, Switch
from conversations.sealed import opaque_id
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

MARIANA = Key(INSTANCE, LEAD)
PAGE = f"/c/{INSTANCE}/{opaque_id(MARIANA)}/"


@pytest.fixture(autouse=True)
def _in_english(for_alice: Client, for_bob: Client, for_olga: Client) -> Iterator[None]:
    """The words of the tests are those of the sources."""
    for client in (for_alice, for_bob, for_olga):
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    with translation.override("en"):
        yield


def read(client: Client, target: str, path: str = "") -> str:
    answer = client.get(PAGE + path, headers={"HX-Request": "true", "HX-Target": target})
    return " ".join(answer.content.decode().split())


def post(client: Client, path: str, **data: str) -> str:
    answer = client.post(PAGE + path, data, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


# ----------------------------------------------------------------------------------------------------------- whispers


def test_a_whisper_is_a_private_line_for_colleagues(for_bob: Client, for_olga: Client, bob: User) -> None:
    said = post(for_bob, "whispers/", text="ofereça o plano anual", turns="2")

    assert "It counts for the bot&#x27;s next 2 answers." in said
    line = read(for_olga, "whispers")
    assert "ofereça o plano anual" in line
    assert "for 2 more answers" in line
    assert "<strong>Bob</strong>" in line
    assert "<button" not in line
    assert "<button" in read(for_bob, "whispers")
    assert [note.text for note in notes.whispers(MARIANA)] == ["ofereça o plano anual"]


def test_it_is_recorded_without_its_words(for_bob: Client, for_alice: Client) -> None:
    post(for_bob, "whispers/", text="fale do anual", turns="3")

    assert AuditEntry.objects.get().act == Act.WHISPER
    page = for_alice.get("/audit/").content.decode()
    assert "whispered to the bot about" in page
    assert "fale do anual" not in page


@pytest.mark.parametrize(("text", "turns"), [("", "3"), ("oi", "0"), ("oi", "11"), ("oi", ""), ("x" * 501, "3")])
def test_nonsense_is_refused_in_words(for_bob: Client, text: str, turns: str) -> None:
    assert 'role="alert"' in post(for_bob, "whispers/", text=text, turns=turns)
    assert not Note.objects.exists()


def test_one_that_is_used_up_is_shown_as_such(for_bob: Client, bob: User) -> None:
    notes.whisper(MARIANA, bob, "fale do anual", 1)
    notes.spend(MARIANA, [note.id for note in notes.whispers(MARIANA)])

    assert "used up" in read(for_bob, "whispers")


def test_only_its_author_or_a_manager_erases_it(for_bob: Client, for_alice: Client, alice: User, bob: User) -> None:
    hers, his = notes.whisper(MARIANA, alice, "de Alice", 3), notes.whisper(MARIANA, bob, "de Bob", 3)

    assert 'role="alert"' in post(for_bob, f"whispers/{hers.id}/erase/")
    assert "de Alice" not in post(for_alice, f"whispers/{hers.id}/erase/")
    post(for_alice, f"whispers/{his.id}/erase/")
    assert not Note.objects.exists()


def test_without_scripts_it_is_written_and_erased_by_forms(for_bob: Client, bob: User) -> None:
    page = for_bob.post(f"{PAGE}whispers/", {"text": "fale do anual", "turns": "3"}, follow=True).content.decode()
    assert "fale do anual" in page
    page = for_bob.post(f"{PAGE}whispers/{Note.objects.get().pk}/erase/", follow=True).content.decode()
    assert "fale do anual" not in page
    assert "Write something first." in for_bob.post(f"{PAGE}whispers/", follow=True).content.decode()


def test_who_may_only_watch_neither_whispers_nor_erases(for_olga: Client, bob: User) -> None:
    note = notes.whisper(MARIANA, bob, "fale do anual", 3)

    for path in ("whispers/", f"whispers/{note.id}/erase/", "lead/approval/", "lead/opt-out/"):
        assert for_olga.post(PAGE + path).status_code == 403
    assert 'id="whisper-form"' not in for_olga.get(PAGE).content.decode()


def test_beside_the_lead_each_note_says_whom_it_is_for(for_bob: Client, bob: User) -> None:
    notes.write(MARIANA, Note.Kind.COLLEAGUES, bob, "para colegas")
    notes.write(MARIANA, Note.Kind.AGREED, bob, "proposta até sexta")
    notes.whisper(MARIANA, bob, "fale do anual", 3)

    shown = read(for_bob, "notes", "lead/")

    for kind, words in (("whisper", "A whisper to the bot"), ("agreed", "What was agreed, for the bot")):
        assert words in shown.split(f'class="note is-{kind}"')[1].split("</li>")[0]
    assert "note-kind" not in shown.split('class="note is-colleagues"')[1].split("</li>")[0]


@pytest.mark.parametrize("event", ["pending", "note"])
def test_screens_are_told_to_read_it_again_and_no_word_of_it(event: str) -> None:
    assert stream.shown(Frame(event, INSTANCE, LEAD), "en", MARIANA, True) == [(event, "")]
    assert stream.shown(Frame(event, INSTANCE, LEAD), "en", None, True) == []


# ---------------------------------------------------------------------------------------------- asking before it speaks


def test_whether_the_bot_asks_first_is_chosen_beside_the_lead(for_bob: Client, for_olga: Client) -> None:
    assert "as on the number (no)" in read(for_bob, "lead-bot", "lead/")
    assert "The bot answers by itself." in read(for_olga, "lead-bot", "lead/")

    said = post(for_bob, "lead/approval/", approval="on")
    assert '<option value="on" selected>' in said
    assert '<div class="toasts" id="toasts" role="status" hx-swap-oob="true">' in said
    assert "a person approves what the bot says here." in said

    assert control.current(MARIANA).approval == Control.Approval.ON
    assert "A person approves" in read(for_olga, "lead-bot", "lead/")
    assert AuditEntry.objects.get().act == Act.APPROVAL_ON
    assert for_bob.post(f"{PAGE}lead/approval/", {"approval": "perhaps"}).status_code == 400
    assert for_bob.post(f"{PAGE}lead/approval/", {"approval": "off"}).status_code == 302


def test_what_holds_on_the_number_is_told(for_bob: Client) -> None:
    Switch.objects.update_or_create(instance=INSTANCE, defaults={"approves": True})

    assert "as on the number (yes)" in read(for_bob, "lead-bot", "lead/")


def test_such_acts_are_no_change_of_control(for_bob: Client, bob: User) -> None:
    control.take_over(MARIANA, bob)
    notes.whisper(MARIANA, bob, "fale do anual", 3)

    assert [entry.act for entry in control.changes(MARIANA, 5)] == [Act.TAKE_OVER]
    assert "Bob took over" in read(for_bob, "control")


# ------------------------------------------------------------------------------------------------- wants no messages


def test_a_person_notes_that_a_lead_wants_no_messages_and_the_lead_is_told_nothing(
    for_bob: Client, for_alice: Client
) -> None:
    switches.switch(None, INSTANCE, True)

    said = post(for_bob, "lead/opt-out/", out="1")

    assert "Noted" in said
    row = control.current(MARIANA)
    assert (row.opted_out, row.mode, row.due) == (True, Mode.BOT, Due.NONE)
    bar = read(for_alice, "control")
    assert "is-out" in bar
    assert "The bot is quiet here." in bar
    assert re.search(r"Bob noted at \d\d:\d\d: no more messages", bar)
    assert "noted that" in for_alice.get("/audit/").content.decode()
    assert "Bob noted: no more messages" in read(for_alice, "lead-history", "lead/")


def test_it_is_lifted_by_a_person(for_bob: Client, bob: User) -> None:
    control.note_opt_out(MARIANA, bob)

    assert "Messages are allowed again." in post(for_bob, "lead/opt-out/", out="0")

    assert not control.current(MARIANA).opted_out
    assert "is-out" not in read(for_bob, "control")
    done = for_bob.post(f"{PAGE}lead/opt-out/", {"out": "1"}, follow=True)
    assert "Noted" in done.content.decode()
