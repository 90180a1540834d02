"""What the way to the queue says on every page: how many conversations wait for a person."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest

from conversations import attention


def conversations(request: HttpRequest) -> dict[str, Any]:
    """`waiting_count`, read once when a page shows it."""

    @cache
    def waiting_count() -> int:
        return attention.waiting_count(request.user) if request.user.is_authenticated else 0

    return {"waiting_count": waiting_count}
