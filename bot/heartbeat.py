"""Which workers are alive, told by a key in the cache that each renews. A hint: a wiped cache says "none" for 2 s."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid

from django.core.cache import cache

_EVERY_S = 2
_LIFETIME_S = 8
_HEARD_LIFETIME_S = 7 * 24 * 3600

#: This process, new at every start; turns carry it, so that those of a dead process are known.
WORKER = uuid.uuid4().hex[:12]

#: When this process last noted that an instance was heard, on the monotonic clock.
_noted: dict[str, float] = {}


def beat() -> None:
    """Say that this process is alive."""
    cache.set(f"worker:{WORKER}", 1, _LIFETIME_S)
    cache.set("worker:any", time.time(), _LIFETIME_S)


def start() -> None:
    """Keep saying it, from a thread of its own, as long as the process lives."""
    threading.Thread(target=_forever, name="heartbeat", daemon=True).start()


def is_alive(worker: str) -> bool:
    """The process `worker` said so within the last 8 s."""
    return worker == WORKER or cache.get(f"worker:{worker}") is not None


def workers_alive() -> int:
    """1 when any worker said so within the last 8 s, else 0."""
    return int(cache.get("worker:any") is not None)


def swept() -> None:
    """Note that a reconciliation ended."""
    cache.set("sweep:at", time.time(), 3600)


def last_sweep_age_s() -> float | None:
    """Seconds since the last reconciliation; None when there was none within the hour."""
    at = cache.get("sweep:at")
    return None if at is None else max(0.0, time.time() - at)


def heard(instance: str) -> None:
    """Note that the gateway posted an event of `instance`. Cheap: most calls within 5 s of the last do nothing."""
    now = time.monotonic()
    if now - _noted.get(instance, float("-inf")) < _EVERY_S:
        return
    _noted[instance] = now
    with contextlib.suppress(Exception):
        cache.set(f"heard:{instance}", time.time(), _HEARD_LIFETIME_S)


def last_heard_age_s(instance: str) -> float | None:
    """Seconds since the gateway's last event of `instance`; None when there was none within the week."""
    at = cache.get(f"heard:{instance}")
    return None if at is None else max(0.0, time.time() - at)


def connection_changed(instance: str, state: str) -> None:
    """Note since when the number's connection is in `state`; the same word again changes nothing."""
    name = f"connection:{instance}"
    with contextlib.suppress(Exception):
        if (cache.get(name) or ("",))[0] != state:
            cache.set(name, (state, time.time()), _HEARD_LIFETIME_S)


def connection_age_s(instance: str, state: str) -> float | None:
    """Seconds since the number's connection came into `state`; None when that was not seen within the week."""
    known, at = cache.get(f"connection:{instance}") or ("", 0.0)
    return max(0.0, time.time() - at) if known == state else None


def _forever() -> None:
    while True:
        # A broker that is away must not end the thread.
        with contextlib.suppress(Exception):
            beat()
        time.sleep(_EVERY_S)
