"""*Nova conversa*: writing first to somebody who asked to be written to. One number at a time, and not many."""

from __future__ import annotations

import logging

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conversations import identity, jid, shown
from conversations.evolution import EvolutionError, get_client
from conversations.forms import NumberForm
from conversations.inbox import inbox
from conversations.jid import JID
from conversations.message import Key
from conversations.views.guard import Request, kept_nowhere, may, rep
from people import access

log = logging.getLogger(__name__)

#: How many numbers a person may look up in an hour: whoever asks WhatsApp about many is banned.
AN_HOUR = 10


@require_http_methods(["GET", "POST"])
@may("act")
def new(request: Request) -> HttpResponse:
    """Ask for a number; when it is on WhatsApp, open its conversation."""
    mine = access.instances_of(request.user)
    if request.method == "GET":
        return _asked(request, NumberForm(instances=mine))
    form = NumberForm(request.POST, instances=mine)
    if not form.is_valid():
        return _asked(request, form)
    if not _may_ask(request):
        return _asked(request, form, _("10 numbers within an hour: wait a little. It protects your own number."))
    try:
        key = found(form.cleaned_data["instance"], form.cleaned_data["number"])
    except EvolutionError as error:
        return _asked(request, form, _("The number could not be looked up. %(why)s") % {"why": shown.why(error)})
    if key is None:
        return _asked(request, form, _("This number is not on WhatsApp. Look at the digits and the area code."))
    return redirect(f"{shown.address(key)}#composer")


def found(instance: str, number: JID) -> Key | None:
    """The conversation with `number`, as WhatsApp knows it; None when it does not. Raises EvolutionError."""
    known_as = get_client().on_whatsapp(instance, number)
    if known_as is None:
        return None
    # WhatsApp may answer without the ninth digit where the conversation has it, or the reverse.
    keys = [identity.resolve(instance, twin) for twin in jid.twins(known_as)]
    return next((key for key in keys if inbox().row(key) is not None), keys[0])


def _may_ask(request: Request) -> bool:
    """Count one more look-up of this person; false when there were too many within the hour."""
    name = f"looked-up:{rep(request).pk}"
    try:
        cache.add(name, 0, 3600)
        return int(cache.incr(name)) <= AN_HOUR
    except Exception as error:  # Django's caches share no error class; or the hour ended between the two
        log.warning("a look-up was not counted: %s", type(error).__name__)
        return True


def _asked(request: Request, form: NumberForm, why: str = "") -> HttpResponse:
    context = {"form": form, "why": why, "instances": access.instances_of(request.user)}
    return kept_nowhere(render(request, "conversations/new.html", context))
