"""The recorded and built payloads of `tests/payloads/`, by name."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "payloads"
PATHS = {path.stem: path for folder in ("captured", "built") for path in sorted((FOLDER / folder).glob("*.json"))}

# How a long string was cut when it was recorded. What is left of base64 is cut again, to whole groups.
_CUT = re.compile(r"…\(truncated, \d+ chars\)$")


@lru_cache(maxsize=512)
def _text(name: str) -> str:
    return PATHS[name].read_text()


def payload(name: str) -> dict[str, Any]:
    """One payload as recorded, strings that were cut made whole enough to be read."""
    parsed: dict[str, Any] = json.loads(_text(name), object_hook=_mended)
    return parsed


def _mended(found: dict[str, Any]) -> dict[str, Any]:
    return {name: _mend(value) if isinstance(value, str) else value for name, value in found.items()}


def _mend(value: str) -> str:
    kept, cuts = _CUT.subn("", value)
    return kept[: len(kept) // 4 * 4] if cuts else value


def webhook(name: str) -> dict[str, Any]:
    """The body of a webhook, parsed."""
    body: dict[str, Any] = payload(name)["webhook"]["body"]
    return body


def webhook_body(name: str) -> bytes:
    """The body of a webhook, as it comes in."""
    return json.dumps(webhook(name), ensure_ascii=False).encode()


def answer(name: str) -> tuple[int, Any]:
    """Status and parsed body of an answer."""
    response = payload(name)["response"]
    return response["status"], response["body"]


def rows(name: str) -> list[dict[str, Any]]:
    """The records of an answer of findMessages."""
    found: list[dict[str, Any]] = answer(name)[1]["messages"]["records"]
    return found
