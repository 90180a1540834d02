"""Real workers, a dozen leads, people at work, and every cable pulled at random: what was promised still holds.

The order is the gateway's own: whatever of the bot came in after a button's answer was read came too late. SEED says
what breaks in which round and what each person means to do in which order; how the processes come to lie to one another
in time is the machine's affair, and no seed brings it back. What a failure prints is when who did what.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from conversations.evolution.sandbox import Failure
from tests.doors import log_in
from tests.stack import PASSWORD, SHORT_LEASE_S, Stack, eventually

pytestmark = [pytest.mark.chaos, pytest.mark.process]

FIND, SEND = "/chat/findMessages", "/message/sendText"
#: From 1 on: nobody is at the number with the seven zeros.
LEADS = [f"551190000{number:04}@s.whatsapp.net" for number in range(1, 13)]
ROUNDS = int(os.environ.get("ROUNDS") or 12)
#: A claim may be waited for so long and no longer; a POST lasts at most SEND_DEADLINE_SECONDS.
MAY_LEAVE = ("may still go out", "pode ainda sair")
HAS_LEFT = ("went out", " saiu ", "saíram")
#: Longer than everything that could still send something by itself: lease, silence, sweep and a retry.
AFTERMATH_S = 8.0


class Person:
    """A rep with some leads, at work; one thing at a time."""

    def __init__(self, stack: Stack, user: str, leads: list[str], seed: int) -> None:
        self.stack, self.user, self.leads = stack, user, leads
        self.browser: requests.Session = log_in(stack.url, user, PASSWORD)
        self.rng = random.Random(seed)  # noqa: S311 (chooses a story, guards nothing)
        #: Where the bot must be quiet: how many of its texts had come, how many may, and what said so.
        self.stops: dict[str, tuple[int, int, str]] = {}
        #: What was sent: how often it must have come, at least and at most.
        self.sent: dict[str, tuple[int, int]] = {}
        self.broken: list[str] = []
        self.told: list[str] = []

    def works(self) -> None:
        """A few things in a row, at random: stops the bot somewhere, or gives back what was stopped."""
        stops = [self.takes_over, self.takes_over, self.takes_over, self.pauses, self.sends, self.types_on_the_phone]
        for _ in range(6):
            lead = self.rng.choice(self.leads)
            is_stopped = lead in self.stops
            act = self.rng.choice([*[self.gives_back] * 5, *stops] if is_stopped else stops)
            if not is_stopped and self.rng.random() < 0.8:
                # Mostly while the bot is at it, which needs no luck then; where nobody is, it is done all the same.
                self._waits_for_a_turn(lead)
            time.sleep(self.rng.uniform(0, 1.2))  # it comes at any moment of the turn
            self.looks(lead)
            self.tells(f"{act.__name__} {lead}")
            act(lead)
            self.looks(lead)

    def takes_over(self, lead: str) -> None:
        """And is told of a bubble that was on its way, or had left just before."""
        had_come = len(bot_texts(self.stack, lead))
        page = self.stack.act(lead, "take-over", by=self.browser).text
        may_leave = any(words in page for words in MAY_LEAVE)
        came = bot_texts(self.stack, lead)[had_come:]
        if came and not may_leave and not any(words in page for words in HAS_LEFT):
            self.broken.append(f"{lead}: the takeover did not say that {came} had left")
        self._stopped(lead, int(may_leave), "the takeover")

    def pauses(self, lead: str) -> None:
        """For an hour."""
        self.stack.act(lead, "pause", by=self.browser, length="60")
        self._stopped(lead, is_claimed(self.stack, lead), "the pause")

    def sends(self, lead: str) -> None:
        """And clicks twice."""
        text, token = f"da equipe {uuid.uuid4().hex[:8]}", uuid.uuid4().hex
        self.sent[text] = (0, 1)
        for _ in range(2):
            answer = self.stack.act(lead, "send", by=self.browser, text=text, token=token, anyway="1")
            if answer.history:
                self.sent[text] = (1, 1)
        self._stopped(lead, is_claimed(self.stack, lead), "a rep's message")

    def types_on_the_phone(self, lead: str) -> None:
        """The webhook comes, be it late."""
        self.stack.sandbox.phone_types(lead, "Oi, aqui é a pessoa")
        try:
            eventually(lambda: self.stack.control(lead, "mode") in ("human", "paused"), within_s=10)
        except AssertionError:
            self.broken.append(f"{lead}: the phone was not noticed")
        self._stopped(lead, is_claimed(self.stack, lead), "the phone")

    def gives_back(self, lead: str) -> None:
        """To the bot, which owes the lead an answer then. Not watched any more."""
        self.stops.pop(lead, None)
        self.stack.act(lead, self.rng.choice(["hand-back", "hand-back", "resume"]), by=self.browser)

    def looks(self, lead: str) -> None:
        """Nothing of the bot came that may not."""
        if lead not in self.stops:
            return
        had_come, may_come, what = self.stops[lead]
        texts = bot_texts(self.stack, lead)
        if len(texts) > had_come + may_come:
            self.broken.append(f"{lead}: after {what} of {self.user} came {texts[had_come:]}")

    def tells(self, what: str) -> None:
        """For whoever reads a failure."""
        self.told.append(f"{time.time():.2f} {self.user} {what}")

    def _waits_for_a_turn(self, lead: str) -> None:
        until = time.monotonic() + 1.5
        while not self.stack.control(lead, "turn") and time.monotonic() < until:
            time.sleep(0.02)  # between two looks

    def _stopped(self, lead: str, may_come: int, what: str) -> None:
        self.stops[lead] = (len(bot_texts(self.stack, lead)), may_come, what)


class Manager(Person):
    """Whoever switches the bot off, for the number or for everything, and on again: meanwhile it writes to nobody."""

    def works(self) -> None:
        """In every other round."""
        if self.rng.random() < 0.5:
            return
        time.sleep(self.rng.uniform(0, 1.5))  # the switch goes off at any moment of a round
        instance = self.rng.choice(["", "voice_sdr_v4"])
        self.switches(instance, "0")
        for lead in self.leads:
            self._stopped(lead, is_claimed(self.stack, lead), "the switch")
        time.sleep(self.rng.uniform(0.5, 2.0))  # it stays off for a while
        for lead in self.leads:
            self.looks(lead)
        self.switches(instance, "1")

    def switches(self, instance: str, on: str) -> None:
        """Press it."""
        self.tells(f"switches {instance or 'everything'} to {on}")
        data = {"csrfmiddlewaretoken": self.browser.cookies["csrftoken"], "instance": instance, "on": on}
        answer = self.browser.post(
            f"{self.stack.url}/switch/", data=data, headers={"Referer": self.stack.url}, timeout=20
        )
        assert answer.ok, answer.status_code


def bot_texts(stack: Stack, lead: str) -> list[str]:
    """What the bot said to the lead, in the gateway's order."""
    return [text for text in stack.texts(lead) if not text.startswith("da equipe")]


