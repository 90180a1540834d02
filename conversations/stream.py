"""What happens, as server-sent events: the same fragments as on the pages, or a hint to read again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from conversations import drawn, live, sealed, teller, welcome
from conversations.frames import Frame
from conversations.inbox import inbox
from conversations.live import Watcher
from conversations.message import Key, Status
from conversations.shown import Bubble, address
from conversations.views.guard import key_of
from people import access

#: An open stream asks so often whether its person may still watch, in seconds: at every ping, whatever tells it before.
STILL_WELCOME_S = 14.0


@require_GET
def stream(request: HttpRequest) -> HttpResponseBase:
    """What happens, as server-sent events. `c` (instance/id) is the one shown, `after` where the page stands."""
    if not _may_watch(request.user):
        # Not to the login page: this is no page. The screen says that it stands still, and offers to reload.
        raise PermissionDenied
    instance, _slash, opaque = request.GET.get("c", "").partition("/")
    key = key_of(request.user, instance, opaque) if opaque else None
    after = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    teller.begin()
    watcher = _watcher(request.user)
    events = _events(key, after, watcher, lambda: _is_welcome(request, watcher))
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _may_watch(user: Any) -> bool:
    return bool(user.is_authenticated and user.has_perm("conversations.watch"))


def _is_welcome(request: HttpRequest, watcher: Watcher) -> bool:
    """The session still exists and its person may still watch the same. Leaves no connection open behind."""
    again = HttpRequest()
    again.session = type(request.session)(request.session.session_key)
    try:
        user = get_user(again)
        return _may_watch(user) and access.instances_of(user) == watcher.instances
    finally:
        connections.close_all()


def _watcher(user: Any) -> Watcher:
    """The person and how they read, as the stream begins."""
    return Watcher(
        user.pk,
        user.date_joined,
        access.instances_of(user),
        translation.get_language() or settings.LANGUAGE_CODE,
        access.profile_of(user).time_zone,
        user.has_perm("conversations.act"),
    )


async def _events(
    key: Key | None, after: str, watcher: Watcher, is_welcome: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """The frames of one screen, in its person's language and time; what is for one person goes to nobody else."""
    asked_at = timezone.now()
    told = live.stream(key, after, watcher)
    try:
        async for what in told:
            if what.facts.get("user") not in (None, watcher.user_id):
                continue
            if what.event == welcome.EVENT or (timezone.now() - asked_at).total_seconds() >= STILL_WELCOME_S:
                asked_at = timezone.now()
                if not await sync_to_async(is_welcome)():
                    yield live.frame("bye", "")
                    return
            if what.event == welcome.EVENT:
                continue
            with timezone.override(watcher.time_zone or None):
                told_as = shown(what, watcher.language, key, watcher.may_act)
            for event, html in told_as:
                yield live.frame(event, html, str(what.position or ""))
    finally:
        await told.aclose()


def shown(what: Frame, language: str, open_key: Key | None, may_act: bool) -> list[tuple[str, str]]:
    """What a frame means to a screen: events for its parts, with the fragment to show or empty as a hint to read."""
    if what.event == "handed":
        with translation.override(language):
            return [("handed", _render("_handed.html", **_handed(what)))]
    if what.event == "row":
        return [("row", str(what.facts.get("html") or ""))]
    if what.event == "counts":
        return [("counts", str(what.facts.get("numbers") or ""))]
    if what.key is None:
        return [(what.event, "")]
    if what.key != open_key:
        return [("doing", _doing(what))] if what.event == "bot" else []
    with translation.override(language):
        if what.event == "message" and what.message is not None:
            if what.message.reaction is not None or what.message.is_notice:
                return [("changed", "")]
            # Whoever has sent a message has stopped writing it; the gateway does not always say so.
            stopped = [("presence", "")] if what.message.is_from_lead else []
            return [
                ("message", drawn.bubble(Bubble(what.message), address(what.key), offers_acts=may_act)),
                *stopped,
            ]
        if what.event == "status":
            return [("patch", patch)] if (patch := _status(what)) else []
        if what.event == "bot":
            words = _render("_activity.html", doing=what.facts.get("doing"), **_progress(what))
            activity = [("bot", words), ("doing", _doing(what))]
            return [*activity, ("control", "")] if what.facts.get("doing") == "stopped" else activity
        if what.event == "presence":
            return [("presence", _render("_presence.html", presence=what.facts.get("presence")))]
    if what.event in ("edited", "deleted"):
        return [("changed", "")]
    if what.event == "control":
        return [("control", ""), ("attention", "")]
    return [(what.event, "")]


def _doing(what: Frame) -> str:
    """What the bot does in a conversation, for its row; the page has the words."""
    assert what.key is not None
    return json.dumps({"id": sealed.opaque_id(what.key), "doing": what.facts.get("doing"), **_progress(what)})


def _handed(what: Frame) -> dict[str, Any]:
    """Who handed what to the person before the screen; the lead's name comes from our own list."""
    opaque = str(what.facts.get("opaque"))
    key = sealed.from_opaque_id(what.instance, opaque)
    row = inbox().row(key) if key else None
    url = reverse("conversations:conversation", args=[what.instance, opaque])
    return {"by": what.facts.get("by"), "url": url, "lead_name": row.name if row else ""}


def _progress(what: Frame) -> dict[str, Any]:
    return {"number": what.facts.get("number"), "of": what.facts.get("of")}


def _status(what: Frame) -> str:
    try:
        status = Status(str(what.facts.get("status")))
    except ValueError:
        return ""
    return _render("_status.html", id=what.facts.get("message_id"), status=status, is_patch=True)


def _render(template: str, **context: Any) -> str:
    return render_to_string(f"conversations/{template}", context).strip()
