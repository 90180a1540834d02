"""The first page somebody new sees: they say who they are, and are in."""

from __future__ import annotations

from django.contrib import messages as flash
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from people import access, invitations
from people.forms import JoinForm
from people.guard import kept_nowhere


@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a name and a password. The link is good once."""
    invitation = invitations.find(token)
    if invitation is None:
        return kept_nowhere(render(request, "people/invitation_over.html", status=410))
    form = JoinForm(request.POST or None)
    if form.is_valid():
        user = form.newcomer()
        if not invitations.accept(invitation, user):
            return kept_nowhere(render(request, "people/invitation_over.html", status=410))
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        flash.success(request, _("Welcome, %(name)s.") % {"name": user.first_name})
        return redirect("/")
    word, explained = access.GROUPS.get(invitation.group.name, (invitation.group.name, ""))
    facts = {"form": form, "invitation": invitation, "role": word, "explained": explained}
    return kept_nowhere(render(request, "people/invitation.html", facts))
