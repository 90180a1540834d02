"""Who may come in: the decorator of every view, and the way to the login page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """A request as `HtmxMiddleware` leaves it."""

    htmx: HtmxDetails


View = Callable[..., HttpResponseBase]


def may(permission: str) -> Callable[[View], View]:
    """Only for people who are logged in and hold `permission`: "act" of conversations, or "app.codename"."""
    wanted = permission if "." in permission else f"conversations.{permission}"

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_login(request)
            if not request.user.has_perm(wanted):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def anybody(view: View) -> View:
    """For everybody who is logged in, whatever they may do."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if request.user.is_authenticated else to_login(request)

    return guarded


def to_login(request: Request) -> HttpResponse:
    """The login page, and back from there to the page one was on. A fragment takes the whole page along."""
    if request.htmx:
        back = request.htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(back).url)
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def rep(request: Request) -> User:
    """Who asks. For views behind `may`."""
    assert isinstance(request.user, User)
    return request.user


def kept_nowhere(response: HttpResponse) -> HttpResponse:
    """`response` holds somebody's messages, or what is shown once: no cache of a browser or a proxy keeps a copy."""
    response["Cache-Control"] = "no-store, private"
    return response
