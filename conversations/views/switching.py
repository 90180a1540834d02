"""The switches above every conversation, for managers."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import messages as flash
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations import control, switches
from conversations.forms import SwitchForm
from conversations.models import Control
from conversations.views import left
from conversations.views.guard import Request, fragment, kept_nowhere, may, rep
from people import access


@require_GET
@may("watch")
def show(request: Request) -> HttpResponse:
    """What a page says of the switches, as they stand now."""
    page = urlsplit(request.htmx.current_url_abs_path or "/").path
    return kept_nowhere(render(request, "_switches.html", {"page_path": page}))


@require_GET
@may("switch")
def ask(request: Request) -> HttpResponse:
    """Whether one is sure, as a page, for whoever has no dialogs; or who waits, for a dialog that opens."""
    form = SwitchForm(request.GET)
    if not form.is_valid():
        return HttpResponse(status=400)
    _check(request, form.cleaned_data["instance"])
    instance, on = form.cleaned_data["instance"], form.cleaned_data["on"] == "1"
    state = switches.state()
    if (state.instances.get(instance) or state.everything).is_on == on:
        return redirect("conversations:inbox")
    context = {"name": instance, "turns_on": on}
    return fragment(request, "switch.html", {"switch-asked": "_switch_asked.html"}, context)


@require_POST
@may("switch")
def switch(request: Request) -> HttpResponse:
    """The bot on or off, everywhere or for one number."""
    form = SwitchForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    _check(request, form.cleaned_data["instance"])
    instance, on = form.cleaned_data["instance"], form.cleaned_data["on"] == "1"
    switches.switch(rep(request), instance, on, answer_waiting=form.cleaned_data["waiting"] != "leave")
    if on:
        # That it is off, every page says as long as it is.
        flash.success(request, _("The bot is switched on."))
    elif count := control.wait_for_claims(Control.objects.filter(**({"instance": instance} if instance else {}))):
        flash.warning(request, left.some_may_still(count))
    return redirect(_back(request))


def _check(request: Request, instance: str) -> None:
    """A switch that this person does not see is not there: another number's, or that of everything. Raises Http404."""
    if not access.sees_everything(request.user) and instance not in access.instances_of(request.user):
        raise Http404


def _back(request: Request) -> str:
    """The page the switch was thrown on."""
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    return back if is_ours else "conversations:inbox"
