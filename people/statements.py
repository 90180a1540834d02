"""What every page asks is kept as text: composing such a statement takes the ORM longer than the database answers it.

Only for what is read, and for the same columns on SQLite and PostgreSQL. Where a column needs Django's conversion (a
moment, say), `Model.objects.raw` reads it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection


def rows(statement: str, *values: str | int) -> list[tuple[Any, ...]]:
    """What the database answers; a place `%s` for each of `values`, as the driver takes them."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def places(values: Collection[str] | Collection[int]) -> str:
    """A place for each of `values`, for `IN (…)`; there must be one at least."""
    return ", ".join(["%s"] * len(values))
