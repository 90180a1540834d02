"""One's own page: name and language, how the screens look, where one is logged in."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from people import access, second_factor, sessions
from people.forms import MeForm
from people.guard import Request, anybody, rep


@require_http_methods(["GET", "POST"])
@anybody
def show(request: Request) -> HttpResponse:
    """The page, and what was changed on it."""
    user, here = rep(request), request.session.session_key
    form = MeForm(request.POST or None, user=user)
    if form.is_valid():
        form.keep()
        with access.as_seen_by(user):
            flash.success(request, _("Saved."))
        return redirect("people:me")
    facts = {
        "form": form,
        "sessions": sorted(sessions.of(user), key=lambda one: one.session_id != here),
        "here": here,
        "has_factor": second_factor.is_on(user),
        "codes_left": second_factor.codes_left(user),
    }
    return render(request, "people/me.html", facts)


@require_POST
@anybody
def end_sessions(request: Request) -> HttpResponse:
    """End one of the others, or all of them; never this one, which has its own button to log out."""
    user, here = rep(request), request.session.session_key
    ended = sessions.end(user, but=here, only=request.POST.get("session") or None)
    flash.success(request, ngettext("One session was ended.", "%(n)d sessions were ended.", ended) % {"n": ended})
    return redirect("people:me")
