"""The leads' profile pictures: read through the gateway, kept for minutes in this process's memory, never on a disk."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from conversations.evolution import EvolutionError, get_client
from conversations.evolution.client import Picture
from conversations.message import Key

#: Kept for so long; also that there is none.
_KEPT_S = 600.0
#: So many are kept, of at most 200 kB each: a list shows the same ones again and again.
_MOST_KEPT = 300

_kept: OrderedDict[Key, tuple[float, Picture | None]] = OrderedDict()
_lock = threading.Lock()


def of(key: Key) -> Picture | None:
    """The lead's picture; None when there is none, or it cannot be read now."""
    now = time.monotonic()
    with _lock:
        known = _kept.get(key)
    if known is not None and known[0] > now:
        return known[1]
    try:
        found = get_client().picture(key.instance, key.conversation)
    except EvolutionError:
        found = None
    with _lock:
        _kept[key] = (now + _KEPT_S, found)
        _kept.move_to_end(key)
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return found


def forget() -> None:
    """Begin anew; for tests."""
    with _lock:
        _kept.clear()
