"""What the schedules and the state machine share: one gateway, one Gemini, two reps, a clock that one moves on."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, TypeVar
from unittest import mock

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from bot import heartbeat, reconcile, turns
from bot.reply import reply_to
from conversations import identity, switches
from conversations.control import TakenOver
from conversations.evolution.sandbox.world import Sent as Arrived
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Alias, AuditEntry, Control, Mode, Sent
from tests.fake_gemini import FakeGemini
from tests.schedules.stage import Stage, StagedSandbox

T = TypeVar("T")
INSTANCE = "voice_sdr_v4"
SEND = "/message/sendText"
#: How often the sweep looks before everything must be at rest.
_ROUNDS = 12

_numbers = count(1)


@dataclass
class World:
    """The cast, and what happens in it whoever tells the story."""

    sandbox: StagedSandbox
    gemini: FakeGemini
    ana: User
    beto: User
    #: Moves the clock on by so many seconds.
    later: Callable[[float], None]
    #: So many steps the worker makes between two statements of whoever else acts.
    pace: int = 0
    #: It makes none while somebody waits for it.
    stands_still: bool = False

    def begin_anew(self) -> None:
        """Nothing is left of an earlier story: this one is the same, alone or as one of thousands."""
        cache.clear()
        self.gemini.reset()
        self.sandbox.begin_anew()
        self.pace, self.stands_still = 0, False
        for kind in (Sent, AuditEntry, Alias, Control):
            kind.objects.all().delete()
        switches.switch(self.ana, INSTANCE, True)

    @property
    def stage(self) -> Stage:
        """The worker."""
        return self.sandbox.stage

    def number(self) -> int:
        """Another number each time."""
        return next(_numbers)

    def new_worker(self) -> None:
        """Who acts from now on is another process; the one that stands somewhere is not heard of any more."""
        heartbeat.WORKER = f"w{next(_numbers)}"

    def is_posting(self) -> bool:
        """A text has left the worker and not reached the gateway: no takeover can stop it any more."""
        return self.stage.at.startswith(f"gateway takes in {SEND}")

    def while_the_worker_goes_on(self, act: Callable[[], T]) -> T:
        """The outcome of `act`, between whose statements the worker makes `pace` steps, and one whenever `act` waits.

        Only one of the two moves at a time, and time passes for `act` only as it waits: so a story is the same each
        time it is told, on whatever machine.
        """
        actor, sleep, monotonic = threading.current_thread(), time.sleep, time.monotonic
        now = monotonic()

        def wait(seconds: float) -> None:
            nonlocal now
            if threading.current_thread() is not actor:
                return sleep(seconds)
            now += seconds
            if not self.stands_still:
                self.stage.step()

        def tell_time() -> float:
            return now if threading.current_thread() is actor else monotonic()

        with (
            mock.patch.object(time, "sleep", wait),
            mock.patch.object(time, "monotonic", tell_time),
            connection.execute_wrapper(self._between_statements),
        ):
            return act()

    def _between_statements(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Mapping[str, Any]
    ) -> Any:
        """Inside a transaction nothing else can happen."""
        if not connection.in_atomic_block:
            for _ in range(self.pace):
                self.stage.step()
        return execute(sql, params, many, context)

    def finish(self) -> None:
        """The worker goes on to its end."""
        while self.stage.step():
            pass

    def recover(self) -> None:
        """Let workers and sweep run until nothing is left to do."""
        self.sandbox.failures.clear()
        for _ in range(_ROUNDS):
            self.later(61)
            self.new_worker()
            found = self.sweep()
            for key, asked in found:
                turns.run(key, asked, reply_to)
            if not found and not Control.objects.exclude(sending="").exists():
                return

    def sweep(self) -> list[tuple[Key, str]]:
        """What the sweep hands to the workers."""
        found: list[tuple[Key, str]] = []

        def dispatch(instance: str, conversation: str, asked: str, *, in_s: float = 0) -> None:
            found.append((identity.resolve(instance, JID(conversation)), asked))

        reconcile.sweep(dispatch)
        return found

    # -------------------------------------------------------------------------------------------------------- looking

    def said(self, addresses: Sequence[JID]) -> list[Arrived]:
        """What came to the lead through the API, in order."""
        arrived = [one for address in addresses for one in self.sandbox.sent(address, by="api")]
        return sorted(arrived, key=lambda one: one.number)

    def said_by_people(self, addresses: Sequence[JID], of_reps: Collection[str]) -> list[Arrived]:
        """What people of ours wrote, in the dashboard or on the phone; a command is no answer."""
        typed = [one for address in addresses for one in self.sandbox.sent(address, by="phone")]
        written = [one for one in self.said(addresses) if one.text in of_reps]
        return [*(one for one in typed if not one.text.startswith("#")), *written]

    def asked_at(self, id: str) -> float:
        """When the lead wrote it, as the gateway tells."""
        row = self.sandbox.instance(INSTANCE).find(id)
        return float(row.timestamp) if row else 0.0

    def answered_twice(self, arrived: Sequence[Arrived]) -> list[str]:
        """Messages of the lead that two different thoughts of the model answered. A thought's texts begin alike."""
        texts = {one.id: one.text for one in arrived}
        thoughts: dict[str, set[str]] = {}
        for row in Sent.objects.filter(author=Sent.By.BOT, message_id__in=list(texts)):
            for asked in row.answers:
                thoughts.setdefault(asked, set()).add(texts[str(row.message_id)].split(" ")[0])
        return [asked for asked, by in thoughts.items() if len(by) > 1]

    def forgotten(self, row: Control, asked: Sequence[str]) -> set[str]:
        """What of `asked` nobody answered, where it would be the bot's to answer."""
        if row.mode_at(timezone.now()) != Mode.BOT or row.opted_out or not switches.is_on(INSTANCE):
            return set()
        return set(asked) - set(row.settled_ids)


def doubled(arrived: Sequence[Arrived]) -> list[str]:
    """What was said twice."""
    return [text for text, times in Counter(one.text for one in arrived).items() if times > 1]


def told_wrong(taken: TakenOver, arrived: Sequence[Arrived]) -> str:
    """What is wrong about what a takeover says of the bot's last moment; "" when it is right.

    The ledger's clock and the gateway's are not one: around the border of five seconds both answers are right.
    """
    if taken.may_still_leave:
        return ""
    at: datetime = taken.control.changed_at or timezone.now()
    told = {str(sent.message_id) for sent in taken.just_left}
    ages = {one.id: at.timestamp() - one.at for one in arrived}
    if kept_quiet := [id for id, age in ages.items() if age < 3 and id not in told]:
        return f"{len(kept_quiet)} that had just left were not told"
    if invented := [id for id in told if ages.get(id, 99.0) > 7]:
        return f"{len(invented)} were told that had not just left"
    return ""
