"""The endpoints under /chat, /label and /settings: each a function of the world, the instance and the request."""

from __future__ import annotations

import base64
from itertools import count

from . import content as contents
from . import reads, records
from .checks import require
from .memory import SETTING_NAMES, Instance, Presence
from .numbers import is_on_whatsapp, jid_of
from .people import People
from .records import Row
from .words import JSON, JSONDict, Refusal, Request

_calls = count(1)


def is_connected(instance: Instance) -> bool:
    """The instance's socket is open."""
    return instance.state == "open" and not instance.is_dead


def needs_connection(instance: Instance) -> None:
    """Raises the gateway's 500 when the instance's socket is not open."""
    if not is_connected(instance):
        raise Refusal(500, "Connection Closed")


# ----------------------------------------------------------------------------------------------------------- reads


def find_messages(world: People, instance: Instance, request: Request) -> JSON:
    with world.lock:
        return reads.find_messages(instance, request.fields, now=world.clock(), call=next(_calls), ties=world.ties)


def find_chats(world: People, instance: Instance, request: Request) -> JSON:
    with world.lock:
        return reads.find_chats(instance, request.body, now=world.clock())


def find_contacts(world: People, instance: Instance, request: Request) -> JSON:
    with world.lock:
        return reads.find_contacts(instance, request.fields)


def find_statuses(world: People, instance: Instance, request: Request) -> JSON:
    with world.lock:
        return reads.find_statuses(instance, request.fields)


def find_chat(world: People, instance: Instance, request: Request) -> JSON:
    jid = request.query["remoteJid"]
    with world.lock:
        row = instance.chats.get(jid)
        return records.saved_chat(row, instance.id) if row else None


def get_media(world: People, instance: Instance, request: Request) -> JSON:
    key = request.fields.get("message")
    key_id = str(key.get("key", {}).get("id", "")) if isinstance(key, dict) else ""
    with world.lock:
        row, content = instance.find(key_id), instance.files.get(key_id)
    if row is None:
        raise Refusal(400, ["Message not found"])
    kind = row.message.get(row.type_name)
    if not isinstance(kind, dict) or "mediaKey" not in kind:
        raise Refusal(400, ["The message is not of the media type"])
    if content is None or content.file is None or world.failures.switches.media_fails:
        raise Refusal(400, [f"Error: Failed to fetch stream from {kind.get('url')}"])
    return _media(row, kind, content.file)


