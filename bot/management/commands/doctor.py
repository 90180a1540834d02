"""`manage.py doctor`: is everything as it must be for leads to get answers, and if not, what is to be done?"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bot import doctor
from bot.doctor import Check, State

#: A mark and a word: nothing is told by colour alone, or by the mark alone.
_MARKS: dict[State, tuple[str, Promise]] = {
    State.OK: ("+", gettext_lazy("ok")),
    State.WARNING: ("!", gettext_lazy("warning")),
    State.WRONG: ("x", gettext_lazy("WRONG")),
    State.SKIPPED: ("-", gettext_lazy("not told")),
}


class Command(BaseCommand):
    """Ends with 1 when something is wrong."""

    # They are one of the checks.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """None is needed."""
        # Not `help`: that is read before a language is known.
        parser.description = _("Check everything that must be true for leads to get answers, and say what to do.")
        parser.add_argument("--strict", action="store_true", help=_("a warning counts as wrong"))
        parser.add_argument(
            "--webhook-url", default="", metavar="URL", help=_("what was given to connect, if it was not PUBLIC_URL")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, show, and end with what came of it."""
        checks = doctor.run(webhook_base=options["webhook_url"])
        for line in report(checks, width=max(60, min(shutil.get_terminal_size().columns, 120))):
            self.stdout.write(line)
        if not doctor.is_well(checks, strictly=options["strict"]):
            sys.exit(1)


def report(checks: Sequence[Check], *, width: int) -> list[str]:
    """One check a line, aligned and wrapped at `width`, each remedy below its check; then the count."""
    names = max(len(check.name) for check in checks)
    words = max(len(str(word)) for _mark, word in _MARKS.values())
    lines, instance = [], ""
    for check in checks:
        if check.instance != instance:
            instance = check.instance
            lines += ["", instance]
        mark, word = _MARKS[check.state]
        lines += _wrapped(f"{mark} {word!s:<{words}}  {check.name:<{names}}  ", check, width)
    return [*lines, "", _count(checks)]


def _wrapped(beginning: str, check: Check, width: int) -> list[str]:
    room, indent = max(30, width - len(beginning)), " " * len(beginning)
    said = textwrap.wrap(check.word, room, break_long_words=False, break_on_hyphens=False) or [""]
    remedy = textwrap.wrap(
        f"-> {check.remedy}", room, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False
    )
    lines = [*said, *(remedy if check.remedy else [])]
    return [beginning + lines[0], *(indent + line for line in lines[1:])]


def _count(checks: Sequence[Check]) -> str:
    found = Counter(check.state for check in checks)
    if not found[State.WRONG] and not found[State.WARNING]:
        return _("Everything is as it should be.") if not found[State.SKIPPED] else _("Nothing is wrong.")
    return _("%(wrong)d wrong, %(warnings)d to know about.") % {
        "wrong": found[State.WRONG],
        "warnings": found[State.WARNING],
    }
