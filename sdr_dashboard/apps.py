"""Joins the Celery app and the checks of the settings to Django."""

from __future__ import annotations

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The project itself, an app for its management commands and checks."""

    name = "sdr_dashboard"

    def ready(self) -> None:
        """Every process that has Django has the Celery app: tasks find it when they are called."""
        # Not in the package's __init__: the supervisor of `make run` needs neither, and stays small.
        from sdr_dashboard import celery, checks  # noqa: F401  # importing them is what joins them
