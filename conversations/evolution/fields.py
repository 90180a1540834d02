"""One field out of the gateway's JSON, whatever it turned out to be. Pure; nothing here raises.

The gateway is JavaScript over protobuf over a database: the same number comes as 7, "7" or {"low": 7, "high": 0};
what is absent comes as null, as "", or not at all.
"""

from __future__ import annotations

import math
import unicodedata
from datetime import datetime, timezone
from typing import Any

JSONDict = dict[str, Any]

#: 2100-01-01. Later than this is not when a message was sent, it is a unit we do not know.
_LATEST_SECOND = 4_102_444_800
_JOINER = "\u200d"


def as_dict(value: object) -> JSONDict:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The array, or an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """The string, fit to be stored and shown anywhere: no NUL, no half of a surrogate pair; "" for anything else."""
    if not isinstance(value, str):
        return ""
    if "\x00" in value:
        value = value.replace("\x00", "")
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def as_name(value: object) -> str:
    """As `as_text`, without what turns the words around it about or cannot be seen; emoji stay joined."""
    text = as_text(value)
    if not text.isprintable():
        text = "".join(one for one in text if one == _JOINER or unicodedata.category(one) not in ("Cf", "Cc"))
    return text.strip()


def as_int(value: object) -> int | None:
    """A whole number; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 20 else None
    if isinstance(value, dict):
        # Source: protobufjs, Long: two halves of 32 bits; `low` is signed even where the number is not.
        low, high = value.get("low"), value.get("high", 0)
        if isinstance(low, int) and isinstance(high, int):
            return (high << 32) + (low & 0xFFFFFFFF) if abs(high) < 1 << 32 else None
    return None


def as_float(value: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_count(value: object) -> int | None:
    """A whole number of something: not negative, and small enough for any database."""
    number = as_int(value)
    return number if number is not None and 0 <= number < 1 << 53 else None


def as_second(value: object) -> datetime | None:
    """Seconds since 1970 as aware UTC; None when it is no time a message can have been sent at."""
    seconds = as_int(value)
    if seconds is None or not 0 < seconds < _LATEST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc)


def as_millisecond(value: object) -> datetime | None:
    """Milliseconds since 1970 as aware UTC; None as above."""
    milliseconds = as_int(value)
    if milliseconds is None or not 0 < milliseconds < _LATEST_SECOND * 1000:
        return None
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest * 1000)
