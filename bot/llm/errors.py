"""What can go wrong with the language model.

    LLMError
      RateLimited    429, a quota is used up                     passing: wait `retry_after_s` where Gemini names it
      Unavailable    5xx, or no connection                       passing: retry
      TimedOut       no complete answer within the time given    passing: retry
      Blocked        prompt or answer stopped by a filter        a person must answer
      Truncated      the answer hit its length limit             raise the limit; the same again brings the same
      Garbled        an answer, but empty or not readable        asking again may help; the turn decides
      Refused        400, 401, 403, 404: key, model or request   a person must act (GEMINI_API_KEY, the model's name)

`str(error)` is safe to log and to show: our own words and Gemini's upper-case codes, never a key, never a prompt.
"""

from __future__ import annotations

import re
from typing import ClassVar

#: What a code of Google's looks like: INVALID_ARGUMENT, API_KEY_INVALID. Anything else may be free text and is dropped.
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,60}")


class LLMError(Exception):
    """Anything that went wrong between a request and its draft."""

    #: True when the same request may succeed a little later.
    is_passing: ClassVar[bool] = False


class RateLimited(LLMError):
    """Too many requests, or a quota is used up."""

    is_passing = True

    def __init__(self, words: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(words)
        #: How long Gemini asks us to wait, in seconds; None when it does not say.
        self.retry_after_s = retry_after_s


class Unavailable(LLMError):
    """The model's server failed, or was not reached."""

    is_passing = True


class TimedOut(LLMError):
    """No complete answer within the time the request gave."""

    is_passing = True


class Blocked(LLMError):
    """A filter stopped the prompt or the answer."""


class Truncated(LLMError):
    """The answer ran into its length limit before it was complete."""


class Garbled(LLMError):
    """There was an answer, but it was empty or not the JSON we asked for."""


class Refused(LLMError):
    """Gemini does not accept the request: the key, the model's name, or the request itself."""


def from_status(status: int, *codes: str, retry_after_s: float | None = None) -> LLMError:
    """The error for an HTTP status of 400 and above; of `codes`, only those that look like Google's codes are told."""
    words = " ".join([str(status), *dict.fromkeys(code for code in codes if _CODE.fullmatch(code))])
    # Source: ai.google.dev/gemini-api/docs/troubleshooting: 429 RESOURCE_EXHAUSTED, 500, 503, 504 DEADLINE_EXCEEDED.
    if status == 429:
        return RateLimited(words, retry_after_s=retry_after_s)
    if status in (408, 504):
        return TimedOut(words)
    if 400 <= status < 500:
        return Refused(words)
    return Unavailable(words)


def from_answer(status: int, body: object, *, retry_after_header: str | None = None) -> LLMError:
    """The error for a refused request: Google's `{"error": {...}}`, or any other body a proxy in between may send."""
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    details = [detail for detail in error.get("details") or () if isinstance(detail, dict)]
    codes = [str(error.get("status", "")), *(str(detail.get("reason", "")) for detail in details)]
    waits = [seconds(str(detail["retryDelay"])) for detail in details if "retryDelay" in detail]
    waits.append(seconds(retry_after_header or ""))
    return from_status(status, *codes, retry_after_s=next((wait for wait in waits if wait is not None), None))


def seconds(duration: str) -> float | None:
    """Read a duration as Google writes it ("38s", "1.5s") or as the Retry-After header does ("38"); None for others."""
    # Source: google.rpc.RetryInfo.retry_delay in JSON form: decimal seconds followed by "s".
    matched = re.fullmatch(r"(\d{1,6}(?:\.\d{1,9})?)s?", duration.strip())
    return float(matched[1]) if matched else None
