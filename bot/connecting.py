"""Connects a number of a gateway to this stand: its instance, its webhook, its settings, its pairing. No printing.

Everything may be done again at any time: what is right already is left alone.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import qrcode
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from bot.unreachable import Reason, why
from conversations.evolution import (
    Broken,
    EvolutionError,
    NotConnected,
    Refused,
    Unreachable,
    Unreadable,
    WrongKey,
)
from conversations.evolution.answers import InstanceSettings, Pairing, WebhookSettings
from conversations.evolution.client import EvolutionClient
from conversations.evolution.wire import USED_EVENTS

SECRET_HEADER = "X-Webhook-Secret"
#: The versions this product was made and tested with.
TRIED = re.compile(r"2\.3\.\d+")
#: Seconds between two looks at a pairing.
_LOOK_EVERY_S = 2.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Trouble(Exception):
    """Connecting cannot go on; `reason` says why, and what to do."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.word} {reason.remedy}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was done to one instance. All False: it was right already."""

    is_new: bool
    webhook_changed: bool
    settings_changed: bool
    #: Reopened, so that the gateway stops sending files along: it looks at that only when it connects.
    was_reopened: bool
    #: Where the events went before, when that was elsewhere; "" else.
    took_events_from: str


def webhook_address(base: str = "") -> str:
    """Where the gateway is to post: `base` (else PUBLIC_URL) and the receiver's path, which may be there already."""
    base, path = (base or str(settings.PUBLIC_URL)).rstrip("/"), reverse("bot:webhook")
    return base + "/" if f"{base}/".endswith(path) else base + path


def is_out_of_reach(address: str) -> bool:
    """`address` is on this machine, and the gateway, by its own address, is not."""
    return (
        urlsplit(address).hostname in _LOOPBACK and urlsplit(str(settings.EVOLUTION_API_URL)).hostname not in _LOOPBACK
    )


# ------------------------------------------------------------------------------------------------------ the gateway


def check_gateway(client: EvolutionClient) -> str:
    """The gateway's version, once its address and our key proved good. Raises Trouble."""
    if not settings.EVOLUTION_API_URL:
        raise Trouble(
            Reason(
                _("EVOLUTION_API_URL is not set."),
                _("Write the gateway's address in .env, or start the sandbox with `make run`."),
            )
        )
    if not settings.WEBHOOK_SECRET:
        raise Trouble(
            Reason(
                _("WEBHOOK_SECRET is not set: the receiver would let nobody in."),
                _("Write a random one in .env; `openssl rand -hex 24` prints one."),
            )
        )
    with _in_words():
        version = client.server_info().version
        # The root needs no key, and an unknown instance is told before a wrong key: only the list tells.
        client.instances()
    return version


@contextmanager
def _in_words() -> Iterator[None]:
    """Turns an error of the gateway into Trouble."""
    try:
        yield
    except EvolutionError as error:
        raise Trouble(why(error, str(settings.EVOLUTION_API_URL))) from error


# ----------------------------------------------------------------------------------------------------- the instance


def prepare(client: EvolutionClient, instance: str, address: str) -> Prepared:
    """Make the instance if it is not there, and set what is not right yet. Raises Trouble."""
    with _in_words():
        is_new = _find_or_create(client, instance)
        before = client.webhook(instance)
        webhook_changed = not is_right(before, address)
        if webhook_changed:
            client.set_webhook(instance, address, headers={SECRET_HEADER: str(settings.WEBHOOK_SECRET)})
        settings_changed = _settle_settings(client, instance)
        was_reopened = before is not None and before.base64 and _reopen(client, instance)
    is_moved = before is not None and before.is_enabled and before.url not in ("", address)
    return Prepared(is_new, webhook_changed, settings_changed, was_reopened, before.url if before and is_moved else "")


