"""Threads that end with the process: a pool for what runs at once, and one clock for what runs later."""

from __future__ import annotations

import heapq
import logging
import queue
import threading
import time
from collections.abc import Callable
from itertools import count

log = logging.getLogger(__name__)

Work = Callable[[], object]


class Pool:
    """Runs work on up to `size` daemon threads, started as they are needed. No order is promised."""

    def __init__(self, size: int, name: str, *, at_end: Work | None = None) -> None:
        """`at_end` is run by each thread before it ends."""
        self._size = size
        self._name = name
        self._at_end = at_end
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._free = 0
        self._closed = False

    def run(self, work: Work) -> None:
        """Run `work` soon. Dropped after `close`."""
        with self._lock:
            if self._closed:
                return
            if self._free > 0:
                self._free -= 1
            elif self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._serve, name=f"{self._name}-{self._threads}", daemon=True).start()
            self._queue.put(work)

    def close(self) -> None:
        """Take no more work; threads end when what they hold is done."""
        with self._lock:
            self._closed = True
            for _ in range(self._threads):
                self._queue.put(None)

    def _serve(self) -> None:
        while (work := self._queue.get()) is not None:
            _guarded(work)
            with self._lock:
                self._free = min(self._free + 1, self._threads)
        if self._at_end is not None:
            self._at_end()


class Agenda:
    """Runs work after a delay, on the pool. One thread, started with the first entry."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._changed = threading.Condition()
        self._entries: list[tuple[float, int, Work]] = []
        self._numbers = count()
        self._started = False
        self._closed = False

    def after(self, seconds: float, work: Work) -> None:
        """Run `work` in `seconds`, not earlier."""
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._entries, (time.monotonic() + seconds, next(self._numbers), work))
            if not self._started:
                self._started = True
                threading.Thread(target=self._serve, name="sandbox-agenda", daemon=True).start()
            self._changed.notify()

    def __len__(self) -> int:
        with self._changed:
            return len(self._entries)

    def close(self) -> None:
        """Forget what is still to come."""
        with self._changed:
            self._closed = True
            self._entries.clear()
            self._changed.notify()

    def _serve(self) -> None:
        while (work := self._next()) is not None:
            self._pool.run(work)

    def _next(self) -> Work | None:
        with self._changed:
            while not self._closed:
                if not self._entries:
                    self._changed.wait()
                    continue
                wait = self._entries[0][0] - time.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._entries)[2]
                self._changed.wait(wait)
            return None


def _guarded(work: Work) -> None:
    try:
        work()
    except Exception:
        # One failed piece of work must not take a thread of the pool with it.
        log.exception("sandbox: background work failed")
