"""A hard limit on the time of a call to a model, and our errors in place of the SDK's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bot.llm.errors import LLMError, TimedOut
from conversations import deadline

T = TypeVar("T")


def within(timeout_s: float, call: Callable[[], T], *, translate: Callable[[Exception], LLMError | None]) -> T:
    """What `call` returns. Raises TimedOut after `timeout_s` seconds, and LLMErrors instead of what `translate` knows.

    The SDK's own exception is not chained to ours: its text may hold the prompt, or an address with a key.
    """
    try:
        return deadline.within(timeout_s, call)
    except deadline.OverdueError as error:
        raise TimedOut(str(error)) from None
    except LLMError:
        raise
    except Exception as error:
        known = translate(error)
        if known is None:
            raise
    raise known
