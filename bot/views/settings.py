"""The bot's settings: read, changed, compared with what they were, and brought back."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages as flash
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bot import llm, versions
from bot.forms import SettingsForm
from bot.models import BotSettings, SettingsVersion
from bot.views import tried
from conversations.views.guard import Request, kept_nowhere, may, rep, to_login

#: Versions on one page of the list.
_SHOWN = 100
#: Of a version; longer ones a database does not know.
_NUMBER = re.compile("[0-9]{1,18}")


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: Request) -> HttpResponseBase:
    """All of them as one form; only to read for whoever may not change them."""
    if refusal := _refused(request):
        return refusal
    may_change = request.user.has_perm("bot.change_botsettings")
    if request.method != "POST":
        return page(request, SettingsForm(instance=BotSettings.load(), is_read_only=not may_change))
    if not may_change:
        raise PermissionDenied
    form = SettingsForm(request.POST, instance=BotSettings.load())
    if not form.is_valid():
        return page(request, form, is_unsaved=True)
    form.instance.changed_by = rep(request)
    form.save()
    flash.success(request, _("Saved. The bot follows it from its next answer on."))
    if form.closes_next_day:
        flash.warning(request, _("The business hours run past midnight: they close on the day after they open."))
    return redirect("bot:settings")


def page(request: Request, form: SettingsForm, **more: Any) -> HttpResponse:
    """The form, and beside it what it is tried on. Names of leads stand there, so no copy is kept."""
    may_change = request.user.has_perm("bot.change_botsettings")
    context = {
        "form": form,
        "parts": list(form.parts()),
        "may_change": may_change,
        "last": form.last,
        "is_stand_in": llm.is_stand_in(),
        "conversations": tried.choices(request.user) if may_change else [],
    }
    return kept_nowhere(render(request, "bot/settings.html", context | more))


def _refused(request: Request) -> HttpResponseBase | None:
    """None for whoever may at least read."""
    if not request.user.is_authenticated:
        return to_login(request)
    if not any(request.user.has_perm(f"bot.{act}_botsettings") for act in ("view", "change")):
        raise PermissionDenied
    return None


# ---------------------------------------------------------------------------------------------------------- versions


@require_safe
def history(request: Request) -> HttpResponseBase:
    """Who changed what and when, newest first."""
    if refusal := _refused(request):
        return refusal
    found = list(_versions(request.GET.get("before", ""))[: _SHOWN + 1])
    pairs = zip(found, [*found[1:], None], strict=True)
    rows = [
        {"version": one, "changes": versions.differences(before.values, one.values) if before else []}
        for one, before in pairs
    ]
    may_change = request.user.has_perm("bot.change_botsettings")
    context = {
        "rows": rows[:_SHOWN],
        "older": found[_SHOWN - 1].pk if len(found) > _SHOWN else None,
        "newest": SettingsVersion.objects.first(),
        "may_change": may_change,
    }
    return render(request, "bot/versions.html", context)


def _versions(before: str) -> QuerySet[SettingsVersion]:
    """All of them, or those older than the one with this number."""
    found = SettingsVersion.objects.select_related("by", "restores")
    return found.filter(pk__lt=before) if _NUMBER.fullmatch(before) else found


@require_safe
def version(request: Request, pk: int) -> HttpResponseBase:
    """One version beside another: the one before it, or the one that `with` names."""
    if refusal := _refused(request):
        return refusal
    shown = get_object_or_404(SettingsVersion.objects.select_related("by"), pk=pk)
    others = SettingsVersion.objects.select_related("by").exclude(pk=pk)
    wanted = request.GET.get("with", "")
    other = others.filter(pk=wanted).first() if _NUMBER.fullmatch(wanted) else others.filter(pk__lt=pk).first()
    newest = SettingsVersion.objects.first()
    context = {
        "shown": shown,
        "other": other,
        "others": others[:_SHOWN],
        # From the other to this one: beside what is in effect, that is what restoring it would change.
        "changes": versions.differences(other.values, shown.values) if other else [],
        "is_newest": newest == shown,
        "is_restoring": newest == other,
        "may_change": request.user.has_perm("bot.change_botsettings"),
    }
    return render(request, "bot/version.html", context)


@require_POST
@may("bot.change_botsettings")
def restore(request: Request, pk: int) -> HttpResponse:
    """Bring a version's values back; that makes a new version."""
    chosen = get_object_or_404(SettingsVersion, pk=pk)
    row = chosen.settings()
    try:
        row.full_clean()
    except ValidationError as error:
        words = _("This version cannot be restored, it is not valid any more: %(words)s")
        flash.warning(request, words % {"words": " ".join(error.messages)})
        return redirect("bot:version", pk)
    row.changed_by, row.restores = rep(request), chosen
    row.save()
    flash.success(request, _("Restored. The bot follows it from its next answer on."))
    return redirect("bot:settings")
