"""The JSON of Evolution API 2.3.6: ids, rows as PostgreSQL gives them back, and the bodies of reads. Pure.

A message is kept once, in memory, with its byte fields as `bytes`. `wire` writes it as webhooks and sends show it,
`jsonb` as a read shows it.
"""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import count
from typing import TYPE_CHECKING

from .words import JSON, JSONDict

if TYPE_CHECKING:
    from .memory import Instance

#: What the gateway writes as the name of every message that left through its API.
OWN_PUSH_NAME = "Você"
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_counter = count()


@dataclass(slots=True)
class Row:
    """One row of the gateway's Message table."""

    #: Order of insertion.
    number: int
    id: str
    key: JSONDict
    push_name: str | None
    type_name: str
    #: As it came, byte fields as bytes.
    message: JSONDict
    #: Whole seconds, UTC.
    timestamp: int
    instance_id: str
    source: str
    #: None where the read shows null.
    context: JSONDict | None
    status: str
    #: MessageUpdate rows: (id, status), in the order in which they came.
    updates: list[tuple[str, str]] = field(default_factory=list)
    #: Clock time before which no read finds it (the switch "late history").
    visible_at: float = 0.0

    @property
    def jid(self) -> str:
        """The chat it stands in."""
        return str(self.key["remoteJid"])

    @property
    def key_id(self) -> str:
        """WhatsApp's id of the message."""
        return str(self.key["id"])

    @property
    def is_from_me(self) -> bool:
        """Written on our side."""
        return bool(self.key["fromMe"])


# ------------------------------------------------------------------------------------------------------------- ids


def database_id() -> str:
    """A new id as Prisma makes them (cuid, 25 characters)."""
    return f"c{_base36(int(time.time() * 1000), 8)}{_base36(next(_counter), 4)}{_random36(12)}"


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, rest = divmod(number, 36)
        digits = _BASE36[rest] + digits
    return digits


def _random36(width: int) -> str:
    return _base36(secrets.randbits(64), width)


def message_id(source: str) -> str:
    """A new WhatsApp message id from which the gateway would guess `source`."""
    # Source: evolution-api 2.3.6 guesses the device from the id: 3A + 18 ios, 3E + 20 web, 32 characters android,
    # 18 characters desktop, anything else unknown.
    if source == "ios":
        return "3A" + secrets.token_hex(9).upper()
    if source == "web":
        return "3EB0" + secrets.token_hex(9).upper()
    if source == "desktop":
        return secrets.token_hex(9).upper()
    if source == "unknown":
        return "BAE5" + secrets.token_hex(6).upper()
    return "A" + secrets.token_hex(16).upper()[1:]


# ------------------------------------------------------------------------------------------------- bytes and jsonb


