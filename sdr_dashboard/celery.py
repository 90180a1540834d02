"""The Celery app: carries ids from the webhook to the worker and keeps the sweep's clock. Nothing in it is precious."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdr_dashboard.settings")

app = Celery("sdr_dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery asks whether anybody sets logging up; Django already did, with the filter that hides secrets."""
