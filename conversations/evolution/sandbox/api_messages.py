"""The endpoints under /message: everything that leaves towards a lead."""

from __future__ import annotations

import base64
import binascii

from . import content as contents
from .api_chats import is_connected, needs_connection, show_presence
from .checks import require_one_of
from .content import Content, sent_context
from .memory import Instance
from .numbers import is_on_whatsapp, jid_of
from .people import People, quote_of
from .words import JSON, JSONDict, Refusal, Request

MEDIA_TYPES = ("image", "document", "video", "audio")


def send_text(world: People, instance: Instance, request: Request) -> JSON:
    text = request.fields["text"]
    if not str(text).strip():
        raise Refusal(400, ["Text is required"])
    return _send(world, instance, request, contents.text(str(text)))


def send_media(world: People, instance: Instance, request: Request) -> JSON:
    require_one_of(request, "mediatype", MEDIA_TYPES)
    fields = request.fields
    kind, caption = fields["mediatype"], str(fields.get("caption") or "")
    file = _file(fields["media"])
    name = str(fields.get("fileName") or f"{kind}.bin")
    mime = str(fields.get("mimetype") or _MIME_OF[kind])
    at = int(world.clock())
    made = {
        "image": lambda: contents.image(file, mime, at=at, caption=caption),
        "video": lambda: contents.video(file, mime, 1, at=at, caption=caption),
        "audio": lambda: contents.audio(file, mime, contents.length_of(file), at=at, is_voice_note=False),
        "document": lambda: contents.document(file, mime, name, at=at, caption=caption),
    }
    return _send(world, instance, request, made[kind]())


_MIME_OF = {
    "image": "image/png", "video": "video/mp4", "audio": "audio/mpeg", "document": "application/octet-stream",
}  # fmt: skip


def send_audio(world: People, instance: Instance, request: Request) -> JSON:
    file = _file(request.fields["audio"])
    content = contents.audio(file, "audio/ogg; codecs=opus", contents.length_of(file), at=int(world.clock()))
    # Source: evolution-api 2.3.6: `quoted` is ignored here.
    return _send(world, instance, request, content, quotes=False)


def send_location(world: People, instance: Instance, request: Request) -> JSON:
    fields = request.fields
    content = contents.location(fields["latitude"], fields["longitude"], fields["name"], fields["address"])
    return _send(world, instance, request, content)


def send_contact(world: People, instance: Instance, request: Request) -> JSON:
    cards = request.fields["contact"]
    if not isinstance(cards, list) or not cards or not isinstance(cards[0], dict):
        raise Refusal(400, [["contact does not meet minimum length of 1"]])
    name, phone = str(cards[0].get("fullName")), str(cards[0].get("phoneNumber"))
    number = str(cards[0].get("wuid") or "".join(sign for sign in phone if sign.isdigit()))
    return _send(world, instance, request, contents.contact(name, contents.vcard(name, phone, number)), quotes=False)


def send_reaction(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    key = request.fields["key"]
    content = contents.reaction(dict(key), str(request.fields["reaction"]), int(world.clock() * 1000))
    return world.put_out(instance, str(key["remoteJid"]), content, context=None)


def _send(world: People, instance: Instance, request: Request, content: Content, *, quotes: bool = True) -> JSONDict:
    fields = request.fields
    jid = jid_of(str(fields["number"]))
    if jid in instance.contacts and not is_connected(instance):
        # Source: evolution-api 2.3.6: a number that was looked up lately is not looked up again, and what fails later
        # is a 400 with a list; the look-up itself fails with a 500 and a string.
        raise Refusal(400, ["Error: Connection Closed"])
    needs_connection(instance)
    _needs_whatsapp(jid, str(fields["number"]))
    if isinstance(fields.get("delay"), (int, float)) and fields["delay"] > 0:
        show_presence(world, instance, jid, "composing", fields["delay"])
    context = _context(world, instance, request, jid, quotes=quotes)
    return world.put_out(instance, jid, _with_context(content, context), context=context)


def _needs_whatsapp(jid: str, number: str) -> None:
    if not is_on_whatsapp(jid):
        raise Refusal(400, [{"jid": jid, "exists": False, "number": number}])


def _context(world: People, instance: Instance, request: Request, jid: str, *, quotes: bool) -> JSONDict | None:
    if jid.endswith("@g.us"):
        return _mentions(instance, request)
    context = sent_context(int(world.clock()))
    quoted = request.fields.get("quoted")
    key_id = str(quoted.get("key", {}).get("id", "")) if quotes and isinstance(quoted, dict) else ""
    with world.lock:
        row = instance.find(key_id)
    # Source: evolution-api 2.3.6: an unknown id is sent without a quote and without an error.
    return context | quote_of(row, instance, jid) if row else context


def _mentions(instance: Instance, request: Request) -> JSONDict | None:
    """Mentions act in groups only."""
    if request.fields.get("mentionsEveryOne"):
        return {"mentionedJid": [instance.owner]}
    mentioned = request.fields.get("mentioned")
    return {"mentionedJid": [jid_of(str(number)) for number in mentioned]} if isinstance(mentioned, list) else None


def _with_context(content: Content, context: JSONDict | None) -> Content:
    """Media, places and contacts carry the contextInfo a second time, inside."""
    # Source: evolution-api 2.3.6, seen in the answers of sendMedia, sendLocation and sendContact; not for text.
    inner = content.message.get(content.type_name)
    if context is None or not isinstance(inner, dict):
        return content
    return Content(content.type_name, {content.type_name: inner | {"contextInfo": context}}, content.file, content.mime)


def _file(media: JSON) -> bytes:
    """The bytes of a base64 field. The sandbox fetches nothing: behind an address there are no bytes."""
    if not isinstance(media, str):
        raise Refusal(400, ["Owned media must be a url or base64"])
    if media.startswith(("http://", "https://")):
        return b""
    try:
        return base64.b64decode(media, validate=True)
    except (binascii.Error, ValueError):
        # Source: evolution-api 2.3.6: a data: address is refused as well.
        raise Refusal(400, ["Owned media must be a url or base64"]) from None
