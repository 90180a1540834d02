from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BotConfig(AppConfig):
    """The colleague that answers."""

    name = "bot"
    verbose_name = _("bot")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the list of conversations follow the settings, and hand late and approved answers to the worker."""
        from bot import late, tasks
        from bot.models import BotSettings
        from conversations import inbox, pending
        from conversations import late as missed

        inbox.list_groups_if(lambda: BotSettings.load().list_groups)
        missed.is_known_by(late.too_old_before, tasks.answer_late)
        pending.goes_on_by(tasks.approved)
