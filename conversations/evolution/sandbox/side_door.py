"""What the real gateway does not have: routes under /_sandbox to play the people, to break things, and to look.

They need no key, and so the server that offers them listens on 127.0.0.1 only. A body must come as application/json,
which a page of another origin cannot send without asking first.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import asdict

from . import content as contents
from . import looks
from .content import Content
from .failures import Failure
from .gateway import Sandbox
from .leads import Cast
from .numbers import jid_of
from .words import JSON, Answer, JSONDict, MalformedJSON, Refusal, Request, read_request

Act = Callable[[Sandbox, str, JSONDict], JSON]


class SideDoor:
    """The routes under /_sandbox, and the page at the root."""

    def __init__(self, sandbox: Sandbox, *, cast: Cast | None = None, dashboard: str = "") -> None:
        """`cast`: the scripted leads, if there are any; `dashboard`: the address that the page links to."""
        self._sandbox = sandbox
        self._cast = cast
        self._dashboard = dashboard

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """The answer of the side door or of the page; None when the request is one for the gateway."""
        try:
            request = read_request(method, target, headers, body)
            if request.parts[:1] != ("_sandbox",):
                return looks.page(request)
            return self._answer(request)
        except MalformedJSON:
            return None
        except Refusal as refusal:
            return refusal.answer()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return Refusal(400, [f"{type(error).__name__}: {error}"]).answer()

    def _answer(self, request: Request) -> Answer:
        if request.method in ("GET", "HEAD"):
            return looks.asset(request) or self._look(request)
        if request.method not in ("POST", "DELETE") or "json" not in request.headers.get("content-type", ""):
            raise Refusal(400, ["a JSON body, sent as application/json, is wanted"])
        names = request.parts[1:]
        if len(names) == 1:
            return Answer(200, self._change(request, names[0]))
        if len(names) == 2 and names[1] in ACTS:
            return Answer(200, ACTS[names[1]](self._sandbox, self._sandbox.instance(names[0]).name, request.fields))
        raise _unknown(request)

    def _change(self, request: Request, what: str) -> JSON:
        failures, fields = self._sandbox.failures, request.fields
        if what == "leads" and self._cast is not None:
            return {"started": self._cast.start(fields.get("lead"))}
        if what == "failures" and request.method == "DELETE":
            failures.clear()
        elif what == "failures":
            failures.add(Failure(**fields))
        elif what == "switches":
            failures.switch(fields)
        else:
            raise _unknown(request)
        return failures.as_json()

    def _look(self, request: Request) -> Answer:
        parts, query, sandbox = request.parts[1:], request.query, self._sandbox
        if parts == ("state",):
            return Answer(200, self._state(int(query.get("version") or -1)))
        if parts == ("failures",):
            return Answer(200, sandbox.failures.as_json())
        if parts == ("deliveries",):
            return Answer(200, [asdict(attempt) for attempt in list(sandbox.delivery.attempts)])
        instance = sandbox.instance(parts[0])
        if parts[1:] == ("sent",):
            jid = jid_of(query["jid"]) if query.get("jid") else None
            sent = sandbox.sent(jid, instance=instance.name, by=query.get("by"))
            return Answer(200, [asdict(entry) for entry in sent])
        if parts[1:] == ("read",):
            return Answer(200, [list(mark[1:]) for mark in list(sandbox.read_marks) if mark[0] == instance.name])
        if parts[1:] == ("conversation",):
            return Answer(200, looks.conversation(sandbox, instance, jid_of(query["jid"])))
        if len(parts) == 3 and parts[1] == "media":
            return looks.media(instance, parts[2])
        raise _unknown(request)

    def _state(self, known_version: int) -> JSONDict:
        cast = self._cast.as_json() if self._cast else []
        return looks.state(self._sandbox, known_version) | {"leads": cast, "dashboard": self._dashboard}


def _unknown(request: Request) -> Refusal:
    return Refusal(404, [f"Cannot {request.method} {request.target}"])


# ------------------------------------------------------------------------------------------------------------- acts


def _lead(sandbox: Sandbox, instance: str, fields: JSONDict) -> JSON:
    """A lead does something; `type` says what, text when it is left out."""
    jid = _jid(fields)
    kind = fields.get("type", "text")
    webhook = bool(fields.get("webhook", True))
    if kind == "typing":
        sandbox.lead_types(jid, str(fields.get("presence", "composing")), webhook=webhook, instance=instance)
        return {}
    if kind in ("edit", "delete", "reaction"):
        return {"id": _change(sandbox, instance, kind, fields, webhook=webhook)}
    at = float(fields["at"]) if fields.get("at") is not None else None
    message = {"raw": lambda: fields["message"]}.get(kind, lambda: _content(kind, fields, int(at or sandbox.clock())))()
    made = sandbox.lead_sends(
        jid, message, str(fields.get("messageType", "")), name=fields.get("name", "Lead"), quoted=fields.get("quoted"),
        at=at, alt=fields.get("alt"), participant=fields.get("participant"),
        source=str(fields.get("source", "android")), context=fields.get("context"), webhook=webhook, instance=instance,
        id=fields.get("id"),
    )  # fmt: skip
    return {"id": made, "jid": jid}


def _change(sandbox: Sandbox, instance: str, kind: str, fields: JSONDict, *, webhook: bool) -> str:
    id = str(fields["id"])
    if kind == "edit":
        sandbox.lead_edits(id, str(fields["text"]), webhook=webhook, instance=instance)
    elif kind == "delete":
        sandbox.lead_deletes(id, webhook=webhook, instance=instance)
    else:
        return sandbox.lead_reacts(
            id, str(fields["emoji"]), name=fields.get("name"), webhook=webhook, instance=instance
        )
    return id


def _content(kind: str, fields: JSONDict, at: int) -> Content:
    if kind == "text":
        return contents.text(str(fields["text"]))
    if kind == "location":
        place = [str(fields.get(name, "")) for name in ("name_of_place", "address")]
        return contents.location(float(fields["latitude"]), float(fields["longitude"]), *place)
    if kind == "contact":
        name, phone = str(fields["contact"]), str(fields["number"])
        return contents.contact(name, contents.vcard(name, phone, "".join(filter(str.isdigit, phone))))
    file = base64.b64decode(str(fields["base64"]), validate=True)
    caption, seconds = str(fields.get("caption", "")), int(fields.get("seconds", 1))
    made: dict[str, Callable[[], Content]] = {
        "audio": lambda: contents.audio(file, str(fields.get("mime", "audio/ogg; codecs=opus")), seconds, at=at),
        "image": lambda: contents.image(file, str(fields.get("mime", "image/png")), at=at, caption=caption),
        "video": lambda: contents.video(file, str(fields.get("mime", "video/mp4")), seconds, at=at, caption=caption),
        "sticker": lambda: contents.sticker(file, at=at),
        "document": lambda: contents.document(
            file, str(fields.get("mime", "application/pdf")), str(fields.get("fileName", "arquivo.pdf")), at=at,
            caption=caption,
        ),
    }  # fmt: skip
    return made[kind]()


def _phone(sandbox: Sandbox, instance: str, fields: JSONDict) -> JSON:
    """A person writes on the company's phone."""
    made = sandbox.phone_types(
        _jid(fields), str(fields["text"]), source=str(fields.get("source", "android")), at=fields.get("at"),
        webhook=bool(fields.get("webhook", True)), instance=instance,
    )  # fmt: skip
    return {"id": made}


