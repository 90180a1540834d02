"""The only door: a name and a password, and a code for whoever has a second factor."""

from __future__ import annotations

import time
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from people import letters, second_factor
from people.forms import CodeForm

#: Where the session keeps who has given the right password and owes the code.
_OWES = "owes_code"
#: For so many seconds the password need not be given again.
_PATIENCE_S = 600


class LogIn(LoginView):
    """Name and password. Whoever has a second factor is not in yet after it."""

    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """In, or on to the code."""
        user = form.get_user()
        if not second_factor.is_on(user):
            return super().form_valid(form)
        self.request.session[_OWES] = {
            "user": user.pk, "backend": user.backend, "hash": user.get_session_auth_hash(),
            "until": time.time() + _PATIENCE_S, "next": self.get_success_url(),
        }  # fmt: skip
        return redirect("people:code")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With whether a new password comes by e-mail."""
        return super().get_context_data(**kwargs, can_write=letters.are_possible())


@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second step. A wrong code counts as a wrong password does."""
    owes = request.session.get(_OWES, {})
    user = _who_owes(owes)
    if user is None:
        request.session.pop(_OWES, None)
        return redirect("login")
    form = CodeForm(request.POST or None)
    wrong = ""
    if form.is_valid():
        credentials = {"username": user.get_username()}
        if AxesProxyHandler.is_allowed(request, credentials) and second_factor.check(user, form.cleaned_data["code"]):
            request.session.pop(_OWES)
            login(request, user, backend=owes["backend"])
            return redirect(owes["next"])
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        wrong = _("This code is not right, or was used before. Wait a moment and try the next one.")
    return render(request, "registration/code.html", {"wrong": wrong})


def _who_owes(owes: dict[str, Any]) -> User | None:
    """Whoever gave the right password, if that was just now and it is still the right one."""
    user = User.objects.filter(pk=owes.get("user", 0), is_active=True).first()
    if user is None or owes["until"] < time.time():
        return None
    return user if constant_time_compare(user.get_session_auth_hash(), owes["hash"]) else None


def to_our_login(request: HttpRequest) -> HttpResponse:
    """The admin has no login of its own. Whoever is in and was sent here may not enter the admin."""
    if request.user.is_authenticated:
        raise PermissionDenied
    query = request.GET.urlencode()
    return redirect(f"/login/?{query}" if query else "/login/")
