"""The cast of the schedules: a gateway that stops the worker, Gemini, and a rep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache

from bot import heartbeat
from bot.models import BotSettings
from conversations import switches
from conversations.evolution.sandbox.server import serve
from tests.fake_gemini import KEY, FakeGemini
from tests.schedules.schedule import INSTANCE, Schedule
from tests.schedules.stage import Stage, StagedSandbox

API_KEY = "an-api-key-of-the-tests"


@pytest.fixture
def play(transactional_db: None, settings: Any) -> Iterator[Callable[[int], None]]:
    """Play the schedule of a seed; raises AssertionError where something that must hold did not."""
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
        BotSettings.objects.update(typing_chars_per_second=0, debounce_idle_seconds=0, conversation_turns_per_hour=0)
        rep = User.objects.create_user("ana", first_name="Ana")

        def one(seed: int) -> None:
            cache.clear()
            gemini.reset()
            sandbox.stage = Stage()
            switches.switch(rep, INSTANCE, True)
            Schedule(seed, sandbox, gemini, rep, clock.shift).run()

        yield one
    heartbeat.WORKER = worker
    server.shutdown()
    server.server_close()
    sandbox.close()
