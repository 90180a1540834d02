"""How facts are shown: in words a person reads, and with a stranger's text as text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
import time_machine
from django.utils import translation

from conversations.jid import JID
from conversations.message import Author, Key, Kind, Media, Place, Reaction, Status
from conversations.models import Act, Actor, AuditEntry, Control, Mode
from conversations.row import Row
from conversations.templatetags import acting
from conversations.templatetags import conversations as shown
from tests.factories import LEAD, NOON, message

#: 12:00 in São Paulo on a Monday.
MARIANA = Key("voice_sdr_v4", LEAD)


@pytest.fixture(autouse=True)
def _monday_noon_in_portuguese() -> object:
    with time_machine.travel(NOON, tick=False), translation.override("pt-br"):
        yield


# ------------------------------------------------------------------------------------------------------------ people


def test_a_conversation_is_called_by_name_or_by_number() -> None:
    assert shown.title(Row(MARIANA, "Mariana", message("A"), None)) == "Mariana"
    assert shown.title(Row(MARIANA, "", message("A"), None)) == "+55 11 99999-0001"
    assert shown.phone(Key("voice_sdr_v4", JID("120363020000000001@g.us"))).startswith("grupo …")


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Mariana Souza", "MS"), ("Ana", "A"), ("José da Silva", "JS"), ("+55 11 99999-0001", ""), ("😀", ""), ("Z", "Z")],
)
def test_an_avatar_has_initials(name: str, letters: str) -> None:
    assert shown.initials(name) == letters


def test_each_author_has_a_word() -> None:
    assert shown.author(message("A", push_name="Mariana")) == "Mariana"
    assert shown.author(message("A", Author.REP, author_name="Ana")) == "Ana"
    assert len({shown.author(message("A", author)) for author in Author}) == len(Author)


# -------------------------------------------------------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=20), "agora"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=14), "ontem"),
        (timedelta(days=12), "11/11"),
    ],
)
def test_the_list_says_how_long_ago(before: timedelta, words: str) -> None:
    assert shown.ago(NOON - before) == words


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=59), "menos de um minuto"),
        (timedelta(minutes=1), "1 minuto"),
        (timedelta(minutes=59), "59 minutos"),
        (timedelta(hours=2), "2 horas"),
        (timedelta(days=3), "3 dias"),
        (timedelta(seconds=-30), "menos de um minuto"),
    ],
)
def test_a_wait_has_a_length(before: timedelta, words: str) -> None:
    assert shown.lasting(NOON - before) == words


def test_days_are_named() -> None:
    assert shown.day(NOON) == "Hoje"
    assert shown.day(NOON - timedelta(days=1)) == "Ontem"
    assert shown.day(NOON - timedelta(days=3)) == "Sexta-feira"
    assert shown.day(NOON - timedelta(days=30)) == "24/10/2026"


def test_the_day_is_that_of_the_place() -> None:
    assert shown.day(datetime(2026, 11, 24, 1, 0, tzinfo=timezone.utc)) == "Hoje"


def test_a_moment_names_its_day_when_it_is_not_today() -> None:
    assert shown.moment(NOON + timedelta(minutes=30)) == "12:30"
    assert shown.moment(NOON + timedelta(hours=20)) == "amanhã às 08:00"
    assert shown.moment(NOON - timedelta(hours=20)) == "ontem às 16:00"
    assert shown.moment(NOON + timedelta(days=4)) == "27/11 às 12:00"


@pytest.mark.parametrize(
    ("before", "words", "english"),
    [
        (timedelta(minutes=90), "às 10:30", "at 10:30"),
        (timedelta(hours=20), "ontem às 16:00", "yesterday at 16:00"),
        (timedelta(hours=-20), "amanhã às 08:00", "tomorrow at 08:00"),
        (timedelta(days=12), "em 11/11 às 12:00", "on 11/11 at 12:00"),
        (timedelta(days=-4), "em 27/11 às 12:00", "on 11/27 at 12:00"),
    ],
)
def test_when_something_happened_is_a_whole_phrase(before: timedelta, words: str, english: str) -> None:
    assert shown.when(NOON - before) == words
    with translation.override("en"):
        assert shown.when(NOON - before) == english


@pytest.mark.parametrize("act", [act for act in Act if act is not Act.OUTBOUND_FIRST])
@pytest.mark.parametrize("actor", [Actor.REP, Actor.SYSTEM])
def test_every_line_about_a_change_of_another_day_names_the_day(act: Act, actor: Actor) -> None:
    line = acting.told(AuditEntry(act=act, actor=actor, at=NOON - timedelta(days=12)))

    assert re.search("(?<!às )(em|desde) 11/11 às 12:00", line), line


# ---------------------------------------------------------------------------------------------------------- messages


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_preview(kind: Kind) -> None:
    assert shown.preview(message("A", kind=kind, text=""))


def test_a_preview_is_one_line() -> None:
    voice = message("A", kind=Kind.AUDIO, text="quero\num orçamento", media=Media(seconds=72, is_voice_note=True))

    assert shown.preview(voice) == "Áudio · 1:12 · quero um orçamento"
    # As the list of chats tells it: without whether it was recorded.
    assert shown.preview(replace(voice, media=Media(seconds=72))) == shown.preview(voice)
    assert shown.preview(message("A", kind=Kind.CHOICE, text="Plano A")) == "Plano A"
    assert shown.preview(message("A", text="segredo", is_deleted=True)) == "Mensagem apagada"
    assert shown.preview(message("A", kind=Kind.REACTION, reaction=Reaction("B", "👍"))) == "Reagiu com 👍"
    assert shown.preview(message("A", kind=Kind.REACTION, reaction=Reaction("B", ""))) == "Retirou uma reação"


def test_a_document_is_called_by_its_file() -> None:
    assert shown.kind_word(message("A", kind=Kind.DOCUMENT, media=Media(file_name="proposta.pdf"))) == "proposta.pdf"


@pytest.mark.parametrize("status", [None, *Status])
def test_every_status_has_a_mark_and_a_word(status: Status | None) -> None:
    assert bool(shown.ticks(status)) is bool(shown.status_word(status)) is (status is not None)


def test_a_place_is_a_link_to_a_map() -> None:
    here = message("A", kind=Kind.LOCATION, place=Place(-23.5614, -46.6559))

    assert shown.place_address(here) == (
        "https://www.openstreetmap.org/?mlat=-23.561400&mlon=-46.655900#map=16/-23.561400/-46.655900"
    )
    assert shown.place_address(message("A")) == ""


@pytest.mark.parametrize(
    ("size", "words"), [(None, ""), (0, ""), (10, "1 kB"), (150_000, "146 kB"), (3_500_000, "3,3 MB")]
)
def test_a_file_has_a_size(size: int | None, words: str) -> None:
    assert shown.megabytes(size) == words


@pytest.mark.parametrize(
    ("name", "ending"), [("proposta.pdf", "PDF"), ("a.tar.gz", "GZ"), ("sem", ""), ("x.<b>", ""), ("x.documento", "")]
)
def test_a_file_has_a_type(name: str, ending: str) -> None:
    assert shown.file_type(Media(file_name=name)) == ending


def test_only_web_addresses_stand_in_links() -> None:
    assert shown.is_web("HTTPS://a.example")
    assert not shown.is_web("javascript:alert(1)//https://")


# ----------------------------------------------------------------------------------------------------------- control


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Control(), "bot"),
        (Control(mode=Mode.HUMAN), "Celular"),
        (Control(mode=Mode.PAUSED), "pausada"),
        (Control(mode=Mode.PAUSED, until=NOON + timedelta(minutes=30)), "pausada até 12:30"),
        (Control(mode=Mode.PAUSED, until=NOON - timedelta(minutes=30)), "bot"),
        (Control(mode=Mode.WAITING), "aguardando pessoa"),
    ],
)
def test_control_has_a_word(row: Control, words: str) -> None:
    assert shown.control_word(row) == words
