"""Whether something came for the first time, decided by one atomic add in the cache and remembered for a day."""

from __future__ import annotations

import hashlib

from django.core.cache import cache

_REMEMBERED_S = 24 * 3600


def first_time(key: tuple[str, ...]) -> bool:
    """True once for each `key`. Raises what the cache raises when it cannot be reached."""
    return bool(cache.add(_name(key), 1, _REMEMBERED_S))


def forget(key: tuple[str, ...]) -> None:
    """Take it back: what should have followed did not, so a second copy must count as the first."""
    cache.delete(_name(key))


def _name(key: tuple[str, ...]) -> str:
    return "seen:" + hashlib.sha256("\x00".join(key).encode()).hexdigest()[:32]
