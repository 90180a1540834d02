"""Every page in the language and the time zone of the person who reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation

from people import access


class Preferences:
    """After authentication and after Django's own guess of the language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self._get_response(request)
        with as_seen_by(request.user):
            return self._get_response(request)


@contextmanager
def as_seen_by(user: Any) -> Iterator[None]:
    """Words and times as `user` reads them."""
    profile = access.profile_of(user)
    language = profile.language or translation.get_language()
    with translation.override(language), timezone.override(profile.time_zone or None):
        yield
