"""What the gateway answers about instances, pairing, webhooks, people and files, and its refusals in words. Pure.

Sans-I/O: JSON in, the values below out, Unreadable for what cannot be read.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from conversations.evolution.errors import (
    Broken,
    EvolutionError,
    NotConnected,
    NotOnWhatsApp,
    Refused,
    UnknownInstance,
    Unreachable,
    Unreadable,
    WrongKey,
)
from conversations.evolution.fields import JSONDict, as_count, as_dict, as_list, as_name, as_text
from conversations.evolution.records import LONGEST_ID, OWN_NAME
from conversations.jid import JID, mask_numbers


@dataclass(frozen=True, slots=True)
class MediaFile:
    """The bytes of a message's file, decrypted by the gateway. Passed on, never kept."""

    data: bytes = field(repr=False)
    mime_type: str
    file_name: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One WhatsApp number at the gateway. Its token is not read."""

    name: str
    #: "open", "connecting" or "close", as the gateway's database has it: `connection_state` knows better.
    state: str
    #: The number's own address, None until it has been paired.
    owner: JID | None = None
    profile_name: str = ""
    integration: str = ""
    #: How many messages and chats are stored; None when the gateway does not say.
    message_count: int | None = None
    chat_count: int | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """Where pairing a number with its phone stands. With state "open" there is nothing to scan."""

    #: "open", "connecting", "close", or "" when only a code was answered.
    state: str = ""
    #: What the QR code encodes; "" while the gateway has none yet: ask again.
    code: str = field(default="", repr=False)
    #: Eight letters to type on the phone instead, when a number was given.
    pairing_code: str = field(default="", repr=False)
    #: The QR code as data:image/png;base64,…
    image: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where the gateway posts the events of one instance."""

    url: str
    is_enabled: bool
    #: In the gateway's upper case, "MESSAGES_UPSERT".
    events: tuple[str, ...] = ()
    #: Sent along with every event; hold our secret.
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    by_events: bool = False
    base64: bool = False


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """How one instance behaves; the gateway takes all of them or none."""

    reject_call: bool = False
    call_message: str = ""
    groups_ignore: bool = True
    always_online: bool = False
    #: Mark everything read as it arrives. Never wanted: watching leaves no trace.
    read_messages: bool = False
    read_status: bool = False
    sync_full_history: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody the gateway has heard of."""

    jid: JID
    #: "" when unknown; the gateway empties it after our own messages.
    name: str
    picture_url: str
    is_group: bool


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What the gateway says of itself."""

    version: str
    manager_url: str = ""


# ------------------------------------------------------------------------------------------------------- answers


def media_file(body: object) -> MediaFile:
    """Read an answer of /chat/getBase64FromMediaMessage."""
    answer = as_dict(body)
    encoded = as_text(answer.get("base64"))
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("file is not base64") from None
    if not data:
        raise Unreadable("answer without a file")
    return MediaFile(data, mime_type=as_text(answer.get("mimetype")), file_name=as_text(answer.get("fileName")))


def instances(body: object) -> list[Instance]:
    """Read an answer of /instance/fetchInstances; a row without a name is left out."""
    if not isinstance(body, list):
        raise Unreadable("answer is not a list of instances")
    return [_instance(row) for item in body if as_text((row := as_dict(item)).get("name"))]


def _instance(row: JSONDict) -> Instance:
    owner = as_text(row.get("ownerJid"))
    counts = as_dict(row.get("_count"))
    return Instance(
        name=as_text(row.get("name")),
        state=as_text(row.get("connectionStatus")),
        owner=JID(owner) if owner else None,
        profile_name=as_name(row.get("profileName")),
        integration=as_text(row.get("integration")),
        message_count=as_count(counts.get("Message")),
        chat_count=as_count(counts.get("Chat")),
    )


def connection_state(body: object) -> str:
    """Read an answer of /instance/connectionState: "open", "connecting" or "close"."""
    state = as_text(as_dict(as_dict(body).get("instance")).get("state"))
    if not state:
        raise Unreadable("answer without a state")
    return state


