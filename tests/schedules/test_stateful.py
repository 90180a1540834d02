"""Any interleaving of leads, reps, phones, workers, timers and failures, thrown at the product by hypothesis.

Each rule is something somebody does, or something that happens. After each, and at the end, the promises are checked.
What a failure prints is the shortest story that still breaks one.
"""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.forms.models import model_to_dict
from django.utils import timezone
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot import turns
from bot.models import BotSettings
from bot.reply import reply_to
from conversations import commands, control, identity, pending, sending, switches
from conversations.evolution.errors import EvolutionError, Unconfirmed
from conversations.evolution.sandbox import Failure
from conversations.evolution.sandbox.world import Sent as Arrived
from conversations.fence import Spent
from conversations.jid import JID
from conversations.message import Key
from conversations.models import AuditEntry, Control, Mode, Switch
from conversations.transitions import State
from tests.schedules.world import INSTANCE, SEND, World, doubled, told_wrong

_COMMON = {
    "deadline": None, "stateful_step_count": 30, "suppress_health_check": list(HealthCheck), "database": None,
    "report_multiple_bugs": False, "phases": [Phase.generate] if os.environ.get("NOSHRINK") else list(Phase),
}  # fmt: skip
#: About a minute, and the same stories each time.
ORDINARY = settings(**_COMMON, max_examples=60, derandomize=True)  # type: ignore[arg-type]
#: `make chaos`: other stories each time; a failure prints the shortest one that still fails.
CHAOS = settings(**_COMMON, max_examples=int(os.environ.get("STORIES") or 1000), print_blob=True)  # type: ignore[arg-type]

T = TypeVar("T")
FIND = "/chat/findMessages"
REPS = st.sampled_from(["ana", "beto"])


