"""A call that is over in time, whatever it waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class OverdueError(Exception):
    """The call was not over in time. It goes on beside, and what it brings is dropped."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no complete answer within {seconds:g} s")


def within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns or raises, or OverdueError when that takes longer than `seconds`."""
    # The timeouts of HTTP libraries are between bytes, and name resolution has none: a server that trickles could hold
    # a call for ever. Closing the socket from outside needs their insides and does not end a name resolution, so the
    # call runs in a thread of its own and is abandoned when its time is over; its own timeouts end it later.
    outcome: SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((call(), None))
        except BaseException as error:  # whatever it is, the caller must hear of it
            outcome.put((None, error))

    threading.Thread(target=run, name="deadline", daemon=True).start()
    try:
        result, error = outcome.get(timeout=seconds)
    except Empty:
        raise OverdueError(seconds) from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # mypy does not narrow one half of a pair by the other
