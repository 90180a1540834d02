"""Two ends for the client to talk to: recorded answers without a socket, and a server that misbehaves on purpose."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from tests.conversations import recorded


@dataclass(frozen=True)
class Asked:
    """One request, as it left the client."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]
    timeout: Any


@dataclass
class Replay(BaseAdapter):
    """Answers with what was recorded: what was lined up first, else the exchange with this method, path and body."""

    asked: list[Asked] = field(default_factory=list)
    lined_up: list[tuple[int, bytes] | Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def will_answer(self, *names: str) -> None:
        """The next answers, by name of their payload."""
        for name in names:
            status, body = recorded.answer(name)
            self.will_say(status, body)

    def will_say(self, status: int, body: object) -> None:
        self.lined_up.append((status, json.dumps(body).encode()))

    def will_fail(self, error: Exception) -> None:
        self.lined_up.append(error)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        body = json.loads(request.body) if request.body else None
        asked = Asked(str(request.method), request.path_url, body, dict(request.headers), kwargs.get("timeout"))
        self.asked.append(asked)
        answer = self.lined_up.pop(0) if self.lined_up else _recorded_answer(asked)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, data = answer
        response.raw = HTTPResponse(BytesIO(data), status=answer[0], preload_content=False)
        response.url, response.request = str(request.url), request
        return response

    def close(self) -> None:
        pass


def _recorded_answer(asked: Asked) -> tuple[int, bytes]:
    for name in recorded.PATHS:
        payload = recorded.payload(name)
        request = payload.get("request", {})
        if (request.get("method"), request.get("path"), request.get("body")) == (asked.method, asked.path, asked.body):
            return payload["response"]["status"], json.dumps(payload["response"]["body"]).encode()
    raise AssertionError(f"nothing recorded for {asked.method} {asked.path} {asked.body}")


def session(adapter: BaseAdapter) -> requests.Session:
    """A session that talks to `adapter` only."""
    made = requests.Session()
    made.trust_env = False
    made.mount("http://", adapter)
    return made


Talk = Callable[[socket.socket], None]


@contextmanager
def server(*talks: Talk) -> Iterator[tuple[str, list[bytes]]]:
    """A server whose connections, one after the other, go as `talks` say; gives its address and the requests it got."""
    listening = socket.create_server(("127.0.0.1", 0))
    got: list[bytes] = []
    over = threading.Event()

    def serve() -> None:
        for talk in talks:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                talk(_Noting(connection, got, over))  # type: ignore[arg-type]  # as much of a socket as they use

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", got
    finally:
        over.set()
        listening.close()
        thread.join(timeout=5)


class _Noting:
    """A connection that notes the request it read, and stops waiting when the test is over."""

    def __init__(self, connection: socket.socket, got: list[bytes], over: threading.Event) -> None:
        self._connection, self._got, self.over = connection, got, over

    def request(self) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += self._connection.recv(65536)
        self._got.append(head + b"\r\n\r\n" + body)
        return body

    def say(self, data: bytes) -> None:
        self._connection.sendall(data)


def answer(status: int, body: object) -> bytes:
    """A whole HTTP answer."""
    data = json.dumps(body).encode()
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        len(data),
        data,
    )
