"""The bot's settings in the admin: one row, opened directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from bot.models import BotSettings

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[BotSettings]
else:
    _Admin = admin.ModelAdmin


@admin.register(BotSettings)
class BotSettingsAdmin(_Admin):
    """Grouped as a manager thinks of them. They are in effect from the bot's next answer on."""

    fieldsets = (
        (_("Who the bot is"), {"fields": ("persona_name", "company", "offer", "instructions")}),
        (
            _("When a person is called"),
            {"fields": ("handoff_phrases", "handoff_notice")},
        ),
        (
            _("How it talks"),
            {
                "fields": (
                    "max_bubbles",
                    "typing_chars_per_second",
                    "debounce_idle_seconds",
                    "debounce_cap_seconds",
                    "first_contact_notice",
                    "cannot_open_text",
                    "cannot_hear_text",
                    "blue_ticks",
                )
            },
        ),
        (
            _("Business hours"),
            {"fields": ("hours_only", "hours_days", "hours_open", "hours_close", "closed_text")},
        ),
        (
            _("People on the phone"),
            {"fields": ("phone_hold_minutes", "greeting_texts")},
        ),
        (
            _("Late answers and the list"),
            {"fields": ("answer_within_hours", "catch_up_per_minute", "list_groups")},
        ),
        (
            _("The language model"),
            {
                "fields": (
                    "model",
                    "temperature",
                    "history_length",
                    "max_output_tokens",
                    "model_timeout_seconds",
                    "audio_max_seconds",
                    "audio_max_megabytes",
                )
            },
        ),
    )

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
