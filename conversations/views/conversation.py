"""One conversation: read live from the gateway each time it is opened."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from conversations import live, shown
from conversations.views import composing, parts, undoing
from conversations.views.guard import Request, fragment, key_of, may


@require_GET
@may("watch")
def conversation(request: Request, instance: str, opaque: str) -> HttpResponse:
    """The live history and who may speak. Looking leaves no trace at the gateway."""
    key = key_of(request.user, instance, opaque)
    if shown.address(key) != request.path:
        query = request.META.get("QUERY_STRING", "")
        return redirect(f"{shown.address(key)}?{query}" if query else shown.address(key))
    # Before the history is read: what happens meanwhile is told by the stream, twice rather than never.
    position = live.position()
    target = request.htmx.target if request.htmx else None
    context = parts.bubbles(request, key) if target in (None, "messages", "older") else {}
    context |= parts.about(request, key)
    if target in (None, "messages"):
        parts.look(request, key)
    if target in (None, "list", "more"):
        context |= parts.the_list(request, open_key=key)
    if target is None:
        context |= {
            "position": position,
            "toast": undoing.kept(request.session),
            **composing.asked_for(request, key),
        }
    return fragment(
        request,
        "conversations/conversation.html",
        {
            "messages": "conversations/_messages.html",
            "older": "conversations/_messages.html",
            "control": "conversations/_bar.html",
            "pending": "conversations/_pending.html",
            "whispers": "conversations/_whispers.html",
            "list": "conversations/_list.html",
            "more": "conversations/_rows.html",
        },
        context,
    )
