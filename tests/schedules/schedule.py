"""One schedule: a lead asks, a worker answers with two bubbles, and things happen at points that a seed chooses.

What must hold, whatever happens where: once a takeover, a rep's message, a pause, the switch or the phone has its
answer, no message of the bot reaches that lead (one, where the answer said so); no message of the lead is answered
twice; what a rep sent is neither lost nor doubled; and in the end each message is answered, or there is a reason why
not.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from bot import turns
from bot.reply import reply_to
from conversations import control, identity, sending, switches
from conversations.evolution.errors import EvolutionError, Unconfirmed
from conversations.evolution.sandbox import Failure
from conversations.evolution.sandbox.world import Sent as Arrived
from conversations.fence import Spent
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Control, Mode
from tests.schedules.stage import Stage
from tests.schedules.world import INSTANCE, SEND, World, doubled, told_wrong

#: A turn has some fifty points; what is to happen after its end happens at its end.
_POINTS = 60


@dataclass
class Schedule:
    """What one seed makes happen, and what came of it."""

    seed: int
    world: World
    #: What happened, for whoever reads a failure.
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 (chooses a schedule, guards nothing)
        self.sandbox, self.rep = self.world.sandbox, self.world.ana
        number = self.world.number()
        self.lead = JID(f"{self.seed % 100000:05}{number:09}@lid")
        self.phone = JID(f"5511{self.seed % 100000:05}{number:04}@s.whatsapp.net")
        self.key = Key(INSTANCE, self.lead)
        self.asked: list[str] = []
        #: From here on no text of the bot may come, but so many: (what stopped it, how many had come, how many may).
        self.stops: list[tuple[str, int, int]] = []
        #: The same, with what the model had thought by then: given back, the bot thinks anew and says nothing of it.
        self.thought_before: list[tuple[str, int, int, int]] = []
        #: How often each text of a rep must be there: at least, at most.
        self.of_reps: dict[str, tuple[int, int]] = {}
        self._answers = count(1)

    # ------------------------------------------------------------------------------------------------- the story

    def run(self) -> None:
        """Play it to its end and check what must hold. A failure tells the seed and what happened."""
        try:
            self._play()
        except Exception as error:
            story = "\n".join([f"SEED={self.seed}: {error!r}", *self.told])
            raise AssertionError(story) from error

    def _play(self) -> None:
        self.lead_writes()
        happenings = {self.rng.randrange(_POINTS): self.rng.choice(HAPPENINGS) for _ in range(self.rng.randint(1, 3))}
        self.world.pace, self.world.stands_still = self.rng.choice([0, 0, 1, 2]), self.rng.random() < 0.2
        self.told.append(f"pace {self.world.pace}, stands still {self.world.stands_still}")
        self.world.new_worker()
        self.stage.begin(lambda: turns.run(self.key, self.asked[0], reply_to))
        for number in sorted(happenings):
            self._steps_to(number)
            self.told.append(f"{number} at {self.stage.at or 'the end'}: {happenings[number].__name__}")
            happenings[number](self)
        self.world.finish()
        self.world.recover()
        self.check()

    def _steps_to(self, point: int) -> None:
        while self._stepped < point and self.stage.step():
            self._stepped += 1
        self._stepped = point

    _stepped = 0

    def check(self) -> None:
        """What must hold."""
        arrived = self.world.said(self.addresses())
        texts = self.texts()
        for what, had_come, may_come in self.stops:
            assert len(texts) - had_come <= may_come, f"the bot spoke after {what}: {texts[had_come:]}"
        for what, had_come, may_come, thoughts in self.thought_before:
            stale = [text for text in texts[had_come:] if int(text.partition("-")[0]) <= thoughts]
            assert len(stale) <= may_come, f"thought before {what}, said after it: {stale}"
        assert not doubled(arrived), f"said twice: {doubled(arrived)}"
        for text, (at_least, at_most) in self.of_reps.items():
            times = sum(one.text == text for one in arrived)
            assert at_least <= times <= at_most, f"what a rep sent came {times} times"
        twice = self.world.answered_twice(arrived)
        assert not twice, f"answered twice: {twice} by {texts}"
        row = self.row()
        forgotten = self.world.forgotten(row, self.asked)
        assert not forgotten, f"never answered: {forgotten}"
        assert not row.sending, "a claim is left"

    # ------------------------------------------------------------------------------------------------- what happens

    @property
    def stage(self) -> Stage:
        """The worker."""
        return self.world.stage

    def lead_writes(self) -> None:
        """The lead writes; the webhook came."""
        self.asked.append(self.sandbox.lead_writes(self.lead, f"pergunta {len(self.asked) + 1}", webhook=False))
        for _ in range(3):  # one may be thought again
            thought = f"{next(self._answers)}-{self.lead[:14]}"
            self.world.gemini.will_answer(f"{thought} um", f"{thought} dois")

    def lead_writes_more(self) -> None:
        """The lead writes while the worker is at it; the task of that message finds the turn busy."""
        self.lead_writes()
        turns.run(self.here(), self.asked[-1], reply_to)

    def lead_edits(self) -> None:
        """The lead corrects what was asked: the same message, at another time."""
        self.sandbox.lead_edits(self.asked[-1], "pergunta corrigida", webhook=False)

    def lead_deletes(self) -> None:
        """The lead takes back what was asked; nobody has to answer it any more."""
        if len(self.asked) > 1:
            self.sandbox.lead_deletes(self.asked.pop(), webhook=False)

    def lead_is_known_by_phone(self) -> None:
        """The lead writes again, and the gateway tells the phone number: two addresses become one conversation."""
        self.asked.append(self.sandbox.lead_writes(self.lead, "sou eu", alt=self.phone, webhook=False))
        identity.learn(INSTANCE, self.lead, self.phone)
        turns.run(self.here(), self.asked[-1], reply_to)

    def had_another_address(self) -> None:
        """The lead had written from the phone's address before; a rep has that conversation. Both become one."""
        control.take_over(Key(INSTANCE, self.phone), self.rep)
        identity.learn(INSTANCE, self.lead, self.phone)
        self._stop("the merge", int(self.world.is_posting()))

    def take_over(self) -> None:
        """A rep takes over; it may have to wait for the worker's send, and so the worker goes on meanwhile."""
        taken = self.world.while_the_worker_goes_on(lambda: control.take_over(self.key, self.rep))
        wrong = told_wrong(taken, self.of_bot()) if taken.control.mode == Mode.HUMAN else ""
        assert not wrong, wrong
        self._stop("the takeover", 1 if taken.may_still_leave else 0)

    def hold(self) -> None:
        """A rep takes over for what the bot was about to say: nothing of it was said, once the worker knows."""
        self.take_over()
        self.world.finish()
        draft = sending.kept_draft(self.here())
        said = [text for text in self.texts() if text in draft.split("\n\n")]
        assert not said, f"offered as a draft and said: {said}"

    def hand_over(self) -> None:
        """A rep gives it to a colleague."""
        taken = self.world.while_the_worker_goes_on(lambda: control.hand_over(self.key, self.rep, self.world.beto))
        self._stop("handing over", 1 if taken.may_still_leave else 0)

    def undo(self) -> None:
        """A rep takes over and takes that back at once: the bot may go on, and nothing is lost or doubled."""
        before = control.state_of(self.row())
        taken = self.world.while_the_worker_goes_on(lambda: control.take_over(self.key, self.rep))
        if control.undo(self.key, self.rep, before, epoch=taken.control.epoch):
            self._begin_anew("the undone takeover", taken)

    def interrupt(self) -> None:
        """A rep takes over and hands back: the bot answers, with a thought of after that."""
        taken = self.world.while_the_worker_goes_on(lambda: control.take_over(self.key, self.rep))
        self.world.while_the_worker_goes_on(lambda: control.hand_back(self.key, self.rep))
        self._begin_anew("the interruption", taken)

    def rep_sends(self) -> None:
        """A rep sends, which is taking over, and presses the button twice."""
        text, token = f"da Ana {self.world.number()}", uuid.uuid4().hex
        self.of_reps[text] = (0, 1)
        try:
            self.world.while_the_worker_goes_on(lambda: sending.send_as_rep(self.key, text, self.rep, token=token))
            self.of_reps[text] = (1, 1)
        except EvolutionError as error:
            self.of_reps[text] = (0, 1 if isinstance(error, Unconfirmed) else 0)
        self._stop("the rep's message", int(self.world.is_posting()))
        try:
            sending.send_as_rep(self.key, text, self.rep, token=token)
        except Spent:
            return
        raise AssertionError("the second click was not known as one")

    def pause(self) -> None:
        """A rep pauses."""
        self.world.while_the_worker_goes_on(lambda: control.pause(self.key, self.rep, None))
        self._stop("the pause", int(self.world.is_posting()))

    def phone_writes(self) -> None:
        """Somebody types on the phone, and the webhook says so."""
        self.sandbox.phone_types(self.lead, "Oi, sou eu", webhook=False)
        hold = timedelta(hours=9)
        self.world.while_the_worker_goes_on(lambda: control.note_phone(self.key, timezone.now(), hold=hold))
        self._stop("the phone", int(self.world.is_posting()))

    def switch_off(self) -> None:
        """A manager switches the bot off."""
        self.world.while_the_worker_goes_on(lambda: switches.switch(self.rep, INSTANCE, False))
        self._stop("the switch", int(self.world.is_posting()))

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
            self.world.later(settings.TURN_LEASE_SECONDS + 1)
            self.world.new_worker()
            turns.run(self.here(), self.asked[-1], reply_to)

    def gateway_errs(self) -> None:
        """The next send fails, before or after it went out."""
        self.sandbox.failures.add(Failure(SEND, self.rng.choice(["refuse", "after", "drop", "drop_after"]), status=500))

    # ------------------------------------------------------------------------------------------------------- helpers

    def here(self) -> Key:
        """The conversation, under whatever address it is filed by now."""
        return identity.resolve(INSTANCE, self.lead)

    def row(self) -> Control:
        """Who may speak."""
        return control.current(self.here())

    def addresses(self) -> list[JID]:
        """All of the lead's."""
        return [self.lead, self.phone]

    def texts(self) -> list[str]:
        """What came to the lead from the bot, in order."""
        return [sent.text for sent in self.of_bot()]

    def of_bot(self) -> list[Arrived]:
        """The same, with all that is known of it."""
        return [one for one in self.world.said(self.addresses()) if one.text not in self.of_reps]

    def _stop(self, what: str, may_come: int) -> None:
        self.stops.append((what, len(self.texts()), may_come))

    def _begin_anew(self, what: str, taken: control.TakenOver) -> None:
        self.stops = [stop for stop in self.stops if stop[0] == "the switch"]
        thoughts = len(self.world.gemini.requests)
        self.thought_before.append((what, len(self.texts()), int(taken.may_still_leave), thoughts))


HAPPENINGS: list[Callable[[Schedule], None]] = [
    Schedule.take_over, Schedule.take_over, Schedule.hold, Schedule.hand_over, Schedule.undo, Schedule.interrupt,
    Schedule.rep_sends, Schedule.rep_sends, Schedule.pause, Schedule.phone_writes, Schedule.switch_off,
    Schedule.lead_writes_more, Schedule.lead_edits, Schedule.lead_deletes, Schedule.lead_is_known_by_phone,
    Schedule.had_another_address, Schedule.wipe, Schedule.die, Schedule.stall, Schedule.gateway_errs,
]  # fmt: skip
