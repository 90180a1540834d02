"""The versions of the settings as lines of the audit page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bot.models import SettingsVersion
from conversations import audit
from conversations.audit import Line, Source


def _lines(ids: Iterable[int], reader: Any) -> dict[int, Line]:
    may_read = any(reader.has_perm(f"bot.{act}_botsettings") for act in ("view", "change"))
    found = SettingsVersion.objects.select_related("by").in_bulk(list(ids))
    return {pk: _line(version, may_read) for pk, version in found.items()}


def _line(version: SettingsVersion, may_read: bool) -> Line:
    who = audit.name(version.by) if version.by else _("The system")
    words, what = _("{who} changed the bot's settings"), str(SETTINGS.words)
    if version.restores_id:
        words = _("{who} restored version {number} of the bot's settings")
        what = _("restored version {number} of the bot's settings").format(number=version.restores_id)
    sentence = format_html(words, who=audit.bold(who), number=version.restores_id)
    if may_read:
        address = reverse("bot:version", args=[version.pk])
        sentence = format_html('{} · <a href="{}">{}</a>', sentence, address, _("See what changed"))
    cells = (audit.when(version.at), who, what, _("everything"), "", "", "", "", "")
    return Line(version.at, sentence, "quiet", "", "", cells)


def _changes() -> Any:
    """Every version but the first: as they were set up is no change."""
    first = SettingsVersion.objects.order_by("pk").values("pk")[:1]
    return SettingsVersion.objects.exclude(pk__in=first)


SETTINGS = Source("settings", gettext_lazy("changed the bot's settings"), _changes, _lines)
