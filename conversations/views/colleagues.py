"""Who else is looking at a conversation. A page asks, and tells what the person before it does."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from conversations import colleagues as company
from conversations import control
from conversations.message import Key
from conversations.views.guard import Request, kept_nowhere, may, of_conversation, rep


@require_http_methods(["GET", "POST"])
@may("watch")
@of_conversation
def colleagues(request: Request, key: Key) -> HttpResponse:
    """GET: who else is there. POST: what one does oneself (`sign`)."""
    if request.method == "POST":
        return _told(request, key)
    others = company.others(key, rep(request))
    return kept_nowhere(render(request, "conversations/_colleagues.html", {"others": others}))


def _told(request: Request, key: Key) -> HttpResponse:
    try:
        sign = company.Sign(request.POST.get("sign", ""))
    except ValueError:
        return HttpResponse(status=400)
    if sign is company.Sign.WRITING and not request.user.has_perm("conversations.act"):
        sign = company.Sign.LOOKING
    if sign is company.Sign.WRITING:
        control.note_sign(key)
    company.tell(key, rep(request), sign)
    return HttpResponse(status=204)