class Promises(RuleBasedStateMachine):
    """One lead, from the first word to rest."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        world = self.world
        world.begin_anew()
        world.new_worker()
        number = world.number()
        self.lead, self.phone = JID(f"9{number:013}@lid"), JID(f"5511{number:09}@s.whatsapp.net")
        #: As a screen has it that was opened before two addresses became one conversation.
        self.key = Key(INSTANCE, self.lead)
        self.asked: list[str] = []
        #: What took the right to speak away, how many texts of the bot had come, how many may: until it is given back.
        self.stops: list[tuple[str, int, int]] = []
        self.switch_stops: list[tuple[str, int, int]] = []
        #: Something that lets the bot speak again has happened, or may be noticed late.
        self.may_return = False
        #: How often each text of a rep must have come: at least, at most.
        self.of_reps: dict[str, tuple[int, int]] = {}
        self.undoable: tuple[State, int] | None = None
        self.epoch, self.audited, self.is_merged = 0, 0, False
        #: A worker that stood somewhere as two addresses became one may yet make a row under the old one, which is
        #: filed under the new one then: an epoch that no audit row tells of, since nobody changed anything.
        self.late_rows = 0
        self.texts_of_people = {"pergunta", "corrigida", "Oi, sou eu", "da Ana", "um", "dois", "mudado"}
        for _ in range(40):
            thought = f"{world.number()}t"
            world.gemini.will_answer(f"{thought} um", f"{thought} dois")

    @initialize(
        resumes_after=st.sampled_from([0, 0, 30]),
        approves=st.booleans(),
        approval_s=st.sampled_from([0, 120]),
        pace=st.sampled_from([0, 0, 1, 2]),
        stands_still=st.booleans(),
    )
    def settings_are(self, resumes_after: int, approves: bool, approval_s: int, pace: int, stands_still: bool) -> None:
        self.world.pace, self.world.stands_still = pace, stands_still
        Switch.objects.filter(instance=INSTANCE).update(resume_after_minutes=resumes_after, approves=False)
        BotSettings.objects.update(approval_seconds=approval_s)
        self.resumes_after = resumes_after
        if approves:
            control.approve_answers(self.key, self.world.ana, Control.Approval.ON)
        self.lead_writes(is_told=True)

    # ----------------------------------------------------------------------------------------------------- the lead

    @rule(is_told=st.booleans())
    def lead_writes(self, is_told: bool) -> None:
        """A webhook that is lost is found by the sweep."""
        self.asked.append(self.world.sandbox.lead_writes(self.lead, f"pergunta {len(self.asked)}", webhook=False))
        if is_told:
            self._task(self.asked[-1])

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 3))
    def lead_edits(self, which: int) -> None:
        self.world.sandbox.lead_edits(self.asked[which % len(self.asked)], "pergunta corrigida", webhook=False)

    @precondition(lambda self: len(self.asked) > 1)
    @rule()
    def lead_deletes(self) -> None:
        self.world.sandbox.lead_deletes(self.asked.pop(), webhook=False)

    @precondition(lambda self: not self.is_merged)
    @rule(had_another=st.booleans())
    def two_addresses_become_one(self, had_another: bool) -> None:
        """Where a rep has the other conversation, the one that is left is that rep's."""
        if had_another:
            control.take_over(Key(INSTANCE, self.phone), self.world.beto)
        self.asked.append(self.world.sandbox.lead_writes(self.lead, "pergunta", alt=self.phone, webhook=False))
        identity.learn(INSTANCE, self.lead, self.phone)
        self.is_merged, self.undoable, self.late_rows = True, None, int(bool(self.world.stage.at))
        self._known_anew()
        if had_another:
            self._stopped("the merge", int(self.world.is_posting()))

    # ------------------------------------------------------------------------------------------------------- people

    @rule(who=REPS)
    def rep_takes_over(self, who: str) -> None:
        before = control.state_of(self._row())
        epoch = self._row().epoch
        taken = self._meanwhile(lambda: control.take_over(self.key, getattr(self.world, who)))
        if taken.control.epoch != epoch:
            assert not (wrong := told_wrong(taken, self._of_bot())), wrong
            self.undoable = before, taken.control.epoch
        self._stopped("the takeover", int(taken.may_still_leave))

    @rule()
    def rep_hands_over(self) -> None:
        taken = self._meanwhile(lambda: control.hand_over(self.key, self.world.ana, self.world.beto))
        self._stopped("handing over", int(taken.may_still_leave))

    @rule(minutes=st.sampled_from([None, 5, 60]))
    def rep_pauses(self, minutes: int | None) -> None:
        until = timezone.now() + timedelta(minutes=minutes) if minutes else None
        before = control.state_of(self._row())
        row = self._meanwhile(lambda: control.pause(self.key, self.world.ana, until))
        self.undoable = before, row.epoch
        self._stopped("the pause", int(self.world.is_posting()))

    @rule()
    def rep_resumes(self) -> None:
        self._given_back(lambda: control.resume(self.key, self.world.ana))

    @rule()
    def rep_hands_back(self) -> None:
        self._given_back(lambda: control.hand_back(self.key, self.world.ana))

    @rule()
    def rep_undoes(self) -> None:
        if self.undoable is None:
            return
        before, epoch = self.undoable
        self.undoable = None
        self._given_back(lambda: control.undo(self.key, self.world.ana, before, epoch=epoch))

    @rule(clicks=st.integers(1, 2))
    def rep_sends(self, clicks: int) -> None:
        """Once for each form, however often the button is pressed."""
        text, token = f"da Ana {self.world.number()}", uuid.uuid4().hex
        for click in range(clicks):
            at_least, at_most = self.of_reps.get(text, (0, 0))
            try:
                self._meanwhile(lambda: sending.send_as_rep(self.key, text, self.world.ana, token=token))
                # Where the first surely did not go out, the second is another try.
                assert at_most == 0, "the second click sent as well"
                self.of_reps[text] = (1, 1)
            except EvolutionError as error:
                self.of_reps[text] = (at_least, 1 if isinstance(error, Unconfirmed) else at_most)
            except Spent:
                assert click == 1, "the first click was taken for the second"
        self._stopped("the rep's message", int(self.world.is_posting()))

    @rule(on=st.booleans())
    def rep_wants_to_approve(self, on: bool) -> None:
        approval = Control.Approval.ON if on else Control.Approval.OFF
        control.approve_answers(self.key, self.world.ana, approval)

    @rule(changed=st.booleans(), twice=st.booleans())
    def rep_approves(self, changed: bool, twice: bool) -> None:
        """Nothing happens where nothing waits."""
        key = self._here()
        if (one := pending.of(key)) is None:
            return
        bubbles = [f"{bubble} mudado" for bubble in one.bubbles] if changed else ()
        is_first = pending.release(key, one.id, self.world.ana, bubbles)
        assert not (twice and is_first and pending.release(key, one.id, self.world.beto)), "approved twice"
        if is_first:
            self._task("")

    @rule()
    def rep_discards(self) -> None:
        key = self._here()
        if (one := pending.of(key)) is not None:
            pending.discard(key, one.id, self.world.ana)

    @rule(on=st.booleans())
    def manager_switches(self, on: bool) -> None:
        self._meanwhile(lambda: switches.switch(self.world.ana, INSTANCE, on))
        if on:
            self.switch_stops = []
        else:
            self.switch_stops.append(("the switch", len(self._of_bot()), int(self.world.is_posting())))

    # ---------------------------------------------------------------------------------------------------- the phone

    @rule(late_s=st.sampled_from([0, 0, 20, 4000]), is_told=st.booleans())
    def phone_types(self, late_s: int, is_told: bool) -> None:
        """Its webhook comes at once, late, or never: then whoever reads the conversation next finds it."""
        at = timezone.now() - timedelta(seconds=late_s)
        self.world.sandbox.phone_types(self.lead, "Oi, sou eu", at=at.timestamp(), webhook=False)
        if is_told:
            hold = timedelta(hours=1)
            self._meanwhile(lambda: control.note_phone(self._here(), at, hold=hold))
            if self._mode() != Mode.BOT:
                self._stopped("the phone", int(self.world.is_posting()))

    @rule(text=st.sampled_from(["#pausar", "#pausar 2h", "#bot", "#status"]), is_told=st.booleans())
    def phone_commands(self, text: str, is_told: bool) -> None:
        self.world.sandbox.phone_types(self.lead, text, webhook=False)
        command = commands.parse(text)
        assert command is not None
        if text == "#bot":
            self.may_return = True
        if is_told:
            self._meanwhile(lambda: control.obey(self._here(), command, timezone.now()))
            if text.startswith("#pausar") and self._mode() != Mode.BOT:
                self._stopped(text, int(self.world.is_posting()))

    # --------------------------------------------------------------------------------------------------- the worker

    # Where the worker stands may depend on the machine's load, and no rule may be there at one time and not at another.

    @rule()
    def worker_begins(self) -> None:
        if not self.world.stage.at:
            self._task("")

    @rule(steps=st.sampled_from([1, 2, 3, 5, 8, 13, 21]))
    def worker_steps(self, steps: int) -> None:
        for _ in range(steps):
            self.world.stage.step()

    @rule(drops=st.booleans())
    def worker_dies(self, drops: bool) -> None:
        if not self.world.stage.at:
            return
        self.world.stage.kill(drops_the_call=drops)
        self.world.new_worker()

    @rule()
    def worker_stalls(self) -> None:
        """It stands still until its lease is over, and another one takes the turn. No send lasts so long."""
        if SEND in self.world.stage.at:
            return
        self._pass(django_settings.TURN_LEASE_SECONDS + 1)
        self.world.new_worker()
        turns.run(self._here(), "", reply_to)

    # --------------------------------------------------------------------------------------------- time and failures

    @rule(seconds=st.sampled_from([3, 31, 130, 400, 2000, 4000, 8000]))
    def time_passes(self, seconds: int) -> None:
        """No send lasts so long."""
        if SEND not in self.world.stage.at:
            self._pass(seconds)

    @rule()
    def valkey_is_wiped(self) -> None:
        cache.clear()

    @rule(
        mode=st.sampled_from(["refuse", "after", "hang", "lose", "drop", "drop_after", "slow"]),
        status=st.sampled_from([400, 500]),
        route=st.sampled_from([SEND, SEND, FIND]),
    )
    def gateway_fails(self, mode: str, status: int, route: str) -> None:
        self.world.sandbox.failures.add(Failure(route, mode, status=status, seconds=0.05))

    @rule()
    def sweep_runs(self) -> None:
        """What it finds another worker does."""
        for key, asked in self.world.sweep():
            turns.run(key, asked, reply_to)

    # ------------------------------------------------------------------------------------------------- the promises

    @invariant()
    def nobody_is_talked_over(self) -> None:
        count = len(self._of_bot())
        if self.stops and self._mode() == Mode.BOT:
            assert self.may_return, f"the bot speaks again, and nobody gave it back after {self.stops[-1][0]}"
            self.stops = []
        for what, had_come, may_come in (*self.stops, *self.switch_stops):
            assert count - had_come <= may_come, f"the bot spoke after {what}"

    @invariant()
    def nothing_is_said_or_answered_twice(self) -> None:
        arrived = self._said()
        thoughts = [one for one in arrived if "t um" in one.text or "t dois" in one.text or one.text in self.of_reps]
        assert not doubled(thoughts), "said twice"
        assert not self.world.answered_twice(thoughts), "answered twice"
        for text, (at_least, at_most) in self.of_reps.items():
            assert at_least <= sum(one.text == text for one in arrived) <= at_most, (
                "a rep's message was lost or doubled"
            )

    @invariant()
    def every_change_is_counted_and_recorded_without_text(self) -> None:
        row, audited = self._row(), self._audited()
        assert row.epoch >= self.epoch, "an epoch went back"
        untold = (row.epoch - self.epoch) - (audited - self.audited)
        assert 0 <= untold <= self.late_rows, "a change left no row in the audit, or more than one"
        self.late_rows -= untold
        self._known_anew()
        newest = AuditEntry.objects.filter(conversation__in=(self.lead, self.phone)).order_by("-pk")[:3]
        told = " ".join(str(value) for entry in newest for value in model_to_dict(entry).values())
        assert not [text for text in self.texts_of_people if text in told.split()], "an audit row holds text"

    def teardown(self) -> None:
        """All comes to rest; then the conversation is the bot's again, and nobody is forgotten."""
        if not hasattr(self, "resumes_after"):
            return
        self.world.finish()
        Switch.objects.filter(instance=INSTANCE).update(resume_after_minutes=0)
        self.may_return = True  # a pause may be over meanwhile
        self._rests()
        row = self._row()
        waits = row.mode_at(timezone.now()) != Mode.BOT or row.opted_out or row.pending
        assert waits or not switches.is_on(INSTANCE) or not self._forgotten(), f"no answer, no reason: {self._facts()}"
        control.approve_answers(self._here(), self.world.ana, Control.Approval.OFF)
        self.manager_switches(True)
        if (one := pending.of(self._here())) is not None:
            pending.release(self._here(), one.id, self.world.ana)
        if self._mode() != Mode.BOT:
            self._given_back(lambda: control.hand_back(self.key, self.world.ana))
        self._rests()
        assert self._mode() != Mode.BOT or not self._forgotten(), f"never answered: {self._facts()}"

    def _rests(self) -> None:
        self.world.recover()
        self.nobody_is_talked_over()
        self.nothing_is_said_or_answered_twice()
        assert not self._row().sending, "a claim is left"

    def _forgotten(self) -> set[str]:
        """What nobody answered; people answer on the phone as well."""
        last = max((one.at for one in self.world.said_by_people(self._addresses(), self.of_reps)), default=0.0)
        return {id for id in self.world.forgotten(self._row(), self.asked) if self.world.asked_at(id) > last}

    # ------------------------------------------------------------------------------------------------------- helpers

    def _task(self, asked: str) -> None:
        """A task runs: on the worker that one can stop, or, when that one is at work, on another thread of it."""
        if self.world.stage.at:
            turns.run(self._here(), asked, reply_to)
            return
        key = self._here()
        self.world.stage.begin(lambda: turns.run(key, asked, reply_to))

    def _meanwhile(self, act: Callable[[], T]) -> T:
        return self.world.while_the_worker_goes_on(act)

    def _given_back(self, act: Callable[[], object]) -> None:
        self.may_return = True
        self._meanwhile(act)
        self.nobody_is_talked_over()
        self.may_return = False

    def _stopped(self, what: str, may_come: int) -> None:
        self.undoable = self.undoable if what in ("the takeover", "the pause") else None
        self.may_return = False
        self.stops.append((what, len(self._of_bot()), may_come))

    def _pass(self, seconds: float) -> None:
        self.world.later(seconds)
        row = self._row()
        if row.until is not None or self.resumes_after:
            self.may_return = True

    def _known_anew(self) -> None:
        self.epoch, self.audited = self._row().epoch, self._audited()

    def _facts(self) -> str:
        return f"{self._forgotten()} of {self.asked}, {model_to_dict(self._row())}"

    def _audited(self) -> int:
        here = AuditEntry.objects.filter(conversation=self._here().conversation)
        return here.exclude(after="").count()

    def _here(self) -> Key:
        return identity.resolve(INSTANCE, self.lead)

    def _row(self) -> Control:
        return control.current(self._here())

    def _mode(self) -> Mode:
        return self._row().mode_at(timezone.now())

    def _addresses(self) -> list[JID]:
        return [self.lead, self.phone]

    def _said(self) -> list[Arrived]:
        return self.world.said(self._addresses())

    def _of_bot(self) -> list[Arrived]:
        return [one for one in self._said() if one.text not in self.of_reps]


@pytest.fixture
def promises(world: World) -> type[Promises]:
    """The machine, with its world."""
    return type("Promises", (Promises,), {"world": world})


def test_no_story_makes_the_bot_break_a_promise(promises: type[Promises]) -> None:
    run_state_machine_as_test(promises, settings=ORDINARY)


@pytest.mark.chaos
def test_no_new_story_makes_the_bot_break_a_promise(promises: type[Promises]) -> None:
    """`make chaos`: STORIES of them (1000), from a random start or from SEED."""
    start = int(os.environ.get("SEED") or secrets.randbelow(10**9))
    print(f"stories: SEED={start} STORIES={CHAOS.max_examples}")
    run_state_machine_as_test(seed(start)(promises), settings=CHAOS)
