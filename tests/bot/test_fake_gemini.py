"""The fake's remote control, which the journey tests use from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.fake_gemini import KEY, FakeGemini, step_of

ASK = "/v1beta/models/gemini-2.5-flash:generateContent"
QUESTION = {"contents": [{"role": "user", "parts": [{"text": "oi"}]}]}


@pytest.fixture
def fake() -> Iterator[FakeGemini]:
    with FakeGemini() as fake:
        yield fake


def call(url: str, content: object = None) -> Any:
    data = None if content is None else json.dumps(content).encode()
    with urlopen(Request(url, data, {"x-goog-api-key": KEY, "Content-Type": "application/json"}), timeout=20) as answer:
        return json.load(answer)


def bubbles(answer: Any) -> list[str]:
    return list(json.loads(answer["candidates"][0]["content"]["parts"][0]["text"])["messages"])


def test_it_is_scripted_and_read_over_http(fake: FakeGemini) -> None:
    call(f"{fake.url}/_fake/next", [{"messages": ["um"]}, {"messages": ["dois"]}])

    assert bubbles(call(fake.url + ASK, QUESTION)) == ["um"]
    assert bubbles(call(fake.url + ASK, QUESTION)) == ["dois"]
    assert [asked["body"] for asked in call(f"{fake.url}/_fake/requests")] == [QUESTION, QUESTION]


def test_a_question_is_held_until_it_is_released(fake: FakeGemini) -> None:
    answers: list[Any] = []
    call(f"{fake.url}/_fake/hold", {})
    asking = threading.Thread(target=lambda: answers.append(call(fake.url + ASK, QUESTION)), daemon=True)
    asking.start()

    assert call(f"{fake.url}/_fake/state?held=1&timeout=10")["held"] == 1
    assert answers == []
    call(f"{fake.url}/_fake/release", {})

    asking.join(10)
    assert len(answers) == 1
    assert call(f"{fake.url}/_fake/state") == {"requests": 1, "held": 0, "scripted": 0}


def test_reset_forgets_everything(fake: FakeGemini) -> None:
    call(f"{fake.url}/_fake/next", {"messages": ["um"]})
    call(fake.url + ASK, QUESTION)
    call(f"{fake.url}/_fake/next", {"messages": ["dois"]})

    assert call(f"{fake.url}/_fake/reset", {}) == {"requests": 0, "held": 0, "scripted": 0}


def test_enums_are_numbers_only_where_they_are_asked_for(fake: FakeGemini) -> None:
    as_words = call(fake.url + ASK, QUESTION)
    as_numbers = call(f"{fake.url}{ASK}?%24alt=json%3Benum-encoding%3Dint", QUESTION)

    assert as_words["candidates"][0]["finishReason"] == "STOP"
    assert as_numbers["candidates"][0]["finishReason"] == 1


def test_a_slip_in_a_script_is_seen() -> None:
    with pytest.raises(TypeError, match="mesages"):
        step_of({"mesages": ["oi"]})


@pytest.mark.process
def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.fake_gemini", "--port", "0", "--latency-ms", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[-1]
            assert bubbles(call(url + ASK, QUESTION)) == ["Olá! Como posso ajudar?"]
        finally:
            process.terminate()
