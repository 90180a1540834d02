from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    """The people who work here: what each may see and do, and how each likes to see it."""

    name = "people"
    verbose_name = _("people")
    default_auto_field = "django.db.models.BigAutoField"