def wire(value: JSON) -> JSON:
    """`value` as webhooks and sends show it: byte fields are objects of numbers."""
    # Source: evolution-api 2.3.6: {"0": 12, "1": 255, …} in the webhook, a base64 string in findMessages.
    if isinstance(value, bytes):
        return {str(index): byte for index, byte in enumerate(value)}
    if isinstance(value, dict):
        return {name: wire(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [wire(inner) for inner in value]
    return value


def jsonb(value: JSON) -> JSON:
    """`value` as it comes back from a jsonb column: keys by length, then alphabet; bytes as base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: jsonb(value[name]) for name in sorted(value, key=lambda name: (len(name), name))}
    if isinstance(value, list):
        return [jsonb(inner) for inner in value]
    return value


def long(number: int, *, unsigned: bool = False) -> JSONDict:
    """A 64-bit number as the protobuf library writes it."""
    return {"low": number & 0x7FFFFFFF, "high": number >> 32, "unsigned": unsigned}


def moment(seconds: float) -> str:
    """A clock time as JavaScript's toISOString writes it."""
    at = datetime.fromtimestamp(seconds, timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def local_moment(seconds: float) -> str:
    """The envelope's `date_time`: the local wall clock, printed with a Z that it does not deserve."""
    # Source: evolution-api 2.3.6: the zone's offset is subtracted before toISOString().
    at = datetime.fromtimestamp(seconds).astimezone()
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


# -------------------------------------------------------------------------------------------------------- messages


def event_data(row: Row, *, with_context: bool, base64_content: str = "") -> JSONDict:
    """`data` of messages.upsert and send.message, and the answer of a send.

    `with_context` is whether the field contextInfo is there at all (null counts as there).
    """
    message = wire(row.message)
    if base64_content:
        message["base64"] = base64_content
    data: JSONDict = {"key": dict(row.key), "pushName": row.push_name, "status": row.status, "message": message}
    if with_context:
        data["contextInfo"] = row.context
    return data | {
        "messageType": row.type_name,
        "messageTimestamp": row.timestamp,
        "instanceId": row.instance_id,
        "source": row.source,
    }


def record(row: Row) -> JSONDict:
    """One of `messages.records` of findMessages."""
    # Source: evolution-api 2.3.6: status, participant and webhookUrl of the row are not returned.
    return {
        "id": row.id,
        "key": jsonb(row.key),
        "pushName": row.push_name,
        "messageType": row.type_name,
        "message": jsonb(row.message),
        "messageTimestamp": row.timestamp,
        "instanceId": row.instance_id,
        "source": row.source,
        "contextInfo": jsonb(row.context),
        "MessageUpdate": [{"status": status} for _, status in row.updates],
    }


def deleted_row(row: Row) -> JSONDict:
    """`data` of messages.delete for a deletion through the API."""
    return {
        "id": row.id,
        "instanceId": row.instance_id,
        "key": jsonb(row.key),
        "messageType": row.type_name,
        "status": "DELETED",
        "source": row.source,
        "messageTimestamp": row.timestamp,
        "pushName": row.push_name,
        "participant": None,
        "message": jsonb(row.message),
    }


def status_event(row: Row, status: str) -> JSONDict:
    """`data` of messages.update."""
    return {
        "keyId": row.key_id,
        "remoteJid": row.jid,
        "fromMe": row.is_from_me,
        "status": status,
        "instanceId": row.instance_id,
        "messageId": row.id,
    }


def status_rows(row: Row) -> list[JSONDict]:
    """The MessageUpdate rows of findStatusMessage."""
    return [
        {
            "id": update_id,
            "keyId": row.key_id,
            "remoteJid": row.jid,
            "fromMe": row.is_from_me,
            "participant": None,
            "pollUpdates": None,
            "status": status,
            "messageId": row.id,
            "instanceId": row.instance_id,
        }
        for update_id, status in row.updates
    ]


# ------------------------------------------------------------------------------------------------------ other rows


def chat(instance: Instance, row: Row, now: float) -> JSONDict:
    """One row of findChats, for the chat whose last message is `row`."""
    contact = instance.contacts.get(row.jid)
    saved = instance.chats.get(row.jid)
    return {
        "id": contact["id"] if contact else None,
        "remoteJid": row.jid,
        # Source: evolution-api 2.3.6: the Chat row's name only; a duplicate column hides the contact's.
        "pushName": saved["name"] if saved else None,
        "profilePicUrl": contact["profilePicUrl"] if contact else None,
        "updatedAt": moment(row.timestamp),
        **_window(saved, now),
        "lastMessage": {
            "id": row.id,
            "key": jsonb(row.key),
            "pushName": row.push_name,
            "participant": None,
            "messageType": row.type_name,
            "message": _stripped(row.message),
            "contextInfo": jsonb(row.context),
            "source": row.source,
            "messageTimestamp": row.timestamp,
            "instanceId": row.instance_id,
            "sessionId": None,
            "status": row.status,
        },
        "unreadCount": saved["unreadMessages"] if saved else None,
        "isSaved": contact is not None,
    }


def _window(saved: JSONDict | None, now: float) -> JSONDict:
    if saved is None:
        return {"windowStart": None, "windowExpires": None, "windowActive": False}
    start, end = saved["created"], saved["created"] + 86400
    return {"windowStart": moment(start), "windowExpires": moment(end), "windowActive": now < end}


#: Source: evolution-api 2.3.6: what is left of a media message in findChats' lastMessage.
_KEPT_OF_MEDIA = {
    "imageMessage": ("caption",),
    "videoMessage": ("caption",),
    "documentMessage": ("caption",),
    "audioMessage": ("seconds",),
    "stickerMessage": (),
}


def _stripped(message: JSONDict) -> JSONDict:
    stripped: JSONDict = jsonb(message)
    for kind, kept in _KEPT_OF_MEDIA.items():
        if kind in stripped:
            stripped[kind] = {name: stripped[kind][name] for name in kept if name in stripped[kind]}
    return stripped


def contact(row: JSONDict, instance_id: str) -> JSONDict:
    """One row of findContacts."""
    is_group = row["remoteJid"].endswith("@g.us")
    return {
        "id": row["id"],
        "remoteJid": row["remoteJid"],
        "pushName": row["pushName"],
        "profilePicUrl": row["profilePicUrl"],
        "createdAt": moment(row["created"]),
        "updatedAt": moment(row["updated"]),
        "instanceId": instance_id,
        "isGroup": is_group,
        "isSaved": True,
        "type": "group" if is_group else "contact",
    }


def saved_chat(row: JSONDict, instance_id: str) -> JSONDict:
    """The Chat row, as findChatByRemoteJid gives it."""
    return {
        "id": row["id"],
        "remoteJid": row["remoteJid"],
        "name": row["name"],
        "labels": row.get("labels"),
        "createdAt": moment(row["created"]),
        "updatedAt": moment(row["updated"]),
        "instanceId": instance_id,
        "unreadMessages": row["unreadMessages"],
    }
