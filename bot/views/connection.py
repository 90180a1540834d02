"""The WhatsApp numbers: how each is connected, pairing and ending it, and everything that must be true for answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages as flash
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bot import connecting, doctor, numbers
from bot.connecting import Prepared, Trouble
from bot.doctor import Check, State
from bot.forms import RulesForm
from bot.numbers import Condition, Number
from bot.unreachable import why
from conversations import live, switches
from conversations.evolution import EvolutionError, NotConnected, get_client
from conversations.views.guard import Request, kept_nowhere, may, rep
from people import access

log = logging.getLogger(__name__)

#: Checks that one button puts right.
_PREPARED = ("instance", "webhook", "traces")


@dataclass(frozen=True, slots=True)
class Group:
    """The checks of one subject."""

    #: "" for what concerns all numbers.
    instance: str
    checks: Sequence[Check]

    @property
    def can_prepare(self) -> bool:
        """Something is not right that setting the instance up anew would mend."""
        return bool(self.instance) and any(
            check.id in _PREPARED and check.state in (State.WRONG, State.WARNING) for check in self.checks
        )


@require_safe
@may("connect")
def connection(request: Request) -> HttpResponse:
    """Every number the person may see, live; the checks below are read when the page is there."""
    position = live.position()
    client = get_client()
    shown = [numbers.look(client, name) for name in access.instances_of(request.user)]
    agreed = switches.state().instances
    context: dict[str, Any] = {"numbers": [(one, agreed[one.instance]) for one in shown], "position": position}
    if "checks" in request.GET:
        context |= _checked(request)
    return kept_nowhere(render(request, "bot/connection.html", context))


@require_safe
@may("connect")
def checks(request: Request) -> HttpResponse:
    """What the doctor finds. Takes seconds when something does not answer."""
    if not request.htmx:
        return redirect("/connection/?checks=1#checks")
    return kept_nowhere(render(request, "bot/_checks.html", _checked(request)))


def _checked(request: Request) -> dict[str, Any]:
    """What was found, and when."""
    found, at = doctor.run(), timezone.now()
    seen = ("", *access.instances_of(request.user))
    groups = [Group(name, [check for check in found if check.instance == name]) for name in seen]
    return {"groups": groups, "checked_at": at}


# ------------------------------------------------------------------------------------------------------- one number


def of_number(view: Callable[[Request, str], HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for a number that the person may see: others do not exist."""

    @wraps(view)
    def found(request: Request, instance: str) -> HttpResponse:
        if instance not in access.instances_of(request.user):
            raise Http404
        return view(request, instance)

    return found


@require_safe
@may("connect")
@of_number
def number(request: Request, instance: str) -> HttpResponse:
    """The panel of one number. `was` tells how the page showed it before: what has become paired since is said."""
    if not request.htmx:
        return redirect("bot:connection")
    shown = numbers.look(get_client(), instance)
    is_news = shown.is_paired and request.GET.get("was") == Condition.CONNECTING.value
    return _panel(request, shown, is_just_paired=is_news)


@require_POST
@may("connect")
@of_number
def pair(request: Request, instance: str) -> HttpResponse:
    """Begin pairing: a code to scan, or with a number one to type."""
    written = request.POST.get("phone", "").strip()

    def begin() -> str:
        asked = connecting.digits(written) if written else ""
        found = get_client().connect(instance, number=asked)
        if asked and not found.pairing_code and found.state != "open":
            return _("There is no code to type: the gateway gives one only before it shows a QR code. Scan this one.")
        return ""

    return _acted(request, instance, begin)


@require_POST
@may("connect")
@of_number
def restart(request: Request, instance: str) -> HttpResponse:
    """Close and reopen the connection to WhatsApp; the pairing stays."""

    def again() -> str:
        get_client().restart(instance)
        return _("The connection is being reopened. That takes a few seconds; messages are not lost.")

    return _acted(request, instance, again)


@require_POST
@may("connect")
@of_number
def log_out(request: Request, instance: str) -> HttpResponse:
    """End the pairing with the phone."""

    def end() -> str:
        try:
            get_client().logout(instance)
        except NotConnected:
            return _("It was not connected any more.")
        log.warning("the number of %s was logged out by user %s", instance, request.user.pk)
        return _("Logged out. Leads who write to this number are not answered until it is connected again.")

    return _acted(request, instance, end, is_good=False)


@require_POST
@may("connect")
@of_number
def prepare(request: Request, instance: str) -> HttpResponse:
    """*Configurar webhook*: the instance, where its events go, and its settings, as `manage.py connect` sets them."""

    def set_up() -> str:
        client = get_client()
        connecting.check_gateway(client)
        address = numbers.address_for(client, instance)
        return " ".join(_told(connecting.prepare(client, instance, address), address))

    return _acted(request, instance, set_up)


@require_POST
@may("connect")
@of_number
def rules(request: Request, instance: str) -> HttpResponse:
    """What holds for the bot on this number: whether its answers are approved, and when conversations return to it."""
    form = RulesForm(request.POST)
    is_good = form.is_valid()
    if is_good:
        minutes = form.cleaned_data["resume_after_minutes"] or 0
        switches.agree(rep(request), instance, approves=form.cleaned_data["approves"], resume_after_minutes=minutes)
    said = _("Saved. It holds from the next answer on.") if is_good else _("Not saved: from 0 to 10080 minutes.")
    if request.htmx:
        context = {"agreed": switches.state().instances[instance], "rules_said": said, "is_wrong": not is_good}
        return kept_nowhere(render(request, "bot/_number_rules.html", context))
    flash.add_message(request, flash.SUCCESS if is_good else flash.WARNING, said)
    return redirect("bot:connection")


def _told(done: Prepared, address: str) -> list[str]:
    """What was done, and what one should know about it."""
    said = []
    if done.is_new:
        said.append(_("The instance was made."))
    if done.webhook_changed:
        said.append(_("The webhook was set: events now go to %(address)s.") % {"address": address})
    if done.settings_changed:
        said.append(_("Nothing is marked as read on arrival any more."))
    if done.was_reopened:
        said.append(_("The connection is being reopened."))
    if done.took_events_from:
        said.append(_("Before, the events went to %(address)s.") % {"address": done.took_events_from})
    if connecting.is_out_of_reach(address):
        said.append(_("But that address is this machine, and the gateway is on another one: set PUBLIC_URL."))
    return said or [_("Everything was set right already.")]


def _acted(request: Request, instance: str, act: Callable[[], str], *, is_good: bool = True) -> HttpResponse:
    """Do it, and show the number with what came of it; without scripts the page again.

    `is_good`: what is said of it then is good news.
    """
    said, trouble = "", None
    try:
        said = act()
    except Trouble as error:
        trouble = error.reason
    except EvolutionError as error:
        trouble = why(error, str(settings.EVOLUTION_API_URL))
    if request.htmx:
        return _panel(request, numbers.look(get_client(), instance), said=said, is_good=is_good, refused=trouble)
    if trouble:
        flash.warning(request, f"{trouble.word} {trouble.remedy}")
    elif said:
        flash.add_message(request, flash.SUCCESS if is_good else flash.WARNING, said)
    return redirect("bot:connection")


def _panel(request: Request, shown: Number, **more: Any) -> HttpResponse:
    return kept_nowhere(render(request, "bot/_number.html", {"number": shown, "is_fragment": True} | more))
