"""Rings our own doorbell: posts an event that changes nothing to an address, as the gateway would."""

from __future__ import annotations

import http.client
import json
import secrets
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from django.conf import settings
from django.utils.translation import gettext as _

from bot.connecting import SECRET_HEADER
from bot.doctor.finding import Finding, wrong
from bot.unreachable import why_unreachable

_TIMEOUT_S = 8.0


class _Stay(HTTPRedirectHandler):
    """Follows nothing: the secret would go somewhere else, and the gateway's POST would become a GET."""

    def redirect_request(self, *_args: Any) -> None:
        return None


#: No proxy: the gateway's events come without one.
_opener = build_opener(ProxyHandler({}), _Stay())


def ring(address: str) -> Finding | None:
    """None when our receiver is at `address`: it takes an event with our secret and refuses one with another."""
    status = _post(address, str(settings.WEBHOOK_SECRET))
    if isinstance(status, Finding):
        return status
    if status != 200:
        return _refused(address, status)
    if _post(address, secrets.token_hex(16)) != 403:
        return wrong(
            _("%(address)s takes events without our secret: that is not our receiver.") % {"address": address},
            _("Correct PUBLIC_URL, or what the proxy before us does with /webhook/."),
        )
    return None


def _refused(address: str, status: int) -> Finding:
    remedies = {
        400: _("Add the name in the address to ALLOWED_HOSTS."),
        403: _("It has another WEBHOOK_SECRET, or a proxy refuses: restart the web process after a change of .env."),
        404: _("Another server answers there: correct PUBLIC_URL, or the proxy's rules for /webhook/."),
    }
    if 300 <= status < 400:
        remedy = _("The gateway does not follow: write the address it redirects to.")
    else:
        remedy = remedies.get(status, _("The log of the web process, or of the proxy before it, says why."))
    return wrong(_("%(address)s answers %(status)d to an event.") % {"address": address, "status": status}, remedy)


def _post(address: str, secret: str) -> int | Finding:
    """The status of the answer, or why there is none."""
    # An event that the receiver knows and does not use.
    event = {"event": "application.startup", "instance": settings.EVOLUTION_INSTANCES[0], "data": {}}
    headers = {"Content-Type": "application/json", SECRET_HEADER: secret}
    try:
        with _opener.open(Request(address, json.dumps(event).encode(), headers), timeout=_TIMEOUT_S) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
    except (OSError, http.client.HTTPException, ValueError):
        reason = why_unreachable(address)
        return wrong(reason.word, reason.remedy)
