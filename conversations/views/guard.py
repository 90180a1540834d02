"""What every view shares: who may come in, which conversation an address means, and a page or only a part of it.

Each fragment is one template: the page includes it, htmx asks for it by its id (the target), and the stream sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from conversations import identity, sealed
from conversations.message import Key
from people import access
from people.guard import Request, kept_nowhere, may, rep, to_login

__all__ = ["Request", "fragment", "kept_nowhere", "key_of", "may", "of_conversation", "rep", "to_login"]

P = ParamSpec("P")


def fragment(request: Request, page: str, fragments: dict[str, str], context: dict[str, Any]) -> HttpResponse:
    """The page, or only the fragment that htmx asks for by the id of its target."""
    template = fragments.get(request.htmx.target or "", page) if request.htmx else page
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return kept_nowhere(response)


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
