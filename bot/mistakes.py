"""A mistake of our own, told in a log line without its words, which may quote a message or a number. Pure."""

from __future__ import annotations

import traceback
from pathlib import Path

#: The innermost frames say enough.
_FRAMES = 4


def told(error: Exception) -> str:
    """What `error` is and where it comes from: `KeyError at prompt.py:12, reply.py:110`, the innermost place last."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} at {places}"
