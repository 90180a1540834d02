"""The gateway's webhooks, read: a request's body in, one event of `message.py` out, Unreadable for what cannot be read.

Sans-I/O and pure. One message is read in `records.py` and what it says, by kind, in `content.py`; answers about
instances and files in `answers.py`; what we ask in `bodies.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from conversations.evolution import content, records
from conversations.evolution.errors import Unreadable
from conversations.evolution.fields import JSONDict, as_dict, as_int, as_millisecond, as_text
from conversations.message import (
    ConnectionChanged,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    MessageSent,
    MessageStatus,
    PresenceChanged,
    QRCodeChanged,
    Unused,
)

#: JSON nested deeper than this is not from the gateway: its deepest (a quoted, wrapped message) stays under 20.
DEEPEST = 60
_LONGEST_INSTANCE = 100


def parse_webhook(body: bytes) -> Event:
    """Read one webhook request. Raises Unreadable, in words that hold nothing of the body; never anything else."""
    envelope = _json_object(body)
    name = as_text(envelope.get("event"))
    if not name:
        raise Unreadable("webhook without an event name")
    instance = as_text(envelope.get("instance"))
    reader = _READERS.get(name)
    if reader is None:
        return Unused(instance[:_LONGEST_INSTANCE], name[: records.LONGEST_ID], is_known=name in _KNOWN)
    if not instance or len(instance) > _LONGEST_INSTANCE:
        raise Unreadable(f"{name} without a usable instance name")
    try:
        return reader(_data(envelope), instance)
    except Unreadable as error:
        raise Unreadable(f"{name}: {error}") from None


def _json_object(body: bytes) -> JSONDict:
    try:
        parsed = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        raise Unreadable("JSON nested too deep") from None
    except ValueError:
        # Also UnicodeDecodeError, and numbers of more digits than Python reads.
        raise Unreadable("not JSON") from None
    if not isinstance(parsed, dict):
        raise Unreadable("JSON, but not an object")
    if body.count(b"{") + body.count(b"[") > DEEPEST and _is_too_deep(parsed):
        raise Unreadable("JSON nested too deep")
    return parsed


def _refuse_constant(_constant: str) -> None:
    raise ValueError("not JSON")


def _is_too_deep(parsed: JSONDict) -> bool:
    level: list[object] = [parsed]
    for _ in range(DEEPEST):
        inner: list[object] = []
        for value in level:
            inner.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
        level = [value for value in inner if isinstance(value, (dict, list))]
        if not level:
            return False
    return True


def _data(envelope: JSONDict) -> JSONDict:
    # Source: evolution-api 2.3.6: one object for every event that we read; an array of one is taken for its element.
    data = envelope.get("data")
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if not isinstance(data, dict):
        raise Unreadable("data is not an object")
    return data


def _received(data: JSONDict, instance: str) -> Event:
    if altered := content.altered_message(as_dict(data.get("message"))):
        # Inside, the key is written from the sender's side: only its id says the same on both.
        outer, inner = as_dict(data.get("key")), as_dict(altered.get("key"))
        return _altered({**altered, "key": {**outer, "id": inner.get("id")}}, instance)
    # Source: evolution-api 2.3.6: API sends are announced as send.message only: what is ours here a person has typed.
    return MessageReceived(instance, records.message(data, instance=instance, is_api_shaped=False))


def _sent(data: JSONDict, instance: str) -> Event:
    return MessageSent(instance, records.message(data, instance=instance, is_api_shaped=True))


def _status_changed(data: JSONDict, instance: str) -> Event:
    # Source: evolution-api 2.3.6, messages.update: no `key` object, no content.
    word = as_text(data.get("status"))
    return MessageStatus(
        instance,
        message_id=records.message_id(data.get("keyId")),
        jid=records.address(data.get("remoteJid")),
        from_me=data.get("fromMe") is True,
        status=records.status(word),
        is_deleted=word == "DELETED",
    )


def _altered(data: JSONDict, instance: str) -> Event:
    """`messages.edited`, which also tells of the lead's own revocation and of any other protocol message.

    Only the id is certain: the gateway passes the key on as the sender's phone wrote it.
    """
    # Source: evolution-api 2.3.6: type 14 (MESSAGE_EDIT) with editedMessage is an edit, type 0 (REVOKE) a deletion.
    key = as_dict(data.get("key"))
    edited = as_dict(data.get("editedMessage"))
    if edited and data.get("type") in (14, "MESSAGE_EDIT"):
        return MessageEdited(
            instance,
            *records.key(key),
            text=content.read(edited, "").text,
            edited_at=as_millisecond(data.get("timestampMs")),
        )
    if data.get("type") in (0, "REVOKE"):
        return MessageDeleted(instance, *records.key(key))
    return Unused(instance, "messages.edited")


def _deleted(data: JSONDict, instance: str) -> Event:
    # Source: evolution-api 2.3.6, messages.delete: the bare key (the lead's revocation) or the whole row (by the API).
    return MessageDeleted(instance, *records.key(as_dict(data.get("key")) or data))


def _connection_changed(data: JSONDict, instance: str) -> Event:
    state = as_text(data.get("state"))
    if not state:
        raise Unreadable("no state")
    return ConnectionChanged(instance, state, reason=as_int(data.get("statusReason")))


def _presence_changed(data: JSONDict, instance: str) -> Event:
    jid = records.address(data.get("id"))
    presences = as_dict(data.get("presences"))
    of_whom = as_dict(presences.get(jid) or next(iter(presences.values()), None))
    presence = as_text(of_whom.get("lastKnownPresence"))
    if not presence:
        raise Unreadable("no presence")
    return PresenceChanged(instance, jid, presence)


def _qr_code_changed(data: JSONDict, instance: str) -> Event:
    # Source: evolution-api 2.3.6: {"message", "statusCode": 500} at the limit of attempts, without a `qrcode`.
    code = as_dict(data.get("qrcode"))
    return QRCodeChanged(
        instance,
        code=as_text(code.get("code")),
        pairing_code=as_text(code.get("pairingCode")),
        image=as_text(code.get("base64")),
    )


_READERS: dict[str, Callable[[JSONDict, str], Event]] = {
    "messages.upsert": _received,
    "send.message": _sent,
    "messages.update": _status_changed,
    "messages.edited": _altered,
    "send.message.update": _altered,
    "messages.delete": _deleted,
    "connection.update": _connection_changed,
    "presence.update": _presence_changed,
    "qrcode.updated": _qr_code_changed,
}

# Source: evolution-api 2.3.6, events of a webhook ("error" is of the global webhook only).
_KNOWN = frozenset(
    {
        "application.startup",
        "call",
        "chats.delete",
        "chats.set",
        "chats.update",
        "chats.upsert",
        "contacts.set",
        "contacts.update",
        "contacts.upsert",
        "error",
        "group.participants.update",
        "group.update",
        "groups.upsert",
        "groups.update",
        "instance.create",
        "instance.delete",
        "labels.association",
        "labels.edit",
        "logout.instance",
        "messages.set",
        "remove.instance",
        "status.instance",
        "typebot.change_status",
        "typebot.start",
    }
)

#: The events we read, as they are asked for when the webhook is set; no others are wanted.
USED_EVENTS = tuple(name.upper().replace(".", "_") for name in _READERS)


class DedupeKey(NamedTuple):
    """What makes two webhook requests the same news."""

    event: str
    instance: str
    id: str
    #: The status word, or when an edit was made; "" where an id brings only one piece of news.
    status: str


def dedupe_key(event: Event) -> DedupeKey | None:
    """What the gateway's retries of `event` have in common; None for an event that may be told twice."""
    # Source: evolution-api 2.3.6: there is no event id, no sequence number and no attempt counter.
    match event:
        case MessageReceived(instance, said):
            return DedupeKey("messages.upsert", instance, said.id, "")
        case MessageSent(instance, said):
            return DedupeKey("send.message", instance, said.id, "")
        case MessageStatus(instance, message_id):
            word = "DELETED" if event.is_deleted else event.status.value if event.status else "?"
            return DedupeKey("messages.update", instance, message_id, word)
        case MessageEdited(instance, message_id):
            when = event.edited_at.isoformat(timespec="milliseconds") if event.edited_at else ""
            return DedupeKey("messages.edited", instance, message_id, when)
        case MessageDeleted(instance, message_id):
            return DedupeKey("messages.delete", instance, message_id, "")
        case _:
            return None
