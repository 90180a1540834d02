"""What is done to a stand, and what comes of it."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

import psutil

from benchmarks.stands import ROOT, Stand

#: Leads of the closed loop, and seconds of warming up before it counts.
_LEADS, _WARM_UP_S = 32, 2.0
#: Messages a second and the model's seconds per answer, where waiting is measured.
RATE, MODEL_S = 50, 0.3
#: The same where things break.
FAULT_RATE = 5
_OPEN_LEADS = 500
#: No call of a world takes longer, in seconds.
_WORLD_S = 400.0


class World:
    """A world's process, told what to do."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.world", *arguments],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = _stream(self._process.stdout).readline()
        if not line.strip():
            raise RuntimeError("the world did not start")
        self._port = int(line)
        self._psutil = psutil.Process(self._process.pid)

    @property
    def url(self) -> str:
        """The address of its gateway and its model."""
        return f"http://127.0.0.1:{self._port}"

    def tell(self, verb: str, **facts: Any) -> Any:
        """Have it do something; gives what it says when that is done."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_WORLD_S)
        try:
            connection.request("POST", f"/_bench/{verb}", json.dumps(facts))
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"the world answered {answer.status} to {verb}")
            return json.loads(answer.read())
        finally:
            connection.close()

    def cpu_s(self) -> float:
        """Processor seconds it has used."""
        times = self._psutil.cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        """End it."""
        _stream(self._process.stdin).close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _stream(found: IO[str] | None) -> IO[str]:
    assert found is not None
    return found


@dataclass
class Bench:
    """A stand in its world."""

    stand: Stand
    world: World

    def start(self) -> None:
        """Start the stand and tell its gateway of it."""
        self.stand.start()
        url, events = self.stand.webhook
        self.world.tell("webhook", url=url, events=list(events))

    def settle(self, run: dict[str, Any]) -> bool:
        """Wait until what was written in `run` is answered."""
        return bool(
            self.world.tell("settle", first=run["first"], last=run["last"], patience_s=self.stand.patience_s)
        )  # fmt: skip

    def report(self, run: dict[str, Any]) -> dict[str, Any]:
        """What became of what was written in `run`."""
        return dict(self.world.tell("report", first=run["first"], last=run["last"]))


@dataclass(frozen=True)
class Rest:
    """A stand that has nothing to do."""

    rss_mb: float
    pss_mb: float
    #: Share of one core, in percent.
    cpu_percent: float


@dataclass(frozen=True)
class Throughput:
    """One closed loop."""

    replies_per_s: float
    cpu_ms: float
    world_cpu_ms: float
    rss_mb: float
    pss_mb: float
    #: Milliseconds of processor per reply, by part.
    by_part: dict[str, float]
    wrong: int


@dataclass(frozen=True)
class Waits:
    """One open loop. Milliseconds; `answer` is the time above the model's."""

    ack_p50: float
    ack_p95: float
    answer_p50: float
    answer_p95: float
    cpu_ms: float
    wrong: int


def at_rest(bench: Bench, seconds: float = 5.0) -> Rest:
    """Look at the stand while nothing happens."""
    before = bench.stand.cost()
    time.sleep(seconds)
    after = bench.stand.cost()
    return Rest(after.rss_mb, after.pss_mb, 100 * (after.cpu_s - before.cpu_s) / seconds)


def throughput(bench: Bench, pool: ThreadPoolExecutor, seconds: float) -> Throughput:
    """32 leads, each of whom writes again as soon as there is an answer, and a model that takes no time."""
    bench.world.tell("model", latency_s=0, status=200)
    bench.settle(bench.world.tell("run", kind="closed", count=_LEADS, seconds=_WARM_UP_S))
    before, parts, world = bench.stand.cost(), bench.stand.cpu_by_process(), bench.world.cpu_s()
    running = pool.submit(bench.world.tell, "run", kind="closed", count=_LEADS, seconds=seconds)
    costs = [bench.stand.cost(), *(bench.stand.cost() for _ in _while(running, 1.0))]
    run = running.result()
    after, parts_after, world_after = bench.stand.cost(), bench.stand.cpu_by_process(), bench.world.cpu_s()
    bench.settle(run)
    each_ms = 1000 / max(run["replies"], 1)
    return Throughput(
        replies_per_s=run["replies"] / run["seconds"],
        cpu_ms=(after.cpu_s - before.cpu_s) * each_ms,
        world_cpu_ms=(world_after - world) * each_ms,
        rss_mb=max(cost.rss_mb for cost in costs),
        pss_mb=max(cost.pss_mb for cost in costs),
        by_part={name: (spent - parts.get(name, 0.0)) * each_ms for name, spent in parts_after.items()},
        wrong=wrong(bench.report(run)),
    )


