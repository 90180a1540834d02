"""`/healthz` and `/readyz`: what a monitor learns, and that nobody learns more."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from bot import heartbeat
from conversations.evolution.sandbox import Sandbox
from conversations.evolution.sandbox.server import Server, serve
from sdr_dashboard import health

API_KEY = "an-api-key-of-the-tests"


@pytest.fixture(autouse=True)
def _ask_the_gateway_anew() -> None:
    health.gateway.forget()


@pytest.fixture
def gateway(settings: Any) -> Iterator[Server]:
    """A gateway that answers."""
    server = serve(Sandbox(["voice_sdr_v4"], api_key=API_KEY), "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    settings.EVOLUTION_API_URL = server.url
    yield server
    server.shutdown()
    server.server_close()


def readyz() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/readyz")
    return answer.status_code, json.loads(answer.content)


def test_healthz_needs_nothing_and_nobody() -> None:
    answer = Client().get("/healthz")

    assert answer.status_code == 200
    assert json.loads(answer.content) == {"ok": True}


@pytest.mark.django_db
def test_readyz_says_a_word_about_each_part(gateway: Server) -> None:
    heartbeat.beat()

    status, found = readyz()

    assert found == {
        "ok": True,
        "database": {"ok": True, "word": "answers"},
        "broker": {"ok": True, "word": "answers"},
        "workers": {"ok": True, "word": "alive"},
        "gateway": {"ok": True, "word": "open"},
    }
    assert status == 200


@pytest.mark.django_db
def test_readyz_is_503_without_a_worker(gateway: Server) -> None:
    status, found = readyz()

    assert status == 503
    assert found["workers"] == {"ok": False, "word": "none alive"}
    assert found["gateway"]["ok"]


@pytest.mark.django_db
def test_readyz_is_503_when_the_gateway_is_down_and_tells_no_address(settings: Any) -> None:
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"
    heartbeat.beat()

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert json.loads(answer.content)["gateway"] == {"ok": False, "word": "not reachable"}
    assert b"127.0.0.1" not in answer.content


@pytest.mark.django_db
def test_readyz_says_when_the_gateway_refuses_our_key(gateway: Server, settings: Any) -> None:
    settings.EVOLUTION_API_KEY = "another-key-of-the-tests"

    _, found = readyz()

    assert found["gateway"] == {"ok": False, "word": "refuses our key"}
    assert "another-key" not in json.dumps(found)


@pytest.mark.django_db
def test_asking_often_does_not_flood_the_gateway(settings: Any) -> None:
    asked: list[None] = []

    def count() -> str:
        asked.append(None)
        return "open"

    once = health.Remembered(count, good_for_s=60)

    assert [once(), once(), once()] == ["open"] * 3
    assert len(asked) == 1


def test_a_check_that_hangs_does_not_hold_the_answer() -> None:
    release = threading.Event()

    found = health.look({"slow": lambda: str(release.wait(30)), "quick": lambda: "answers"}, limit_s=0.2)
    release.set()

    assert found == {"slow": {"ok": False, "word": "no answer in time"}, "quick": {"ok": True, "word": "answers"}}
