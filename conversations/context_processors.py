"""What every page needs: how many conversations wait for a person, and where the events stand."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from conversations import attention, live


def conversations(request: HttpRequest) -> dict[str, Any]:
    """`waiting_count` and `position`, read once when a page shows them."""

    @cache
    def waiting_count() -> int:
        return attention.waiting_count(request.user) if request.user.is_authenticated else 0

    return {"waiting_count": waiting_count, "position": SimpleLazyObject(live.position)}
