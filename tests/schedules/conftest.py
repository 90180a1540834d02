"""The cast of the schedules: a gateway that stops the worker, Gemini, and two reps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User

from bot import heartbeat
from bot.models import BotSettings
from conversations.evolution.sandbox.server import serve
from tests.fake_gemini import KEY, FakeGemini
from tests.schedules.schedule import Schedule
from tests.schedules.stage import StagedSandbox
from tests.schedules.world import INSTANCE, World

API_KEY = "an-api-key-of-the-tests"


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Iterator[World]:
    """Everything, with waits so short that a test need not wait."""
    worker = heartbeat.WORKER
    settings.TAKEOVER_WAIT_SECONDS, settings.SEND_DEADLINE_SECONDS = 1, 20
    settings.UNCONFIRMED_AFTER_ERROR_SECONDS, settings.UNCONFIRMED_AFTER_SILENCE_SECONDS = 5, 30
    sandbox = StagedSandbox([INSTANCE], api_key=API_KEY)
    server = serve(sandbox)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.EVOLUTION_API_URL, settings.EVOLUTION_API_KEY = server.url, API_KEY
    with FakeGemini() as gemini, time_machine.travel(datetime.now(timezone.utc), tick=True) as clock:
        settings.GEMINI_API_KEY, settings.GEMINI_BASE_URL = KEY, gemini.url
        BotSettings.load()
        BotSettings.objects.update(
            typing_chars_per_second=0, debounce_idle_seconds=0, conversation_turns_per_hour=0, answer_within_hours=168
        )
        ana = User.objects.create_user("ana", first_name="Ana")
        beto = User.objects.create_user("beto", first_name="Beto")
        yield World(sandbox, gemini, ana, beto, clock.shift)
    heartbeat.WORKER = worker
    server.shutdown()
    server.server_close()
    sandbox.close()


@pytest.fixture
def play(world: World) -> Callable[[int], None]:
    """Play the schedule of a seed; raises AssertionError where something that must hold did not."""

    def one(seed: int) -> None:
        world.begin_anew()
        Schedule(seed, world).run()

    return one
