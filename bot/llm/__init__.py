"""The language model behind one port: `get_model().generate(request)` gives a draft, or raises one of our errors.

Each SDK is imported by its own adapter and only when that adapter is wanted; the import costs a second or more, so a
worker calls `get_model()` once when it starts. docs/adr/0009 says why there are two.
"""

from __future__ import annotations

import threading
from typing import Protocol

from bot.llm.errors import Blocked, Garbled, LLMError, RateLimited, Refused, TimedOut, Truncated, Unavailable
from bot.llm.port import Blob, Draft, Handoff, HandoffReason, Model, Request, Turn

__all__ = [
    "Blob",
    "Blocked",
    "Draft",
    "Garbled",
    "Handoff",
    "HandoffReason",
    "LLMError",
    "Model",
    "RateLimited",
    "Refused",
    "Request",
    "TimedOut",
    "Truncated",
    "Turn",
    "Unavailable",
    "build_model",
    "check_key",
    "get_model",
    "is_stand_in",
    "name_of_sdk",
]

#: The values of GEMINI_SDK.
SDKS = ("google-generativeai", "google-genai", "offline")


class Adapter(Model, Protocol):
    """A model that can also tell whether it would work at all."""

    def find(self, model: str, *, timeout_s: float) -> str:
        """The model's full name at the server ("models/…"). Raises LLMError: Refused for a wrong key or name."""


def name_of_sdk() -> str:
    """Which of SDKS is in use: GEMINI_SDK, or "offline" while there is no key."""
    from django.conf import settings

    return str(settings.GEMINI_SDK) if settings.GEMINI_API_KEY else "offline"


def is_stand_in() -> bool:
    """True while the offline bot speaks in a language model's place: every page says so."""
    return name_of_sdk() == "offline"


def get_model() -> Model:
    """The model the settings name, the same object each time; the first call imports its SDK."""
    return _adapter()


def check_key(model: str, *, timeout_s: float = 10.0) -> str:
    """Ask the server whether key and model name are good, without spending a token; the model's name as found.

    `model` may be "" for GEMINI_MODEL. Raises LLMError: Refused for a wrong key or an unknown model. The offline bot
    always finds itself.
    """
    return _adapter().find(model, timeout_s=timeout_s)


def build_model(sdk: str, *, api_key: str = "", base_url: str = "", default_model: str = "") -> Adapter:
    """A new adapter for one of SDKS.

    `base_url` is a server that speaks Gemini's REST API; "" means Google's own. `default_model` is asked when a request
    names none.
    Raises ValueError for another `sdk`, ImportError when the SDK is not installed.
    """
    if sdk == "google-generativeai":
        from bot.llm.google_generativeai import GoogleGenerativeAI

        return GoogleGenerativeAI(api_key, base_url=base_url, default_model=default_model)
    if sdk == "google-genai":
        from bot.llm.google_genai import GoogleGenAI

        return GoogleGenAI(api_key, base_url=base_url, default_model=default_model)
    if sdk == "offline":
        from bot.llm.offline import OfflineBot

        return OfflineBot()
    raise ValueError(f"GEMINI_SDK is {sdk!r}; it must be one of {', '.join(SDKS)}")


_built: dict[tuple[str, str, str, str], Adapter] = {}
_building = threading.Lock()


def _adapter() -> Adapter:
    from django.conf import settings

    facts = (settings.GEMINI_API_KEY, settings.GEMINI_BASE_URL, settings.GEMINI_MODEL)
    api_key, base_url, default_model = (str(fact or "") for fact in facts)
    sdk = name_of_sdk()
    wanted = (sdk, api_key, base_url, default_model)
    with _building:
        if wanted not in _built:
            _built[wanted] = build_model(sdk, api_key=api_key, base_url=base_url, default_model=default_model)
        return _built[wanted]
