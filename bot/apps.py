from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BotConfig(AppConfig):
    """The colleague that answers."""

    name = "bot"
    verbose_name = _("bot")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the list of conversations follow the setting that shows groups."""
        from bot.models import BotSettings
        from conversations import inbox

        inbox.list_groups_if(lambda: BotSettings.load().list_groups)
