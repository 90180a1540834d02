"""The Celery app: carries ids from the webhook to the worker and keeps the sweep's clock. Nothing in it is precious."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

import click
from celery import Celery, bootsteps
from celery.beat import EmbeddedService
from celery.exceptions import CPendingDeprecationWarning
from celery.signals import setup_logging, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdr_dashboard.settings")

# It proposes to cancel running tasks when the broker is gone, which a pool of threads cannot do.
warnings.filterwarnings("ignore", message=r"\s*In Celery 5.1 we introduced", category=CPendingDeprecationWarning)

app = Celery("sdr_dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
#: Celery would close the database's connection before and after every task; ours are kept (CONN_MAX_AGE).
# Source: celery 5.7.0, celery/fixups/django.py, close_database.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.user_options["worker"].add(
    click.Option(["--with-clock"], is_flag=True, help="Keep the sweep's clock too (one worker only).")
)


class Clock(bootsteps.StartStopStep):
    """Beat as a thread of the worker.

    Celery's own `-B` forks a process, which outlives a worker that was killed and then keeps a second clock.
    # Source: celery 5.7.0, celery/beat.py, EmbeddedService.
    """

    def __init__(self, parent: Any, with_clock: bool = False, **options: Any) -> None:
        super().__init__(parent, **options)
        self.enabled = with_clock

    def include_if(self, parent: Any) -> bool:
        """Only with `--with-clock`."""
        return self.enabled

    def create(self, parent: Any) -> Any:
        """The thread; the schedule is kept in memory, for it is one interval."""
        return EmbeddedService(parent.app, thread=True, scheduler_cls="celery.beat:Scheduler")


app.steps["worker"].add(Clock)


@task_prerun.connect
def drop_dead_connections(**_: Any) -> None:
    """A connection that the database has closed meanwhile is replaced before the task needs it."""
    from django.db import close_old_connections

    close_old_connections()


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery asks whether anybody sets logging up; Django already did, with the filter that hides secrets."""