def is_claimed(stack: Stack, lead: str) -> int:
    """A bubble may be on its way: only a takeover waits for it and tells of it. Asked before what came is counted."""
    return int(bool(stack.query(
        "SELECT 1 FROM conversations_sent WHERE conversation = ? AND author = 'bot'"
        " AND state IN ('open', 'unconfirmed')", lead,
    )))  # fmt: skip


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Three workers; the bot types for a moment, so that one may come between two bubbles."""
    stack = Stack(
        tmp_path,
        BOT_CONVERSATION_TURNS_PER_HOUR="0",
        BOT_WAITING_WORD_MINUTES="0",
        BOT_TYPING_CHARS_PER_SECOND="25",
        TURN_LEASE_SECONDS=SHORT_LEASE_S,
    )
    try:
        stack.start()
        stack.start_worker("another")
        stack.start_worker("third")
        yield stack
    finally:
        stack.close()


def test_what_was_promised_holds_whatever_is_killed(stack: Stack) -> None:
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**9))
    print(f"real workers: SEED={seed} ROUNDS={ROUNDS}")
    rng = random.Random(seed)  # noqa: S311 (chooses a story, guards nothing)
    for number in range(max(2000, 100 * ROUNDS)):
        # The model thinks for a moment, at times a long one: most of what happens happens meanwhile.
        stack.gemini.will_answer(f"{number}t um", f"{number}t dois", delay_ms=rng.choice([0, 0, 100, 400, 1500]))
    people = [Person(stack, "ana" if one % 2 else "beto", LEADS[one::4], rng.randrange(10**9)) for one in range(4)]
    manager = Manager(stack, "ana", LEADS, rng.randrange(10**9))
    asked: dict[str, list[str]] = {lead: [] for lead in LEADS}
    try:
        for number in range(1, ROUNDS + 1):
            with telling(f"SEED={seed}, round {number} of {ROUNDS}"):
                a_round(stack, rng, [*people, manager], asked)
        with telling(f"SEED={seed}, after {ROUNDS} rounds"):
            quiesce(stack, people)
            everybody_was_answered(stack, people, asked)
            nothing_is_doubled(stack, people)
    finally:
        for person in (*people, manager):
            person.browser.close()


@contextmanager
def telling(when: str) -> Iterator[None]:
    """A failure says when it was."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{when}: {error}") from error


def a_round(stack: Stack, rng: random.Random, people: list[Person], asked: dict[str, list[str]]) -> None:
    """Leads write, people act, one thing breaks: all at once."""
    with ThreadPoolExecutor(len(people) + 1) as threads:
        jobs = [threads.submit(person.works) for person in people]
        jobs.append(threads.submit(leads_write, stack, random.Random(rng.random()), asked))  # noqa: S311
        time.sleep(rng.uniform(0, 1.5))  # it breaks at any moment of the round
        breaks = rng.choice([kill_a_worker, kill_a_worker, kill_all_workers, wipe, gateway_errs, gateway_errs])
        breaks(stack, rng)
        wait(jobs)
    for job in jobs:
        job.result()
    is_kept(people, breaks.__name__)


