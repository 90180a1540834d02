from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BotConfig(AppConfig):
    """The colleague that answers."""

    name = "bot"
    verbose_name = _("bot")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the dashboard what only a bot knows, and have it hand to the worker what only a bot can do."""
        from bot import audited, brief, late, llm, tasks
        from bot.models import BotSettings
        from conversations import audit, briefs, drawn, inbox, pending, sending
        from conversations import late as missed

        inbox.list_groups_if(lambda: BotSettings.load().list_groups)
        missed.is_known_by(late.too_old_before, tasks.answer_late)
        briefs.are_made_by(tasks.brief_wanted, brief.offer_agreed)
        pending.goes_on_by(tasks.approved)
        sending.once_a_rep_answered(tasks.rep_answered)
        drawn.are_heard_if(lambda: not llm.is_stand_in())
        audit.tells_also(audited.SETTINGS)