def pairing(body: object) -> Pairing:
    """Read an answer of /instance/connect, restart or create: a state, a code, both, or neither yet."""
    if not isinstance(body, dict):
        raise Unreadable("answer is not an object")
    # Source: evolution-api 2.3.6: connect gives the code's fields bare, create under `qrcode`; an open instance gives
    # the body of connectionState; {"count": 0} means that no code has come yet.
    code = as_dict(body.get("qrcode")) or body
    instance = as_dict(body.get("instance"))
    return Pairing(
        state=as_text(instance.get("state")) or as_text(instance.get("status")),
        code=as_text(code.get("code")),
        pairing_code=as_text(code.get("pairingCode")),
        image=as_text(code.get("base64")),
    )


def webhook_settings(body: object) -> WebhookSettings | None:
    """Read an answer of /webhook/find or /webhook/set; None when the instance has never had a webhook."""
    if body is None:
        return None
    row = as_dict(body)
    if "url" not in row:
        raise Unreadable("answer without a webhook")
    headers = as_dict(row.get("headers"))
    return WebhookSettings(
        url=as_text(row.get("url")),
        is_enabled=row.get("enabled") is True,
        events=tuple(event for item in as_list(row.get("events")) if (event := as_text(item))),
        headers={name: as_text(value) for name, value in headers.items()},
        by_events=row.get("webhookByEvents") is True,
        base64=row.get("webhookBase64") is True,
    )


def instance_settings(body: object) -> InstanceSettings:
    """Read an answer of /settings/find or /settings/set."""
    answer = as_dict(body)
    # Source: evolution-api 2.3.6: `set` answers {"settings": {"instanceName", "settings": {…}}}, `find` the row itself.
    row = as_dict(as_dict(answer.get("settings")).get("settings")) or answer
    if "groupsIgnore" not in row:
        raise Unreadable("answer without settings")
    return InstanceSettings(
        reject_call=row.get("rejectCall") is True,
        call_message=as_text(row.get("msgCall")),
        groups_ignore=row.get("groupsIgnore") is True,
        always_online=row.get("alwaysOnline") is True,
        read_messages=row.get("readMessages") is True,
        read_status=row.get("readStatus") is True,
        sync_full_history=row.get("syncFullHistory") is True,
    )


def contacts(body: object) -> list[Contact]:
    """Read an answer of /chat/findContacts, in its order; a row without an address is left out."""
    if not isinstance(body, list):
        raise Unreadable("answer is not a list of contacts")
    rows = (as_dict(item) for item in body)
    return [_contact(row) for row in rows if 0 < len(as_text(row.get("remoteJid"))) <= LONGEST_ID]


def _contact(row: JSONDict) -> Contact:
    name = as_name(row.get("pushName"))
    return Contact(
        jid=JID(as_text(row.get("remoteJid"))),
        name="" if name == OWN_NAME else name,
        picture_url=as_text(row.get("profilePicUrl")),
        is_group=row.get("isGroup") is True,
    )


def known_address(body: object) -> JID | None:
    """Read an answer of /chat/whatsappNumbers about one number: its address, None when it has no WhatsApp."""
    if not isinstance(body, list) or not body:
        raise Unreadable("answer is not a list of numbers")
    row = as_dict(body[0])
    jid = as_text(row.get("jid"))
    return JID(jid) if row.get("exists") is True and 0 < len(jid) <= LONGEST_ID else None


def picture_url(body: object) -> str:
    """Read an answer of /chat/fetchProfilePictureUrl: an address that expires, or ""."""
    return as_text(as_dict(body).get("profilePictureUrl"))


def labels(body: object) -> dict[str, str]:
    """Read an answer of /label/findLabels: names by id. Raises Unreadable when it is not one."""
    if not isinstance(body, list):
        raise Unreadable("answer is not a list of labels")
    rows = (as_dict(item) for item in body)
    found = {as_text(row.get("id")): as_name(row.get("name")) for row in rows}
    return {id: name for id, name in found.items() if id and name}


def chat_labels(body: object) -> list[str]:
    """Read an answer of /chat/findChatByRemoteJid: the ids of the chat's labels; none for a chat that is not there."""
    return [as_text(id) for id in as_list(as_dict(body).get("labels")) if as_text(id)]


def server_info(body: object) -> ServerInfo:
    """Read the answer of the root address. Raises Unreadable when it is not an Evolution API."""
    answer = as_dict(body)
    version = as_text(answer.get("version"))
    if not version:
        raise Unreadable("no version: this is not an Evolution API")
    return ServerInfo(version=version, manager_url=as_text(answer.get("manager")))


