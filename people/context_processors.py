"""How the person who reads a page likes it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from people import access


def people(request: HttpRequest) -> dict[str, Any]:
    """`profile`, read when a page shows it."""
    return {"profile": SimpleLazyObject(lambda: access.profile_of(request.user))}
