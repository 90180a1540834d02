"""What we ask of the gateway: the JSON bodies of our requests, each as its endpoint wants it. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone

from conversations.attachments import File
from conversations.evolution.answers import InstanceSettings
from conversations.evolution.fields import JSONDict
from conversations.jid import JID, user_part
from conversations.message import Message

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def find_messages(jid: JID, page: int, page_size: int, *, until: datetime | None = None) -> JSONDict:
    """One page of one address's messages, newest first; `until` leaves out what was sent after that second."""
    # Source: evolution-api 2.3.6: `offset` is the page size and must be a number; a flat where.remoteJid is ignored and
    # would give the whole instance; a time filter counts only with both bounds, read by JavaScript's Date.
    where: JSONDict = {"key": {"remoteJid": jid}}
    if until is not None:
        where["messageTimestamp"] = {"gte": _iso(_EPOCH), "lte": _iso(until)}
    return {"where": where, "page": page, "offset": page_size}


def find_messages_between(since: datetime, until: datetime, page_size: int) -> JSONDict:
    """The newest `page_size` messages of all addresses between the two."""
    window = {"gte": _iso(since), "lte": _iso(until)}
    return {"where": {"messageTimestamp": window}, "page": 1, "offset": page_size}


def find_message(id: str) -> JSONDict:
    """The rows of one message id: usually one, for the gateway has no unique index on it."""
    return {"where": {"key": {"id": id}}, "page": 1, "offset": 10}


def find_chats(since: datetime | None, until: datetime | None, take: int, skip: int) -> JSONDict:
    """One page of the chat list; with `since` and `until`, only chats that have a message between the two."""
    # Source: evolution-api 2.3.6: here it is take and skip, and both bounds or none.
    if since is None and until is None:
        return {"take": take, "skip": skip}
    if since is None or until is None:
        raise ValueError("a window has two ends: the gateway ignores a single one")
    return {"where": {"messageTimestamp": {"gte": _iso(since), "lte": _iso(until)}}, "take": take, "skip": skip}


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def find_contacts(jid: JID | None, page: int, page_size: int) -> JSONDict:
    """One page of the contacts, or the contact of one address."""
    return {"where": {"remoteJid": jid} if jid else {}, "page": page, "offset": page_size}


def send_text(jid: JID, text: str, quoted_id: str) -> JSONDict:
    """One text. `number` is the address exactly as received, so that the answer stays in the lead's own chat."""
    # Source: evolution-api 2.3.6: `delay` would make the call sleep; a quoted id it does not know is left out, unsaid.
    body: JSONDict = {"number": jid, "text": text, "linkPreview": False}
    if quoted_id:
        body["quoted"] = {"key": {"id": quoted_id}}
    return body


def send_media(jid: JID, file: File, caption: str, quoted_id: str) -> JSONDict:
    """One file: a picture, a film, a sound or a document."""
    # Source: evolution-api 2.3.6: bare base64, a `data:` before it is refused; pictures become JPEG there.
    body: JSONDict = {
        "number": jid,
        "mediatype": file.kind,
        "mimetype": file.mime_type,
        "media": base64.b64encode(file.data).decode(),
        "fileName": file.name,
    }
    if caption:
        body["caption"] = caption
    if quoted_id:
        body["quoted"] = {"key": {"id": quoted_id}}
    return body


def send_voice(jid: JID, sound: bytes) -> JSONDict:
    """A voice note."""
    # Source: evolution-api 2.3.6: with `encoding` ffmpeg makes OGG/Opus of it, which is what phones play as a voice
    # note; `quoted` is ignored.
    return {"number": jid, "audio": base64.b64encode(sound).decode(), "encoding": True}


def edit_message(jid: JID, id: str, text: str) -> JSONDict:
    """Another text for a message of ours."""
    return {"number": jid, "key": {"remoteJid": jid, "fromMe": True, "id": id}, "text": text}


def delete_message(jid: JID, id: str) -> JSONDict:
    """A message of ours, to be taken back."""
    return {"id": id, "remoteJid": jid, "fromMe": True}


def whatsapp_number(jid: JID) -> JSONDict:
    """Is this one number on WhatsApp? One at a time: numbers that are asked about in bulk get banned."""
    return {"numbers": [user_part(jid)]}


def send_presence(jid: JID, presence: str, milliseconds: int) -> JSONDict:
    """Show "typing…" or "recording…" for so long; the call answers when it is over."""
    return {"number": jid, "presence": presence, "delay": milliseconds}


def media_base64(message_id: str) -> JSONDict:
    """The file of a message, decrypted."""
    return {"message": {"key": {"id": message_id}}, "convertToMp4": False}


def mark_read(messages: Iterable[Message]) -> JSONDict:
    """Blue ticks for these."""
    # Source: evolution-api 2.3.6: addresses at @lid are skipped there in silence.
    return {"readMessages": [{"remoteJid": said.jid, "fromMe": said.from_me, "id": said.id} for said in messages]}


def picture(jid: JID) -> JSONDict:
    """The profile picture of an address."""
    return {"number": jid}


def set_webhook(url: str, headers: Mapping[str, str], events: Sequence[str], *, is_enabled: bool = True) -> JSONDict:
    """Where to post which events. Files never come along (`base64`), and all events come to one address."""
    # Source: evolution-api 2.3.6: the outer `webhook` is mandatory; without `events` it answers 500, with none it sends
    # all; fields left out keep their old value.
    return {
        "webhook": {
            "enabled": is_enabled,
            "url": url,
            "headers": dict(headers),
            "byEvents": False,
            "base64": False,
            "events": list(events),
        }
    }


def settings(wanted: InstanceSettings) -> JSONDict:
    """All settings of an instance at once: six of them are required every time."""
    return {
        "rejectCall": wanted.reject_call,
        "msgCall": wanted.call_message,
        "groupsIgnore": wanted.groups_ignore,
        "alwaysOnline": wanted.always_online,
        "readMessages": wanted.read_messages,
        "readStatus": wanted.read_status,
        "syncFullHistory": wanted.sync_full_history,
    }


def create_instance(name: str, wanted: InstanceSettings) -> JSONDict:
    """A new number, to be paired by QR code; without a code yet, since the gateway waits five seconds for one."""
    # Source: evolution-api 2.3.6: `integration` is required in practice; a webhook is set apart, for an error in it
    # here would remove the half-made instance.
    return {"instanceName": name, "integration": "WHATSAPP-BAILEYS", "qrcode": False, **settings(wanted)}
