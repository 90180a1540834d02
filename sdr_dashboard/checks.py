"""System checks: what is missing or contradicts itself in the settings, in words and with the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_GUESSABLE = 24


@register
def advise(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What keeps the product from doing its job."""
    return list(_gateway()) + list(_bot())


@register(Tags.security, deploy=True)
def advise_before_deploying(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What is fine on this machine and not on a public one."""
    return list(_public())


def _public() -> Iterator[CheckMessage]:
    address = urlsplit(settings.PUBLIC_URL)
    if address.scheme != "https" and address.hostname not in _LOOPBACK:
        yield Warning(
            f"PUBLIC_URL is {settings.PUBLIC_URL}: plain http to another machine. Browsers will not log in.",
            hint="Put a proxy with TLS in front and write its https:// address.",
            id="sdr.W001",
        )
    if 0 < len(settings.WEBHOOK_SECRET) < _GUESSABLE:
        yield Warning(
            f"WEBHOOK_SECRET has fewer than {_GUESSABLE} characters: it can be guessed.",
            hint="`openssl rand -hex 24` prints a good one; then run `manage.py connect`.",
            id="sdr.W002",
        )


def _gateway() -> Iterator[CheckMessage]:
    if not settings.EVOLUTION_API_URL:
        return
    if not settings.EVOLUTION_API_KEY:
        yield Error(
            "EVOLUTION_API_URL is set, but EVOLUTION_API_KEY is not.",
            hint="Write the gateway's AUTHENTICATION_API_KEY in .env.",
            id="sdr.E001",
        )
    if not settings.WEBHOOK_SECRET:
        yield Error(
            "WEBHOOK_SECRET is not set: the receiver lets nobody in, so no message arrives.",
            hint="Write a random one in .env (`openssl rand -hex 24` prints one), then run `manage.py connect`.",
            id="sdr.E002",
        )


def _bot() -> Iterator[CheckMessage]:
    from django.core.exceptions import ValidationError

    from bot.models import BotSettings, presets

    fields = {field.attname.upper() for field in BotSettings._meta.fields} - {"ID", "CHANGED_AT"}
    for unknown in sorted(set(settings.BOT_PRESETS) - fields):
        yield Error(
            f"BOT_{unknown} is not a setting of the bot.",
            hint="docs/settings.md lists them all; correct the name or remove it.",
            id="sdr.E003",
        )
    try:
        presets()
    except ValidationError as error:
        yield Error(" ".join(error.messages), hint="Correct it in .env.", id="sdr.E004")
