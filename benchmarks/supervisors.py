"""`python -m benchmarks.supervisors`: how soon a webhook stands on the screens of two hundred people who look on.

A real web process on a real Valkey. The screens, the gateway and whoever presses *Assumir* live in this process; what
they cost is not the product's, but on a small machine it takes the processor from it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import statistics
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

INSTANCE = "voice_sdr_v4"
LIMIT_S = 0.3
_SCREEN = re.compile(rb"^event: (\w+)$", re.M)


@dataclass
class Told:
    """When each webhook was posted, and after how long each screen showed it."""

    posted: dict[bytes, float] = field(default_factory=dict)
    took: dict[str, list[float]] = field(default_factory=lambda: {"message": [], "row": []})
    #: What each screen was told already: a row comes again when something else about it changes.
    seen: set[tuple[int, str, bytes]] = field(default_factory=set)

    def hear(self, screen: int, event: str, frame: bytes) -> None:
        """A frame arrived."""
        if event not in self.took:
            return
        now = time.perf_counter()
        for mark in re.findall(rb"mark-[0-9a-f]{12}", frame):
            if (at := self.posted.get(mark)) is not None and (screen, event, mark) not in self.seen:
                self.seen.add((screen, event, mark))
                self.took[event].append(now - at)


def main() -> None:
    """Build the world, watch, post, and print a table; ends with 1 above the limit."""
    wanted = _parser().parse_args()
    from tests.stack import Stack

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    with tempfile.TemporaryDirectory(prefix="sdr-watch-") as folder:
        stack = Stack(Path(folder), switched_on=False, LOG_LEVEL="ERROR", INBOX_REFRESH_SECONDS="60")
        os.environ["SECRET_KEY"] = stack.environment["SECRET_KEY"]
        import django

        django.setup()
        try:
            _start(stack)
            failed = _measure(stack, wanted)
        finally:
            stack.close()
    sys.exit(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--screens", type=int, default=200)
    parser.add_argument("--webhooks", type=int, default=100)
    parser.add_argument("--per-second", type=float, default=5)
    parser.add_argument("--leads", type=int, default=20)
    parser.add_argument("--takeovers", type=int, default=20)
    return parser


def _start(stack: Any) -> None:
    """All but the worker: the bot is off, and who is told does not depend on it."""
    from tests import stack as tests_stack

    stack.start_valkey()
    stack.manage("migrate", "--verbosity", "0")
    stack.manage("shell", "--verbosity", "0", "-c", tests_stack._USERS)
    stack.start_web()


def _measure(stack: Any, wanted: argparse.Namespace) -> bool:
    leads = [f"55119{number:08}@s.whatsapp.net" for number in range(wanted.leads)]
    for lead in leads:
        stack.sandbox.lead_writes(lead, "Oi", name="Lead", at=stack.sandbox.clock() - 3600)
    told = Told()
    process = stack.processes["web"]
    sessions = [stack.browser(name) for name in ("ana", "beto")]
    for session in sessions:
        session.get(stack.url, timeout=30).raise_for_status()
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_watch(stack, sessions, leads, wanted, told, ready))
    )
    thread.start()
    assert ready.wait(60), "the screens do not open"
    time.sleep(1)
    cpu, began = _cpu(process.pid), time.perf_counter()
    took_over = _post(stack, leads, wanted, told)
    time.sleep(2)
    cpu, lasted = _cpu(process.pid) - cpu, time.perf_counter() - began
    memory = _memory(process.pid)
    for task in asyncio.all_tasks(loop):
        loop.call_soon_threadsafe(task.cancel)
    thread.join(20)
    expected = {"message": _open_screens(wanted), "row": wanted.screens * wanted.webhooks}
    return _print(wanted, told, took_over, expected, (cpu / lasted, memory))


def _open_screens(wanted: argparse.Namespace) -> int:
    """How often a message belongs to the conversation that a screen shows."""
    shown = [screen % wanted.leads for screen in range(0, wanted.screens, 2)]
    return sum(shown.count(number % wanted.leads) for number in range(wanted.webhooks))


async def _watch(
    stack: Any, sessions: list[Any], leads: list[str], wanted: argparse.Namespace, told: Told, ready: threading.Event
) -> None:
    opened = asyncio.Semaphore(20)
    begun: list[asyncio.Event] = [asyncio.Event() for _ in range(wanted.screens)]
    screens = [
        asyncio.create_task(_look(stack, sessions[number % 2], leads, number, told, opened, begun[number]))
        for number in range(wanted.screens)
    ]
    await asyncio.gather(*(one.wait() for one in begun))
    ready.set()
    with contextlib.suppress(asyncio.CancelledError):  # all has been measured
        await asyncio.gather(*screens, return_exceptions=True)


async def _look(
    stack: Any, session: Any, leads: list[str], number: int, told: Told, opened: asyncio.Semaphore, begun: asyncio.Event
) -> None:
    """One screen: every second one with a conversation open."""
    address = urlsplit(stack.url)
    place = "/".join(stack.page(leads[number % len(leads)]).rstrip("/").rsplit("/", 2)[-2:]) if number % 2 == 0 else ""
    cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    async with opened:
        reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**20)
        writer.write(f"GET /events/?c={place} HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {cookie}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head[:200]
    begun.set()
    buffer = b""
    try:
        while chunk := await reader.read(2**16):
            buffer += chunk
            *frames, buffer = buffer.split(b"\n\n")
            for frame in frames:
                if match := _SCREEN.search(frame):
                    told.hear(number, match[1].decode(), frame)
    finally:
        writer.close()


def _post(stack: Any, leads: list[str], wanted: argparse.Namespace, told: Told) -> list[float]:
    """Post the webhooks at their pace, and press *Assumir* in between; how long that took to answer, in s."""
    took_over: list[float] = []
    every = max(1, wanted.webhooks // max(1, wanted.takeovers))
    secret = {"X-Webhook-Secret": stack.environment["WEBHOOK_SECRET"]}
    begin = time.perf_counter()
    with requests.Session() as session:
        for number in range(wanted.webhooks):
            time.sleep(max(0.0, begin + number / wanted.per_second - time.perf_counter()))
            mark = f"mark-{uuid.uuid4().hex[:12]}"
            body = _webhook(leads[number % len(leads)], mark)
            told.posted[mark.encode()] = time.perf_counter()
            answer = session.post(f"{stack.url}/webhook/evolution/", json=body, headers=secret, timeout=10)
            answer.raise_for_status()
            if number % every == every - 1:
                began = time.perf_counter()
                _take_over(stack, leads[(number * 7) % len(leads)])
                took_over.append(time.perf_counter() - began)
    return took_over


def _take_over(stack: Any, lead: str) -> None:
    """As the page asks: for the bar alone."""
    session = stack.browser("ana")
    headers = {"Referer": stack.url, "X-CSRFToken": session.cookies["csrftoken"], "HX-Request": "true"}
    answer = session.post(f"{stack.page(lead)}take-over/", headers=headers, timeout=20)
    answer.raise_for_status()


def _webhook(lead: str, mark: str) -> dict[str, Any]:
    """`messages.upsert` as evolution-api 2.3.6 sends it; `mark` is what the screens are looked through for."""
    data = {
        "key": {"remoteJid": lead, "fromMe": False, "id": uuid.uuid4().hex.upper()}, "pushName": "Lead",
        "status": "DELIVERY_ACK", "message": {"conversation": f"Quanto custa? {mark}"}, "messageType": "conversation",
        "messageTimestamp": int(time.time()), "source": "android",
    }  # fmt: skip
    return {"event": "messages.upsert", "instance": INSTANCE, "data": data}


def _print(
    wanted: argparse.Namespace,
    told: Told,
    took_over: list[float],
    expected: dict[str, int],
    cost: tuple[float, int],
) -> bool:
    print(
        f"{wanted.screens} screens, {wanted.webhooks} webhooks at {wanted.per_second:g}/s, {len(took_over)} times"
        f" Assumir; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores;"
        f" the web process: {cost[0]:.0%} of a core, {cost[1]} MB\n"
    )
    print("| from the POST to | p50, ms | p95, ms | max, ms | arrived |\n|---|---|---|---|---|")
    measured = {**told.took, "Assumir answered": took_over}
    failed = False
    for name, seconds in measured.items():
        of = expected.get(name, wanted.takeovers)
        p95 = statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else float("inf")
        median, most = (statistics.median(seconds), max(seconds)) if seconds else (float("inf"),) * 2
        print(f"| {name} | {median * 1000:.0f} | {p95 * 1000:.0f} | {most * 1000:.0f} | {len(seconds)} of {of} |")
        failed |= p95 > LIMIT_S
    return failed


def _cpu(pid: int) -> float:
    """Processor time of a process so far, in s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> int:
    """What a process holds, in MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    main()
