"""How the gateway posts its webhooks: at once, concurrently, unordered, and again on the answers it does not like."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .agenda import Agenda, Pool

#: Source: evolution-api 2.3.6, seen: these answers are final, every other one but 2xx is tried again.
FINAL_STATUSES = frozenset({400, 401, 403, 404, 422})
#: Source: evolution-api 2.3.6 defaults: 10 attempts, waits doubling from 5 s up to 300 s, ±20 %, never below 5 s.
ATTEMPTS = 10
_FIRST_WAIT_S, _LONGEST_WAIT_S, _JITTER = 5.0, 300.0, 0.2
_TIMEOUT_S = 30.0

#: Posts (url, headers, body, timeout in seconds) and gives the status; raises OSError when there was no answer.
Post = Callable[[str, Mapping[str, str], bytes, float], int]


@dataclass(frozen=True)
class Attempt:
    """One POST that was made."""

    event: str
    url: str
    #: 1 for the first.
    number: int
    #: None when no answer came.
    status: int | None
    at: float


@dataclass(frozen=True)
class Hook:
    """One webhook to deliver."""

    event: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    #: Called once, when it is delivered or given up.
    done: Callable[[], object] = field(default=lambda: None)


class Delivery:
    """Delivers webhooks; with `background=False` in the calling thread, and what failed waits for `retry_now`."""

    def __init__(
        self, *, post: Post | None = None, background: bool = True, retry_scale: float = 1.0, workers: int = 64
    ) -> None:
        self._post = post or post_http
        self._background = background
        self._retry_scale = retry_scale
        self._jitter = random.Random(0)
        self._pool = Pool(workers, "sandbox-webhook", at_end=_close_kept)
        self._agenda = Agenda(self._pool)
        self._idle = threading.Condition()
        self._open = 0
        self._again: list[tuple[Hook, int]] = []
        #: The newest attempts, oldest first.
        self.attempts: deque[Attempt] = deque(maxlen=5_000)

    def send(self, hook: Hook) -> None:
        """Deliver `hook`, without waiting for it when in the background."""
        self.expect()
        if self._background:
            self._pool.run(lambda: self._try(hook, 1))
        else:
            self._try(hook, 1)

    def expect(self, count: int = 1) -> None:
        """Count `count` webhooks that are still to be handed over, so that `wait` waits for them (-1: one came)."""
        with self._idle:
            self._open += count
            self._idle.notify_all()

    def wait(self, timeout: float = 10.0) -> bool:
        """Wait until every webhook was delivered or given up; false when `timeout` seconds were not enough."""
        with self._idle:
            return self._idle.wait_for(lambda: self._open == 0, timeout)

    def retry_now(self) -> int:
        """Without background: try again what failed, once. Gives how many were tried."""
        again, self._again = self._again, []
        for hook, number in again:
            self._try(hook, number)
        return len(again)

    def close(self) -> None:
        """Forget what is still to be tried, as the gateway does when its process ends."""
        self._agenda.close()
        self._pool.close()

    def _try(self, hook: Hook, number: int) -> None:
        status = self._status(hook)
        self.attempts.append(Attempt(hook.event, hook.url, number, status, time.time()))
        if status is not None and (200 <= status < 300 or status in FINAL_STATUSES) or number >= ATTEMPTS:
            self._finish(hook)
        elif self._background:
            self._agenda.after(self.wait_before(number + 1) * self._retry_scale, lambda: self._try(hook, number + 1))
        else:
            self._again.append((hook, number + 1))

    def _status(self, hook: Hook) -> int | None:
        try:
            return self._post(hook.url, hook.headers, hook.body, _TIMEOUT_S)
        except (OSError, http.client.HTTPException):
            return None

    def _finish(self, hook: Hook) -> None:
        hook.done()
        self.expect(-1)

    def wait_before(self, number: int) -> float:
        """Seconds before attempt `number` (2 for the second), before scaling."""
        wait: float = min(_FIRST_WAIT_S * 2 ** (number - 2), _LONGEST_WAIT_S)
        return max(wait * self._jitter.uniform(1 - _JITTER, 1 + _JITTER), _FIRST_WAIT_S)


def request_headers(custom: Mapping[str, str] | None, now: float) -> dict[str, str]:
    """The headers of one webhook: axios' own, and the configured ones verbatim, where `jwt_key` becomes a token."""
    # Source: evolution-api 2.3.6: the token is minted once per event, so a late retry carries an expired one.
    headers = {"Accept": "application/json, text/plain, */*", "Content-Type": "application/json"}
    for name, value in (custom or {}).items():
        if name == "jwt_key":
            headers["Authorization"] = f"Bearer {_token(str(value), int(now))}"
        else:
            headers[name] = str(value)
    return headers | {"User-Agent": "axios/1.12.2", "Accept-Encoding": "gzip, compress, deflate, br"}


def _token(key: str, now: int) -> str:
    parts: tuple[object, object] = (
        {"alg": "HS256", "typ": "JWT"},
        {"iat": now, "exp": now + 600, "app": "evolution", "action": "webhook"},
    )
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_base64url(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


_connections = threading.local()


def _close_kept() -> None:
    """Close what this thread kept open."""
    for connection in _connections.__dict__.pop("kept", {}).values():
        connection.close()


def post_http(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
    """POST over a connection that this thread keeps open. Raises OSError or HTTPException when no answer came."""
    split = urlsplit(url)
    target = (split.path or "/") + (f"?{split.query}" if split.query else "")
    kept: dict[str, http.client.HTTPConnection] = _connections.__dict__.setdefault("kept", {})
    place = f"{split.scheme}://{split.netloc}"
    for is_fresh in (place not in kept, True):
        connection = kept.pop(place, None) or _connect(split.scheme, split.netloc, timeout)
        try:
            status = _exchange(connection, target, split.netloc, headers, body)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            # A kept connection that the other side had closed meanwhile: nothing was read, so try on a new one.
            if is_fresh or isinstance(error, TimeoutError):
                raise
            continue
        kept[place] = connection
        return status
    raise AssertionError("unreachable")


def _connect(scheme: str, place: str, timeout: float) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    return kind(place, timeout=timeout)


def _exchange(
    connection: http.client.HTTPConnection, target: str, host: str, headers: Mapping[str, str], body: bytes
) -> int:
    connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.putheader("Host", host)
    connection.putheader("Connection", "keep-alive")
    connection.endheaders(body)
    response = connection.getresponse()
    response.read()
    return response.status
