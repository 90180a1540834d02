"""The team: who works here, what each may do, and who is to come."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages as flash
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from people import access, invitations, letters, second_factor, sessions, team
from people.forms import InviteForm, RoleForm
from people.guard import Request, kept_nowhere, may, rep
from people.models import Deed, Invitation, note

P = ParamSpec("P")


@require_GET
@may("people.manage")
def show(request: Request) -> HttpResponse:
    """Everybody, those who may come in first."""
    people = User.objects.select_related("profile").prefetch_related("groups")
    people = people.order_by("-is_active", "first_name", "username")
    facts = {"people": people, "protected": second_factor.protected(people), "invitations": invitations.open_ones()}
    return render(request, "people/team.html", facts)


@require_http_methods(["GET", "POST"])
@may("people.manage")
def invite(request: Request) -> HttpResponse:
    """Keep a place, and show its link this once."""
    form = InviteForm(request.POST or None, by=rep(request))
    if not form.is_valid():
        return render(request, "people/invite.html", {"form": form, "can_write": letters.are_possible()})
    email = form.cleaned_data["email"]
    _made, link = invitations.invite(rep(request), form.cleaned_data["group"], form.chosen(), email)
    facts = {"link": link, "email": email, "is_sent": letters.send_invitation(email, link, rep(request))}
    return kept_nowhere(render(request, "people/link.html", facts))


@require_POST
@may("people.manage")
def withdraw(request: Request, pk: int) -> HttpResponse:
    """The link of an invitation is no longer good."""
    invitations.withdraw(get_object_or_404(Invitation, pk=pk), rep(request))
    flash.success(request, _("Withdrawn. The link is no longer good."))
    return redirect("people:team")


@require_http_methods(["GET", "POST"])
@may("people.manage")
def person(request: Request, person: int) -> HttpResponse:
    """One of them, and what they may do."""
    one = get_object_or_404(User, pk=person)
    can_change = access.may_change(request.user, one)
    if request.method == "POST" and not can_change:
        raise PermissionDenied
    form = RoleForm(request.POST or None, by=rep(request), initial=_place(one))
    if form.is_valid():
        return _acted(
            request, one, lambda: team.change_role(one, rep(request), form.cleaned_data["group"], form.chosen())
        )
    facts = {
        "person": one, "form": form, "can_change": can_change, "has_factor": second_factor.is_on(one),
        "sessions": sessions.of(one), "can_write": letters.are_possible() and bool(one.email),
    }  # fmt: skip
    return render(request, "people/person.html", facts)


def _place(one: User) -> dict[str, Any]:
    return {"group": one.groups.first(), "instances": access.profile_of(one).instances}


def _acted(request: Request, one: User, act: Callable[[], object], done: str = "") -> HttpResponse:
    try:
        act()
    except team.LastManager:
        flash.warning(request, _("Nothing was changed: nobody would be left who may manage people."))
    else:
        flash.success(request, (done or _("Saved.")) % {"who": access.name_of(one)})
    return redirect("people:person", one.pk)


def of_person(view: Callable[Concatenate[Request, User, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A POST by a manager about somebody whose place they may change."""

    @require_POST
    @may("people.manage")
    @wraps(view)
    def found(request: Request, person: int, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        one = get_object_or_404(User, pk=person)
        if not access.may_change(request.user, one):
            raise PermissionDenied
        return view(request, one, *args, **kwargs)

    return found


@of_person
def deactivate(request: Request, one: User) -> HttpResponse:
    """They are out at once."""
    done = _("The account of %(who)s is deactivated: they are logged out everywhere and cannot come in.")
    return _acted(request, one, lambda: team.deactivate(one, rep(request)), done)


@of_person
def reactivate(request: Request, one: User) -> HttpResponse:
    """They may come in again."""
    done = _("The account of %(who)s is active again: they may come in.")
    return _acted(request, one, lambda: team.reactivate(one, rep(request)), done)


@of_person
def reset(request: Request, one: User) -> HttpResponse:
    """A link to a new password: by e-mail, or shown this once to be passed on."""
    note(Deed.RESET_LINK, rep(request), one)
    if request.POST.get("how") == "email":
        if letters.send_reset(one):
            flash.success(request, _("The link was sent by e-mail."))
        else:
            flash.warning(request, _("The e-mail did not go out. Make a link instead and pass it on."))
        return redirect("people:person", one.pk)
    return kept_nowhere(render(request, "people/link.html", {"link": letters.reset_link(one), "person": one}))


@of_person
def end_sessions(request: Request, one: User) -> HttpResponse:
    """They must log in again everywhere."""
    ended = sessions.end(one)
    note(Deed.SESSIONS_ENDED, rep(request), one)
    flash.success(request, ngettext("One session was ended.", "%(n)d sessions were ended.", ended) % {"n": ended})
    return redirect("people:person", one.pk)


@of_person
def remove_factor(request: Request, one: User) -> HttpResponse:
    """For somebody who has lost the phone and the recovery codes."""
    done = _("The second factor of %(who)s is removed: their password alone lets them in.")
    return _acted(request, one, lambda: second_factor.remove(one, rep(request)), done)
