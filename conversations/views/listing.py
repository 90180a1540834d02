"""The list of conversations."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from conversations import live
from conversations.views import parts
from conversations.views.guard import Request, fragment, may


@require_GET
@may("watch")
def show_inbox(request: Request) -> HttpResponse:
    """The conversations, newest first."""
    return fragment(
        request,
        "conversations/inbox.html",
        {"list": "conversations/_list.html"},
        {**parts.the_list(request), "position": live.position()},
    )
