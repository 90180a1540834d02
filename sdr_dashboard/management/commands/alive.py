"""`manage.py alive`: for the health checks of containers that no browser can ask."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot import heartbeat


class Command(BaseCommand):
    """Ends with 0 when workers say that they live, or the clock's last sweep is recent; else with 1 and a word."""

    help = "Is a worker alive? With --clock: is the sweep running?"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """What to ask after."""
        parser.add_argument("--clock", action="store_true", help="ask after the sweep instead of the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and say."""
        if options["clock"]:
            _ask_after_the_clock()
        elif not heartbeat.workers_alive():
            raise CommandError("no worker is alive")


def _ask_after_the_clock() -> None:
    age_s = heartbeat.last_sweep_age_s()
    if age_s is None or age_s > 3 * settings.SWEEP_SECONDS + 30:
        raise CommandError("no sweep lately")