def clock(date: str) -> datetime | None:
    """Read the header Date of an answer; None for one that is missing or is no date."""
    # Source: RFC 9110, 6.6.1: always in GMT, whole seconds.
    try:
        return parsedate_to_datetime(date).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


# ------------------------------------------------------------------------------------------------------ refusals

_LONGEST_WORDS = 300
_INTERNAL_ERROR = "internal error of the gateway"
# The words of refusals that come before anything is handed to WhatsApp.
_SAID_BEFORE_SENDING = (["Text is required"], ["Owned media must be a url or base64"], ["Message not compatible"])
# Traces of the gateway's insides: its database layer, its source files, a stack.
_INSIDES = re.compile(r"[\r\n]|prisma|node_modules|\bat \S+ \(|/\S+\.[cm]?[jt]s\b|\.[cm]?[jt]s:\d", re.IGNORECASE)


def error_words(status: int, body: object) -> str:
    """The gateway's own words for a refusal, flattened: safe to log and to show.

    Without numbers, addresses or the insides of the gateway, in at most 300 characters; never empty.
    """
    # Source: evolution-api 2.3.6: response.message is a string, an array, an array of arrays, or an array of objects;
    # whatsappNumbers has no `response`, findChatByRemoteJid only `error`.
    answer = as_dict(body)
    said = as_dict(answer.get("response")).get("message")
    if said in (None, "", []):
        said = answer.get("message") or answer.get("error")
    words = list(dict.fromkeys(_INTERNAL_ERROR if _INSIDES.search(text) else text for text in _flat(said)))
    flattened = mask_numbers("; ".join(words)).strip() or f"status {status}"
    return flattened if len(flattened) <= _LONGEST_WORDS else flattened[: _LONGEST_WORDS - 1] + "…"


def _flat(said: object, depth: int = 5) -> Iterator[str]:
    if isinstance(said, str):
        if said.strip():
            yield as_text(said).strip()
    elif isinstance(said, list) and depth:
        for item in said:
            yield from _flat(item, depth - 1)
    elif isinstance(said, dict):
        if said.get("exists") is False:
            yield "the number is not on WhatsApp"
        elif depth:
            yield from _flat(said.get("message") or said.get("error"), depth - 1)


def is_not_on_whatsapp(body: object) -> bool:
    """A send was refused because the number has no WhatsApp account."""
    said = as_list(as_dict(as_dict(body).get("response")).get("message"))
    return any(as_dict(item).get("exists") is False for item in said)


def is_surely_not_sent(status: int, body: object) -> bool:
    """A refusal of a send, given before anything was handed to WhatsApp: the schema, the number, the text or the file.

    Or, as a 500, because the number could not even be looked up.
    """
    words = as_dict(as_dict(body).get("response")).get("message")
    if status == 500:
        # Source: evolution-api 2.3.6: the look-up of the number stands before the `try` of the sending, and its error
        # comes as a bare string; what fails within is a list (and a 400).
        return words == "Connection Closed"
    # Source: evolution-api 2.3.6: one `try` holds the sending, the storing and the announcing, and its catch answers
    # 400 with the error's words; so a 400 that is none of these may come after the message is out.
    said = as_list(words)
    is_schema = bool(said) and all(isinstance(item, list) for item in said)
    return status == 400 and (is_schema or is_not_on_whatsapp(body) or said in _SAID_BEFORE_SENDING)


def is_refusal(body: object) -> bool:
    """A refusal that comes with a status of success."""
    # Source: evolution-api 2.3.6: restart of a closed instance answers 200 with {"error": true, "message": ...}.
    return as_dict(body).get("error") is True


def error(status: int, body: object, words: str) -> EvolutionError:
    """The error that a status of refusal or failure stands for; `words` are those of `error_words`."""
    said = words.lower()
    is_closed = "connection closed" in said or "is not connected" in said
    if status == 401:
        return WrongKey(words, status=status)
    if status == 429:
        # Not the gateway's own: a proxy before it. Nothing was passed on, and it passes.
        return Unreachable(words, status=status)
    if status >= 500 or status == 408:
        return NotConnected(words, status=status) if is_closed else Broken(words, status=status)
    if status == 404 and "instance" in said and not words.startswith("Cannot "):
        return UnknownInstance(words, status=status)
    if is_not_on_whatsapp(body):
        return NotOnWhatsApp(words, status=status)
    return NotConnected(words, status=status) if is_closed else Refused(words, status=status)
