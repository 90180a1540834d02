"""Is it alive, and can it do its job? For monitors: no login, no names, no addresses, no reasons beyond a word."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypedDict

from django.conf import settings
from django.db import connection
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from bot import heartbeat
from conversations import evolution
from sdr_dashboard.celery import app

log = logging.getLogger(__name__)

#: A monitor gives up sooner than our slowest time-out.
_LIMIT_S = 2.0
#: How long the gateway's word is good for: anybody may ask us, and each question would be a question to it.
_GATEWAY_GOOD_FOR_S = 5.0


class Finding(TypedDict):
    """What one check found."""

    ok: bool
    word: str


class NotWell(Exception):
    """A check that answered, and the answer is no; `str(error)` is the word to show."""


@api_view(["GET"])
@authentication_classes([])
@permission_classes([AllowAny])
def healthz(request: Request) -> Response:
    """The process answers. Depends on nothing: restarting us does not heal a database."""
    return Response({"ok": True})


@api_view(["GET"])
@authentication_classes([])
@permission_classes([AllowAny])
def readyz(request: Request) -> Response:
    """Each thing we need, with a word; 503 while any of them is missing."""
    found = look(CHECKS)
    is_ready = all(finding["ok"] for finding in found.values())
    return Response({"ok": is_ready, **found}, status=200 if is_ready else 503)


def look(checks: Mapping[str, Callable[[], str]], *, limit_s: float = _LIMIT_S) -> dict[str, Finding]:
    """What each check found, by name: all at once, in `limit_s` seconds at most."""
    asked = {name: _pool.submit(_finding, name, check) for name, check in checks.items()}
    wait(asked.values(), timeout=limit_s)
    return {name: _result(answer) for name, answer in asked.items()}


def _result(answer: Future[Finding]) -> Finding:
    if answer.done():
        return answer.result()
    answer.cancel()
    return {"ok": False, "word": "no answer in time"}


def _finding(name: str, check: Callable[[], str]) -> Finding:
    try:
        return {"ok": True, "word": check()}
    except NotWell as error:
        return {"ok": False, "word": str(error)}
    except Exception as error:
        # Which address and why stays in our log.
        log.warning("readyz: %s: %s: %s", name, type(error).__name__, error)
        return {"ok": False, "word": "not reachable"}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        # The thread is the pool's: nobody else would ever close what it opened.
        connection.close()
    return "answers"


def _broker() -> str:
    with app.connection_for_write(connect_timeout=_LIMIT_S) as broker:
        # Opening a channel is what speaks to the server, whatever the broker.
        broker.channel()
    return "answers"


def _workers() -> str:
    if not heartbeat.workers_alive():
        raise NotWell("none alive")
    return "alive"


class Remembered:
    """A check whose word is good for a while, and is asked for by one thread at a time."""

    def __init__(self, check: Callable[[], str], *, good_for_s: float) -> None:
        self._check = check
        self._good_for_s = good_for_s
        self._lock = threading.Lock()
        self.forget()

    def __call__(self) -> str:
        """The word, at most `good_for_s` seconds old. Raises NotWell."""
        # A check that hangs holds one thread of ours, not all of them.
        if self._lock.acquire(timeout=_LIMIT_S / 2):
            try:
                self._ask_if_due()
            finally:
                self._lock.release()
        if not self._finding["ok"]:
            raise NotWell(self._finding["word"])
        return self._finding["word"]

    def forget(self) -> None:
        """Ask again at the next call."""
        self._asked_at = float("-inf")
        self._finding: Finding = {"ok": False, "word": "no answer in time"}

    def _ask_if_due(self) -> None:
        if time.monotonic() - self._asked_at > self._good_for_s:
            self._finding = _finding("gateway", self._check)
            self._asked_at = time.monotonic()


def _ask_the_gateway() -> str:
    """Its word for the default number. A number that is not paired is told, and is not a failure of ours."""
    try:
        return evolution.get_client().connection_state(settings.EVOLUTION_INSTANCES[0])
    except evolution.WrongKey:
        raise NotWell("refuses our key") from None
    except evolution.UnknownInstance:
        raise NotWell("does not know our number") from None


gateway = Remembered(_ask_the_gateway, good_for_s=_GATEWAY_GOOD_FOR_S)
CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "workers": _workers,
    "gateway": gateway,
}
#: Twice the checks: one request whose checks hang must not make the next one wait for them.
_pool = ThreadPoolExecutor(max_workers=2 * len(CHECKS), thread_name_prefix="readyz")
