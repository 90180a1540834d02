"""The gateway, and the only place that knows its JSON and its HTTP. This is its door: `get_client` and the errors."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from conversations.evolution.errors import (
    Broken,
    EvolutionError,
    NotConnected,
    NotOnWhatsApp,
    Refused,
    TooLarge,
    Unconfirmed,
    UnknownInstance,
    Unreachable,
    Unreadable,
    WrongKey,
)

if TYPE_CHECKING:
    from conversations.evolution.client import EvolutionClient

__all__ = [
    "Broken",
    "EvolutionError",
    "NotConnected",
    "NotOnWhatsApp",
    "Refused",
    "TooLarge",
    "Unconfirmed",
    "UnknownInstance",
    "Unreachable",
    "Unreadable",
    "WrongKey",
    "get_client",
]


def get_client() -> EvolutionClient:
    """The client of the configured gateway, one per process and safe to share; makes no call by itself."""
    from django.conf import settings

    return _client(settings.EVOLUTION_API_URL, settings.EVOLUTION_API_KEY)


@lru_cache(maxsize=4)
def _client(base_url: str, api_key: str) -> EvolutionClient:
    # Imported here: `wire` and its neighbours are pure, and must not bring `requests` along.
    from conversations.evolution.client import EvolutionClient

    return EvolutionClient(base_url, api_key)
