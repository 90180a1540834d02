"""Notes: sealed, expiring, erasable."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from conversations import identity, notes
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Note

KEY = Key("voice_sdr_v4", JID("5511987650001@s.whatsapp.net"))
OTHER = Key("voice_sdr_v4", JID("5511987650002@s.whatsapp.net"))


def test_what_was_written_is_read_oldest_first(alice: User) -> None:
    notes.write(KEY, Note.Kind.COLLEAGUES, alice, " Ligou ontem ")
    notes.write(KEY, Note.Kind.AGREED, alice, "proposta até sexta")

    assert [(note.text, note.author) for note in notes.of(KEY)] == [
        ("Ligou ontem", "Alice"), ("proposta até sexta", "Alice"),
    ]  # fmt: skip
    assert [note.text for note in notes.of(KEY, Note.Kind.AGREED)] == ["proposta até sexta"]
    assert notes.of(OTHER) == []


def test_no_plain_text_stands_in_the_database(alice: User) -> None:
    notes.write(KEY, Note.Kind.COLLEAGUES, alice, "Ligou ontem")

    assert "Ligou" not in str(Note.objects.values().get())


def test_a_note_ends(alice: User) -> None:
    notes.write(KEY, Note.Kind.COLLEAGUES, alice, "Ligou ontem", lifetime=timedelta(seconds=-1))

    assert notes.of(KEY) == []
    assert notes.erase_expired(timezone.now()) == 1
    assert not Note.objects.exists()


def test_a_note_is_erased_only_where_it_stands(alice: User) -> None:
    note = notes.write(KEY, Note.Kind.COLLEAGUES, alice, "Ligou ontem")

    assert not notes.erase(OTHER, note.id)
    assert notes.erase(KEY, note.id)
    assert notes.of(KEY) == []


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001])
def test_an_empty_or_endless_note_is_refused(alice: User, text: str) -> None:
    with pytest.raises(ValueError, match="characters"):
        notes.write(KEY, Note.Kind.COLLEAGUES, alice, text)


def test_a_note_of_another_key_is_left_out(alice: User, settings: object) -> None:
    notes.write(KEY, Note.Kind.COLLEAGUES, alice, "Ligou ontem")
    Note.objects.update(sealed_text="from before the key was changed")

    assert notes.of(KEY) == []


def test_notes_follow_when_two_addresses_become_one_conversation(alice: User) -> None:
    by_lid = Key("voice_sdr_v4", JID("123456789012345@lid"))
    notes.write(by_lid, Note.Kind.COLLEAGUES, alice, "Ligou ontem")

    identity.learn("voice_sdr_v4", by_lid.conversation, KEY.conversation)

    assert [note.text for note in notes.of(KEY)] == ["Ligou ontem"]
