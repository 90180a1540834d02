"""What the gateway's JSON becomes, kind by kind; and that no JSON at all can do worse than Unreadable."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.evolution import answers, bodies, content, records, wire
from conversations.evolution.errors import (
    Broken,
    NotConnected,
    NotOnWhatsApp,
    Refused,
    UnknownInstance,
    Unreachable,
    Unreadable,
    WrongKey,
)
from conversations.evolution.fields import as_int, as_name, as_second, as_text
from conversations.jid import JID
from conversations.message import (
    Author,
    Card,
    ConnectionChanged,
    Event,
    Kind,
    Message,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    MessageSent,
    MessageStatus,
    Place,
    PresenceChanged,
    QRCodeChanged,
    Reaction,
    Referral,
    Status,
    Unused,
)
from tests.conversations import recorded

INSTANCE = "voice_sdr_v4"
MARIANA = "5511999990001@s.whatsapp.net"
BEATRIZ = "5511999990006@s.whatsapp.net"
LID = "123456789012345@lid"


def event(name: str) -> Event:
    return wire.parse_webhook(recorded.webhook_body(name))


def said(name: str) -> Message:
    found = event(name)
    assert isinstance(found, (MessageReceived, MessageSent))
    return found.message


def row(name: str, id: str) -> Message:
    found = next(record for record in recorded.rows(name) if record["key"]["id"] == id)
    return records.message(found, instance=INSTANCE)


# -------------------------------------------------------------------------------------------------------- kinds


def test_a_text_of_a_lead_has_every_fact() -> None:
    message = said("hook-messages.upsert-text")

    assert message == Message(
        id="A8AF734BB58B37D83C3065EF4977B27D",
        jid=JID(MARIANA),
        instance=INSTANCE,
        from_me=False,
        kind=Kind.TEXT,
        sent_at=datetime(2026, 11, 23, 6, 59, 5, tzinfo=timezone.utc),
        author=Author.LEAD,
        type_name="conversation",
        text="Olá! Vi o anúncio de vocês 😀\nQuero saber o preço do plano anual — dá pra parcelar em 12x?",
        push_name="Mariana Souza",
        source="android",
    )
    assert message.waits_for_answer


def test_a_reply_names_what_it_answers() -> None:
    message = said("hook-messages.upsert-extended-text-reply")

    assert message.text == "Sobre isso aqui 👇 veja https://exemplo.com.br"
    assert message.quote is not None
    assert (message.quote.id, message.quote.text, message.quote.kind, message.quote.participant) == (
        "A8AF734BB58B37D83C3065EF4977B27D",
        "Olá!",
        Kind.TEXT,
        MARIANA,
    )


def test_a_disappearing_message_is_unwrapped_with_its_quote() -> None:
    message = said("hook-messages.upsert-ephemeral-reply")

    assert (message.kind, message.text, message.is_ephemeral) == (Kind.TEXT, "essa some depois", True)
    assert message.type_name == "ephemeralMessage"
    assert message.quote is not None
    assert (message.quote.kind, message.quote.text) == (Kind.IMAGE, "Tabela de preços")


def test_a_disappearing_voice_note_keeps_the_gateway_s_link() -> None:
    message = said("hook-messages.upsert-ephemeral-audio")

    assert (message.kind, message.is_ephemeral) == (Kind.AUDIO, True)
    assert message.media is not None
    assert message.media.is_voice_note
    assert message.media.is_readable


@pytest.mark.parametrize("name", ["v2", "audio", "ephemeral"])
def test_a_view_once_message_shows_nothing(name: str) -> None:
    message = said(f"hook-messages.upsert-view-once-{name}")

    assert (message.kind, message.text, message.media) == (Kind.VIEW_ONCE, "", None)
    assert message.waits_for_answer


def test_buttons_of_ours_are_read_although_they_come_as_view_once() -> None:
    message = said("hook-send.message-sendButtons")

    assert (message.kind, message.text) == (Kind.TEXT, "*Confirma?*\n\nAgenda\nVoice")


def test_a_voice_note_is_described_and_its_bytes_are_not_kept() -> None:
    message = said("hook-messages.upsert-audio-ptt")

    assert (message.kind, message.text) == (Kind.AUDIO, "")
    media = message.media
    assert media is not None
    assert (media.mime_type, media.seconds, media.size, media.is_voice_note) == (
        "audio/ogg; codecs=opus",
        1,
        2420,
        True,
    )
    assert (media.url, media.is_readable) == (
        "https://mmg.whatsapp.net/v/t62.7118-24/3EB0B6B2183FBC40D4E4B4.enc",
        False,
    )
    assert "T2dnUw" not in repr(message)


def test_a_voice_note_without_base64_reads_the_same() -> None:
    with_file, without = (
        said("hook-messages.upsert-audio-base64-true-after-restart"),
        said("hook-messages.upsert-audio-base64-false"),
    )

    assert (without.kind, without.text) == (with_file.kind, with_file.text)
    assert without.media is not None
    assert without.media.is_voice_note


def test_a_voice_note_in_the_gateway_s_store_can_be_read_there() -> None:
    media = said("hook-fromsource-messages.upsert-audio-s3").media

    assert media is not None
    assert media.is_readable
    assert media.url.startswith("https://minio.exemplo.com.br/evolution/")


def test_a_transcript_of_the_gateway_is_the_text() -> None:
    assert said("hook-fromsource-messages.upsert-speechToText").text == "Oi, queria saber o preço do plano anual"


def test_a_picture_has_its_caption_and_size() -> None:
    message = said("hook-messages.upsert-image-caption")

    assert (message.kind, message.text) == (Kind.IMAGE, "Segue o comprovante do Pix ✅")
    assert message.media is not None
    assert (message.media.width, message.media.height, message.media.size) == (32, 32, 119)


@pytest.mark.parametrize(
    ("name", "kind", "text", "seconds"),
    [
        ("hook-messages.upsert-video", Kind.VIDEO, "Olha o vídeo", 12),
        ("hook-messages.upsert-voice-video", Kind.VIDEO, "", 5),
        ("hook-messages.upsert-sticker", Kind.STICKER, "", None),
    ],
)
def test_films_and_stickers(name: str, kind: Kind, text: str, seconds: int | None) -> None:
    message = said(name)

    assert (message.kind, message.text) == (kind, text)
    assert message.media is not None
    assert message.media.seconds == seconds


@pytest.mark.parametrize(
    ("name", "file_name", "caption"),
    [
        ("hook-messages.upsert-document", "Proposta São Paulo.pdf", "Proposta assinada"),
        ("hook-messages.upsert-document-with-caption", "contrato.pdf", "Contrato"),
        ("hook-messages.upsert-document-wrapped", "contrato.pdf", "Contrato"),
    ],
)
def test_a_document_has_its_name_and_caption(name: str, file_name: str, caption: str) -> None:
    message = said(name)

    assert (message.kind, message.text) == (Kind.DOCUMENT, caption)
    assert message.media is not None
    assert (message.media.file_name, message.media.mime_type) == (file_name, "application/pdf")


def test_places() -> None:
    assert said("hook-messages.upsert-location").place == Place(
        -23.56, -46.65, "Av. Paulista", "Av. Paulista, 1000 - São Paulo"
    )
    live = said("hook-messages.upsert-live-location")
    assert (live.kind, live.text, live.place) == (Kind.LIVE_LOCATION, "estou chegando", Place(-23.561, -46.656))


def test_contacts_are_cards() -> None:
    assert said("hook-messages.upsert-contact").cards == (Card("Carlos Lima", ("+55 11 99999-0077",)),)
    assert said("hook-send.message-sendContact").cards == (Card("Rafael Dias", ("+55 11 99999-0010",)),)
    assert said("hook-messages.upsert-contacts-array").cards == (
        Card("Carlos Lima", ("+55 11 99999-0077", "+55 11 3333-4444")),
        Card("Ana Prado"),
    )


def test_a_reaction_and_its_removal_are_never_answered() -> None:
    put, taken = said("hook-messages.upsert-reaction"), said("hook-messages.upsert-reaction-removed")

    assert put.reaction == Reaction("A8AF734BB58B37D83C3065EF4977B27D", "❤️", target_is_from_me=False)
    assert taken.reaction == Reaction("3EB034EB591F84811EC212", "", target_is_from_me=True)
    assert not put.waits_for_answer
    assert not taken.waits_for_answer


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("list-response", "Plano Pro"),
        ("buttons-response", "Sim, quero"),
        ("template-button-reply", "Agendar"),
        ("interactive-response", "Sim"),
        ("interactive-response-body", "Quero falar com vendas"),
    ],
)
def test_a_choice_is_what_was_chosen(name: str, chosen: str) -> None:
    message = said(f"hook-messages.upsert-{name}")

    assert (message.kind, message.text) == (Kind.CHOICE, chosen)
    assert message.waits_for_answer


def test_polls_and_orders_in_words() -> None:
    assert said("hook-messages.upsert-poll").text == "Melhor horário?\n- Manhã\n- Tarde"
    order = said("hook-messages.upsert-order")
    assert (order.kind, order.text) == (Kind.ORDER, "Loja da Voice\nPode separar?")


def test_an_advertisement_is_told_from_a_link_preview() -> None:
    message = said("hook-messages.upsert-ad-referral")

    assert message.text == "Tenho interesse"
    assert message.referral == Referral(
        "Plano Anual 50% OFF", "Clique", "https://fb.me/xyz", "120210000000", "ad", "ARxyz"
    )
    assert said("hook-messages.upsert-link-preview").referral is None


@pytest.mark.parametrize(("name", "type_name"), [("unsupported", "productMessage"), ("ad-empty", "unknown")])
def test_what_we_do_not_know_keeps_its_name_and_waits(name: str, type_name: str) -> None:
    message = said(f"hook-messages.upsert-{name}")

    assert (message.kind, message.type_name) == (Kind.UNSUPPORTED, type_name)
    assert message.waits_for_answer


def test_a_call_or_an_edit_in_the_history_is_no_message_to_answer() -> None:
    call = said("hook-messages.upsert-call-log")
    edit = records.message(recorded.webhook("hook-messages.upsert-edited-wrapper")["data"], instance=INSTANCE)

    assert not call.waits_for_answer
    assert not edit.waits_for_answer
    assert (edit.kind, edit.text, edit.is_edited) == (Kind.TEXT, "Quero o plano MENSAL", True)


def test_an_edit_s_wrapper_around_bare_text_is_that_text() -> None:
    message = said("hook-messages.upsert-edited-wrapper-bare")

    assert (message.kind, message.text, message.is_edited) == (Kind.TEXT, "Quero o plano MENSAL", True)


# ------------------------------------------------------------------------------------------------------- people


def test_a_lid_with_its_phone() -> None:
    message = said("hook-messages.upsert-lid-with-alt")

    assert (message.jid, message.alt_jid) == (LID, BEATRIZ)


@pytest.mark.parametrize(
    ("name", "alt_jid"),
    [("lid-without-phone", None), ("lid-sender-pn", BEATRIZ), ("phone-with-lid", LID), ("fromme-with-alt", None)],
)
def test_the_other_address_is_learnt_from_leads_only(name: str, alt_jid: str | None) -> None:
    assert said(f"hook-messages.upsert-{name}").alt_jid == alt_jid


@pytest.mark.parametrize("other", ["120363000000000001@g.us", "999@lid", "@s.whatsapp.net", "5511999990006", 7, None])
def test_only_a_person_s_other_kind_of_address_is_believed(other: object) -> None:
    record = recorded.webhook("hook-messages.upsert-lid-with-alt")["data"]
    record["key"]["remoteJidAlt"] = other

    assert records.message(record, instance=INSTANCE).alt_jid is None


def test_a_group_message_says_who_wrote_it() -> None:
    message = said("hook-messages.upsert-group")

    assert (message.jid, message.participant, message.push_name) == (
        "120363000000000001@g.us",
        "5511999990005@s.whatsapp.net",
        "Ana",
    )
    assert said("hook-messages.upsert-group-unnamed").push_name == ""
    assert said("hook-send.message-sendButtons").participant is None


@pytest.mark.parametrize("name", ["fromme-typed-on-phone", "fromme-with-alt", "fromme-unnamed"])
def test_our_own_message_in_an_upsert_was_typed_by_a_person(name: str) -> None:
    message = said(f"hook-messages.upsert-{name}")

    assert (message.author, message.is_api_shaped, message.push_name) == (Author.PHONE, False, "")


def test_what_the_api_sent_is_somebody_s_of_ours() -> None:
    message = said("hook-send.message-sendText")

    assert (message.author, message.is_api_shaped, message.push_name) == (Author.OTHER, True, "")
    assert message.status is Status.PENDING
    assert said("hook-evochannel-send.message").is_api_shaped


def test_the_history_tells_the_api_s_messages_from_a_person_s() -> None:
    found = [records.message(record, instance=INSTANCE) for record in recorded.rows("findMessages-who-wrote")]

    assert [(message.text or "👍", message.author) for message in found] == [
        ("api", Author.OTHER),
        ("👍", Author.OTHER),
        ("versão antiga", Author.OTHER),
        ("com citação", Author.OTHER),
        ("grupo", Author.OTHER),
        ("canal evolution", Author.OTHER),
        ("celular", Author.PHONE),
        ("celular sem nome", Author.PHONE),
        ("web", Author.PHONE),
        ("web sem nome, citando", Author.PHONE),
    ]


def test_every_recorded_send_is_api_shaped_in_the_history_too() -> None:
    sent = [
        recorded.answer(name)[1]
        for name in recorded.PATHS
        if name.startswith("send-") and recorded.answer(name)[0] == 201
    ]

    assert len(sent) > 15
    assert all(records.message(record, instance=INSTANCE).is_api_shaped for record in sent)


def test_recorded_phone_and_web_messages_are_a_person_s() -> None:
    phone = row("findMessages-empty-body", "A672602175A58C0AF1D2F8C66DBCF4DB")
    web = row("findMessages-empty-body", "3EB051FA5CA2EBBED5D63D")

    assert (phone.author, phone.source) == (Author.PHONE, "android")
    assert (web.author, web.source) == (Author.PHONE, "web")


# ----------------------------------------------------------------------------------------------------- delivery


def test_the_highest_status_counts_in_whatever_order() -> None:
    assert row("findMessages-ties-and-duplicates", "3EB0AAAAAAAAAAAAAAAA04").status is Status.READ
    assert row("findMessages-after-updateMessage", "3EB034EB591F84811EC212").status is Status.READ


def test_edited_and_deleted_are_flags() -> None:
    deleted, edited, gone = (
        records.message(record, instance=INSTANCE) for record in recorded.rows("findMessages-edited-and-deleted")
    )

    assert (deleted.is_edited, deleted.is_deleted, deleted.status) == (False, True, None)
    assert (edited.is_edited, edited.is_deleted, edited.status) == (True, False, Status.READ)
    assert gone.is_deleted
    assert row("findMessages-after-edit", "A8AF734BB58B37D83C3065EF4977B27D").is_edited


@pytest.mark.parametrize(
    ("name", "status", "is_deleted"),
    [
        ("sent-server-ack", Status.SERVER_ACK, False),
        ("sent-delivery-ack", Status.DELIVERY_ACK, False),
        ("sent-read", Status.READ, False),
        ("played", Status.PLAYED, False),
        ("error", Status.ERROR, False),
        ("deleted", None, True),
        ("something-new", None, False),
    ],
)
def test_delivery_progress(name: str, status: Status | None, is_deleted: bool) -> None:
    assert event(f"hook-messages.update-{name}") == MessageStatus(
        INSTANCE, "3EB034EB591F84811EC212", JID(MARIANA), from_me=True, status=status, is_deleted=is_deleted
    )


def test_the_chat_list_s_status_is_not_believed() -> None:
    chat = records.chats(recorded.answer("findChats-where-lid")[1], instance=INSTANCE)[0]

    assert (chat.jid, chat.name) == (LID, "")
    assert chat.last_message is not None
    assert (chat.last_message.text, chat.last_message.status) == ("Olá Beatriz", None)


def test_rows_of_another_build_cost_only_themselves() -> None:
    page = records.messages_page(recorded.answer("findMessages-broken-rows")[1], instance=INSTANCE)
    chats = records.chats(recorded.answer("findChats-broken-rows")[1], instance=INSTANCE)

    assert [message.text for message in page.messages] == ["inteira"]
    assert [(chat.jid, chat.name, chat.last_message) for chat in chats] == [(MARIANA, "", None), (LID, "", None)]


# ------------------------------------------------------------------------------------------------------- events


def test_an_edit() -> None:
    assert event("hook-messages.edited-customer-edit") == MessageEdited(
        INSTANCE,
        "A8AF734BB58B37D83C3065EF4977B27D",
        JID(MARIANA),
        from_me=False,
        text="Olá! Quero saber o preço do plano MENSAL",
        edited_at=datetime(2026, 11, 23, 6, 59, 40, 841000, tzinfo=timezone.utc),
    )
    ours = event("hook-send.message.update-api-edit")
    assert isinstance(ours, MessageEdited)
    assert (ours.from_me, ours.text) == (True, "Olá Mariana! (corrigido)")


def test_an_edit_in_an_upsert_is_about_the_chat_it_came_in() -> None:
    edit = event("hook-messages.upsert-edited-wrapper")

    assert isinstance(edit, MessageEdited)
    assert (edit.message_id, edit.jid, edit.from_me) == ("A8AF734BB58B37D83C3065EF4977B27D", MARIANA, False)


@pytest.mark.parametrize(
    ("name", "id", "from_me"),
    [
        ("messages.edited-lead-delete", "A8AF734BB58B37D83C3065EF4977B27D", False),
        ("messages.upsert-revoke", "A8AF734BB58B37D83C3065EF4977B27D", False),
        ("messages.delete-lead", "A8AF734BB58B37D83C3065EF4977B27D", False),
        ("messages.delete-deleteForEveryone", "3EB034EB591F84811EC212", True),
    ],
)
def test_a_deletion_however_it_is_told(name: str, id: str, from_me: bool) -> None:
    assert event(f"hook-{name}") == MessageDeleted(INSTANCE, id, JID(MARIANA), from_me=from_me)


@pytest.mark.parametrize(
    ("name", "state", "reason"),
    [
        ("connection.update-open", "open", 200),
        ("connection.update-connecting", "connecting", 200),
        ("connection.update-logout", "close", 401),
        ("fromsource-connection.update-refused", "refused", 428),
    ],
)
def test_the_connection(name: str, state: str, reason: int) -> None:
    found = event(f"hook-{name}")

    assert isinstance(found, ConnectionChanged)
    assert (found.state, found.reason) == (state, reason)


def test_presence() -> None:
    assert event("hook-presence.update-presence") == PresenceChanged(INSTANCE, JID(MARIANA), "composing")
    recording, paused = event("hook-presence.update-lid-recording"), event("hook-presence.update-paused")
    assert isinstance(recording, PresenceChanged)
    assert isinstance(paused, PresenceChanged)
    assert (recording.jid, recording.is_composing, paused.is_composing) == (LID, True, False)


def test_a_qr_code_and_the_end_of_the_attempts() -> None:
    code, end = event("hook-qrcode.updated"), event("hook-fromsource-qrcode.updated-limit")

    assert isinstance(code, QRCodeChanged)
    assert code.code.startswith("2@FAKE")
    assert code.image.startswith("data:image/png;base64,")
    assert "2@FAKE" not in repr(code)
    assert end == QRCodeChanged(INSTANCE)


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        ("chats.upsert-first-contact", True),
        ("contacts.update-text", True),
        ("messages.set-history", True),
        ("logout.instance-logout", True),
        ("call-offer", True),
        ("fromsource-error-global", True),
        ("unknown-event", False),
    ],
)
def test_events_we_have_no_use_for(name: str, is_known: bool) -> None:
    found = event(f"hook-{name}")

    assert isinstance(found, Unused)
    assert found.is_known is is_known


def test_the_instance_s_token_goes_no_further() -> None:
    body = recorded.webhook_body("hook-messages.upsert-exposed-key")
    assert b"token-voice-sdr-v4" in body

    assert "token-voice-sdr-v4" not in repr(wire.parse_webhook(body))


def test_only_what_we_read_is_asked_for() -> None:
    allowed = recorded.answer("webhook-set-ok")[1]["events"]

    assert set(wire.USED_EVENTS) <= set(allowed)
    assert {name.lower().replace("_", ".") for name in wire.USED_EVENTS} == set(wire._READERS)


# ----------------------------------------------------------------------------------------------- the same news twice


def test_a_retry_is_recognised() -> None:
    keys = [
        wire.dedupe_key(event(name))
        for name in (
            "hook-messages.upsert-text",
            "hook-send.message-sendText",
            "hook-messages.update-sent-read",
            "hook-messages.update-sent-delivery-ack",
            "hook-messages.update-deleted",
            "hook-messages.edited-customer-edit",
            "hook-messages.delete-lead",
        )
    ]

    assert len(set(keys)) == len(keys)
    assert keys[0] == ("messages.upsert", INSTANCE, "A8AF734BB58B37D83C3065EF4977B27D", "")
    assert keys[2] == ("messages.update", INSTANCE, "3EB034EB591F84811EC212", "READ")


def test_a_second_edit_of_one_message_is_news() -> None:
    body = recorded.webhook("hook-messages.edited-customer-edit")
    first = wire.parse_webhook(json.dumps(body).encode())
    body["data"]["timestampMs"] = str(int(body["data"]["timestampMs"]) + 1)

    assert wire.dedupe_key(wire.parse_webhook(json.dumps(body).encode())) != wire.dedupe_key(first)


def test_a_lead_s_deletion_told_by_two_events_is_one() -> None:
    assert wire.dedupe_key(event("hook-messages.edited-lead-delete")) == wire.dedupe_key(
        event("hook-messages.delete-lead")
    )


@pytest.mark.parametrize("name", ["connection.update-open", "presence.update-presence", "qrcode.updated"])
def test_a_state_may_be_told_twice(name: str) -> None:
    assert wire.dedupe_key(event(f"hook-{name}")) is None


# --------------------------------------------------------------------------------------------------- unreadable


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"oi",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe{}",
        b'{"event": 7}',
        b'{"event": "messages.upsert"}',
        b'{"event": "messages.upsert", "instance": "a", "data": null}',
        b'{"event": "messages.upsert", "instance": "a", "data": [{}, {}]}',
        b'{"event": "messages.upsert", "instance": "a", "data": {"messageTimestamp": NaN}}',
        b'{"event": "messages.upsert", "instance": "a", "data": {"messageTimestamp": ' + b"9" * 5000 + b"}}",
        b'{"event": "connection.update", "instance": "a", "data": {}}',
        b'{"event": "presence.update", "instance": "a", "data": {"id": "1@lid"}}',
    ],
)
def test_what_cannot_be_read_says_so(body: bytes) -> None:
    with pytest.raises(Unreadable):
        wire.parse_webhook(body)


@pytest.mark.parametrize("depth", [70, 5_000, 200_000])
@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_json_is_refused(depth: int, brackets: tuple[bytes, bytes]) -> None:
    opening, closing = brackets
    nested = opening * depth + b"1" + closing * depth

    with pytest.raises(Unreadable, match="too deep"):
        wire.parse_webhook(b'{"event": "chats.upsert", "instance": "a", "data": ' + nested + b"}")


def test_wide_json_is_read() -> None:
    body = recorded.webhook("hook-messages.upsert-text")
    body["data"]["message"]["messageContextInfo"] = {str(number): [number] for number in range(5_000)}

    assert isinstance(wire.parse_webhook(json.dumps(body).encode()), MessageReceived)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("key", "id"), None),
        (("key", "id"), "x" * 129),
        (("key", "remoteJid"), ""),
        (("key", "remoteJid"), "55 11@s.whatsapp.net"),
        (("key", "remoteJid"), 5511999990001),
        (("messageTimestamp",), None),
        (("messageTimestamp",), -5),
        (("messageTimestamp",), 10**30),
        (("messageTimestamp",), True),
    ],
)
def test_a_message_needs_id_address_and_time(path: tuple[str, ...], value: object) -> None:
    body = recorded.webhook("hook-messages.upsert-text")
    target = body["data"]
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value

    with pytest.raises(Unreadable) as raised:
        wire.parse_webhook(json.dumps(body).encode())

    assert "Mariana" not in str(raised.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def _read_or_unreadable(body: bytes) -> None:
    try:
        found = wire.parse_webhook(body)
    except Unreadable:
        return
    repr(found).encode()


@given(anything)
def test_no_json_does_worse_than_unreadable(value: Any) -> None:
    _read_or_unreadable(json.dumps(value).encode())


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_unreadable(body: bytes) -> None:
    _read_or_unreadable(body)


_FIELDS = st.sampled_from(
    """key remoteJid fromMe id participant remoteJidAlt senderPn pushName status message messageType messageTimestamp
    contextInfo source MessageUpdate keyId type editedMessage timestampMs state statusReason presences
    lastKnownPresence qrcode code conversation extendedTextMessage text ephemeralMessage viewOnceMessageV2
    editedMessage protocolMessage audioMessage imageMessage documentMessage reactionMessage locationMessage
    degreesLatitude contactMessage contactsArrayMessage contacts vcard displayName listResponseMessage
    interactiveResponseMessage nativeFlowResponseMessage paramsJson body pollCreationMessageV3 options orderMessage
    stanzaId quotedMessage externalAdReply sourceId mediaUrl speechToText seconds fileLength low high caption
    templateMessage hydratedTemplate interactiveMessage""".split()  # noqa: SIM905 (a list of eighty lines says no more)
)
_ALMOST = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([MARIANA, LID, "Você", "web", "EDITED", "READ", "{}", "\ud800", "\x00", "1795417145", 0, 14])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_FIELDS, inner, max_size=6),
    max_leaves=40,
)


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(sorted(wire._READERS)), data=_ALMOST)
def test_nothing_that_looks_like_an_event_does_worse_than_unreadable(name: str, data: Any) -> None:
    _read_or_unreadable(json.dumps({"event": name, "instance": "a", "data": data}).encode())


@settings(max_examples=400, deadline=None)
@given(said=_ALMOST, type_name=_FIELDS, context=_ALMOST, updates=_ALMOST)
def test_whatever_a_message_says_it_is_read(said: Any, type_name: str, context: Any, updates: Any) -> None:
    record = {
        **recorded.webhook("hook-messages.upsert-text")["data"],
        **{"message": said, "messageType": type_name, "contextInfo": context, "MessageUpdate": updates},
    }

    repr(records.message(record, instance=INSTANCE)).encode()


@settings(max_examples=200, deadline=None)
@given(_ALMOST)
def test_no_answer_does_worse_than_unreadable(body: Any) -> None:
    readers = (
        answers.media_file,
        answers.instances,
        answers.connection_state,
        answers.pairing,
        answers.webhook_settings,
        answers.instance_settings,
        answers.contacts,
        answers.picture_url,
        answers.server_info,
        lambda found: records.messages_page(found, instance=INSTANCE),
        lambda found: records.chats(found, instance=INSTANCE),
    )
    for read in readers:
        try:
            read(body)
        except Unreadable:
            continue
    assert answers.error_words(500, body)
    content.read(body if isinstance(body, dict) else {}, "")


def test_text_is_fit_to_be_stored_anywhere() -> None:
    assert as_text("a\x00b\ud83d\ude00c\ud800") == "ab😀c\ufffd"


def test_a_name_turns_no_words_about() -> None:
    assert as_name(" Mari\u202eana\u2066\n ") == "Mariana"
    assert as_name("Jo\u0303ao 👩\u200d⚕\ufe0f") == "Jo\u0303ao 👩\u200d⚕\ufe0f"
    assert as_name("\u200b") == ""


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        ("7", 7),
        (7.9, 7),
        ({"low": 7, "high": 0, "unsigned": True}, 7),
        ({"low": -1, "high": 0}, 2**32 - 1),
        ({"low": 0, "high": 1}, 2**32),
        (True, None),
        ("٧", None),
        (float("inf"), None),
        ({"low": "7"}, None),
        (None, None),
    ],
)
def test_numbers_in_all_their_dresses(value: object, number: int | None) -> None:
    assert as_int(value) == number


def test_milliseconds_are_not_taken_for_seconds() -> None:
    assert as_second(1795417145000) is None


# ------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("auth-401-bad-key", WrongKey, "Unauthorized"),
        ("auth-404-unknown-instance", UnknownInstance, 'The "nao_existe" instance does not exist'),
        ("instance-fetch-by-name-404", UnknownInstance, 'Instance "nada" not found'),
        ("404-unknown-route", Refused, "Cannot GET /chat/findMessages/5511…0001"),
        ("send-sendText-empty-400", Refused, None),
        ("send-sendText-old-v1-body-400", Refused, 'instance requires property "text"'),
        ("send-sendText-not-on-whatsapp-400", NotOnWhatsApp, "the number is not on WhatsApp"),
        ("sendText-connection-closed-400", NotConnected, "Error: Connection Closed"),
        ("baileys-offline-sendText", NotConnected, "Connection Closed"),
        ("instance-logout-twice-400", NotConnected, 'The "tmp_logout" instance is not connected'),
        ("instance-create-duplicate-403", Refused, 'This name "voice_sdr_v4" is already in use.'),
        ("whatsappNumbers-400", Refused, "numbers does not meet minimum length of 1"),
        ("evo-findChatByRemoteJid-400", Refused, "remoteJid is a required query parameter"),
        ("getBase64-unknown", Refused, "Message not found"),
        ("findMessages-source-invalid-500", Broken, "internal error of the gateway"),
        ("label-handleLabel-add", Refused, "Unable to add label to chat; internal error of the gateway"),
        ("malformed-json", Refused, "Unexpected end of JSON input"),
    ],
)
def test_a_refusal_in_its_own_words(name: str, error: type[Exception], words: str | None) -> None:
    status, body = recorded.answer(name)

    found = answers.error_words(status, body)

    assert type(answers.error(status, body, found)) is error
    assert words is None or found == words


def test_words_hold_no_number_and_have_an_end() -> None:
    told = answers.error_words(400, {"response": {"message": [["no 5511999990001@s.whatsapp.net here", "x" * 900]]}})

    assert told.startswith("no 5511…0001@s.whatsapp.net here; xxx")
    assert len(told) == 300


@pytest.mark.parametrize(
    "body", [None, "", [], {}, {"message": ""}, {"response": {"message": []}}, {"response": {"message": [[], {}]}}]
)
def test_a_refusal_without_words_says_its_status(body: object) -> None:
    assert answers.error_words(502, body) == "status 502"


def test_too_many_requests_pass() -> None:
    assert isinstance(answers.error(429, None, "status 429"), Unreachable)


# -------------------------------------------------------------------------------------------------------- asking


NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)


def test_our_questions_are_those_that_were_answered() -> None:
    def asked(name: str) -> Any:
        return recorded.payload(name)["request"]["body"]

    assert bodies.find_messages(JID(MARIANA), 1, 5) == asked("findMessages-by-jid")
    assert bodies.find_chats(None, None, 2, 2) == asked("findChats-take2-skip2")
    assert bodies.media_base64("AD4A24651685ABC4A48B8908DA5B0059") == asked("getBase64-audio")
    assert bodies.send_presence(JID("5511999990001"), "composing", 1200) == asked("sendPresence")
    assert bodies.settings(answers.InstanceSettings(groups_ignore=True)) == asked("settings-set-ok")
    assert bodies.mark_read([row("findMessages-audio-row", "AD4A24651685ABC4A48B8908DA5B0059")]) == asked(
        "markMessageAsRead"
    )
    assert set(bodies.set_webhook("http://x", {}, [])["webhook"]) == set(asked("webhook-set-ok")["webhook"])


def test_a_quote_is_asked_for_by_id_and_only_when_there_is_one() -> None:
    assert bodies.send_text(JID(MARIANA), "oi", "A1")["quoted"] == {"key": {"id": "A1"}}
    assert set(bodies.send_text(JID(MARIANA), "oi", "")) == {"number", "text", "linkPreview"}


def test_times_are_told_as_utc() -> None:
    sao_paulo = timezone(timedelta(hours=-3))
    where = bodies.find_messages(JID(MARIANA), 1, 5, until=datetime(2026, 11, 23, 9, tzinfo=sao_paulo))["where"]

    assert where["messageTimestamp"] == {"gte": "1970-01-01T00:00:00.000Z", "lte": "2026-11-23T12:00:00.000Z"}


def test_half_a_window_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="two ends"):
        bodies.find_chats(NOON, None, 10, 0)