def waits(bench: Bench, seconds: float) -> Waits:
    """50 messages a second from 500 leads in turn, and a model that takes 300 ms."""
    bench.world.tell("model", latency_s=MODEL_S, status=200)
    bench.settle(bench.world.tell("run", kind="open", rate=RATE, seconds=_WARM_UP_S, count=_OPEN_LEADS))
    before = bench.stand.cost().cpu_s
    run = bench.world.tell("run", kind="open", rate=RATE, seconds=seconds, count=_OPEN_LEADS)
    bench.settle(run)
    spent, report = bench.stand.cost().cpu_s - before, bench.report(run)
    above = [wait - MODEL_S for wait in report["waits_s"]]
    return Waits(
        ack_p50=1000 * percentile(report["acks_s"], 50),
        ack_p95=1000 * percentile(report["acks_s"], 95),
        answer_p50=1000 * percentile(above, 50),
        answer_p95=1000 * percentile(above, 95),
        cpu_ms=1000 * spent / max(report["replies"], 1),
        wrong=wrong(report),
    )


def wrong(report: dict[str, Any]) -> int:
    """Everything that should not have happened."""
    return int(report["lost"] + report["doubled"] + report["misdirected"] + report["out_of_order"])


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of 100 do not exceed; nan without values."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _while(running: Future[Any], every_s: float) -> Iterator[None]:
    while not running.done():
        yield
        time.sleep(every_s)


# ------------------------------------------------------------------------------------------------------------ faults


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong in the middle of an open loop."""

    name: str
    #: How long messages come.
    seconds: float
    #: What is done 2 s into it, to the world; `undo` comes 3 s later.
    verb: str = ""
    do: Callable[[], dict[str, Any]] = dict
    undo: Callable[[], dict[str, Any]] = dict
    #: From the first message on, for all of them.
    copies: int = 1
    is_burst: bool = False
    kills: bool = False


FAULTS = (
    Fault("the same webhook three times", 6, copies=3),
    Fault("bursts of four messages", 6, is_burst=True),
    Fault("model answers 503 for 3 s", 8, "model", lambda: {"status": 503}, lambda: {"status": 200}),
    Fault("gateway answers 500 for 3 s", 8, "gateway", lambda: {"fails": "refuse"}),
    Fault(
        "gateway delivers and answers 500, for 3 s", 8, "gateway",
        lambda: {"fails": "after", "route": "/message/sendText"},
    ),
    Fault("kill -9 of everything at once", 14, kills=True),
)  # fmt: skip
QUICK_FAULTS = (FAULTS[0], FAULTS[5])

_BEFORE_S, _LASTS_S = 2.0, 3.0


def suffer(fault: Fault, benches: Sequence[Bench], pool: ThreadPoolExecutor) -> list[dict[str, Any]]:
    """Put all benches through `fault` at the same time: nothing here is timed. Gives the runs, in order."""
    for bench in benches:
        bench.world.tell("model", latency_s=MODEL_S, status=200)
        bench.world.tell("gateway", copies=fault.copies)
    running = [pool.submit(_write, bench, fault) for bench in benches]
    time.sleep(_BEFORE_S)
    if fault.verb:
        for bench in benches:
            bench.world.tell(fault.verb, **fault.do())
        time.sleep(_LASTS_S)
        for bench in benches:
            bench.world.tell(fault.verb, **fault.undo())
    if fault.kills:
        for bench in benches:
            bench.stand.kill()
            bench.stand.start()
    runs = [one.result() for one in running]
    settling = [pool.submit(bench.settle, run) for bench, run in zip(benches, runs, strict=True)]
    for one in settling:
        one.result()
    for bench in benches:
        bench.world.tell("gateway")
    return runs


def _write(bench: Bench, fault: Fault) -> dict[str, Any]:
    if fault.is_burst:
        return dict(bench.world.tell("run", kind="bursts", count=10, size=4, pause_s=0.15))
    leads = round(FAULT_RATE * fault.seconds)
    return dict(bench.world.tell("run", kind="open", rate=FAULT_RATE, seconds=fault.seconds, count=leads))
