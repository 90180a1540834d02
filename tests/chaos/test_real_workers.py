"""Two real workers, a dozen leads, people at work, and every cable pulled at random: what was promised still holds.

The order is the gateway's own: whatever of the bot came in after a button's answer was read came too late.
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
from pathlib import Path

import pytest
import requests

from conversations.evolution.sandbox import Failure
from tests.doors import log_in
from tests.stack import PASSWORD, Stack, eventually

pytestmark = [pytest.mark.chaos, pytest.mark.process]

FIND, SEND = "/chat/findMessages", "/message/sendText"
LEADS = [f"551190000{number:04}@s.whatsapp.net" for number in range(12)]
ROUNDS = int(os.environ.get("ROUNDS") or 12)
#: A claim may be waited for so long and no longer; a POST lasts at most SEND_DEADLINE_SECONDS.
MAY_LEAVE = ("may still go out", "pode ainda sair")
#: Longer than everything that could still send something by itself: lease, silence, sweep and a retry.
AFTERMATH_S = 8.0


class Person:
    """A rep with some leads, at work; one thing at a time."""

    def __init__(self, stack: Stack, user: str, leads: list[str], seed: int) -> None:
        self.stack, self.leads = stack, leads
        self.browser: requests.Session = log_in(stack.url, user, PASSWORD)
        self.rng = random.Random(seed)  # noqa: S311 (chooses a story, guards nothing)
        #: Where the bot must be quiet: how many of its texts had come, how many may, and what said so.
        self.stops: dict[str, tuple[int, int, str]] = {}
        #: What was sent: how often it must have come, at least and at most.
        self.sent: dict[str, tuple[int, int]] = {}
        self.broken: list[str] = []
        self.told: list[str] = []

    def works(self) -> None:
        """A few things in a row, at random."""
        for _ in range(4):
            time.sleep(self.rng.uniform(0, 0.8))
            lead = self.rng.choice(self.leads)
            act = self.rng.choice([self.takes_over, self.takes_over, self.pauses, self.gives_back, self.gives_back,
                                   self.sends, self.types_on_the_phone])  # fmt: skip
            self.told.append(f"{time.time():.2f} {lead[9:13]} {act.__name__}")
            self.looks(lead)
            act(lead)
            self.looks(lead)

    def takes_over(self, lead: str) -> None:
        page = self.stack.act(lead, "take-over", by=self.browser).text
        self._stopped(lead, int(any(words in page for words in MAY_LEAVE)), "the takeover")

    def pauses(self, lead: str) -> None:
        self.stack.act(lead, "pause", by=self.browser, length="60")
        self._stopped(lead, self._is_claimed(lead), "the pause")

    def sends(self, lead: str) -> None:
        """And clicks twice."""
        text, token = f"da equipe {uuid.uuid4().hex[:8]}", uuid.uuid4().hex
        self.sent[text] = (0, 1)
        for _ in range(2):
            answer = self.stack.act(lead, "send", by=self.browser, text=text, token=token, anyway="1")
            if answer.history:
                self.sent[text] = (1, 1)
        self._stopped(lead, self._is_claimed(lead), "a rep's message")

    def types_on_the_phone(self, lead: str) -> None:
        self.stack.sandbox.phone_types(lead, "Oi, aqui é a pessoa")
        try:
            eventually(lambda: self.stack.control(lead, "mode") in ("human", "paused"), within_s=10)
        except AssertionError:
            self.broken.append(f"{lead}: the phone was not noticed")
        self._stopped(lead, self._is_claimed(lead), "the phone")

    def gives_back(self, lead: str) -> None:
        self.stops.pop(lead, None)
        self.stack.act(lead, self.rng.choice(["hand-back", "resume"]), by=self.browser)
        # What was not given back by this (a pause is not handed back by "resume" of a person's) goes on as it is.

    def looks(self, lead: str) -> None:
        """Nothing of the bot came that may not."""
        if lead not in self.stops:
            return
        had_come, may_come, what = self.stops[lead]
        texts = bot_texts(self.stack, lead)
        if len(texts) > had_come + may_come:
            self.broken.append(f"{lead}: after {what} came {texts[had_come:]}")

    def _stopped(self, lead: str, may_come: int, what: str) -> None:
        self.stops[lead] = (len(bot_texts(self.stack, lead)), may_come, what)

    def _is_claimed(self, lead: str) -> int:
        """Only a takeover waits for a send that is on its way."""
        return int(bool(self.stack.query(
            "SELECT 1 FROM conversations_sent WHERE conversation = ? AND author = 'bot'"
            " AND state IN ('open', 'unconfirmed')", lead,
        )))  # fmt: skip


def bot_texts(stack: Stack, lead: str) -> list[str]:
    """What the bot said to the lead, in the gateway's order."""
    return [text for text in stack.texts(lead) if not text.startswith("da equipe")]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path, BOT_CONVERSATION_TURNS_PER_HOUR="0", BOT_WAITING_WORD_MINUTES="0")
    try:
        stack.start()
        stack.start_worker("another")
        yield stack
    finally:
        stack.close()


