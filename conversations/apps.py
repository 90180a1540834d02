from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    """Everything about conversations that is true with or without a bot."""

    name = "conversations"
    verbose_name = _("conversations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keep the three groups in step with the permissions they grant."""
        from conversations.groups import begin, grant

        post_migrate.connect(grant, sender=self)
        post_migrate.connect(begin, sender=self)
