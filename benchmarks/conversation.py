"""`python -m benchmarks.conversation`: what opening a conversation costs us, beside the gateway's own time."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import list as the_list

#: What is asked, and of which part (htmx's target); "" for the page.
QUESTIONS = {"as it opens": "", "its messages": "messages", "who may speak": "control"}


class Gateway:
    """How long calls of the gateway took, by the clock that is asked for."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.took = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count what the block takes as the gateway's."""
        began = self.clock()
        try:
            yield
        finally:
            self.took += self.clock() - began


def main() -> None:
    """Open one conversation again and again; ends with 1 above the limit."""
    wanted = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="sdr-conversation-") as folder:
        the_list.set_up(Path(folder))
        clock = time.process_time if wanted.cpu else time.perf_counter
        client, path, gateway, end = _world(wanted.messages, wanted.conversations, clock)
        print(f"{wanted.messages} messages, {wanted.conversations:,} conversations in the list; {_load()}\n")
        rows = [(name, *_measure(client, path, part, wanted.times, gateway)) for name, part in QUESTIONS.items()]
        end()
    print("| asked | ours: median | ours: p95 | gateway: median | queries | kB |\n|---|---|---|---|---|---|")
    for name, median, p95, theirs, queries, size in rows:
        print(f"| {name} | {median:.0f} | {p95:.0f} | {theirs:.0f} | {queries} | {size / 1000:.0f} |")
    sys.exit(any(row[2] > wanted.limit for row in rows))


def _load() -> str:
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=50)
    parser.add_argument("--conversations", type=int, default=1000)
    parser.add_argument("--times", type=int, default=60, help="how often each question is asked")
    parser.add_argument("--cpu", action="store_true", help="count this process's own time, on a machine that is busy")
    parser.add_argument("--limit", type=float, default=50, help="ms of p95 of our own that no question may take longer")
    return parser


def _world(messages: int, conversations: int, clock: Any) -> tuple[Any, str, Gateway, Any]:
    """The list's people and a sandbox behind a socket, in which one lead and the phone have talked."""
    from django.conf import settings
    from django.utils import timezone

    from conversations import shown
    from conversations.evolution import client as evolution
    from conversations.evolution.sandbox import Sandbox
    from conversations.evolution.sandbox.server import serve
    from conversations.jid import JID
    from conversations.message import Key

    instance, jid = "voice_sdr_v4", JID("5511900000000@s.whatsapp.net")
    sandbox = Sandbox([instance], api_key="k")
    server = serve(sandbox)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    now = timezone.now().timestamp()
    for number in range(messages // 2):
        at = now - 60 * messages + 120 * number
        sandbox.lead_writes(jid, f"Quanto custa a avaliação número {number}? Vocês abrem *sábado*?", at=at)
        answer = f"Boa tarde! A avaliação {number} é sem custo: https://exemplo.com.br/{number}"
        sandbox.phone_types(jid, answer, at=at + 60)
    settings.EVOLUTION_API_URL, settings.EVOLUTION_API_KEY = server.url, "k"
    client = the_list.world(conversations)
    gateway = Gateway(clock)
    asked = evolution.EvolutionClient._call

    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        with gateway.timed():
            return asked(self, *arguments, **named)

    evolution.EvolutionClient._call = call  # type: ignore[method-assign]

    def end() -> None:
        server.shutdown()
        server.server_close()
        sandbox.close()

    return client, shown.address(Key(instance, jid)), gateway, end


def _measure(client: Any, path: str, part: str, times: int, gateway: Gateway) -> tuple[float, float, float, int, int]:
    """Median and p95 of our own, the gateway's median, in ms; queries, and bytes of the answer."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    headers = {"HX-Request": "true", "HX-Target": part} if part else {}
    ours, theirs = [], []
    for number in range(times + 3):
        gateway.took, began = 0.0, gateway.clock()
        response = client.get(path, headers=headers)
        took = gateway.clock() - began
        if number >= 3:
            ours.append((took - gateway.took) * 1000)
            theirs.append(gateway.took * 1000)
        if response.status_code != 200:
            sys.exit(f"{path} answered {response.status_code}")
    with CaptureQueriesContext(connection) as queries:
        size = len(client.get(path, headers=headers).content)
    p95 = statistics.quantiles(ours, n=20)[-1]
    return statistics.median(ours), p95, statistics.median(theirs), len(queries), size


if __name__ == "__main__":
    main()
