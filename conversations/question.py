"""What a person wants to see in the list: a view, an order, some words, an instance. It stands in the address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from enum import Enum
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from conversations import jid
from conversations.jid import JID
from conversations.late import Limits
from conversations.message import Key
from conversations.models import Mode
from conversations.plain import folded_once
from conversations.row import Row
from conversations.standing import THE_BOTS, Standing

_NEVER = datetime.max.replace(tzinfo=timezone.utc)
#: Fewer digits stand in half of all numbers.
_FEWEST_DIGITS = 3
#: Nobody types more, and each conversation is compared with it.
_LONGEST = 100


class View(str, Enum):
    """A part of the list."""

    ALL = "all"
    BOT = "bot"
    WAITING = "waiting"
    MINE = "mine"
    PAUSED = "paused"
    UNANSWERED = "unanswered"
    MISSED = "missed"


class Sort(str, Enum):
    """An order of the list."""

    LATEST = "latest"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of all conversations at one moment, beside their rows."""

    standings: Mapping[Key, Standing]
    limits: Limits

    @property
    def waiting(self) -> int:
        """How many conversations wait for a person."""
        return sum(standing.mode is Mode.WAITING for standing in self.standings.values())

    def waiting_since(self, row: Row) -> datetime | None:
        """Since when the lead waits: also where a person was called and only the system has spoken since."""
        called_at = self.standings.get(row.key, THE_BOTS).called_at
        if called_at is None or row.waiting_since is None:
            return row.waiting_since or called_at
        return min(row.waiting_since, called_at)

    def views(self, row: Row, me: int | None = None) -> tuple[View, ...]:
        """The views that show `row`; *mine* only where it is told who I am."""
        standing = self.standings.get(row.key, THE_BOTS)
        found = [View.ALL]
        if standing.mode is Mode.HUMAN:
            found += [View.MINE] if me is not None and standing.holder_id == me else []
        else:
            found.append(_OF_MODE[standing.mode])
        if self.waiting_since(row) is not None:
            found.append(View.UNANSWERED)
            found += [View.MISSED] if self.limits.are_missed_by(row, standing) else []
        return tuple(found)

    def test(self, view: View, me: int) -> Callable[[Row], bool]:
        """Whether `view` shows a row, to the person `me`."""
        standing_of, is_missed = self.standings.get, self.limits.are_missed_by
        if view is View.MINE:
            return lambda row: standing_of(row.key, THE_BOTS).holder_id == me
        if view is View.UNANSWERED:
            return lambda row: row.waiting_since is not None or standing_of(row.key, THE_BOTS).called_at is not None
        if view is View.MISSED:
            return lambda row: row.waiting_since is not None and is_missed(row, standing_of(row.key, THE_BOTS))
        wanted = next((mode for mode, shows in _OF_MODE.items() if shows is view), None)
        return lambda row: wanted is None or standing_of(row.key, THE_BOTS).mode is wanted


_OF_MODE = {Mode.BOT: View.BOT, Mode.WAITING: View.WAITING, Mode.PAUSED: View.PAUSED}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many conversations each view shows."""

    views: dict[View, int] = field(default_factory=lambda: dict.fromkeys(View, 0))
    #: How many each person holds.
    holders: dict[int, int] = field(default_factory=dict)

    def seen_by(self, me: int) -> dict[str, int]:
        """The numbers as one person sees them."""
        return {view.value: number for view, number in {**self.views, View.MINE: self.holders.get(me, 0)}.items()}


def together(tallies: Sequence[Tally]) -> Tally:
    """The sum of `tallies`."""
    found = Tally()
    for tally in tallies:
        for view, number in tally.views.items():
            found.views[view] += number
        for holder, number in tally.holders.items():
            found.holders[holder] = found.holders.get(holder, 0) + number
    return found


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the list."""

    view: View = View.ALL
    sort: Sort = Sort.LATEST
    words: str = ""
    #: "" for all that the person may see.
    instance: str = ""
    #: Boxes to choose several are shown.
    is_selecting: bool = False

    @classmethod
    def of(cls, asked: Mapping[str, Any], instances: Sequence[str]) -> Question:
        """What an address asks; what it does not understand counts as not said."""
        return cls(
            _one_of(View, asked.get("view"), View.ALL),
            _one_of(Sort, asked.get("sort"), Sort.LATEST),
            " ".join(str(asked.get("q") or "").split())[:_LONGEST],
            str(asked.get("instance")) if asked.get("instance") in instances else "",
            asked.get("select") == "1",
        )

    @property
    def query(self) -> str:
        """As it stands in an address, after the question mark; "" for the whole list as it is by itself."""
        said = {
            "view": self.view.value if self.view is not View.ALL else "",
            "sort": self.sort.value if self.sort is not Sort.LATEST else "",
            "q": self.words,
            "instance": self.instance,
            "select": "1" if self.is_selecting else "",
        }
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def way_back(self) -> str:
        """The query to come back with once something was done to those that were chosen."""
        return self.but(is_selecting=False).query

    def but(self, **other: Any) -> Question:
        """The same with something else."""
        return replace(self, **other)

    def select(self, rows: Sequence[Row], facts: Facts, me: int) -> list[Row]:
        """Those of `rows` (newest first) that are asked for, in the order asked for."""
        found = [row for row in rows if not self.instance or row.key.instance == self.instance]
        if self.view is not View.ALL:
            found = list(filter(facts.test(self.view, me), found))
        if self.words:
            sought = Sought.of(self.words)
            found = [row for row in found if sought.is_in(row)]
        if self.sort is Sort.WAITING:
            found.sort(key=lambda row: facts.waiting_since(row) or _NEVER)
        return found


def _one_of(kind: Any, word: object, otherwise: Any) -> Any:
    return kind(word) if word in {one.value for one in kind} else otherwise


@dataclass(frozen=True, slots=True)
class Sought:
    """Words to find in a name, a number or the text at hand."""

    words: tuple[str, ...]
    #: Of a phone number, however it was typed; "" when it is no number.
    digits: str

    @classmethod
    def of(cls, typed: str) -> Sought:
        """What somebody typed, ready to be compared."""
        digits = "".join(re.findall(r"[0-9]", typed))
        is_number = len(digits) >= _FEWEST_DIGITS and not re.search(r"[^\W\d_]", typed)
        return cls(tuple(folded_once(typed).split()), digits if is_number else "")

    def is_in(self, row: Row) -> bool:
        """All of the words stand in the name or the last message, or the digits in the number."""
        if self.digits and self.digits in _numbers(row.key.conversation):
            return True
        name, text = folded_once(row.name), folded_once(row.last.text)
        for word in self.words:  # noqa: SIM110  # `all` takes twice as long, ten thousand times
            if word not in name and word not in text:
                return False
        return True


@lru_cache(maxsize=20_000)
def _numbers(conversation: JID) -> str:
    """The lead's number, with and without the ninth digit, a space between; "" when it is not known."""
    return " ".join(number for number in map(jid.phone, jid.twins(conversation)) if number)
