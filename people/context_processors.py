"""How the person who reads a page likes it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from people import access


def people(request: HttpRequest) -> dict[str, Any]:
    """`profile` and `sees_everything`, read when a page shows them."""
    return {
        "profile": SimpleLazyObject(lambda: access.profile_of(request.user)),
        "sees_everything": SimpleLazyObject(lambda: access.sees_everything(request.user)),
    }
