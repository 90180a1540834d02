"""Every page in the language and the time zone of the person who reads it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from people import access, sessions


class Preferences:
    """After authentication and after Django's own guess of the language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self._get_response(request)
        sessions.saw(request)
        with access.as_seen_by(request.user):
            return self._get_response(request)
