"""What the sandbox shows to a browser: the newcomer's page, its files, and the conversations as the lead sees them."""

from __future__ import annotations

from pathlib import Path

from . import qr
from .gateway import Sandbox
from .memory import Instance
from .records import Row
from .words import Answer, JSONDict, Refusal, Request

_FILES = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}  # fmt: skip
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
#: What may be shown in place; anything else is handed out as bytes.
_SHOWN = ("audio/", "image/png", "image/jpeg", "image/webp", "video/mp4")
#: How many conversations and messages the page is given.
_CHATS, _MESSAGES = 60, 200


def page(request: Request) -> Answer | None:
    """The newcomer's page, for a browser at the root; None for everyone else."""
    if request.parts or request.method not in ("GET", "HEAD") or "text/html" not in request.headers.get("accept", ""):
        return None
    return _file("index.html")


def asset(request: Request) -> Answer | None:
    """A file of the page, under /_sandbox/page/."""
    if request.method not in ("GET", "HEAD") or request.parts[1:2] != ("page",) or len(request.parts) != 3:
        return None
    return _file(request.parts[2])


def _file(name: str) -> Answer:
    known = {path.name: path for path in _FILES.iterdir() if path.suffix in _TYPES}
    if name not in known:
        raise Refusal(404, [f"no file {name}"])
    return Answer(200, known[name].read_bytes(), _TYPES[known[name].suffix], _HEADERS)


def media(instance: Instance, key_id: str) -> Answer:
    """The file of a message."""
    content = instance.files.get(key_id)
    if content is None or content.file is None:
        raise Refusal(404, ["no file"])
    kind = content.mime if content.mime.startswith(_SHOWN) else "application/octet-stream"
    return Answer(200, content.file, kind, _HEADERS)


# ----------------------------------------------------------------------------------------------------------- state


def state(sandbox: Sandbox, known_version: int) -> JSONDict:
    """Everything the page lists; only version and presence when it knows that version already."""
    with sandbox.lock:
        short: JSONDict = {"version": sandbox.version, "typing": _typing(sandbox)}
        if known_version == sandbox.version:
            return short
        return short | {
            "instances": [_instance(instance) for instance in sandbox.instances()],
            "chats": _chats(sandbox),
            "delivery": _delivery(sandbox),
        }


def _typing(sandbox: Sandbox) -> list[list[str]]:
    now = sandbox.clock()
    return [
        [instance.name, jid, presence.kind]
        for instance in sandbox.instances()
        for jid, presence in instance.presences.items()
        if presence.until > now and presence.kind in ("composing", "recording")
    ]


def _instance(instance: Instance) -> JSONDict:
    shown = qr.image_of(instance.qr_code) if instance.state == "connecting" and instance.qr_code else ""
    return {"name": instance.name, "state": instance.state, "dead": instance.is_dead, "qr": shown}


def _chats(sandbox: Sandbox) -> list[JSONDict]:
    found = []
    for instance in sandbox.instances():
        for jid, rows in instance.rows.items():
            last = max(rows, key=lambda row: (row.timestamp, row.number))
            found.append((last.timestamp, last.number, instance, jid, last))
    found.sort(key=lambda each: each[:2], reverse=True)
    return [_chat(instance, jid, last) for _, _, instance, jid, last in found[:_CHATS]]


def _chat(instance: Instance, jid: str, last: Row) -> JSONDict:
    chat, contact = instance.chats.get(jid), instance.contacts.get(jid)
    name = (chat and chat["name"]) or (contact and contact["pushName"]) or _name_in(instance, jid)
    return {
        "instance": instance.name, "jid": jid, "name": name, "at": last.timestamp, "fromMe": last.is_from_me,
        "last": _words(last), "status": _status(last),
    }  # fmt: skip


def _name_in(instance: Instance, jid: str) -> str:
    """The name the lead last wrote under: a message of our own empties the contact's."""
    names = (row.push_name for row in reversed(instance.rows.get(jid, [])) if not row.is_from_me and row.push_name)
    return next(names, jid.split("@")[0])


def _delivery(sandbox: Sandbox) -> JSONDict:
    attempts = list(sandbox.delivery.attempts)
    failed = [attempt for attempt in attempts[-20:] if attempt.status is None or not 200 <= attempt.status < 300]
    last = attempts[-1].status if attempts else None
    return {"attempts": len(attempts), "failedLately": len(failed), "last": last}


# ---------------------------------------------------------------------------------------------------- conversation


def conversation(sandbox: Sandbox, instance: Instance, jid: str) -> JSONDict:
    """One conversation as the lead's phone shows it, oldest first."""
    with sandbox.lock:
        revoked = {row.key_id for row in instance.revoked}
        rows = [*instance.rows.get(jid, ()), *(row for row in instance.revoked if row.jid == jid)]
        rows = sorted(rows, key=lambda row: (row.timestamp, row.number))[-_MESSAGES:]
        reactions = {_target(row): _emoji(row) for row in rows if row.type_name == "reactionMessage"}
        shown = [row for row in rows if row.type_name != "reactionMessage"]
        read = {id for name, where, id in sandbox.read_marks if (name, where) == (instance.name, jid)}
        return {
            "jid": jid,
            "name": _name_in(instance, jid),
            "messages": [
                _message(instance, row, reactions.get(row.key_id, ""), read, is_revoked=row.key_id in revoked)
                for row in shown
            ],
        }


def _message(instance: Instance, row: Row, reaction: str, read: set[str], *, is_revoked: bool) -> JSONDict:
    statuses = {status for _, status in row.updates} | ({"DELETED"} if is_revoked else set())
    shown: JSONDict = {
        "id": row.key_id, "fromMe": row.is_from_me, "at": row.timestamp, "type": row.type_name, "text": _words(row),
        "status": "READ" if row.key_id in read else _status(row),
        "edited": "EDITED" in statuses and "DELETED" not in statuses, "deleted": "DELETED" in statuses,
        "reaction": reaction, "name": row.push_name or "",
    }  # fmt: skip
    if content := instance.files.get(row.key_id):
        shown |= {"media": f"/_sandbox/{instance.name}/media/{row.key_id}", "mime": content.mime}
    if context := row.context:
        quoted = context.get("quotedMessage") or {}
        shown["quoted"] = str(quoted.get("conversation", ""))
    return shown


def _words(row: Row) -> str:
    inner = row.message.get(row.type_name)
    if row.type_name == "conversation":
        return str(inner or "")
    if not isinstance(inner, dict):
        return ""
    if row.type_name == "locationMessage":
        return " · ".join(str(inner[name]) for name in ("name", "address") if inner.get(name))
    if row.type_name == "audioMessage":
        return f"{inner.get('seconds', 0)} s"
    return str(inner.get("caption") or inner.get("text") or inner.get("fileName") or inner.get("displayName") or "")


def _status(row: Row) -> str:
    known = {status for _, status in row.updates}
    return next((word for word in ("READ", "DELIVERY_ACK", "SERVER_ACK") if word in known), row.status)


def _target(row: Row) -> str:
    return str(row.message["reactionMessage"]["key"]["id"])


def _emoji(row: Row) -> str:
    return str(row.message["reactionMessage"]["text"])
