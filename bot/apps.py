from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BotConfig(AppConfig):
    """The colleague that answers."""

    name = "bot"
    verbose_name = _("bot")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the list follow the settings, and hand late and approved answers and missing briefs to the worker.

        And have their changes stand on the audit page.
        """
        from bot import audited, brief, late, tasks
        from bot.models import BotSettings
        from conversations import audit, briefs, inbox, pending
        from conversations import late as missed

        inbox.list_groups_if(lambda: BotSettings.load().list_groups)
        missed.is_known_by(late.too_old_before, tasks.answer_late)
        briefs.are_made_by(tasks.brief_wanted, brief.offer_agreed)
        pending.goes_on_by(tasks.approved)
        audit.tells_also(audited.SETTINGS)
