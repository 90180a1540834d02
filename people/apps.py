from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    """The people who work here: what each may see and do, and how each likes to see it."""

    name = "people"
    verbose_name = _("people")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Every login, by whichever door, is noted as a session."""
        user_logged_in.connect(_note_session, dispatch_uid="people.sessions")


def _note_session(sender: Any, request: Any, user: Any, **_: Any) -> None:
    from people import sessions

    sessions.note(request, user)
