"""How many conversations each view shows: what only the rows say is counted once, until one of them changes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from conversations.late import Limits
from conversations.message import Key
from conversations.models import Mode
from conversations.question import Facts, Tally, View
from conversations.row import Row
from conversations.standing import Standing


@dataclass(frozen=True, slots=True)
class Census:
    """The rows of one instance, as far as they are counted."""

    rows: dict[Key, Row] = field(default_factory=dict)
    unanswered: int = 0
    #: Since when and with which last words the leads wait that the bot may owe an answer, the longest first.
    owed: list[tuple[datetime, datetime]] = field(default_factory=list)

    def tally(self, facts: Facts, instance: str) -> Tally:
        """The numbers, with who speaks where and who was missed at this moment."""
        modes = dict.fromkeys(Mode, 0)
        holders: dict[int, int] = {}
        others = missed_by_others = called = 0
        for key, standing in facts.standings.items():
            row = self.rows.get(key)
            if row is None:
                continue
            others += 1
            modes[standing.mode] += 1
            if standing.mode is Mode.HUMAN and standing.holder_id is not None:
                holders[standing.holder_id] = holders.get(standing.holder_id, 0) + 1
            called += row.waiting_since is None and standing.called_at is not None
            missed_by_others += row.waiting_since is not None and self._would_be_missed(row, standing, facts.limits)
        numbers = {
            View.ALL: len(self.rows),
            View.BOT: len(self.rows) - others + modes[Mode.BOT],
            View.WAITING: modes[Mode.WAITING],
            View.MINE: 0,
            View.PAUSED: modes[Mode.PAUSED],
            View.UNANSWERED: self.unanswered + called,
            View.MISSED: self._missed(facts.limits, instance) - missed_by_others,
        }
        return Tally(numbers, holders)

    @staticmethod
    def _would_be_missed(row: Row, standing: Standing, limits: Limits) -> bool:
        """It counts among the missed if only the rows are asked, and is not."""
        return limits.would_be_missed(row) and not limits.are_missed_by(row, standing)

    def _missed(self, limits: Limits, instance: str) -> int:
        """How many were missed if all were simply the bot's."""
        before, since = limits.before, limits.since.get(instance)
        if before is None or since is None:
            return 0
        upto = bisect_left(self.owed, (before,))
        return sum(since <= asked_at < before for _first, asked_at in self.owed[:upto])


def of(rows: Sequence[Row]) -> Mapping[str, Census]:
    """By instance. `rows` must not change any more: what is known of the same list is not counted again."""
    global _known
    known_rows, known = _known
    if known_rows is not rows:
        known = _counted(rows)
        _known = (rows, known)
    return known


#: The list that was counted last. It is held, so that no other one is at its place in memory.
_known: tuple[Sequence[Row], Mapping[str, Census]] = ([], {})


def _counted(rows: Sequence[Row]) -> dict[str, Census]:
    by_instance: dict[str, list[Row]] = {}
    for row in rows:
        by_instance.setdefault(row.key.instance, []).append(row)
    return {instance: _census(here) for instance, here in by_instance.items()}


def _census(rows: Sequence[Row]) -> Census:
    waiting = [row for row in rows if row.waiting_since is not None]
    owed = sorted(
        (first, row.asked_at or first) for row in waiting if (first := row.waiting_since) and not row.is_group
    )
    return Census({row.key: row for row in rows}, len(waiting), owed)


def count(rows: Sequence[Row], facts: Facts) -> dict[str, Tally]:
    """By instance, how many conversations each view shows."""
    return {instance: census.tally(facts, instance) for instance, census in of(rows).items()}
