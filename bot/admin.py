"""The bot's settings in the admin: one row, opened directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from bot.models import BotSettings
from bot.sections import SECTIONS

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[BotSettings]
else:
    _Admin = admin.ModelAdmin


@admin.register(BotSettings)
class BotSettingsAdmin(_Admin):
    """Grouped as a manager thinks of them. They are in effect from the bot's next answer on."""

    fieldsets = tuple((section.title, {"fields": section.fields}) for section in SECTIONS)  # type: ignore[misc]  # a lazy word is one

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one row, and it is there."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BotSettings | None = None) -> bool:
        """There is always one row."""
        return False

    def save_model(self, request: HttpRequest, obj: BotSettings, form: Any, change: bool) -> None:
        """With the person, who stands in the version that this makes."""
        assert isinstance(request.user, User)
        obj.changed_by = request.user
        super().save_model(request, obj, form, change)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """No list of one: the row itself."""
        return redirect("admin:bot_botsettings_change", BotSettings.load().pk)
