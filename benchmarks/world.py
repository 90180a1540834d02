"""Everything outside a pipeline, in one process: the gateway, the model, the leads and the ledger.

`python -m benchmarks.world` prints its port and serves until its input ends. It is told what to do over HTTP:

    POST /_bench/webhook  {"url", "events"}                    where the gateway posts its events
    POST /_bench/model    {"latency_s"?, "status"?}            how the model answers from now on
    POST /_bench/gateway  {"fails": "" | "refuse" | "after", "route"?, "copies"?}
    POST /_bench/run      {"kind": "closed" | "open" | "bursts", …}   leads write; answers when they are done
    POST /_bench/settle   {"first", "last", "patience_s"}      wait until everything is answered
    POST /_bench/report   {"first", "last"}                    what became of these messages
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import uvloop

from benchmarks import http11
from benchmarks.gateway import INSTANCE, WEBHOOK_SECRET, Gateway
from benchmarks.http11 import Answer, Request
from benchmarks.leads import Leads, Run
from benchmarks.ledger import Ledger
from benchmarks.model import Model
from conversations.evolution.sandbox.failures import Failure

#: More than any fault lasts.
_FOREVER = 1_000_000


class World:
    """One gateway, one model, all leads."""

    def __init__(self, receipts: tuple[float, ...] | None) -> None:
        self._gateway = Gateway(receipts=receipts)
        self._model = Model()
        self._ledger = Ledger()
        self._leads = Leads(self._gateway, self._ledger)
        self._verbs: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
            "webhook": self._set_webhook,
            "model": self._set_model,
            "gateway": self._set_gateway,
            "run": self._run,
            "settle": self._settle,
            "report": self._report,
        }

    def handle(self, request: Request) -> Answer | Awaitable[Answer]:
        """Answer one request, whoever it is meant for."""
        if request.target.startswith("/v1beta/models/"):
            return self._think(request) if self._model.latency_s else self._model.answer(request.method, request.body)
        if request.target.startswith("/_bench/"):
            return self._told(request)
        return self._gateway.answer(request)

    async def _think(self, request: Request) -> Answer:
        await asyncio.sleep(self._model.latency_s)
        return self._model.answer(request.method, request.body)

    async def _told(self, request: Request) -> Answer:
        done = await self._verbs[request.target.removeprefix("/_bench/")](json.loads(request.body or b"{}"))
        return 200, {"Content-Type": "application/json"}, json.dumps(done).encode()

    # ---------------------------------------------------------------------------------------------------- verbs

    async def _set_webhook(self, wanted: dict[str, Any]) -> None:
        headers = {"X-Webhook-Secret": WEBHOOK_SECRET}
        self._gateway.set_webhook(wanted["url"], headers=headers, events=wanted["events"], instance=INSTANCE)

    async def _set_model(self, wanted: dict[str, Any]) -> None:
        self._model.latency_s = float(wanted.get("latency_s", self._model.latency_s))
        self._model.status = int(wanted.get("status", self._model.status))

    async def _set_gateway(self, wanted: dict[str, Any]) -> None:
        failures = self._gateway.failures
        failures.clear()
        if wanted.get("fails"):
            failures.add(Failure(wanted.get("route", ""), mode=wanted["fails"], times=_FOREVER))
        failures.switch({"webhook_copies": wanted.get("copies", 1)})

    async def _run(self, wanted: dict[str, Any]) -> dict[str, Any]:
        kinds: dict[str, Callable[..., Awaitable[Run]]] = {
            "closed": self._leads.closed,
            "open": self._leads.open,
            "bursts": self._leads.bursts,
        }
        self._gateway.webhooks.acks_s.clear()
        run = await kinds[wanted.pop("kind")](**wanted)
        return asdict(run)

    async def _settle(self, wanted: dict[str, Any]) -> bool:
        return await self._leads.settle(**wanted)

    async def _report(self, wanted: dict[str, Any]) -> dict[str, Any]:
        report = asdict(self._ledger.report(**wanted))
        return report | {"acks_s": list(self._gateway.webhooks.acks_s), "asked": self._model.asked}


async def _serve(receipts: tuple[float, ...] | None) -> None:
    world = World(receipts)
    server, port = await http11.serve(world.handle)
    print(port, flush=True)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_until_input_ends, args=(loop, ended), daemon=True).start()
    await ended.wait()
    server.close()


def _until_input_ends(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    # Whoever started us holds the other end, and lets go of it when it dies, however it dies.
    sys.stdin.read()
    loop.call_soon_threadsafe(ended.set)


def main() -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--receipts", action="store_true", help="what is sent is acknowledged, delivered and read")
    wanted = parser.parse_args()
    uvloop.install()
    asyncio.run(_serve((0.2, 0.7, 2.2) if wanted.receipts else None))


if __name__ == "__main__":
    main()
