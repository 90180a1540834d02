"""Setting up the second factor of one's own, and taking it away."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from people import second_factor
from people.forms import CodeForm
from people.guard import Request, anybody, kept_nowhere, rep


@require_http_methods(["GET", "POST"])
@anybody
def set_up(request: Request) -> HttpResponse:
    """Scan, type the code that the app shows, keep the recovery codes."""
    user, form = rep(request), CodeForm(request.POST or None)
    if second_factor.is_on(user):
        return redirect("people:me")
    wrong = ""
    if form.is_valid():
        if codes := second_factor.confirm(user, form.cleaned_data["code"]):
            return kept_nowhere(render(request, "people/recovery_codes.html", {"codes": codes, "is_new": True}))
        wrong = _("This code is not right. Look whether the clock of your phone is, and type the present one.")
    device = second_factor.prepared(user)
    facts = {"drawing": second_factor.drawing(device), "words": second_factor.words(device), "wrong": wrong}
    return kept_nowhere(render(request, "people/second_factor.html", facts))


@require_POST
@anybody
def renew(request: Request) -> HttpResponse:
    """Ten new recovery codes, for the password: a browser that was left open gives nothing away."""
    if not _is_them(request) or not second_factor.is_on(request.user):
        return redirect("people:me")
    codes = second_factor.renew_codes(rep(request))
    return kept_nowhere(render(request, "people/recovery_codes.html", {"codes": codes}))


@require_POST
@anybody
def remove(request: Request) -> HttpResponse:
    """No code any more, for the password."""
    if _is_them(request):
        second_factor.remove(rep(request), rep(request))
        flash.success(request, _("From now on your password is enough."))
    return redirect("people:me")


def _is_them(request: Request) -> bool:
    """The password is right."""
    is_right = rep(request).check_password(request.POST.get("password", ""))
    if not is_right:
        flash.warning(request, _("That is not your password. Nothing was changed."))
    return is_right