def is_kept(people: list[Person], what: str) -> None:
    """Nobody saw a promise broken."""
    broken = [one for person in people for one in person.broken]
    assert not broken, "\n".join([*broken, what, *sorted(line for person in people for line in person.told)[-40:]])


def leads_write(stack: Stack, rng: random.Random, asked: dict[str, list[str]]) -> None:
    """One after the other, some twice; some webhooks are lost."""
    for lead in rng.sample(LEADS * 2, 20):
        time.sleep(rng.uniform(0, 0.5))  # leads write when they like
        asked[lead].append(stack.sandbox.lead_writes(lead, f"pergunta {len(asked[lead])}", webhook=rng.random() < 0.8))


def kill_a_worker(stack: Stack, rng: random.Random) -> None:
    """And start it again."""
    name = rng.choice(["worker", "another", "third"])
    stack.kill(name)
    time.sleep(rng.uniform(0, 1.0))  # whoever starts it again takes their time
    stack.start_worker(name)


def kill_all_workers(stack: Stack, rng: random.Random) -> None:
    """Nobody is left to clear up what one of them left."""
    for name in ("worker", "another", "third"):
        stack.kill(name)
    time.sleep(rng.uniform(0, 1.0))  # whoever starts them again takes their time
    for name in ("worker", "another", "third"):
        stack.start_worker(name)


def wipe(stack: Stack, _: random.Random) -> None:
    """Valkey is empty."""
    stack.wipe_valkey()


def gateway_errs(stack: Stack, rng: random.Random) -> None:
    """A few of the next calls fail, each in a way of its own."""
    for _ in range(rng.randint(1, 4)):
        mode = rng.choice(["refuse", "after", "hang", "lose", "drop", "drop_after", "slow"])
        seconds = 1.0 if mode == "slow" else 2.0
        stack.sandbox.failures.add(Failure(rng.choice([SEND, SEND, FIND]), mode, status=500, seconds=seconds))


def quiesce(stack: Stack, people: list[Person]) -> None:
    """All well again; nothing more may come where the bot was stopped. Then everything is the bot's."""
    stack.sandbox.failures.clear()
    time.sleep(AFTERMATH_S)  # what must not come is given the time to come
    for person in people:
        for lead in person.leads:
            person.looks(lead)
    is_kept(people, "at rest")
    for person in people:
        for lead in person.leads:
            person.stops.pop(lead, None)
            stack.act(lead, "hand-back", by=person.browser)


def everybody_was_answered(stack: Stack, people: list[Person], asked: dict[str, list[str]]) -> None:
    """By the bot, or by a person who wrote later."""
    of_people = {text for person in people for text in person.sent}

    def forgotten() -> dict[str, list[str]]:
        found = {}
        for lead, ids in asked.items():
            settled = json.loads(stack.control(lead, "settled_ids") or "[]")
            wrote = [one.at for one in stack.sandbox.sent(lead) if one.by == "phone" or one.text in of_people]
            last = max(wrote, default=0.0)
            left = [id for id in ids if id not in settled and _at(stack, id) > last]
            found.update({lead: left} if left else {})
        return found

    try:
        # Longer than the longest pause between two tries of a turn.
        eventually(lambda: not forgotten(), within_s=90)
        eventually(lambda: not stack.query("SELECT 1 FROM conversations_control WHERE sending != ''"), within_s=30)
    except AssertionError:
        facts = stack.query(
            "SELECT conversation, mode, reason, silence, sending, turn, tries FROM conversations_control"
        )
        told = sorted(line for person in people for line in person.told)[-40:]
        raise AssertionError("\n".join([f"never answered: {forgotten()}", *map(str, facts), *told])) from None


def _at(stack: Stack, id: str) -> float:
    row = stack.sandbox.instance().find(id)
    return float(row.timestamp) if row else 0.0


def nothing_is_doubled(stack: Stack, people: list[Person]) -> None:
    """Not by the bot, not by people, not by two thoughts for one question."""
    time.sleep(AFTERMATH_S)  # what must not come is given the time to come
    came = Counter(text for lead in LEADS for text in stack.texts(lead))
    twice = [text for text, times in came.items() if times > 1 and "t " in text]
    assert not twice, f"said twice: {twice}"
    for person in people:
        for text, (at_least, at_most) in person.sent.items():
            assert at_least <= came[text] <= at_most, f"a rep's message came {came[text]} times"
    by_id = {one.id: one.text for lead in LEADS for one in stack.sandbox.sent(lead, by="api")}
    thoughts: dict[str, set[str]] = {}
    for message_id, answers in stack.query("SELECT message_id, answers FROM conversations_sent WHERE author = 'bot'"):
        for id in json.loads(answers) if message_id in by_id else []:
            thoughts.setdefault(id, set()).add(by_id[message_id].split(" ")[0])
    twice = [id for id, by in thoughts.items() if len(by) > 1]
    assert not twice, f"answered twice: {[thoughts[id] for id in twice]}"
