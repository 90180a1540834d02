"""Why a gateway or its answers cannot be used, in a sentence, and what to do about it. Values; nothing is printed."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from conversations.evolution import (
    Broken,
    EvolutionError,
    NotConnected,
    Refused,
    UnknownInstance,
    Unreachable,
    Unreadable,
    WrongKey,
)

#: Seconds for a connection that is only opened to see why another could not be.
_TIMEOUT_S = 4.0


@dataclass(frozen=True, slots=True)
class Reason:
    """What is wrong, and the remedy; two sentences for a person, in the active language."""

    word: str
    remedy: str


def why(error: EvolutionError, url: str) -> Reason:
    """What `error`, met at the gateway of address `url`, means to a person. Opens a connection to tell the kinds of
    Unreachable apart.
    """
    if isinstance(error, Unreachable) and error.status is None:
        return why_unreachable(url)
    if isinstance(error, WrongKey):
        return Reason(
            _("The gateway does not accept the key."),
            _("Write the gateway's AUTHENTICATION_API_KEY as EVOLUTION_API_KEY in .env."),
        )
    if isinstance(error, UnknownInstance):
        return Reason(
            _("The gateway has no such instance."), _("Make it on the page Connection, or run `manage.py connect`.")
        )
    if isinstance(error, NotConnected):
        return Reason(
            _("The number is not connected to WhatsApp."),
            _("Show the QR code on the page Connection, or run `manage.py connect`, and scan it with the phone."),
        )
    if isinstance(error, Unreadable):
        return Reason(
            _("Something answers, but it is not an Evolution API."),
            _("Correct EVOLUTION_API_URL: the gateway's own address, without /manager or /docs behind it."),
        )
    if isinstance(error, Refused) and error.status is not None and 300 <= error.status < 400:
        return Reason(
            _("The address redirects to another one."),
            _("Write the address it redirects to as EVOLUTION_API_URL; often only https is missing."),
        )
    if isinstance(error, Broken):
        return Reason(
            _("The gateway answers with an error of its own (%(status)s).") % {"status": error.status},
            _("Look into the gateway's log: its database or its Redis may be down."),
        )
    return Reason(
        _("The gateway refuses: %(words)s") % {"words": error},
        _("Correct EVOLUTION_API_URL, or look into the log of the proxy before the gateway."),
    )


def why_unreachable(url: str) -> Reason:
    """Where a connection to `url` ends: at the name, at the port, at the certificate, or only at the answer."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host, port = "", 0
    facts = {"host": host, "port": port}
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Reason(
            _("There is no machine named %(host)s.") % facts,
            _("Correct the address. Between containers it is the service's name, as seen from this container."),
        )
    try:
        _open(host, port, with_tls=parts.scheme == "https")
    except ssl.SSLCertVerificationError:
        return Reason(
            _("The certificate of %(host)s is not trusted.") % facts,
            _("Give the server a certificate of a known authority, or use http within your own network."),
        )
    except ssl.SSLError:
        return Reason(_("Port %(port)s of %(host)s does not speak https.") % facts, _("Write http:// in the address."))
    except TimeoutError:
        return Reason(
            _("%(host)s does not answer at port %(port)s.") % facts, _("Look at the firewall, and whether it runs.")
        )
    except OSError:
        return Reason(
            _("Nothing listens at port %(port)s of %(host)s.") % facts,
            _("Start the server, or correct the port. In a container, 127.0.0.1 is the container itself."),
        )
    return Reason(
        _("%(host)s takes the connection, but gives no answer.") % facts,
        _("Look into the server's log; restart it if it hangs."),
    )


def _open(host: str, port: int, *, with_tls: bool) -> None:
    """Open a connection and close it."""
    with socket.create_connection((host, port), _TIMEOUT_S) as connection:
        if with_tls:
            with ssl.create_default_context().wrap_socket(connection, server_hostname=host):
                pass
