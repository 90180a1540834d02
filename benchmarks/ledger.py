"""Who was asked what and who got which answer: finds what was lost, doubled, misdirected and out of order. Pure.

Every message of a lead carries a number, `#7`. The model's stand-in answers with the numbers it saw, so that each reply
says what it answers, wherever it arrives.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

_NUMBER = re.compile(r"#(\d+)")


def numbers_in(text: str) -> list[int]:
    """The numbers of leads' messages in `text`, in its order, each once."""
    return list(dict.fromkeys(int(found) for found in _NUMBER.findall(text)))


@dataclass(frozen=True, slots=True)
class Written:
    """A message of a lead."""

    jid: str
    #: Seconds, on a clock that only goes forward.
    at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that a lead got."""

    jid: str
    numbers: tuple[int, ...]
    at: float


@dataclass
class Report:
    """What became of some messages. Everything but `written`, `replies` and `waits_s` should be zero."""

    written: int = 0
    #: Replies that answer at least one of them, whoever got them.
    replies: int = 0
    #: No reply at the lead's says that it answers them.
    lost: int = 0
    #: Answered by more than one reply.
    doubled: int = 0
    #: Replies that answer another lead's message.
    misdirected: int = 0
    #: Replies that came after one to a later message of the same lead, and are not themselves a second answer.
    out_of_order: int = 0
    #: Seconds from each answered message to its first reply.
    waits_s: list[float] = field(default_factory=list)


class Ledger:
    """What leads wrote and what they got, in the order in which it happened."""

    def __init__(self) -> None:
        self._written: dict[int, Written] = {}
        self._replies: list[Reply] = []
        self._answered: set[int] = set()

    def next_number(self) -> int:
        """The number of the next message; they grow."""
        return len(self._written) + 1

    def wrote(self, jid: str, at: float) -> int:
        """A lead wrote; gives the message's number."""
        number = self.next_number()
        self._written[number] = Written(jid, at)
        return number

    def got(self, jid: str, text: str, at: float) -> tuple[int, ...]:
        """The lead `jid` got a message; gives the numbers of the lead's own messages that it answers."""
        reply = Reply(jid, tuple(numbers_in(text)), at)
        self._replies.append(reply)
        own = tuple(number for number in reply.numbers if self._is_of(number, jid))
        self._answered.update(own)
        return own

    def is_answered(self, number: int) -> bool:
        """The lead who wrote it got a reply to it."""
        return number in self._answered

    def unanswered(self, numbers: Iterable[int]) -> int:
        """How many of `numbers` still wait."""
        return sum(number not in self._answered for number in numbers)

    @property
    def count(self) -> int:
        """Messages that leads got so far."""
        return len(self._replies)

    def report(self, first: int, last: int) -> Report:
        """What became of the messages numbered `first` to `last`, both included."""
        answers: dict[int, list[Reply]] = defaultdict(list)
        report = Report(written=sum(first <= number <= last for number in self._written))
        newest: dict[str, int] = {}
        for reply in self._replies:
            ours = [number for number in reply.numbers if first <= number <= last]
            if not ours:
                continue
            report.replies += 1
            own = [number for number in ours if self._is_of(number, reply.jid)]
            report.misdirected += len(own) < len(ours)
            is_first = any(number not in answers for number in own)
            if own and is_first and max(own) < newest.get(reply.jid, 0):
                report.out_of_order += 1
            newest[reply.jid] = max(newest.get(reply.jid, 0), *own, 0)
            for number in own:
                answers[number].append(reply)
        report.doubled = sum(len(replies) > 1 for replies in answers.values())
        report.lost = report.written - len(answers)
        report.waits_s = [replies[0].at - self._written[number].at for number, replies in sorted(answers.items())]
        return report

    def _is_of(self, number: int, jid: str) -> bool:
        return number in self._written and self._written[number].jid == jid
