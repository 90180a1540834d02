"""Joins the Celery app and the checks of the settings to Django."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class DashboardConfig(AppConfig):
    """The project itself, an app for its management commands and checks."""

    name = "sdr_dashboard"

    def ready(self) -> None:
        """Every process that has Django has the Celery app, and every database its groups and switches."""
        # Not in the package's __init__: the supervisor of `make run` needs neither, and stays small.
        from sdr_dashboard import celery, checks  # noqa: F401  # importing them is what joins them
        from sdr_dashboard.beginnings import begin, grant

        # After the last of our apps, whose permissions exist by then.
        for receiver in (grant, begin):
            post_migrate.connect(receiver, sender=apps.get_app_config("bot"))
