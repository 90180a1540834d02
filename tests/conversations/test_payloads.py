"""Every payload we have is read by the reader it is meant for; one that nobody reads fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from conversations.evolution import answers, bodies, content, records, wire
from conversations.evolution.errors import EvolutionError
from conversations.message import (
    ConnectionChanged,
    Kind,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    MessageSent,
    MessageStatus,
    PresenceChanged,
    QRCodeChanged,
    Status,
    Unused,
)
from tests.conversations import recorded

INSTANCE = "voice_sdr_v4"

EVENT_TYPES = {
    "messages.upsert": (MessageReceived,),
    "send.message": (MessageSent,),
    "messages.update": (MessageStatus,),
    "messages.edited": (MessageEdited, MessageDeleted, Unused),
    "send.message.update": (MessageEdited,),
    "messages.delete": (MessageDeleted,),
    "connection.update": (ConnectionChanged,),
    "presence.update": (PresenceChanged,),
    "qrcode.updated": (QRCodeChanged,),
}
#: Messages that are no messages: told of as what they alter, or as of no use.
ALTERATIONS = {
    "hook-messages.upsert-edited-wrapper": MessageEdited,
    "hook-messages.upsert-revoke": MessageDeleted,
    "hook-messages.upsert-protocol": Unused,
}
NOT_UNDERSTOOD = {
    "hook-messages.upsert-unsupported",
    "hook-messages.upsert-ad-empty",
    "hook-messages.upsert-call-log",
}


def check_webhook(name: str) -> None:
    body = recorded.webhook(name)
    event = wire.parse_webhook(recorded.webhook_body(name))
    expected = ALTERATIONS.get(name)
    assert isinstance(event, (expected,) if expected else EVENT_TYPES.get(body["event"], (Unused,)))
    if "instance" in body:
        assert event.instance == body["instance"]
    if isinstance(event, (MessageReceived, MessageSent)):
        assert event.message.id == body["data"]["key"]["id"]
        assert (event.message.kind is Kind.UNSUPPORTED) is (name in NOT_UNDERSTOOD)
        assert event.message.push_name != "Você"


def check_page(body: Any) -> None:
    given = [row for row in body["messages"]["records"] if isinstance(row, dict) and (row.get("key") or {}).get("id")]
    given = [row for row in given if row["messageTimestamp"]]
    page = records.messages_page(body, instance=INSTANCE)
    assert [said.id for said in page.messages] == [row["key"]["id"] for row in given]
    assert page.total == body["messages"]["total"]
    assert all(said.kind is not Kind.UNSUPPORTED for said in page.messages)


def check_chats(body: Any) -> None:
    given = [row for row in body if isinstance(row, dict) and row.get("remoteJid")]
    chats = records.chats(body, instance=INSTANCE)
    assert [chat.jid for chat in chats] == [row["remoteJid"] for row in given]
    assert [bool(chat.last_message) for chat in chats] == [
        bool(((row.get("lastMessage") or {}).get("key") or {}).get("id")) for row in given
    ]


def check_sent(body: Any) -> None:
    said = records.message(body, instance=INSTANCE, is_api_shaped=True)
    assert said.id == body["key"]["id"]
    assert said.is_api_shaped
    assert said.kind is not Kind.UNSUPPORTED


def check_alteration(body: Any) -> None:
    said = records.message(body, instance=INSTANCE)
    assert said.is_notice
    assert not said.waits_for_answer


def check_instances(body: Any) -> None:
    found = answers.instances(body)
    assert [instance.name for instance in found] == [row["name"] for row in body]
    assert not any(row["token"] in repr(instance) for row, instance in zip(body, found, strict=True) if row["token"])


def check_pairing(body: Any) -> None:
    found = answers.pairing(body)
    assert found.state or found.code or body == {"count": 0}


def check_statuses(body: Any) -> None:
    assert [records.status(row["status"]) for row in body] == [Status(row["status"]) for row in body]


def check_contacts(body: Any) -> None:
    assert [contact.jid for contact in answers.contacts(body)] == [row["remoteJid"] for row in body]


def check_accepted(body: Any) -> None:
    """An endpoint that we do not read further: it must not be taken for a refusal."""
    assert not answers.is_refusal(body)


def check_media(body: Any) -> None:
    found = answers.media_file(body)
    assert found.data
    assert found.mime_type == body["mimetype"]


def check_webhook_settings(body: Any) -> None:
    found = answers.webhook_settings(body)
    assert (found is None) is (body is None)
    assert found is None or (found.url, found.is_enabled, list(found.events)) == (
        body["url"],
        body["enabled"],
        body["events"],
    )


def check_settings(body: Any) -> None:
    row = body["settings"]["settings"] if "settings" in body else body
    found = answers.instance_settings(body)
    assert bodies.settings(found) == {name: value for name, value in row.items() if name != "wavoipToken"}


READERS: dict[str, Callable[[Any], None]] = {
    "GET /": lambda body: _equals(answers.server_info(body).version, "2.3.6"),
    "GET /instance/fetchInstances": check_instances,
    "GET /instance/connectionState": lambda body: _equals(
        answers.connection_state(body) in ("open", "connecting", "close"), True
    ),
    "GET /instance/connect": check_pairing,
    "POST /instance/create": check_pairing,
    "POST /instance/restart": check_pairing,
    "DELETE /instance/logout": check_accepted,
    "DELETE /instance/delete": check_accepted,
    "POST /instance/setPresence": check_accepted,
    "POST /chat/findMessages": check_page,
    "POST /chat/findChats": check_chats,
    "POST /chat/findContacts": check_contacts,
    "POST /chat/findStatusMessage": check_statuses,
    "GET /chat/findChatByRemoteJid": check_accepted,
    "POST /chat/getBase64FromMediaMessage": check_media,
    "POST /chat/fetchProfilePictureUrl": lambda body: _equals(
        answers.picture_url(body), body["profilePictureUrl"] or ""
    ),
    "POST /chat/fetchProfile": check_accepted,
    "POST /chat/markMessageAsRead": check_accepted,
    "POST /chat/markChatUnread": check_accepted,
    "POST /chat/archiveChat": check_accepted,
    "POST /chat/sendPresence": check_accepted,
    "POST /chat/updateBlockStatus": check_accepted,
    "POST /chat/whatsappNumbers": check_accepted,
    "POST /chat/updateMessage": check_alteration,
    "DELETE /chat/deleteMessageForEveryone": check_alteration,
    "GET /webhook/find": check_webhook_settings,
    "POST /webhook/set": check_webhook_settings,
    "GET /settings/find": check_settings,
    "POST /settings/set": check_settings,
    "GET /label/findLabels": check_accepted,
    **{
        f"POST /message/{route}": check_sent
        for route in (
            "sendText",
            "sendMedia",
            "sendWhatsAppAudio",
            "sendReaction",
            "sendLocation",
            "sendContact",
            "sendPoll",
            "sendList",
            "sendButtons",
        )
    },
}


def _equals(found: object, expected: object) -> None:
    assert found == expected


def check_refusal(status: int, body: Any) -> None:
    words = answers.error_words(status, body)
    error = answers.error(status, body, words)
    assert isinstance(error, EvolutionError)
    assert 3 < len(words) <= 300
    assert not re.search(r"[\n]|prisma|/evolution/|\d{8}", words, re.IGNORECASE)


def check_injected(request: Any) -> None:
    """What an outside system posts to the EVOLUTION channel holds a message like any other."""
    said = content.read(request["body"]["message"], request["body"].get("messageType") or "")
    assert said.kind is not Kind.UNSUPPORTED


@pytest.mark.parametrize("name", recorded.PATHS)
def test_every_payload_is_read(name: str) -> None:
    payload = recorded.payload(name)
    assert payload["provenance"] in ("captured", "from source", "built")
    if "webhook" in payload:
        return check_webhook(name)
    request, response = payload["request"], payload["response"]
    if request["path"] == "/webhook/evolution":
        return check_injected(request)
    if response["status"] >= 400 or answers.is_refusal(response["body"]):
        return check_refusal(response["status"], response["body"])
    route = "/".join(request["path"].partition("?")[0].split("/")[:3])
    return READERS[f"{request['method']} {route}"](response["body"])


def test_the_payloads_are_all_there() -> None:
    built = [name for name, path in recorded.PATHS.items() if path.parent.name == "built"]
    index = (recorded.FOLDER / "captured/INDEX.md").read_text()
    listed = set(re.findall(r"^\| ([\w.-]+) \| (?:captured|from source) ", index, re.MULTILINE))

    assert listed == set(recorded.PATHS) - set(built)
    assert all(recorded.payload(name)["provenance"] == "built" and recorded.payload(name)["note"] for name in built)


def test_a_reader_that_no_payload_needs_is_gone() -> None:
    asked = {
        f"{payload['request']['method']} {'/'.join(payload['request']['path'].partition('?')[0].split('/')[:3])}"
        for payload in map(recorded.payload, recorded.PATHS)
        if "request" in payload and payload["response"]["status"] < 400
    }

    assert set(READERS) <= asked