def _find_or_create(client: EvolutionClient, instance: str) -> bool:
    """True when it had to be made."""
    if any(found.name == instance for found in client.instances()):
        return False
    try:
        client.create_instance(instance)
    except WrongKey:
        raise Trouble(
            Reason(
                _("The key may not make the instance: it is the token of another one."),
                _("Write the gateway's AUTHENTICATION_API_KEY as EVOLUTION_API_KEY in .env."),
            )
        ) from None
    except Refused as error:
        if error.status != 403:
            raise
        # Source: evolution-api 2.3.6: 403 "already in use" for a name that our key does not show.
        raise Trouble(
            Reason(
                _("The gateway has an instance of this name, but the key does not open it."),
                _("Write the gateway's AUTHENTICATION_API_KEY as EVOLUTION_API_KEY in .env, or choose another name."),
            )
        ) from None
    return True


def is_right(webhook: WebhookSettings | None, address: str) -> bool:
    """The events we use, and no others, go to `address` with our secret, all to the one address and without files."""
    return (
        webhook is not None
        and webhook.is_enabled
        and webhook.url == address
        and set(webhook.events) == set(USED_EVENTS)
        and webhook.headers == {SECRET_HEADER: settings.WEBHOOK_SECRET}
        and not webhook.by_events
        and not webhook.base64
    )


def _settle_settings(client: EvolutionClient, instance: str) -> bool:
    """Keep what the instance has, but never mark as read what arrives. True when something had to change."""
    try:
        found = client.settings(instance)
    except Unreadable:
        # Source: evolution-api 2.3.6: null while they were never set. Groups are left out by default.
        found = InstanceSettings(read_messages=True)
    if not found.read_messages:
        return False
    client.set_settings(instance, replace(found, read_messages=False))
    return True


def _reopen(client: EvolutionClient, instance: str) -> bool:
    # Source: evolution-api 2.3.6: base64 is read when the instance connects, all else with each event.
    if client.connection_state(instance) != "open":
        return False
    client.restart(instance)
    return True


# ---------------------------------------------------------------------------------------------------------- pairing


def pair(
    client: EvolutionClient,
    instance: str,
    *,
    number: str = "",
    timeout_s: float = 180.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Pairing]:
    """Each code as it becomes the one to scan, and at last the state "open"; ends without it when time is over.

    With `number` (digits) the gateway also gives a code to type, if nobody had asked it for a code before. A gateway
    that fails for a moment is asked again. Raises Trouble when it refuses.
    """
    until = clock() + timeout_s
    shown: tuple[str, str] | None = None
    while True:
        found = _look(client, instance, number)
        if found.state == "open":
            yield found
            return
        if (found.code or found.pairing_code) and (found.code, found.pairing_code) != shown:
            shown = (found.code, found.pairing_code)
            yield found
        if clock() >= until:
            return
        sleep(_LOOK_EVERY_S)


def _look(client: EvolutionClient, instance: str, number: str) -> Pairing:
    with _in_words():
        try:
            return client.connect(instance, number=number)
        except (Broken, NotConnected, Unreachable):
            return Pairing()


def digits(number: str) -> str:
    """The digits of a phone number with country code, however it is written. Raises Trouble when it cannot be one."""
    found = re.sub(r"\D", "", number)
    # Source: ITU-T E.164: at most 15 digits.
    if not 8 <= len(found) <= 15:
        raise Trouble(
            Reason(_("That is not a phone number with country code."), _("Write it like +55 11 91234-5678, in quotes."))
        )
    return found


def draw(code: str, *, in_colours: bool) -> str:
    """`code` as a QR code in half blocks, two rows of dots a line, light on dark.

    `in_colours` says so to the terminal too: without it a code on a light terminal comes out inverted.
    """
    drawing = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=2)
    drawing.add_data(code)
    written = io.StringIO()
    drawing.print_ascii(out=written, invert=True)
    lines = written.getvalue().rstrip("\n").split("\n")
    if in_colours:
        lines = [f"\x1b[38;5;255;48;5;16m{line}\x1b[0m" for line in lines]
    return "\n".join(lines)
