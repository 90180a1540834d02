"""The sandbox on an event loop: the same gateway, without its threads, so that it costs less than what it measures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, NoReturn
from urllib.parse import urlsplit

from benchmarks.http11 import Answer, Client, Dropped, Request
from conversations.evolution.sandbox import ConnectionDropped, Sandbox
from conversations.evolution.sandbox.agenda import Agenda, Pool, Work
from conversations.evolution.sandbox.delivery import ATTEMPTS, FINAL_STATUSES, Delivery, Hook

API_KEY = "benchmark-key"
WEBHOOK_SECRET = "benchmark-webhook-secret"
INSTANCE = "voice_sdr_v4"

_TIMEOUT_S = 30.0


class Webhooks(Delivery):
    """Delivers as `Delivery` does, with its retries, on the loop. Notes how long each first attempt waited."""

    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[str, Client] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        #: Seconds until the answer to each new message of a lead, where it was 2xx at the first attempt.
        self.acks_s: list[float] = []

    def send(self, hook: Hook) -> None:
        """Deliver `hook` in the background."""
        self._later(self._deliver(hook))

    def send_after(self, seconds: float, hook: Hook) -> None:
        """Deliver `hook` in `seconds`."""
        asyncio.get_running_loop().call_later(seconds, self.send, hook)

    def close(self) -> None:
        """Deliver nothing more."""
        for task in self._tasks:
            task.cancel()

    async def _deliver(self, hook: Hook) -> None:
        for number in range(1, ATTEMPTS + 1):
            if number > 1:
                await asyncio.sleep(self.wait_before(number))
            status = await self._ask(hook, is_first=number == 1)
            if status is not None and (200 <= status < 300 or status in FINAL_STATUSES):
                break
        hook.done()

    async def _ask(self, hook: Hook, *, is_first: bool) -> int | None:
        place = urlsplit(hook.url)
        client = self._clients.get(place.netloc)
        if client is None:
            client = self._clients[place.netloc] = Client(str(place.hostname), place.port or 80)
        began = time.perf_counter()
        try:
            status, _ = await client.post(place.path, hook.headers, hook.body, _TIMEOUT_S)
        except OSError:
            return None
        if is_first and hook.event == "messages.upsert" and 200 <= status < 300:
            self.acks_s.append(time.perf_counter() - began)
        return status

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _LoopAgenda(Agenda):
    """What runs later runs on the loop."""

    def after(self, seconds: float, work: Work) -> None:
        asyncio.get_running_loop().call_later(seconds, work)


class Gateway(Sandbox):
    """Make and use it on a running loop only."""

    def __init__(self, *, receipts: tuple[float, ...] | None = None) -> None:
        # "per_page": as the real one, equal seconds come in one order within a page.
        super().__init__([INSTANCE], api_key=API_KEY, ties="per_page", receipts=receipts, sleep=_would_block)
        self.webhooks = Webhooks()
        self.delivery = self.webhooks
        self.agenda = _LoopAgenda(Pool(1, "unused"))

    def answer(self, request: Request) -> Answer:
        """Answer one call of the API."""
        try:
            return self.handle(request.method, request.target, request.headers, request.body)
        except ConnectionDropped:
            raise Dropped from None


def _would_block(seconds: float) -> NoReturn:
    raise RuntimeError(f"the benchmark's gateway does not sleep ({seconds:g} s asked): is typing switched off?")
