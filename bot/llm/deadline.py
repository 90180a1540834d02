"""A hard limit on the time of a call.

Both SDKs hand their timeout to an HTTP library that applies it between two bytes: a server that dribbles keeps a call
alive for ever. Here the caller waits its time and no longer; the call that was given up runs out in its own daemon
thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from bot.llm.errors import LLMError, TimedOut

T = TypeVar("T")


class _Call(Generic[T]):
    """One call in its own thread, with what came of it."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._is_over = threading.Event()

    def run(self) -> None:
        try:
            self._result.append(self._call())
        except BaseException as error:  # handed to the caller, whatever it is
            self._error = error
        finally:
            self._is_over.set()

    def outcome(self, timeout_s: float) -> T:
        if not self._is_over.wait(timeout_s):
            raise TimedOut(f"no complete answer within {timeout_s:g} s")
        if self._error is not None:
            raise self._error
        return self._result[0]


def within(timeout_s: float, call: Callable[[], T], *, translate: Callable[[Exception], LLMError | None]) -> T:
    """What `call` returns. Raises TimedOut after `timeout_s` seconds, and LLMErrors instead of what `translate` knows.

    The SDK's own exception is not chained to ours: its text may hold the prompt, or an address with a key.
    """
    running = _Call(call)
    threading.Thread(target=running.run, name="llm-call", daemon=True).start()
    try:
        return running.outcome(timeout_s)
    except LLMError:
        raise
    except Exception as error:
        known = translate(error)
        if known is None:
            raise
    raise known
