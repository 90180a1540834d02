"""One WhatsApp number as the connection page shows it: its true state, and what can be done about it. No printing."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

import qrcode
from django.conf import settings
from django.utils import timezone
from qrcode.image.svg import SvgPathFillImage

from bot import connecting, heartbeat
from bot.doctor import doorbell
from bot.unreachable import Reason, why
from conversations.evolution import EvolutionError, UnknownInstance
from conversations.evolution.answers import Instance, Pairing
from conversations.evolution.client import EvolutionClient
from conversations.jid import display

#: An open connection on which nothing happens for so long may be dead.
SILENT_AFTER = timedelta(hours=24)


class Condition(str, Enum):
    """How a number is, as far as anybody can tell."""

    #: The gateway does not answer, or not to us.
    UNKNOWN = "unknown"
    #: The gateway has no such instance.
    MISSING = "missing"
    #: Never paired, or logged out.
    CLOSED = "closed"
    #: Waits for the phone, or comes back by itself.
    CONNECTING = "connecting"
    #: The gateway says open, and no event has come for a day: it may be dead.
    SILENT = "silent"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Number:
    """What is known of one number at this moment."""

    instance: str
    condition: Condition
    #: Since when, where that was seen.
    since: datetime | None = None
    #: The number as a person reads it; "" until it has been paired.
    phone: str = ""
    profile_name: str = ""
    #: When the gateway last told us of something there; None: not within the week.
    heard_at: datetime | None = None
    pairing: Pairing = field(default_factory=Pairing)
    #: Why nothing is known.
    trouble: Reason | None = None

    @property
    def is_paired(self) -> bool:
        """There is nothing to scan."""
        return self.condition in (Condition.OPEN, Condition.SILENT)

    @property
    def picture(self) -> str:
        """The QR code to scan, as an image that a page may hold; "" while there is none."""
        return drawn(self.pairing.code) if self.pairing.code else ""


def look(client: EvolutionClient, instance: str) -> Number:
    """Ask the gateway. Its troubles are a value: the page shows them."""
    try:
        row = next((one for one in client.instances() if one.name == instance), None)
        if row is None:
            return Number(instance, Condition.MISSING)
        return _looked_at(client, row)
    except UnknownInstance:
        return Number(instance, Condition.MISSING)
    except EvolutionError as error:
        return Number(instance, Condition.UNKNOWN, trouble=why(error, str(settings.EVOLUTION_API_URL)))


def _looked_at(client: EvolutionClient, row: Instance) -> Number:
    # Source: evolution-api 2.3.6: the row's own state is of the last login or logout; this one is the socket's.
    state = client.connection_state(row.name)
    # While it is connecting this only tells the present code; a closed one it would open.
    pairing = client.connect(row.name) if state == "connecting" else Pairing()
    state = pairing.state or state
    heard_at = _ago(heartbeat.last_heard_age_s(row.name))
    return Number(
        row.name,
        _condition(state, heard_at),
        since=_ago(heartbeat.connection_age_s(row.name, state)),
        phone=display(row.owner) if row.owner and state == "open" else "",
        profile_name=row.profile_name if state == "open" else "",
        heard_at=heard_at,
        pairing=pairing,
    )


def _condition(state: str, heard_at: datetime | None) -> Condition:
    if state == "connecting":
        return Condition.CONNECTING
    if state != "open":
        return Condition.CLOSED
    is_silent = heard_at is None or heard_at < timezone.now() - SILENT_AFTER
    return Condition.SILENT if is_silent else Condition.OPEN


def _ago(age_s: float | None) -> datetime | None:
    return None if age_s is None else timezone.now() - timedelta(seconds=age_s)


def drawn(code: str) -> str:
    """`code` as a QR code, black on white, as a data: address."""
    drawing = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=2)
    drawing.add_data(code)
    written = io.BytesIO()
    drawing.make_image(image_factory=SvgPathFillImage).save(written)
    return f"data:image/svg+xml;base64,{base64.b64encode(written.getvalue()).decode()}"


def address_for(client: EvolutionClient, instance: str) -> str:
    """Where the events of `instance` are to go: where they go, if that is us by another name; else to PUBLIC_URL."""
    try:
        found = client.webhook(instance)
    except UnknownInstance:
        return connecting.webhook_address()
    if found is None or found.headers.get(connecting.SECRET_HEADER) != settings.WEBHOOK_SECRET:
        return connecting.webhook_address()
    is_our_path = connecting.webhook_address(found.url).rstrip("/") == found.url.rstrip("/")
    return found.url if is_our_path and doorbell.ring(found.url) is None else connecting.webhook_address()
