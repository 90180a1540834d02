"""What every view shares: who may come in, which conversation an address means, and a page or only a part of it.

Each fragment is one template: the page includes it, htmx asks for it by its id (the target), and the stream sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from conversations import identity, sealed
from conversations.message import Key
from people import access

P = ParamSpec("P")


class Request(HttpRequest):
    """A request as `HtmxMiddleware` leaves it."""

    htmx: HtmxDetails


def may(permission: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Only for people who are logged in and hold `permission`: "act" of conversations, or "app.codename"."""
    wanted = permission if "." in permission else f"conversations.{permission}"

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_login(request)
            if not request.user.has_perm(wanted):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


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


def fragment(request: Request, page: str, fragments: dict[str, str], context: dict[str, Any]) -> HttpResponse:
    """The page, or only the fragment that htmx asks for by the id of its target."""
    template = fragments.get(request.htmx.target or "", page) if request.htmx else page
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return kept_nowhere(response)


def kept_nowhere(response: HttpResponse) -> HttpResponse:
    """`response` holds somebody's messages: no copy of them is left in a browser's or a proxy's cache."""
    response["Cache-Control"] = "no-store, private"
    return response


def key_of(user: Any, instance: str, opaque: str) -> Key:
    """The conversation an address means, also an address from before two were merged. Raises Http404.

    An instance that `user` may not see does not exist for them.
    """
    key = sealed.from_opaque_id(instance, opaque) if instance in access.instances_of(user) else None
    if key is None:
        raise Http404
    return identity.resolve(instance, key.conversation)


def of_conversation(
    view: Callable[Concatenate[Request, Key, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Give the view the key instead of the address."""

    @wraps(view)
    def found(request: Request, instance: str, opaque: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(request, key_of(request.user, instance, opaque), *args, **kwargs)

    return found
