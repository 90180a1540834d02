"""The cast of the bot's tests: a gateway with a memory and a Gemini that says what it is told, both over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from bot import turns
from bot.models import BotSettings
from bot.reply import reply_to
from bot.turns import Outcome
from conversations import identity, switches
from conversations.evolution.sandbox import Sandbox
from conversations.evolution.sandbox.server import serve
from conversations.jid import JID
from sdr_dashboard.celery import app
from tests.factories import LEAD
from tests.fake_gemini import KEY, FakeGemini

INSTANCE = "voice_sdr_v4"
API_KEY = "an-api-key-of-the-tests"


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    """The gateway, configured; it sends no webhook unless told where."""
    world = Sandbox([INSTANCE], api_key=API_KEY)
    server = serve(world)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    settings.EVOLUTION_API_URL, settings.EVOLUTION_API_KEY = server.url, API_KEY
    yield world
    server.shutdown()
    server.server_close()
    world.close()


@pytest.fixture
def gemini(settings: Any) -> Iterator[FakeGemini]:
    """Gemini, configured: `gemini.will_answer("…")`, `gemini.will_fail(503)`."""
    with FakeGemini() as fake:
        settings.GEMINI_API_KEY, settings.GEMINI_BASE_URL = KEY, fake.url
        yield fake


@pytest.fixture
def bot(db: None, sandbox: Sandbox, gemini: FakeGemini, settings: Any) -> BotSettings:
    """The bot, switched on, that neither waits nor types."""
    cache.clear()
    settings.UNCONFIRMED_AFTER_ERROR_SECONDS = settings.UNCONFIRMED_AFTER_SILENCE_SECONDS = 0
    settings.SEND_DEADLINE_SECONDS = 1
    settings.TAKEOVER_WAIT_SECONDS = 0
    switches.switch(None, INSTANCE, True)
    row = BotSettings.load()
    row.typing_chars_per_second = 0
    row.save()
    return row


@pytest.fixture
def ana(db: None) -> User:
    return User.objects.create_user("ana", first_name="Ana")


@pytest.fixture
def turn(bot: BotSettings) -> Callable[..., Outcome]:
    """Run one turn for the lead, as the worker does."""

    def run(asked: str = "", jid: str = LEAD) -> Outcome:
        return turns.run(identity.resolve(INSTANCE, JID(jid)), asked, reply_to)

    return run


@pytest.fixture
def queue() -> Iterator[Callable[[], list[list[Any]]]]:
    """What the tasks were called with, read from a real (in-memory) broker."""
    app.conf.task_always_eager = False
    cache.clear()
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        app.amqp.queues[app.conf.task_default_queue](channel).declare()
        channel.queue_purge(app.conf.task_default_queue)

        def taken() -> list[list[Any]]:
            calls = []
            while message := channel.basic_get(app.conf.task_default_queue, no_ack=True):
                calls.append(message.payload[0])
            return calls

        yield taken
        channel.queue_purge(app.conf.task_default_queue)
    app.conf.task_always_eager = True