def _integration(sandbox: Sandbox, instance: str, fields: JSONDict) -> JSON:
    """Another client of the same API sends."""
    return {"id": sandbox.another_integration_sends(_jid(fields), str(fields["text"]), instance=instance)}


def _read(sandbox: Sandbox, instance: str, fields: JSONDict) -> JSON:
    """The lead reads everything we wrote."""
    return {"read": sandbox.lead_reads(_jid(fields), up_to=str(fields.get("status", "READ")), instance=instance)}


def _appear(sandbox: Sandbox, instance: str, fields: JSONDict) -> JSON:
    """WhatsApp's chat list brings a chat with its name."""
    sandbox.chat_appears(_jid(fields), str(fields["name"]), instance=instance)
    return {}


def _connection(sandbox: Sandbox, instance: str, fields: JSONDict) -> JSON:
    """The connection changes: `state`, or `dead` (it says open and is not)."""
    where = sandbox.instance(instance)
    if "dead" in fields:
        where.is_dead = bool(fields["dead"])
    if state := fields.get("state"):
        if state not in ("open", "connecting", "close", "refused"):
            raise ValueError(f"no such state: {state}")
        if state == "close":
            sandbox.log_out(where, int(fields.get("reason", 401)))
        else:
            sandbox.set_state(where, str(state), int(fields.get("reason", 200)))
    return {"state": where.state, "dead": where.is_dead}


ACTS: dict[str, Act] = {
    "lead": _lead, "phone": _phone, "integration": _integration, "read": _read, "chat": _appear,
    "connection": _connection,
}  # fmt: skip


def _jid(fields: JSONDict) -> str:
    return jid_of(str(fields.get("jid") or fields["phone"]))
