"""What somebody left behind: the conversations they hold, handed back to the bot by a manager."""

from __future__ import annotations

from django.contrib import messages as flash
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from conversations import control
from conversations.views.guard import Request, may, rep
from people import access


@require_POST
@may("people.manage")
@may("act")
def hand_back(request: Request, person: int) -> HttpResponse:
    """Every conversation they hold and the manager sees, or only those that were chosen."""
    one = get_object_or_404(User, pk=person)
    rows = control.held_by(one, access.instances_of(request.user))
    if chosen := request.POST.getlist("conversation"):
        rows = [row for row in rows if str(row.pk) in chosen]
    for row in rows:
        control.hand_back(row.key, rep(request))
    done = ngettext("One conversation was handed back.", "%(n)d conversations were handed back.", len(rows))
    flash.success(request, done % {"n": len(rows)})
    return redirect("people:person", one.pk)
