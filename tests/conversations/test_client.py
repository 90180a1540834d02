"""The client: what it asks, what it makes of the answers, and how every way of failing ends."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from conversations.attachments import File
from conversations.evolution import (
    Broken,
    EvolutionError,
    NotConnected,
    NotOnWhatsApp,
    Refused,
    TooLarge,
    Unconfirmed,
    UnknownInstance,
    Unreachable,
    Unreadable,
    WrongKey,
)
from conversations.evolution.answers import InstanceSettings
from conversations.evolution.client import TIES, EvolutionClient, new_session
from conversations.jid import JID
from conversations.message import Author, Kind, Status
from tests.conversations import recorded, replay
from tests.conversations.replay import Replay

INSTANCE = "voice_sdr_v4"
MARIANA = JID("5511999990001@s.whatsapp.net")
KEY = "chave-muito-secreta"
NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)


@pytest.fixture
def gateway() -> Replay:
    return Replay()


@pytest.fixture
def client(gateway: Replay) -> EvolutionClient:
    return EvolutionClient("http://gateway.test/", KEY, session=replay.session(gateway))


# ---------------------------------------------------------------------------------------------------- messages


def test_a_page_is_newest_first_as_given(client: EvolutionClient) -> None:
    page = client.messages_page(INSTANCE, MARIANA, 1, 5)

    assert [message.id for message in page.messages] == [
        record["key"]["id"] for record in recorded.rows("findMessages-by-jid")
    ]
    assert (page.total, page.pages) == (37, 8)


def test_messages_come_oldest_first_once_and_from_one_page(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("findMessages-ties-and-duplicates")

    found = client.messages(INSTANCE, MARIANA, limit=3)

    assert [message.text for message in found] == ["dois", "três", "Tudo bem?"]
    assert found[-1].status is Status.READ
    assert len(gateway.asked) == 1
    assert gateway.asked[0].body == {"where": {"key": {"remoteJid": MARIANA}}, "page": 1, "offset": 3 + TIES}


def test_messages_of_the_oldest_second_are_kept_together(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("findMessages-ties-and-duplicates")

    found = client.messages(INSTANCE, MARIANA, limit=2)

    assert [message.text for message in found] == ["dois", "três", "Tudo bem?"]


def test_older_messages_are_asked_for_by_time_with_both_bounds(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("findMessages-ties-and-duplicates")

    client.messages(INSTANCE, MARIANA, limit=3, before=NOON)

    assert gateway.asked[0].body["where"] == {
        "key": {"remoteJid": MARIANA},
        "messageTimestamp": {"gte": "1970-01-01T00:00:00.000Z", "lte": "2026-11-23T12:00:00.000Z"},
    }


def test_all_messages_of_a_time_are_asked_for_with_both_bounds(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("findMessages-ties-and-duplicates")

    found = client.messages_between(INSTANCE, NOON, NOON.replace(hour=13))

    assert [message.text for message in found] == ["um", "dois", "três", "Tudo bem?"]
    assert gateway.asked[0].body["where"] == {
        "messageTimestamp": {"gte": "2026-11-23T12:00:00.000Z", "lte": "2026-11-23T13:00:00.000Z"}
    }


def test_one_message_by_its_id(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("findMessages-sent-with-updates", "findMessages-after-deleteForEveryone")

    found = client.message(INSTANCE, "3EB034EB591F84811EC212")

    assert found is not None
    assert (found.author, found.status) == (Author.OTHER, Status.READ)
    assert client.message(INSTANCE, "3EB034EB591F84811EC212") is None


# ------------------------------------------------------------------------------------------------------- chats


def _rows(*users: int) -> list[dict[str, Any]]:
    return [{"remoteJid": f"55119999{user:05}@s.whatsapp.net", "lastMessage": None} for user in users]


def test_chats_are_read_to_the_end_and_once(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_say(200, _rows(1, 2, 3))
    gateway.will_say(200, _rows(3, 4, 5))  # somebody wrote meanwhile: the pages shifted by one
    gateway.will_say(200, _rows(6))

    found = client.chats(INSTANCE, take=3)

    assert [chat.jid for chat in found] == [row["remoteJid"] for row in _rows(1, 2, 3, 4, 5, 6)]
    assert [asked.body for asked in gateway.asked] == [{"take": 3, "skip": skip} for skip in (0, 3, 6)]


def test_a_gateway_that_ignores_skip_is_not_asked_for_ever(client: EvolutionClient, gateway: Replay) -> None:
    for _ in range(3):
        gateway.will_say(200, _rows(1, 2))

    assert len(client.chats(INSTANCE, take=2)) == 2
    assert len(gateway.asked) == 2


def test_chats_of_a_window(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("findChats-where-ts")

    found = client.chats(INSTANCE, since=NOON, until=NOON.replace(day=24), take=50)

    assert gateway.asked[0].body["where"]["messageTimestamp"] == {
        "gte": "2026-11-23T12:00:00.000Z",
        "lte": "2026-11-24T12:00:00.000Z",
    }
    assert found[0].name == "Mariana Souza"


def test_one_page_of_chats(client: EvolutionClient) -> None:
    found = client.chats_page(INSTANCE, take=2, skip=2)

    assert [chat.jid for chat in found] == [row["remoteJid"] for row in recorded.answer("findChats-take2-skip2")[1]]


def test_contacts(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("findContacts-all", "findContacts-after-fromMe", "findContacts-page")

    assert {contact.name for contact in client.contacts(INSTANCE)} >= {"Mariana Souza", "Beatriz"}
    paulo = client.contact(INSTANCE, JID("5511999990003@s.whatsapp.net"))
    assert paulo is not None
    assert paulo.name == "Paulo"
    assert client.contact(INSTANCE, JID("5511000000000@s.whatsapp.net")) is None


def test_labels_by_their_ids(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("label-findLabels")

    assert client.labels(INSTANCE) == {"7": "Cliente quente  So Paulo"}


def test_a_profile_picture_or_none(client: EvolutionClient) -> None:
    assert client.picture_url(INSTANCE, JID("5511999990001")) == "https://pps.whatsapp.net/v/t61/5511999990001.jpg"
    assert client.picture_url(INSTANCE, JID("123456789012345@lid")) == ""


# ------------------------------------------------------------------------------------------------------- media


def test_a_file_is_fetched_by_message_id(client: EvolutionClient) -> None:
    found = client.media(INSTANCE, "A5497A3EBC081E93902E6922B0717BD3")

    assert (found.data, found.mime_type, found.file_name) == (
        b"%PDF-1.4\n%fake\n%%EOF",
        "application/pdf",
        "Proposta São Paulo.pdf",
    )


def test_a_file_above_the_limit_is_not_read_to_its_end(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("getBase64-small")
    gateway.will_say(201, {"mimetype": "a/b", "base64": "QUJD" * 100_000})

    with pytest.raises(TooLarge):
        client.media(INSTANCE, "A1", limit=19)
    with pytest.raises(TooLarge):
        client.media(INSTANCE, "A1", limit=1_000)


def test_a_message_without_a_file_is_refused_in_words(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("getBase64-text-400")

    with pytest.raises(Refused, match="not of the media type"):
        client.media(INSTANCE, "A1")


# -------------------------------------------------------------------------------------------------------- acts


def test_a_text_is_sent_to_the_address_as_received(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("send-sendText-lid")

    sent = client.send_text(INSTANCE, JID("123456789012345@lid"), "Olá Beatriz", quoted_id="A1")

    assert (sent.id, sent.jid, sent.status) == ("3EB09A2F6D41CD8C632DC6", "123456789012345@lid", Status.PENDING)
    assert gateway.asked[0].body == {
        "number": "123456789012345@lid",
        "text": "Olá Beatriz",
        "linkPreview": False,
        "quoted": {"key": {"id": "A1"}},
    }


def test_text_that_is_no_unicode_is_sent_all_the_same(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("send-sendText")

    client.send_text(INSTANCE, MARIANA, "oi \ud800")

    assert gateway.asked[0].body["text"] == "oi ?"


def test_a_400_for_a_reason_of_the_gateways_own_may_come_after_the_message_is_out(
    client: EvolutionClient, gateway: Replay
) -> None:
    gateway.will_answer("sendText-connection-closed-400")

    with pytest.raises(Unconfirmed) as raised:
        client.send_text(INSTANCE, MARIANA, "Oi")

    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("send-sendText-empty-400", Refused),
        ("send-sendText-not-on-whatsapp-400", NotOnWhatsApp),
        ("auth-401-bad-key", WrongKey),
        ("auth-404-unknown-instance", UnknownInstance),
        ("baileys-offline-sendText", NotConnected),
    ],
)
def test_a_refused_send_surely_did_not_go_out(
    client: EvolutionClient, gateway: Replay, name: str, error: type[EvolutionError]
) -> None:
    gateway.will_answer(name)

    with pytest.raises(error) as raised:
        client.send_text(INSTANCE, MARIANA, "oi")

    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, {"response": {"message": ["Error: Connection Closed"]}}, "Connection Closed"),
        (500, {"response": {"message": "Internal Server Error"}}, "Internal Server Error"),
        (502, None, "status 502"),
        (504, "<html>", "status 504"),
        (408, {}, "status 408"),
        (201, {"key": {}}, "message without a usable id"),
        (201, None, "message without a usable id"),
    ],
)
def test_a_send_that_failed_over_there_may_be_out(
    client: EvolutionClient, gateway: Replay, status: int, body: object, words: str
) -> None:
    gateway.will_say(status, body)

    with pytest.raises(Unconfirmed, match=words) as raised:
        client.send_text(INSTANCE, MARIANA, "oi")

    assert raised.value.was_answered
    assert len(gateway.asked) == 1


PDF = File(b"%PDF", "application/pdf", "proposta.pdf", "document")


def test_a_file_is_sent_as_bare_base64(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("send-sendMedia-document")

    sent = client.send_media(INSTANCE, MARIANA, PDF, caption="Proposta", quoted_id="A1")

    assert (sent.kind, sent.text, sent.is_api_shaped) == (Kind.DOCUMENT, "Proposta", True)
    assert gateway.asked[0].path == f"/message/sendMedia/{INSTANCE}"
    assert gateway.asked[0].body == {
        "number": MARIANA,
        "mediatype": "document",
        "mimetype": "application/pdf",
        "media": "JVBERg==",
        "fileName": "proposta.pdf",
        "caption": "Proposta",
        "quoted": {"key": {"id": "A1"}},
    }


def test_a_voice_note_is_made_by_the_gateway(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("send-sendWhatsAppAudio")

    sent = client.send_voice(INSTANCE, MARIANA, b"sound")

    assert sent.media is not None
    assert sent.media.is_voice_note
    assert gateway.asked[0].path == f"/message/sendWhatsAppAudio/{INSTANCE}"
    assert gateway.asked[0].body == {"number": MARIANA, "audio": "c291bmQ=", "encoding": True}


@pytest.mark.parametrize("name", ["updateMessage", "deleteMessageForEveryone"])
def test_what_has_left_is_changed_and_taken_back_as_recorded(
    client: EvolutionClient, gateway: Replay, name: str
) -> None:
    gateway.will_answer(name)
    asked = recorded.payload(name)["request"]
    id = (asked["body"].get("key") or asked["body"])["id"]

    if name == "updateMessage":
        client.edit_message(INSTANCE, MARIANA, id, asked["body"]["text"])
    else:
        client.delete_message(INSTANCE, MARIANA, id)

    assert (gateway.asked[0].method, gateway.asked[0].path) == (asked["method"], asked["path"])
    assert gateway.asked[0].body | {"number": ""} == asked["body"] | {"number": ""}


@pytest.mark.parametrize(("name", "act"), [("send-sendMedia-dataurl", "media"), ("updateMessage-incoming", "edit")])
def test_files_and_edits_that_are_refused_at_the_door_surely_did_not_happen(
    client: EvolutionClient, gateway: Replay, name: str, act: str
) -> None:
    gateway.will_answer(name)

    with pytest.raises(Refused) as raised:
        client.send_media(INSTANCE, MARIANA, PDF) if act == "media" else client.edit_message(
            INSTANCE, MARIANA, "A1", "oi"
        )

    assert type(raised.value) is Refused


@pytest.mark.parametrize("act", ["media", "voice", "edit", "delete"])
def test_whatever_reaches_a_lead_may_be_out_after_a_500_and_is_asked_once(
    client: EvolutionClient, gateway: Replay, act: str
) -> None:
    gateway.will_say(500, {"response": {"message": ["Error: Connection Closed"]}})

    acts: dict[str, Callable[[], object]] = {
        "media": lambda: client.send_media(INSTANCE, MARIANA, PDF),
        "voice": lambda: client.send_voice(INSTANCE, MARIANA, b"sound"),
        "edit": lambda: client.edit_message(INSTANCE, MARIANA, "A1", "oi"),
        "delete": lambda: client.delete_message(INSTANCE, MARIANA, "A1"),
    }

    with pytest.raises(Unconfirmed):
        acts[act]()

    assert len(gateway.asked) == 1


def test_a_number_is_looked_up_alone(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_say(200, [{"jid": "553188887777@s.whatsapp.net", "exists": True, "number": "5531988887777"}])
    gateway.will_say(200, [{"jid": "5511900000000@s.whatsapp.net", "exists": False, "number": "5511900000000"}])

    assert client.on_whatsapp(INSTANCE, JID("5531988887777@s.whatsapp.net")) == "553188887777@s.whatsapp.net"
    assert client.on_whatsapp(INSTANCE, JID("5511900000000@s.whatsapp.net")) is None
    assert [asked.body for asked in gateway.asked] == [{"numbers": ["5531988887777"]}, {"numbers": ["5511900000000"]}]


def test_presence_waits_as_long_as_it_shows(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("sendPresence")

    client.send_presence(INSTANCE, MARIANA, "composing", 1200)

    assert gateway.asked[0].body == {"number": MARIANA, "presence": "composing", "delay": 1200}
    assert gateway.asked[0].timeout[1] == pytest.approx(6.2)


def test_blue_ticks(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("findMessages-audio-row", "markMessageAsRead")
    message = client.message(INSTANCE, "AD4A24651685ABC4A48B8908DA5B0059")
    assert message is not None

    client.mark_read(INSTANCE, [message])
    client.mark_read(INSTANCE, [])

    assert len(gateway.asked) == 2
    assert gateway.asked[1].body == recorded.payload("markMessageAsRead")["request"]["body"]


# --------------------------------------------------------------------------------------------------- instances


def test_the_state_of_an_instance(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("baileys-state-open", "instance-state-after-logout", "auth-404-unknown-instance")

    assert client.connection_state(INSTANCE) == "open"
    assert client.connection_state("tmp_logout") == "close"
    with pytest.raises(UnknownInstance):
        client.connection_state("nao_existe")


def test_the_instances_without_their_tokens(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("baileys-fetchInstances")

    (found,) = client.instances()

    assert (found.name, found.state, found.owner) == (INSTANCE, "open", "5511999990000@s.whatsapp.net")
    assert "token-voice-sdr-v4" not in repr(found)


def test_making_an_instance(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("baileys-create-qrcode-offline", "instance-create-duplicate-403")

    assert client.create_instance("sdr_offline").state == "connecting"
    assert gateway.asked[0].body["integration"] == "WHATSAPP-BAILEYS"
    assert gateway.asked[0].body["readMessages"] is False
    with pytest.raises(Refused, match="already in use"):
        client.create_instance(INSTANCE)


def test_pairing(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("baileys-connect-qr", "baileys-connect-when-open", "baileys-offline-connect")

    code, is_open, nothing_yet = (client.connect(INSTANCE) for _ in range(3))

    assert code.code.startswith("2@")
    assert code.image.startswith("data:image/png;base64,")
    assert is_open.state == "open"
    assert (nothing_yet.state, nothing_yet.code) == ("", "")


def test_pairing_by_a_code_to_type(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("instance-connect-pairing-code")

    assert client.connect(INSTANCE, number="5511999990000").pairing_code == "WZYEH1YY"
    assert gateway.asked[0].path == f"/instance/connect/{INSTANCE}?number=5511999990000"


def test_restart_and_logout(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("instance-restart-open-real", "instance-restart-closed", "instance-logout-ok")
    gateway.will_answer("instance-logout-twice-400")

    assert client.restart(INSTANCE).state == "open"
    with pytest.raises(Refused):
        client.restart(INSTANCE)
    client.logout(INSTANCE)
    with pytest.raises(NotConnected):
        client.logout(INSTANCE)
    assert [asked.method for asked in gateway.asked] == ["POST", "POST", "DELETE", "DELETE"]


def test_the_webhook_is_set_whole(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("webhook-set-ok", "webhook-find-ok", "webhook-find-null")

    client.set_webhook(INSTANCE, "http://bot/webhook/evolution/", headers={"X-Webhook-Secret": "s"})

    assert gateway.asked[0].body["webhook"] == {
        "enabled": True,
        "url": "http://bot/webhook/evolution/",
        "headers": {"X-Webhook-Secret": "s"},
        "byEvents": False,
        "base64": False,
        "events": [
            "MESSAGES_UPSERT",
            "SEND_MESSAGE",
            "MESSAGES_UPDATE",
            "MESSAGES_EDITED",
            "SEND_MESSAGE_UPDATE",
            "MESSAGES_DELETE",
            "CONNECTION_UPDATE",
            "PRESENCE_UPDATE",
            "QRCODE_UPDATED",
        ],
    }
    stored = client.webhook(INSTANCE)
    assert stored is not None
    assert stored.headers["X-Voice-Secret"] == "s3gredo"
    assert "s3gredo" not in repr(stored)
    assert client.webhook(INSTANCE) is None


def test_settings(client: EvolutionClient, gateway: Replay) -> None:
    wanted = InstanceSettings(groups_ignore=True)

    assert client.set_settings(INSTANCE, wanted) == wanted
    assert client.settings(INSTANCE) == InstanceSettings(groups_ignore=False)


def test_the_version(client: EvolutionClient, gateway: Replay) -> None:
    assert client.server_info().version == "2.3.6"

    gateway.will_say(200, {"hello": "world"})
    with pytest.raises(Unreadable, match="not an Evolution API"):
        client.server_info()


# -------------------------------------------------------------------------------------------------------- wire


def test_the_instance_s_name_cannot_leave_its_place_in_the_path(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_answer("baileys-state-open")

    client.connection_state("a/../b?instanceName=c#d")

    assert gateway.asked[0].path == "/instance/connectionState/a%2F..%2Fb%3FinstanceName%3Dc%23d"


def test_the_key_goes_in_its_header_and_nowhere_else(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_say(400, {"response": {"message": [f"key {KEY} is odd"]}})

    with pytest.raises(Refused) as raised:
        client.instances()

    assert gateway.asked[0].headers["apikey"] == KEY
    assert KEY not in str(raised.value) + repr(raised.value) + repr(client) + gateway.asked[0].path


def test_a_key_that_cannot_be_a_header_is_wrong() -> None:
    with replay.server() as (url, _), pytest.raises(WrongKey):
        EvolutionClient(url, "chave→", session=new_session()).instances()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, {"response": {"message": "boom"}}, Broken),
        (503, None, Broken),
        (429, None, Unreachable),
        (403, {}, Refused),
        (301, {}, Refused),
        (200, "not json", Unreadable),
    ],
)
def test_a_read_that_fails(
    client: EvolutionClient, gateway: Replay, status: int, body: object, error: type[EvolutionError]
) -> None:
    if body == "not json":
        gateway.lined_up.append((200, b"<html>"))
    else:
        gateway.will_say(status, body)

    with pytest.raises(error) as raised:
        client.chats(INSTANCE)

    assert raised.value.status == status


def test_a_closed_connection_is_tried_once_more_for_a_read(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_fail(requests.ConnectionError("closed"))
    gateway.will_answer("baileys-state-open")

    assert client.connection_state(INSTANCE) == "open"
    assert len(gateway.asked) == 2


def test_a_read_is_tried_twice_and_no_more(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_fail(requests.ConnectionError("closed"))
    gateway.will_fail(requests.ConnectionError("closed"))

    with pytest.raises(Unreachable):
        client.connection_state(INSTANCE)


def test_a_slow_read_is_not_asked_again(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_fail(requests.ReadTimeout("http://gateway.test/?apikey=x"))

    with pytest.raises(Unreachable, match="did not answer in time"):
        client.connection_state(INSTANCE)

    assert len(gateway.asked) == 1


def test_an_act_is_done_once(client: EvolutionClient, gateway: Replay) -> None:
    gateway.will_fail(requests.ConnectionError("closed"))

    with pytest.raises(Unreachable):
        client.restart(INSTANCE)

    assert len(gateway.asked) == 1


# ------------------------------------------------------------------------------------------------ real sockets


def _client(url: str, timeout: float = 5) -> EvolutionClient:
    return EvolutionClient(url, KEY, timeout=timeout)


def _closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


SENT = recorded.answer("send-sendText")[1]


def test_a_whole_send_over_a_real_connection() -> None:
    def talk(line: Any) -> None:
        line.request()
        line.say(replay.answer(201, SENT))

    with replay.server(talk) as (url, got):
        sent = _client(url).send_text(INSTANCE, MARIANA, "Olá 👋")

    head, _, body = got[0].partition(b"\r\n\r\n")
    assert sent.id == SENT["key"]["id"]
    assert head.startswith(b"POST /message/sendText/voice_sdr_v4 HTTP/1.1")
    assert json.loads(body)["text"] == "Olá 👋"


def test_answers_in_chunks_and_compressed_are_read() -> None:
    data = gzip.compress(json.dumps(SENT).encode())
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:50], data[50:])) + b"0\r\n\r\n"

    def talk(line: Any) -> None:
        for _ in range(2):
            line.request()
            line.say(b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)

    with replay.server(talk) as (url, got):
        client = _client(url)
        ids = {client.send_text(INSTANCE, MARIANA, "oi").id for _ in range(2)}

    assert ids == {SENT["key"]["id"]}
    assert len(got) == 2


def test_nobody_there_means_surely_not_sent() -> None:
    with pytest.raises(Unreachable) as raised:
        _client(_closed_port()).send_text(INSTANCE, MARIANA, "oi")

    assert "127.0.0.1" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://", "ftp://127.0.0.1", "http://[::1", "gateway"])
def test_an_address_that_is_none_means_surely_not_sent(url: str) -> None:
    with pytest.raises(Unreachable):
        _client(url).send_text(INSTANCE, MARIANA, "oi")


def _read_and_hang_up(line: Any) -> None:
    line.request()


def _answer_half(line: Any) -> None:
    line.request()
    line.say(replay.answer(201, SENT)[:-20])


def _answer_no_http(line: Any) -> None:
    line.request()
    line.say(b"220 mail.example.com ESMTP\r\n\r\n")


def _answer_half_a_chunk(line: Any) -> None:
    line.request()
    line.say(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n{")


@pytest.mark.parametrize("talk", [_read_and_hang_up, _answer_half, _answer_half_a_chunk, _answer_no_http])
def test_a_connection_lost_after_sending_means_unconfirmed(talk: Callable[[Any], None]) -> None:
    with replay.server(talk) as (url, got), pytest.raises(Unconfirmed) as raised:
        _client(url).send_text(INSTANCE, MARIANA, "oi")

    assert not raised.value.was_answered
    assert len(got) == 1


def _never_answer(line: Any) -> None:
    line.request()
    line.over.wait(10)


def _trickle_head(line: Any) -> None:
    line.request()
    for byte in b"HTTP/1.1 201 Created\r\nX-Slow: " + b"a" * 1_000:
        if line.over.wait(0.02):
            return
        line.say(bytes([byte]))


def _trickle_body(line: Any) -> None:
    line.request()
    line.say(b"HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n")
    while not line.over.wait(0.02):
        line.say(b" ")


@pytest.mark.parametrize("talk", [_never_answer, _trickle_head, _trickle_body])
def test_a_send_is_over_at_its_deadline_even_when_bytes_still_come(talk: Callable[[Any], None]) -> None:
    with replay.server(talk) as (url, got):
        begun = time.monotonic()
        with pytest.raises(Unconfirmed, match="within 0.5 s") as raised:
            _client(url).send_text(INSTANCE, MARIANA, "oi", deadline=0.5)
        took = time.monotonic() - begun

    assert not raised.value.was_answered
    assert 0.4 < took < 3
    assert len(got) == 1


def test_a_silent_read_ends() -> None:
    with replay.server(_never_answer) as (url, _), pytest.raises(Unreachable, match="in time"):
        _client(url, timeout=0.2).chats(INSTANCE)


def test_a_read_that_trickles_ends() -> None:
    with replay.server(_trickle_body) as (url, _), pytest.raises(Unreachable, match="in time"):
        _client(url, timeout=0.1).chats(INSTANCE)


def test_a_redirect_is_not_followed_with_the_key() -> None:
    def redirect(line: Any) -> None:
        line.request()
        line.say(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")

    with replay.server(redirect) as (url, got), pytest.raises(Refused, match="redirects"):
        _client(url).send_text(INSTANCE, MARIANA, "oi")

    assert len(got) == 1


def test_a_connection_that_the_gateway_closed_meanwhile_costs_a_read_nothing() -> None:
    state = replay.answer(200, {"instance": {"instanceName": INSTANCE, "state": "open"}})

    def once(line: Any) -> None:
        line.request()
        line.say(state)

    with replay.server(once, once) as (url, got):
        client = _client(url)
        assert [client.connection_state(INSTANCE) for _ in range(2)] == ["open", "open"]

    assert len(got) == 2


def test_no_cookie_is_kept_and_no_proxy_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", _closed_port())

    def with_cookie(line: Any) -> None:
        line.request()
        body = b'{"version": "2.3.6"}'
        line.say(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nConnection: close\r\n")
        line.say(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    with replay.server(with_cookie, with_cookie) as (url, got):
        client = _client(url)
        client.server_info()
        client.server_info()

    assert b"cookie" not in got[1].lower()


class _Echo(BaseHTTPRequestHandler):
    """Answers each question for a message with that message, on as many connections as are opened."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["where"]["key"]["id"]
        record = {**recorded.rows("findMessages-audio-row")[0], "key": {"id": asked, "remoteJid": MARIANA}}
        body = json.dumps({"messages": {"total": 1, "pages": 1, "records": [record]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def test_one_client_serves_many_threads() -> None:
    """As many answers as questions, each to the one who asked, with more threads than kept connections."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as httpd:
        httpd.daemon_threads = True
        threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        client = EvolutionClient(f"http://127.0.0.1:{httpd.server_port}", KEY, session=new_session(connections=8))
        ids = [f"A{number}" for number in range(200)]

        with ThreadPoolExecutor(16) as threads:
            found = list(threads.map(lambda id: client.message(INSTANCE, id), ids))

        httpd.shutdown()

    assert [message.id for message in found if message] == ids
