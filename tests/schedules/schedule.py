"""One schedule: a lead asks, a worker answers with two bubbles, and things happen at points that a seed chooses.

What must hold, whatever happens where: once a takeover, a pause, the switch or the phone has its answer, no message of
the bot reaches that lead (one, where the answer said so); no message of the lead is answered twice; and in the end each
is answered, or there is a reason why not.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from bot import heartbeat, reconcile, turns
from bot.reply import reply_to
from conversations import control, switches
from conversations.evolution.sandbox import Failure
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Control, Mode, Sent
from tests.fake_gemini import FakeGemini
from tests.schedules.stage import Stage, StagedSandbox

INSTANCE = "voice_sdr_v4"
SEND = "/message/sendText"
#: A turn has some fifty points; what is to happen after its end happens at its end.
_POINTS = 60
#: How often the sweep looks before everything must be at rest.
_ROUNDS = 12

_leads = count(1)


@dataclass
class Schedule:
    """What one seed makes happen, and what came of it."""

    seed: int
    sandbox: StagedSandbox
    gemini: FakeGemini
    rep: User
    #: Moves the clock on by so many seconds.
    later: Callable[[float], None]
    #: What happened, for whoever reads a failure.
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 (chooses a schedule, guards nothing)
        number = next(_leads)
        self.lead = JID(f"5511{self.seed % 100000:05}{number:04}@s.whatsapp.net")
        self.key = Key(INSTANCE, self.lead)
        self.asked: list[str] = []
        #: From here on no text may come, but so many: (how many had come, how many may).
        self.stops: list[tuple[str, int, int]] = []
        self._answers = count(1)

    # ------------------------------------------------------------------------------------------------- the story

    def run(self) -> None:
        """Play it to its end and check what must hold. Raises AssertionError, with the seed and what happened."""
        self.lead_writes()
        happenings = {self.rng.randrange(_POINTS): self.rng.choice(HAPPENINGS) for _ in range(self.rng.randint(1, 3))}
        self._new_worker()
        self.stage.begin(lambda: turns.run(self.key, self.asked[0], reply_to))
        for number in range(_POINTS):
            if (happening := happenings.get(number)) is not None:
                self.tell(f"{number} at {self.stage.at or 'the end'}: {happening.__name__}")
                happening(self)
            self.stage.step()
        while self.stage.step():
            pass
        self.recover()
        self.check()

    def recover(self) -> None:
        """Let workers and sweep run until nothing is left to do."""
        self.sandbox.failures.clear()
        for _ in range(_ROUNDS):
            self.later(61)
            self._new_worker()
            found = self.sweep()
            for instance, conversation, asked in found:
                turns.run(Key(instance, JID(conversation)), asked, reply_to)
            if not found and not Control.objects.exclude(sending="").exists():
                return

    def sweep(self) -> list[tuple[str, str, str]]:
        """What the sweep hands to the workers."""
        found: list[tuple[str, str, str]] = []

        def dispatch(instance: str, conversation: str, asked: str, *, in_s: float = 0) -> None:
            found.append((instance, conversation, asked))

        reconcile.sweep(dispatch)
        return found

    def check(self) -> None:
        """What must hold."""
        texts = self.texts()
        for what, had_come, may_come in self.stops:
            assert len(texts) - had_come <= may_come, self.failed(f"the bot spoke after {what}: {texts[had_come:]}")
        doubled = [text for text, times in Counter(texts).items() if times > 1]
        assert not doubled, self.failed(f"said twice: {doubled}")
        assert not self.answered_twice(), self.failed(f"answered twice: {self.answered_twice()} by {texts}")
        row = control.current(self.key)
        if row.mode == Mode.BOT and switches.is_on(INSTANCE):
            forgotten = set(self.asked) - set(row.settled_ids)
            assert not forgotten, self.failed(f"never answered: {forgotten}")
        assert not row.sending, self.failed("a claim is left")

    def answered_twice(self) -> list[str]:
        """Messages of the lead that two different thoughts of the model answered. A thought's texts begin alike."""
        texts = {sent.id: sent.text for sent in self.sandbox.sent(self.lead, by="api")}
        thoughts: dict[str, set[str]] = {}
        for row in Sent.objects.filter(conversation=self.lead, author=Sent.By.BOT, message_id__in=list(texts)):
            for asked in row.answers:
                thoughts.setdefault(asked, set()).add(texts[str(row.message_id)].split(" ")[0])
        return [asked for asked, by in thoughts.items() if len(by) > 1]

    # ------------------------------------------------------------------------------------------------- what happens

    @property
    def stage(self) -> Stage:
        """The worker."""
        return self.sandbox.stage

    def lead_writes(self) -> None:
        """The lead writes; the webhook came."""
        self.asked.append(self.sandbox.lead_writes(self.lead, f"pergunta {len(self.asked) + 1}", webhook=False))
        for _ in range(3):  # one may be thought again
            thought = f"{next(self._answers)}-{self.lead[4:13]}"
            self.gemini.will_answer(f"{thought} um", f"{thought} dois")

    def lead_writes_more(self) -> None:
        """The lead writes while the worker is at it; the task of that message finds the turn busy."""
        self.lead_writes()
        turns.run(self.key, self.asked[-1], reply_to)

    def take_over(self) -> None:
        """A rep takes over; it may have to wait for the worker's send, and so the worker goes on meanwhile."""
        taken = self._while_the_worker_goes_on(lambda: control.take_over(self.key, self.rep))
        self._stop("the takeover", 1 if taken.may_still_leave else 0)

    def pause(self) -> None:
        """A rep pauses."""
        self._while_the_worker_goes_on(lambda: control.pause(self.key, self.rep, None))
        self._stop("the pause", self._on_its_way())

    def phone_writes(self) -> None:
        """Somebody types on the phone, and the webhook says so."""
        self.sandbox.phone_types(self.lead, "Oi, sou eu", webhook=False)
        self._while_the_worker_goes_on(lambda: control.note_phone(self.key, timezone.now(), hold=timedelta(hours=9)))
        self._stop("the phone", self._on_its_way())

    def switch_off(self) -> None:
        """A manager switches the bot off."""
        self._while_the_worker_goes_on(lambda: switches.switch(self.rep, INSTANCE, False))
        self._stop("the switch", self._on_its_way())

    def wipe(self) -> None:
        """Valkey is wiped."""
        cache.clear()

    def die(self) -> None:
        """The worker is killed; what is on its way to the gateway arrives, or does not."""
        if self.stage.at:
            self.stage.kill(drops_the_call=self.rng.random() < 0.5)

    def stall(self) -> None:
        """The worker stands still until its lease is over, and another one takes the turn. No send lasts so long."""
        if SEND not in self.stage.at:
            self.later(settings.TURN_LEASE_SECONDS + 1)
            self._new_worker()
            turns.run(self.key, self.asked[-1], reply_to)

    def gateway_errs(self) -> None:
        """The next send fails, before or after it went out."""
        self.sandbox.failures.add(Failure(SEND, self.rng.choice(["refuse", "after", "drop", "drop_after"]), status=500))

    # ------------------------------------------------------------------------------------------------------- helpers

    def texts(self) -> list[str]:
        """What came to the lead from the bot, in order."""
        return [sent.text for sent in self.sandbox.sent(self.lead, by="api")]

    def tell(self, what: str) -> None:
        """Note what happened."""
        self.told.append(what)

    def failed(self, why: str) -> str:
        """A failure in words, with all that one needs to see it again."""
        return f"seed {self.seed}: {why}\n" + "\n".join(self.told)

    def _stop(self, what: str, may_come: int) -> None:
        self.stops.append((what, len(self.texts()), may_come))

    def _on_its_way(self) -> int:
        """A send was claimed before and has not come yet: only a takeover waits for it."""
        return int(control.is_bot_sending(self.key))

    def _new_worker(self) -> None:
        heartbeat.WORKER = f"w{next(_leads)}"

    def _while_the_worker_goes_on(self, act: Callable[[], Any]) -> Any:
        """The outcome of `act`, which may wait for the worker or for the database."""
        done: list[Any] = []

        def run() -> None:
            try:
                done.append(act())
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        while True:
            thread.join(0.05)
            if not thread.is_alive():
                return done[0]
            self.stage.step()


HAPPENINGS: list[Callable[[Schedule], None]] = [
    Schedule.take_over, Schedule.take_over, Schedule.take_over, Schedule.pause, Schedule.phone_writes,
    Schedule.switch_off, Schedule.lead_writes_more, Schedule.wipe, Schedule.die, Schedule.stall, Schedule.gateway_errs,
]  # fmt: skip
