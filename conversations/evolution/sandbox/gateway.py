"""The sandbox: a gateway with a memory that speaks the JSON of Evolution API 2.3.6, in its order of checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from . import api_chats as chats
from . import api_instances as instances
from . import api_messages as messages
from .checks import require, require_number, require_one_of
from .failures import Failure
from .memory import Instance
from .people import People
from .reads import Ties
from .words import (
    JSON,
    Answer,
    ConnectionDropped,
    MalformedJSON,
    NeverAnswers,
    Refusal,
    Request,
    read_request,
)

VERSION = "2.3.6"

Endpoint = Callable[[People, Instance, Request], JSON]


@dataclass(frozen=True)
class Route:
    """One endpoint of an instance."""

    endpoint: Endpoint
    status: int
    #: Properties without which the schema check refuses the body.
    required: tuple[str, ...] = ()


_PRESENCES = ("unavailable", "available", "composing", "recording", "paused")

ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/chat/findMessages"): Route(chats.find_messages, 200),
    ("POST", "/chat/findChats"): Route(chats.find_chats, 200),
    ("POST", "/chat/findContacts"): Route(chats.find_contacts, 200),
    ("POST", "/chat/findStatusMessage"): Route(chats.find_statuses, 200),
    ("GET", "/chat/findChatByRemoteJid"): Route(chats.find_chat, 200),
    ("POST", "/chat/getBase64FromMediaMessage"): Route(chats.get_media, 201),
    ("POST", "/chat/markMessageAsRead"): Route(chats.mark_read, 201, ("readMessages",)),
    ("POST", "/chat/sendPresence"): Route(chats.send_presence, 201, ("number", "presence", "delay")),
    ("POST", "/chat/whatsappNumbers"): Route(chats.whatsapp_numbers, 200, ("numbers",)),
    ("POST", "/chat/fetchProfilePictureUrl"): Route(chats.profile_picture, 200, ("number",)),
    ("POST", "/chat/fetchProfile"): Route(chats.profile, 200, ("number",)),
    ("POST", "/chat/archiveChat"): Route(chats.archive, 201, ("archive",)),
    ("POST", "/chat/markChatUnread"): Route(chats.mark_unread, 201),
    ("DELETE", "/chat/deleteMessageForEveryone"): Route(chats.delete_message, 201, ("id", "fromMe", "remoteJid")),
    ("POST", "/chat/updateMessage"): Route(chats.update_message, 200, ("number", "key", "text")),
    ("POST", "/chat/updateBlockStatus"): Route(chats.block, 201, ("number", "status")),
    ("POST", "/message/sendText"): Route(messages.send_text, 201, ("number", "text")),
    ("POST", "/message/sendMedia"): Route(messages.send_media, 201, ("number", "mediatype", "media")),
    ("POST", "/message/sendWhatsAppAudio"): Route(messages.send_audio, 201, ("number", "audio")),
    ("POST", "/message/sendReaction"): Route(messages.send_reaction, 201, ("key", "reaction")),
    ("POST", "/message/sendLocation"): Route(
        messages.send_location, 201, ("number", "latitude", "longitude", "name", "address")
    ),
    ("POST", "/message/sendContact"): Route(messages.send_contact, 201, ("number", "contact")),
    ("GET", "/label/findLabels"): Route(chats.find_labels, 200),
    ("POST", "/label/handleLabel"): Route(chats.handle_label, 200, ("number", "labelId", "action")),
    ("POST", "/settings/set"): Route(chats.set_settings, 201),
    ("GET", "/settings/find"): Route(chats.find_settings, 200),
    ("POST", "/webhook/set"): Route(instances.set_webhook, 201),
    ("GET", "/webhook/find"): Route(instances.find_webhook, 200),
    ("GET", "/instance/connect"): Route(instances.connect, 200),
    ("GET", "/instance/connectionState"): Route(instances.state, 200),
    ("POST", "/instance/restart"): Route(instances.restart, 200),
    ("DELETE", "/instance/logout"): Route(instances.log_out, 200),
    ("DELETE", "/instance/delete"): Route(instances.delete, 200),
    ("POST", "/instance/setPresence"): Route(instances.set_presence, 201, ("presence",)),
}


class Sandbox(People):
    """The gateway in memory. `handle` is its one entry; the rest of its methods are what people do (see `People`)."""

    def __init__(self, *args: Any, api_key: str = "sandbox", ties: Ties = "per_call", **options: Any) -> None:
        """As `World`, and: `api_key`, the global key; `ties`, the order of messages of one second.

        "per_call" gives them in a new order with each read, "per_page" in the same one for the same page.
        """
        super().__init__(*args, **options)
        self.api_key = api_key
        self.ties = ties

    def set_webhook(
        self, url: str, *, headers: Mapping[str, str] | None = None, events: Sequence[str] = (),
        instance: str | None = None, **options: bool,
    ) -> None:  # fmt: skip
        """What `POST /webhook/set` does: `events` in the gateway's names, none for all; `byEvents`, `base64`."""
        wanted = {"enabled": True, "url": url, "events": list(events), **options}
        if headers is not None:
            wanted["headers"] = dict(headers)
        where = self.instance(instance)
        instances.store_webhook(self, where, wanted)
        where.base64_active = bool(options.get("base64", where.base64_active))

    def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer one HTTP request: status, headers, body.

        Raises ConnectionDropped and NeverAnswers where a failure switch asks for it.
        """
        try:
            request = read_request(method, path, headers, body)
        except MalformedJSON as error:
            # Source: evolution-api 2.3.6: 400, although `error` says otherwise; before any other check.
            message = {"status": 400, "error": "Internal Server Error", "response": {"message": str(error)}}
            return Answer(400, message).encoded()
        status, named, content = self._answer(request).encoded()
        # Source: evolution-api 2.3.6: every answer carries Date, as Node.js writes it.
        return status, {**named, "Date": formatdate(self.clock(), usegmt=True)}, content

    def _answer(self, request: Request) -> Answer:
        failure = self.failures.take(request.route, request.parts[2] if len(request.parts) > 2 else "")
        if failure:
            self._before(failure)
        if failure and failure.mode == "refuse":
            return Refusal(failure.status, "Internal Server Error").answer()
        try:
            answer = self._dispatch(request)
        except Refusal as refusal:
            answer = refusal.answer()
        return _after(failure, answer) if failure else answer

    def _before(self, failure: Failure) -> None:
        if failure.mode == "slow":
            self.sleep(failure.seconds)
        elif failure.mode == "lose":
            raise NeverAnswers(failure.seconds)
        elif failure.mode == "drop":
            raise ConnectionDropped

    def _dispatch(self, request: Request) -> Answer:
        if not request.parts:
            return Answer(200, self._welcome())
        if request.route in ("/instance/create", "/instance/fetchInstances") and len(request.parts) == 2:
            return self._without_instance(request)
        route = ROUTES.get((request.method, request.route))
        if route is None or len(request.parts) != 3:
            raise Refusal(404, [f"Cannot {request.method} {request.target}"])
        instance = self._authorised(request)
        if special := _special(request):
            return special
        _check(request, route)
        return Answer(route.status, route.endpoint(self, instance, request))

    def _authorised(self, request: Request) -> Instance:
        """The instance that is meant. Raises 404 before 401."""
        # Source: evolution-api 2.3.6: the existence of the instance is checked before the key.
        named = self._named(request.parts[2])
        if request.headers.get("apikey", "") not in (self.api_key, named.token):
            raise Refusal(401, "Unauthorized")
        # Source: evolution-api 2.3.6: the query string overrides the path, after the check of the key.
        override = request.query.get("instanceName")
        return self._named(override) if override else named

    def _named(self, name: str) -> Instance:
        try:
            return self.instance(name)
        except KeyError:
            raise Refusal(404, [f'The "{name}" instance does not exist']) from None

    def _without_instance(self, request: Request) -> Answer:
        key = request.headers.get("apikey", "")
        is_global = key == self.api_key
        if request.route == "/instance/create" and request.method == "POST":
            name = request.fields.get("instanceName")
            if any(instance.name == name for instance in self.instances()):
                raise Refusal(403, [f'This name "{name}" is already in use.'])
            if not is_global:
                raise Refusal(401, "Unauthorized")
            return Answer(201, instances.create(self, request))
        if request.route == "/instance/fetchInstances" and request.method == "GET":
            if not is_global and all(instance.token != key for instance in self.instances()):
                raise Refusal(401, "Unauthorized")
            return Answer(200, instances.fetch(self, request, key, is_global=is_global))
        raise Refusal(404, [f"Cannot {request.method} {request.target}"])

    def _welcome(self) -> JSON:
        return {
            "status": 200, "message": "Welcome to the Evolution API, it is working!", "version": VERSION,
            "clientName": "evolution", "documentation": "https://doc.evolution-api.com",
            "whatsappWebVersion": "2.3000.1027934701",
        }  # fmt: skip


def _after(failure: Failure, answer: Answer) -> Answer:
    if failure.mode == "after":
        return Refusal(failure.status, "Internal Server Error").answer()
    if failure.mode == "hang":
        raise NeverAnswers(failure.seconds)
    if failure.mode == "drop_after":
        raise ConnectionDropped
    return answer


def _special(request: Request) -> Answer | None:
    """Two refusals whose shape is unlike all others."""
    if request.route == "/chat/findChatByRemoteJid" and not request.query.get("remoteJid"):
        return Answer(400, {"error": "remoteJid is a required query parameter"})
    if request.route == "/chat/whatsappNumbers" and request.fields.get("numbers") == []:
        words = [["numbers does not meet minimum length of 1"]]
        return Answer(400, {"status": 400, "error": "Bad Request", "message": words})
    return None


def _check(request: Request, route: Route) -> None:
    require(request, *route.required)
    if "number" in route.required:
        require_number(request)
    if request.route == "/chat/sendPresence":
        require_one_of(request, "presence", _PRESENCES)
        if isinstance(request.fields["delay"], bool) or not isinstance(request.fields["delay"], (int, float)):
            raise Refusal(400, [["delay is not of a type(s) integer"]])
    if request.route == "/chat/whatsappNumbers" and not isinstance(request.fields["numbers"], list):
        raise Refusal(400, [["numbers is not of a type(s) array"]])
