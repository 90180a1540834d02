"""Questions about the gateway, and about the door through which its events come in."""

from __future__ import annotations

import time
from functools import cached_property

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bot import connecting
from bot.doctor import doorbell
from bot.doctor.finding import Finding, ok, skipped, warning, wrong
from conversations.evolution.answers import Instance
from conversations.evolution.client import EvolutionClient

#: Seconds by which two clocks may differ, the header telling whole seconds.
_SKEW_WARNS_S, _SKEW_IS_WRONG_S = 30, 120


class Gateway:
    """The gateway as this stand reaches it; what was read once is not read again."""

    def __init__(self, client: EvolutionClient, webhook_base: str = "") -> None:
        self.client = client
        #: Where its events should go.
        self.address = connecting.webhook_address(webhook_base)

    @cached_property
    def version(self) -> str:
        """Raises EvolutionError."""
        return self.client.server_info().version

    @cached_property
    def instances(self) -> dict[str, Instance]:
        """By name. Raises EvolutionError."""
        return {found.name: found for found in self.client.instances()}


def receiver_answers(there: Gateway) -> Finding:
    """Rings our own doorbell, as the gateway would: with the secret, and with a wrong one."""
    if not settings.WEBHOOK_SECRET:
        return wrong(
            _("WEBHOOK_SECRET is not set: the receiver lets nobody in."),
            _("Write a random one in .env, then run `manage.py connect`."),
        )
    if trouble := doorbell.ring(there.address):
        return trouble
    return ok(
        _("%(address)s answers from here; whether the gateway's network reaches it, only an event can prove")
        % {"address": there.address}
    )


def is_there(there: Gateway) -> Finding:
    """It answers, and it is an Evolution API."""
    if not settings.EVOLUTION_API_URL:
        return wrong(
            _("EVOLUTION_API_URL is not set."),
            _("Write the gateway's address in .env, or start the sandbox with `make run`."),
        )
    there.client.server_info()
    return ok(_("%(url)s answers") % {"url": settings.EVOLUTION_API_URL})


def version_is_tried(there: Gateway) -> Finding:
    """One of those this product was made with."""
    if connecting.TRIED.fullmatch(there.version):
        return ok(there.version)
    return warning(
        _("%(version)s; this product was tested with 2.3.x.") % {"version": there.version},
        _("If something is odd, try 2.3.6 before you look further."),
    )


def key_is_valid(there: Gateway) -> Finding:
    """It opens the list of instances."""
    count = len(there.instances)
    return ok(ngettext("opens %(count)d instance", "opens %(count)d instances", count) % {"count": count})


def clock_agrees(there: Gateway) -> Finding:
    """Its clock and ours: pauses, holds and windows are compared with the times of messages."""
    before = time.time()
    theirs = there.client.clock()
    if theirs is None:
        return skipped(_("The gateway's answers carry no time."))
    # It tells whole seconds, cut off.
    skew = abs(theirs.timestamp() + 0.5 - (before + time.time()) / 2)
    if skew <= _SKEW_WARNS_S:
        return ok(_("the same as ours"))
    words = _("The gateway's clock and ours differ by %(seconds)d s.") % {"seconds": skew}
    remedy = _("Switch on time synchronisation (NTP) on both machines.")
    return wrong(words, remedy) if skew > _SKEW_IS_WRONG_S else warning(words, remedy)
