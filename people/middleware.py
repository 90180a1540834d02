"""Every page in the language and the time zone of the person who reads it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from people import access, once, sessions


class Preferences:
    """After authentication and after Django's own guess of the language."""

    # A middleware that is only one of them makes all those above it synchronous, the one of the static files too.
    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer(request)
        if not _is_known(request):
            return self._get_response(request)
        with access.as_seen_by(request.user), once.for_this_page(request.method in ("GET", "HEAD")):
            return self._get_response(request)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if not await sync_to_async(_is_known)(request):
            response: HttpResponseBase = await self._get_response(request)  # type: ignore[misc]
            return response
        with access.as_seen_by(request.user), once.for_this_page(request.method in ("GET", "HEAD")):
            response = await self._get_response(request)  # type: ignore[misc]
            return response


def _is_known(request: HttpRequest) -> bool:
    """Somebody is logged in; what is to be known of them is read by then."""
    if not request.user.is_authenticated:
        return False
    sessions.saw(request)
    access.profile_of(request.user)
    return True
