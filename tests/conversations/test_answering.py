"""Answering beyond words: files, voice notes, replies, what has left, quick answers and writing first."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from conversations import amending, attachments, control, inbox, sending
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.jid import JID
from conversations.message import Key
from conversations.models import AuditEntry, Control, QuickAnswer, Sent
from conversations.sealed import opaque_id
from conversations.views.beginning import AN_HOUR
from people.models import Profile
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

MARIANA = Key(INSTANCE, LEAD)
PAGE = f"/c/{INSTANCE}/{opaque_id(MARIANA)}/"
HTMX = {"HX-Request": "true", "HX-Target": "composer"}
PICTURE = b"\x89PNG\r\n\x1a\nand so on"


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with translation.override("en"):
        yield


def text(response: Any) -> str:
    return str(response.content.decode())


def post(client: Client, act: str, *, headers: dict[str, str] | None = None, **data: Any) -> Any:
    data = {"token": uuid.uuid4().hex, **data} if act == "send" else data
    return client.post(f"{PAGE}{act}/", data, headers={"Accept-Language": "en", **(headers or {})})


def get(client: Client, path: str) -> Any:
    return client.get(path, headers={"Accept-Language": "en"})


def picture(name: str = "fachada.png", type: str = "image/png", data: bytes = PICTURE) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, type)


def voice(name: str = "voice.webm", data: bytes = b"\x1aE\xdf\xa3 and so on") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "audio/webm")


def sent_id(client: Client, said: str = "Olá") -> str:
    post(client, "send", text=said)
    return str(Sent.objects.latest("pk").message_id)


# ------------------------------------------------------------------------------------------------------------ files


def test_a_picture_goes_out_as_one_with_its_caption_and_takes_the_conversation_over(
    for_bob: Client, bob: User, sandbox: Sandbox
) -> None:
    response = post(for_bob, "send", text="A fachada", file=picture(), headers=HTMX)

    assert [(sent.type_name, sent.text) for sent in sandbox.sent(LEAD)] == [("imageMessage", "A fachada")]
    assert control.current(MARIANA).holder == bob
    assert 'hx-swap-oob="beforeend:#messages"' in text(response)


def test_a_file_needs_no_words(for_bob: Client, sandbox: Sandbox) -> None:
    post(for_bob, "send", text="", file=picture("tabela.csv", "text/csv", b"a;b"))

    assert [sent.type_name for sent in sandbox.sent(LEAD)] == ["documentMessage"]


def test_a_voice_note_goes_out_as_one(for_bob: Client, sandbox: Sandbox) -> None:
    post(for_bob, "send", text="", voice=voice())

    [sent] = sandbox.sent(LEAD)
    row = sandbox.instance(INSTANCE).find(sent.id)
    assert row is not None
    assert row.message["audioMessage"]["ptt"] is True


@pytest.mark.parametrize("data", [PICTURE, b"MZ", b"<svg>", b"RIFF\x00\x00\x00\x00WEBPVP8 "])
def test_what_cannot_be_heard_is_no_voice_note(for_bob: Client, sandbox: Sandbox, data: bytes) -> None:
    response = post(for_bob, "send", text="", voice=voice("voice.webm", data))

    assert "This is no recording." in text(response)
    assert sandbox.sent(LEAD) == []


@pytest.mark.parametrize(
    "start",
    [
        b"OggS\x00\x02", b"\x1aE\xdf\xa3\x9fB\x86\x81", b"\x00\x00\x00\x1cftypmp42", b"ID3\x04", b"\xff\xfb\x90d",
        b"\xff\xf1P\x80", b"RIFF$\x00\x00\x00WAVEfmt ", b"fLaC\x00", b"#!AMR\n", b"caff\x00\x01",
    ],
)  # fmt: skip
def test_what_browsers_and_phones_record_is_sound(start: bytes) -> None:
    assert attachments.is_sound(start)


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (lambda: picture(data=b"x" * (attachments.LARGEST_FILE + 1)), "too large: 16 MB at most"),
        (lambda: picture("instalador.EXE", "application/x-msdownload", b"MZ"), "does not deliver programs"),
        (lambda: picture(data=b""), "This file is empty."),
    ],
    ids=["too large", "a program", "empty"],
)
def test_a_file_that_whatsapp_does_not_take_is_refused_in_words_and_the_text_stays(
    for_bob: Client, sandbox: Sandbox, upload: Callable[[], SimpleUploadedFile], words: str
) -> None:
    response = post(for_bob, "send", text="Segue", file=upload())

    assert words in text(response)
    assert "Segue</textarea>" in text(response)
    assert sandbox.sent(LEAD) == []


def test_a_long_caption_is_refused(for_bob: Client, sandbox: Sandbox) -> None:
    assert "1,024 characters" in text(post(for_bob, "send", text="x" * 1025, file=picture()))
    assert sandbox.sent(LEAD) == []


@pytest.mark.parametrize(("endpoint", "field"), [("sendMedia", "file"), ("sendWhatsAppAudio", "voice")])
def test_a_file_that_may_be_out_is_not_sent_again_by_the_same_form(
    for_bob: Client, sandbox: Sandbox, endpoint: str, field: str
) -> None:
    sandbox.failures.add(Failure(f"/message/{endpoint}", "after"))
    token = uuid.uuid4().hex

    first, second = (
        post(for_bob, "send", text="", token=token, headers=HTMX, **{field: made})
        for made in ((picture("proposta.png"), picture("proposta.png")) if field == "file" else (voice(), voice()))
    )  # fmt: skip

    for response in (first, second):
        assert "We do not know whether this message went out." in text(response)
        assert ("proposta.png" if field == "file" else "Voice message") in text(response)
    assert len(sandbox.sent(LEAD)) == 1
    assert Control.objects.get().unconfirmed == "error"


def test_a_file_that_surely_did_not_go_out_is_sent_by_the_new_form(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.failures.add(Failure("/message/sendMedia", "refuse", status=403))

    refused = post(for_bob, "send", text="Segue", file=picture())
    post(for_bob, "send", text="Segue", file=picture())

    assert "Not sent." in text(refused)
    assert "Choose “fachada.png” again." in text(refused)
    assert [sent.text for sent in sandbox.sent(LEAD)] == ["Segue"]


def test_no_byte_of_a_file_is_logged_or_written(
    for_bob: Client, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    caplog.set_level(logging.DEBUG)

    post(for_bob, "send", text="", file=picture("segredo.txt", "text/plain", b"palavra-secreta"))

    assert settings.FILE_UPLOAD_HANDLERS == ["conversations.uploads.InMemory"]
    assert "palavra-secreta" not in caplog.text
    assert "segredo" not in caplog.text


@pytest.mark.parametrize(
    ("name", "type", "data", "kind"),
    [
        ("a.png", "image/png", PICTURE, "image"),
        ("a.jpg", "image/jpg", b"\xff\xd8\xff..", "image"),
        ("a.png", "image/png", b"not a picture", "document"),
        ("a.gif", "image/gif", b"GIF89a", "document"),
        ("a.mp4", "video/mp4", b"..", "video"),
        ("a.m4a", "audio/x-m4a", b"..", "audio"),
        ("a.mp3", "", b"..", "audio"),
        ("a.pdf", "application/pdf", b"..", "document"),
        ("a.html", "text/html", b"..", "document"),
    ],
)
def test_a_file_travels_as_what_it_is(name: str, type: str, data: bytes, kind: str) -> None:
    assert attachments.file(data, name, type).kind == kind


def test_a_name_is_only_a_name() -> None:
    assert attachments.file(b"x", "../../etc/pass\x00wd.txt", "text/plain").name == "passwd.txt"
    assert attachments.file(b"x", "n" * 300 + ".pdf", "application/pdf").name.endswith("n.pdf")
    assert attachments.file(b"x", " ", "").name == "arquivo"


# --------------------------------------------------------------------------------------------- a number that is closed


def closed(sandbox: Sandbox) -> None:
    sandbox.log_out(sandbox.instance())
    inbox.inbox().refresh()


def test_on_a_number_that_is_known_to_be_closed_nothing_is_tried_and_the_words_stay(
    for_bob: Client, sandbox: Sandbox
) -> None:
    sandbox.lead_writes(LEAD, "Oi")
    closed(sandbox)

    response = text(post(for_bob, "send", text="Segue", headers=HTMX))

    assert "Not sent. This number is not connected to WhatsApp." in response
    assert "Segue</textarea>" in response
    assert not Sent.objects.exists()
    assert control.current(MARIANA).mode == "bot"


def test_the_same_words_go_out_once_the_number_is_back_though_the_list_does_not_know_it_yet(
    for_bob: Client, sandbox: Sandbox
) -> None:
    sandbox.lead_writes(LEAD, "Oi")
    closed(sandbox)
    sandbox.set_state(sandbox.instance(INSTANCE), "open")

    post(for_bob, "send", text="Segue", headers=HTMX)

    assert [sent.text for sent in sandbox.sent(LEAD)] == ["Segue"]


def test_what_the_gateway_refuses_before_it_sends_surely_did_not_go_out(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.instance(INSTANCE).is_dead = True

    response = text(post(for_bob, "send", text="Segue", headers=HTMX))

    assert "Not sent. This number is not connected to WhatsApp." in response
    assert "Segue</textarea>" in response
    assert not Control.objects.get().sending


# --------------------------------------------------------------------------------------------------- name and quote


def test_who_signs_has_their_name_above(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    Profile.objects.create(user=bob, signs=True)

    post(for_bob, "send", text="Olá")
    post(for_bob, "send", text="", file=picture())

    assert [sent.text for sent in sandbox.sent(LEAD)] == ["*Bob:*\nOlá", ""]
    assert "Goes out with “Bob:” above." in text(get(for_bob, PAGE))


def test_nobody_signs_unasked(bob: User) -> None:
    assert sending.signed("Olá", bob) == "Olá"


def test_a_reply_quotes_a_message_of_the_conversation(for_bob: Client, sandbox: Sandbox) -> None:
    question = sandbox.lead_writes(LEAD, "Tem estacionamento?")

    page = text(get(for_bob, f"{PAGE}?reply={question}"))
    post(for_bob, "send", text="Temos", quoted_id=question)

    assert f'name="quoted_id" value="{question}"' in page
    row = sandbox.instance(INSTANCE).find(sandbox.sent(LEAD)[0].id)
    assert row is not None
    assert "Tem estacionamento?" in str(row.context)


def test_a_message_of_another_lead_is_never_quoted(for_bob: Client, sandbox: Sandbox) -> None:
    secret = sandbox.lead_writes("5511999990002@s.whatsapp.net", "Meu CPF é segredo", name="João")

    page = text(get(for_bob, f"{PAGE}composer/?reply={secret}"))
    post(for_bob, "send", text="Temos", quoted_id=secret)

    assert "Meu CPF" not in page
    row = sandbox.instance(INSTANCE).find(sandbox.sent(LEAD)[0].id)
    assert row is not None
    assert "Meu CPF" not in str(row.context)


# ------------------------------------------------------------------------------------------------ what has left


def test_ones_own_message_is_changed_and_the_audit_has_no_text(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    id = sent_id(for_bob, "Segue o orçameto")

    editor = text(get(for_bob, f"{PAGE}composer/?edit={id}"))
    response = post(for_bob, "edit", message_id=id, text="Segue o orçamento", headers=HTMX)

    assert "Segue o orçameto</textarea>" in editor
    assert "data-amended" in text(response)
    assert "Segue o orçamento" in text(get(for_bob, PAGE))
    entry = AuditEntry.objects.get(act="edit")
    assert (entry.rep, entry.conversation) == (bob, LEAD)
    assert len(sandbox.sent(LEAD)) == 1


def test_a_message_is_taken_back_after_a_question(for_bob: Client, sandbox: Sandbox) -> None:
    id = sent_id(for_bob, "Para outra pessoa")

    question = text(get(for_bob, f"{PAGE}composer/?delete={id}"))
    response = post(for_bob, "delete", message_id=id)

    assert "Delete for everyone?" in question
    assert response["Location"] == PAGE
    assert "Para outra pessoa" not in text(for_bob.get(PAGE, headers={"HX-Request": "true", "HX-Target": "messages"}))
    assert AuditEntry.objects.filter(act="delete").count() == 1


def test_what_was_taken_back_leaves_a_mark_in_its_place_though_the_gateway_has_none(
    for_bob: Client, for_alice: Client, sandbox: Sandbox
) -> None:
    question = sandbox.lead_writes(LEAD, "Oi", at=sandbox.clock() - 60)
    id = sent_id(for_bob, "Para outra pessoa")
    after = sandbox.lead_writes(LEAD, "Como?", at=sandbox.clock() + 60)

    post(for_bob, "delete", message_id=id)

    page = text(get(for_alice, PAGE))
    place, end = page.index(f'id="message-{id}"'), page.index(f'id="message-{after}"')
    assert page.index(f'id="message-{question}"') < place < end
    assert "Deleted message" in page[place:end]
    assert '<p class="author" dir="auto">Bob</p>' in page[place:end]
    assert "?delete=" not in page[place:end]
    assert "Para outra pessoa" not in page
    assert sandbox.instance(INSTANCE).find(id) is None


def test_a_mark_stands_once_on_the_page_of_its_time(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    now = sandbox.clock()
    for number in range(70):
        sandbox.lead_writes(LEAD, f"linha {number}", at=now - 1000 + number * 10)
    id = sent_id(for_bob, "Para outra pessoa")
    post(for_bob, "delete", message_id=id)
    moment = timezone.now() - timedelta(seconds=905)  # between the tenth and the eleventh line, on the older page
    Sent.objects.update(at=moment)
    AuditEntry.objects.filter(act="delete").update(until=moment)

    newest = text(get(for_bob, PAGE))
    before = newest.split("before=")[1].split('"')[0].split("&")[0]
    older = text(get(for_bob, f"{PAGE}?before={before}"))

    assert f'id="message-{id}"' not in newest
    assert older.count(f'id="message-{id}"') == 1


def test_no_mark_stands_for_what_was_only_lost(for_bob: Client, sandbox: Sandbox) -> None:
    id = sent_id(for_bob, "Some")
    row = sandbox.instance(INSTANCE).find(id)
    assert row is not None
    sandbox.instance(INSTANCE).remove(row)

    assert f'id="message-{id}"' not in text(get(for_bob, PAGE))


@pytest.mark.parametrize("act", ["edit", "delete"])
def test_what_a_colleague_or_a_lead_wrote_stays(for_alice: Client, for_bob: Client, sandbox: Sandbox, act: str) -> None:
    of_bob, of_lead = sent_id(for_bob, "De Bob"), sandbox.lead_writes(LEAD, "Do lead")

    assert "A colleague wrote this" in text(post(for_alice, act, message_id=of_bob, text="x", headers=HTMX))
    assert "Only what was sent from here" in text(post(for_alice, act, message_id=of_lead, text="x", headers=HTMX))
    page = text(get(for_bob, PAGE))
    assert "De Bob" in page
    assert "Do lead" in page
    assert not AuditEntry.objects.filter(act__in=("edit", "delete")).exists()


@pytest.mark.parametrize(("act", "limit"), [("edit", amending.EDITABLE_FOR), ("delete", amending.DELETABLE_FOR)])
def test_what_is_too_old_stays(for_bob: Client, act: str, limit: timedelta) -> None:
    id = sent_id(for_bob, "De ontem")
    sent = Sent.objects.get(message_id=id)
    Sent.objects.update(at=sent.at - limit)

    assert "Too late" in text(post(for_bob, act, message_id=id, text="x", headers=HTMX))
    assert "De ontem" in text(get(for_bob, PAGE))


def test_an_edit_that_failed_keeps_the_new_words(for_bob: Client, sandbox: Sandbox) -> None:
    id = sent_id(for_bob)
    sandbox.failures.add(Failure("/chat/updateMessage", "refuse", status=500))

    response = post(for_bob, "edit", message_id=id, text="Olá, Mariana", headers=HTMX)

    assert "did not confirm it" in text(response)
    assert "Olá, Mariana</textarea>" in text(response)
    assert not AuditEntry.objects.filter(act="edit").exists()


def test_a_message_of_another_conversation_is_not_there(for_bob: Client, sandbox: Sandbox) -> None:
    other = f"/c/{INSTANCE}/{opaque_id(Key(INSTANCE, JID('5511999990002@s.whatsapp.net')))}/"
    id = sent_id(for_bob, "Fica")

    response = for_bob.post(f"{other}delete/", {"message_id": id}, headers={"Accept-Language": "en", **HTMX})

    assert "no longer there" in text(response)
    assert "Fica" in text(get(for_bob, PAGE))


@pytest.mark.parametrize("path", ["edit/", "delete/", "send/"])
def test_who_may_only_watch_changes_nothing(for_olga: Client, path: str) -> None:
    assert for_olga.post(f"{PAGE}{path}", {"message_id": "A", "text": "x", "file": picture()}).status_code == 403
    assert for_olga.get(f"{PAGE}composer/").status_code == 403
    assert for_olga.get("/new/").status_code == 403
    assert "?reply=" not in text(get(for_olga, PAGE))


# ---------------------------------------------------------------------------------------------------- quick answers


def test_quick_answers_have_the_names_filled_in(for_bob: Client, sandbox: Sandbox) -> None:
    QuickAnswer.objects.create(shortcut="ola", text="Oi, {nome}! Aqui é {vendedor} {e {mais}.")
    sandbox.lead_writes(LEAD, "Oi", name="Mariana Souza")
    inbox.forget()
    get(for_bob, "/")

    assert 'data-text="Oi, Mariana! Aqui é Bob {e {mais}."' in text(get(for_bob, PAGE))


def test_a_quick_answer_reads_well_without_a_name(for_bob: Client) -> None:
    QuickAnswer.objects.create(shortcut="ola", text="Oi, {nome}! {nome}, tudo bem?")

    assert 'data-text="Oi! tudo bem?"' in text(get(for_bob, PAGE))


def test_where_there_are_none_a_slash_says_so_and_a_manager_is_shown_the_way(
    for_bob: Client, for_alice: Client
) -> None:
    page = text(get(for_bob, PAGE))
    assert "There are no quick answers yet." in page
    assert "/quickanswer/" not in page

    User.objects.filter(username="alice").update(is_staff=True)
    assert 'href="/admin/conversations/quickanswer/"' in text(get(for_alice, PAGE))
    QuickAnswer.objects.create(shortcut="ola", text="Oi!")
    assert "There are no quick answers yet." not in text(get(for_alice, PAGE))


# ------------------------------------------------------------------------------------------------- writing first


def ask(client: Client, number: str, instance: str = INSTANCE) -> Any:
    return client.post("/new/", {"number": number, "instance": instance}, headers={"Accept-Language": "en"})


def test_a_number_on_whatsapp_opens_its_conversation(for_bob: Client, sandbox: Sandbox) -> None:
    response = ask(for_bob, "(11) 98888-7777")

    assert response.status_code == 302
    assert "98888" not in response["Location"]
    page = text(get(for_bob, response["Location"].partition("#")[0]))
    assert "No messages yet." in page
    assert "+55 11 98888-7777" in page


def test_a_number_without_its_ninth_digit_is_the_conversation_one_has(for_bob: Client, sandbox: Sandbox) -> None:
    known = JID("5531988887777@s.whatsapp.net")
    sandbox.lead_writes(known, "Oi")
    inbox.forget()
    get(for_bob, "/")

    response = ask(for_bob, "31 98888-7777")

    key = Key(INSTANCE, known)
    assert response["Location"].startswith(f"/c/{INSTANCE}/{opaque_id(key)}/")


@pytest.mark.parametrize(
    ("number", "instance", "words"),
    [
        ("(11) 90000-0000", INSTANCE, "not on WhatsApp"),
        ("12", INSTANCE, "no phone number"),
        ("", INSTANCE, "Write the number"),
        ("(11) 98888-7777", "another", "Choose from which number"),
    ],
)
def test_a_number_that_cannot_be_written_to_says_why(for_bob: Client, number: str, instance: str, words: str) -> None:
    response = ask(for_bob, number, instance)

    assert response.status_code == 200
    if instance == INSTANCE:
        assert words in text(response)


def test_numbers_are_looked_up_a_few_an_hour(for_bob: Client, for_alice: Client) -> None:
    for _ in range(AN_HOUR):
        assert ask(for_bob, "(11) 98888-7777").status_code == 302

    assert "10 numbers within an hour" in text(ask(for_bob, "(11) 98888-7777"))
    assert ask(for_alice, "(11) 98888-7777").status_code == 302


def test_without_a_gateway_the_number_is_kept(for_bob: Client, settings: Settings) -> None:
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"

    page = text(ask(for_bob, "(11) 98888-7777"))

    assert "could not be looked up. The gateway does not answer." in page
    assert 'value="(11) 98888-7777"' in page
