"""What several parts of one page need is read once for it: the switches, the bot's settings. Only while it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

#: What was read for the page that is made in this context; None where nothing is to be remembered.
_known: ContextVar[dict[str, Any] | None] = ContextVar("known", default=None)


@contextmanager
def for_this_page(is_only_reading: bool) -> Iterator[None]:
    """Remember what is read in the block. Whoever changes something reads the truth each time instead."""
    before = _known.get()
    _known.set({} if is_only_reading else None)
    try:
        yield
    finally:
        # Not by a token: under ASGI the block may end in another context than it began in.
        _known.set(before)


def read(name: str, how: Callable[[], T]) -> T:
    """What `how` reads, or has read for this page."""
    known = _known.get()
    if known is None:
        return how()
    if name not in known:
        known[name] = how()
    found: T = known[name]
    return found