def test_what_was_promised_holds_whatever_is_killed(stack: Stack) -> None:
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**9))
    print(f"seed {seed}, {ROUNDS} rounds")
    rng = random.Random(seed)  # noqa: S311 (chooses a story, guards nothing)
    for number in range(2000):
        stack.gemini.will_answer(f"{number}t um", f"{number}t dois")
    people = [Person(stack, "ana" if one % 2 else "beto", LEADS[one::4], rng.randrange(10**9)) for one in range(4)]
    asked: dict[str, list[str]] = {lead: [] for lead in LEADS}
    try:
        for _ in range(ROUNDS):
            a_round(stack, rng, people, asked)
        quiesce(stack, people)
        everybody_was_answered(stack, people, asked)
        nothing_is_doubled(stack, people, asked)
    finally:
        for person in people:
            person.browser.close()


def a_round(stack: Stack, rng: random.Random, people: list[Person], asked: dict[str, list[str]]) -> None:
    """Leads write, people act, one thing breaks: all at once."""
    with ThreadPoolExecutor(6) as threads:
        jobs = [threads.submit(person.works) for person in people]
        jobs.append(threads.submit(leads_write, stack, random.Random(rng.random()), asked))  # noqa: S311
        time.sleep(rng.uniform(0, 1.0))
        rng.choice([kill_a_worker, kill_a_worker, wipe, gateway_errs, gateway_errs])(stack, rng)
        wait(jobs)
    for job in jobs:
        job.result()
    broken = [one for person in people for one in person.broken]
    assert not broken, "\n".join([*broken, *(line for person in people for line in person.told)])


def leads_write(stack: Stack, rng: random.Random, asked: dict[str, list[str]]) -> None:
    for lead in rng.sample(LEADS, 8):
        time.sleep(rng.uniform(0, 0.3))
        asked[lead].append(stack.sandbox.lead_writes(lead, f"pergunta {len(asked[lead])}", webhook=rng.random() < 0.8))


def kill_a_worker(stack: Stack, rng: random.Random) -> None:
    name = rng.choice(["worker", "another"])
    stack.kill(name)
    time.sleep(rng.uniform(0, 1.0))
    stack.start_worker(name)


def wipe(stack: Stack, _: random.Random) -> None:
    stack.wipe_valkey()


def gateway_errs(stack: Stack, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 4)):
        mode = rng.choice(["refuse", "after", "hang", "lose", "drop", "drop_after", "slow"])
        seconds = 1.0 if mode == "slow" else 2.0
        stack.sandbox.failures.add(Failure(rng.choice([SEND, SEND, FIND]), mode, status=500, seconds=seconds))


def quiesce(stack: Stack, people: list[Person]) -> None:
    """All well again; nothing more may come where the bot was stopped. Then everything is the bot's."""
    stack.sandbox.failures.clear()
    time.sleep(AFTERMATH_S)
    for person in people:
        for lead in person.leads:
            person.looks(lead)
        assert not person.broken, "\n".join([*person.broken, *person.told])
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
        eventually(lambda: not forgotten(), within_s=60)
    except AssertionError:
        facts = stack.query(
            "SELECT conversation, mode, reason, silence, sending, turn, tries FROM conversations_control"
        )
        raise AssertionError(f"never answered: {forgotten()}\n{facts}") from None
    eventually(lambda: not stack.query("SELECT 1 FROM conversations_control WHERE sending != ''"), within_s=30)


def _at(stack: Stack, id: str) -> float:
    row = stack.sandbox.instance().find(id)
    return float(row.timestamp) if row else 0.0


def nothing_is_doubled(stack: Stack, people: list[Person], asked: dict[str, list[str]]) -> None:
    time.sleep(AFTERMATH_S)
    came = Counter(text for lead in LEADS for text in stack.texts(lead))
    assert not [text for text, times in came.items() if times > 1 and "t " in text], "said twice"
    for person in people:
        for text, (at_least, at_most) in person.sent.items():
            assert at_least <= came[text] <= at_most, f"a rep's message came {came[text]} times"
    by_id = {one.id: one.text for lead in LEADS for one in stack.sandbox.sent(lead, by="api")}
    thoughts: dict[str, set[str]] = {}
    for message_id, answers in stack.query("SELECT message_id, answers FROM conversations_sent WHERE author = 'bot'"):
        for id in json.loads(answers) if message_id in by_id else []:
            thoughts.setdefault(id, set()).add(by_id[message_id].split(" ")[0])
    assert not [id for id, by in thoughts.items() if len(by) > 1], "answered twice"