def _media(row: Row, kind: JSONDict, file: bytes) -> JSONDict:
    size = {name: kind[name] for name in ("fileLength", "height", "width") if name in kind}
    name = kind.get("fileName") or f"{row.key_id}.{contents.extension(kind['mimetype'])}"
    caption = {"caption": kind["caption"]} if "caption" in kind else {}
    return {
        "mediaType": row.type_name, "fileName": name, **caption, "size": size, "mimetype": kind["mimetype"],
        "base64": base64.b64encode(file).decode(), "buffer": None,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- people


def whatsapp_numbers(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    return [_number(instance, str(number)) for number in request.fields["numbers"]]


def _number(instance: Instance, number: str) -> JSONDict:
    jid = jid_of(number)
    contact = instance.contacts.get(jid)
    row: JSONDict = {"jid": jid, "exists": is_on_whatsapp(jid), "number": number}
    if contact and contact["pushName"]:
        row["name"] = contact["pushName"]
    if jid.endswith("@lid"):
        row["lid"] = "lid"
    return row


def profile_picture(world: People, instance: Instance, request: Request) -> JSON:
    return {"wuid": jid_of(request.fields["number"]), "profilePictureUrl": None}


def profile(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    jid = jid_of(request.fields["number"])
    contact = instance.contacts.get(jid)
    return {
        "wuid": jid, "name": contact["pushName"] if contact else None, "numberExists": is_on_whatsapp(jid),
        "picture": None, "status": "Disponível", "isBusiness": False,
    }  # fmt: skip


def block(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    jid, status = jid_of(request.fields["number"]), request.fields["status"]
    (instance.blocked.add if status == "block" else instance.blocked.discard)(jid)
    return {"block": "success"}


# ------------------------------------------------------------------------------------------------------------ acts


def send_presence(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    jid, presence = jid_of(request.fields["number"]), request.fields["presence"]
    show_presence(world, instance, jid, presence, request.fields["delay"])
    return {"presence": presence}


def show_presence(world: People, instance: Instance, jid: str, presence: str, delay_ms: float) -> None:
    """The lead sees `presence` for as long as this call sleeps."""
    # Source: evolution-api 2.3.6: the call sleeps for `delay` before it answers, here and in every send.
    seconds = delay_ms / 1000
    with world.lock:
        instance.presences[jid] = Presence(presence, world.clock() + seconds)
        world.version += 1
    world.sleep(seconds)


def mark_read(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    with world.lock:
        for key in request.fields["readMessages"]:
            # Source: evolution-api 2.3.6: @lid keys are silently skipped; the chat's unreadCount does not change.
            if isinstance(key, dict) and not str(key.get("remoteJid")).endswith("@lid"):
                world.read_marks.append((instance.name, str(key.get("remoteJid")), str(key.get("id"))))
    world.version += 1
    return {"message": "Read messages", "read": "success"}


def archive(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    _needs_last_message(request)
    (instance.archived.add if request.fields["archive"] else instance.archived.discard)(str(request.fields["chat"]))
    # Source: evolution-api 2.3.6: true even when unarchiving.
    return {"chatId": request.fields["chat"], "archived": True}


def mark_unread(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    _needs_last_message(request)
    return {"chatId": request.fields["chat"], "markedChatUnread": True}


def _needs_last_message(request: Request) -> None:
    # Source: evolution-api 2.3.6: without lastMessage the handler fails instead of refusing.
    if not isinstance(request.fields.get("lastMessage"), dict):
        raise Refusal(500, ["Cannot read properties of undefined (reading 'key')"])


def delete_message(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    key = {name: request.fields[name] for name in ("remoteJid", "fromMe", "id")}
    with world.lock:
        row = instance.find(str(key["id"]))
        if row:
            # Source: evolution-api 2.3.6 with DATABASE_DELETE_MESSAGE off: the row goes.
            instance.remove(row)
            instance.revoked.append(row)
    if row:
        world.emit(instance, "messages.delete", records.deleted_row(row))
    return _protocol_answer(world, key, {"key": key, "type": "REVOKE"})


def update_message(world: People, instance: Instance, request: Request) -> JSON:
    needs_connection(instance)
    key, text = request.fields["key"], request.fields["text"]
    now = world.clock()
    with world.lock:
        row = instance.find(str(key.get("id")))
        if row is None or not row.is_from_me:
            raise Refusal(400, ["Message not compatible"])
        row.message, row.timestamp = _edited(row, text), int(now)
        row.updates.append((records.database_id(), "EDITED"))
    edit = {"key": key, "type": 14, "editedMessage": {"extendedTextMessage": {"text": text}}}
    edit["timestampMs"] = str(int(now * 1000))
    world.emit(instance, "send.message.update", edit)
    return _protocol_answer(world, key, edit | {"type": "MESSAGE_EDIT"})


def _edited(row: Row, text: str) -> JSONDict:
    kind = row.message.get(row.type_name)
    if row.type_name in ("imageMessage", "videoMessage") and isinstance(kind, dict):
        return {row.type_name: kind | {"caption": text}}
    return {"conversation": text}


def _protocol_answer(world: People, key: JSONDict, protocol: JSONDict) -> JSONDict:
    """The answer of an edit or a deletion: the protocol message that carried it."""
    return {
        "key": {"remoteJid": key["remoteJid"], "fromMe": True, "id": records.message_id("web")},
        "message": {"protocolMessage": protocol},
        "messageTimestamp": str(int(world.clock())),
        "status": "PENDING",
    }


# --------------------------------------------------------------------------------------------- labels and settings


def find_labels(world: People, instance: Instance, request: Request) -> JSON:
    return [dict(label) for label in instance.labels]


def handle_label(world: People, instance: Instance, request: Request) -> JSON:
    # Source: evolution-api 2.3.6 on PostgreSQL: the label is put on the chat at WhatsApp, and then the write fails.
    raise Refusal(
        400,
        [
            "Unable to add label to chat" if request.fields["action"] == "add" else "Unable to remove label from chat",
            "PrismaClientKnownRequestError: \nInvalid `prisma.$executeRawUnsafe()` invocation:\n\n\nRaw query failed. "
            "Code: `42P10`. Message: `there is no unique or exclusion constraint matching the ON CONFLICT "
            "specification`",
        ],
    )


def set_settings(world: People, instance: Instance, request: Request) -> JSON:
    require(request, *SETTING_NAMES)
    given = {name: request.fields[name] for name in instance.settings if name in request.fields}
    with world.lock:
        instance.settings |= given
    return {"settings": {"instanceName": instance.name, "settings": dict(request.fields)}}


def find_settings(world: People, instance: Instance, request: Request) -> JSON:
    return instance.settings_in_order()
