"""A new password: by oneself, or by a link where one has forgotten it."""

from __future__ import annotations

from django.contrib import messages as flash
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from people import letters, sessions
from people.guard import Request, anybody, rep
from people.models import Deed, note

#: One person is written to at most so often, in seconds, however often somebody asks.
_ONE_LETTER_S = 300


@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for the link by e-mail. The answer does not tell whether there is such an account."""
    can_write = letters.are_possible()
    email = request.POST.get("email", "").strip()
    if request.method == "POST" and can_write and email:
        for user in User.objects.filter(email__iexact=email, is_active=True):
            if user.has_usable_password() and cache.add(f"people:letter:{user.pk}", 1, _ONE_LETTER_S):
                letters.send_reset(user)
        return render(request, "registration/forgotten.html", {"can_write": True, "is_sent": True})
    return render(request, "registration/forgotten.html", {"can_write": can_write})


class NewPassword(PasswordResetConfirmView):
    """Behind the link. Django takes the token out of the address before the form is shown."""

    template_name = "registration/new_password.html"
    success_url = reverse_lazy("login")

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        """The new one counts, every session with the old one has ended, and the login page says so."""
        answer = super().form_valid(form)
        sessions.end(form.user)
        note(Deed.PASSWORD, form.user, form.user)
        flash.success(self.request, _("Your new password counts. Log in with it."))
        return answer


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@anybody
def change(request: Request) -> HttpResponse:
    """By oneself, with the old one. Every other session ends."""
    form = PasswordChangeForm(rep(request), request.POST or None)
    if form.is_valid():
        user = form.save()
        update_session_auth_hash(request, user)
        sessions.note(request, user)
        sessions.end(user, but=request.session.session_key)
        note(Deed.PASSWORD, user, user)
        flash.success(request, _("Your new password counts. You were logged out everywhere else."))
        return redirect("people:me")
    return render(request, "people/password.html", {"form": form})
