from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    """Everything about conversations that is true with or without a bot."""

    name = "conversations"
    verbose_name = _("conversations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have no answer that waits for approval get lost when somebody takes over, and nobody watch who may not."""
        from conversations import control, sending, welcome

        control.after_each_change(sending.rescue)
        welcome.watch_over()
