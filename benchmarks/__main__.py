"""`python -m benchmarks`: measure ours beside the naive pipeline, interleaved, and write benchmarks/RESULTS.md."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

from benchmarks import results
from benchmarks.measure import FAULTS, QUICK_FAULTS, Bench, Fault, World, at_rest, suffer, throughput, waits
from benchmarks.results import Results
from benchmarks.stands import Limit, Naive, NotReady, Ours, Stand

_STANDS: dict[str, type[Stand]] = {stand.name: stand for stand in (Ours, Naive, Limit)}

#: Who answers so late does not keep up with the open loop, and is not asked to again: the rest would take minutes.
_OVERWHELMED_MS = 3000.0


def main() -> None:
    """Measure and write; ends with 1 when a stand does not start."""
    wanted = _parser().parse_args()
    wanted.stands = wanted.stands or [name for name in _STANDS if not (wanted.quick and name == Limit.name)]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="sdr-bench-") as folder:
            found = _measure(wanted, Path(folder))
    except NotReady as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted; everything that was started has ended.")
    found.took_s = time.monotonic() - began
    print(results.markdown(found))
    if wanted.stands == list(_STANDS) and not (wanted.quick or wanted.receipts or wanted.no_faults):
        results.write(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="in a minute and a half: one round, two faults, nothing written"
    )
    parser.add_argument("--stands", nargs="+", choices=list(_STANDS), help="measure only these")
    parser.add_argument("--receipts", action="store_true", help="the gateway also reports each status of what is sent")
    parser.add_argument("--no-faults", action="store_true", help="measure speed only")
    return parser


def _measure(wanted: argparse.Namespace, folder: Path) -> Results:
    rounds, seconds = (1, 4.0) if wanted.quick else (3, 8.0)
    found = Results()
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(8))
        benches = {
            name: stack.enter_context(_bench(_STANDS[name], folder / name, receipts=wanted.receipts))
            for name in wanted.stands
        }
        for name, bench in benches.items():
            _say(f"{name} starts")
            bench.start()
        for name, bench in benches.items():
            found.rest[name] = at_rest(bench, 3.0 if wanted.quick else 8.0)
        for number in range(rounds):
            for name, bench in benches.items():
                _say(f"round {number + 1}: {name}, 32 leads at once")
                found.throughput[name].append(throughput(bench, pool, seconds))
            for name, bench in benches.items():
                if found.waits[name] and found.waits[name][-1].answer_p95 > _OVERWHELMED_MS:
                    continue
                _say(f"round {number + 1}: {name}, 50 messages a second")
                found.waits[name].append(waits(bench, seconds))
        if not wanted.no_faults:
            _suffer(found, QUICK_FAULTS if wanted.quick else FAULTS, benches, pool)
    return found


def _suffer(found: Results, faults: Sequence[Fault], benches: dict[str, Bench], pool: ThreadPoolExecutor) -> None:
    """Kept for the end: what a fault leaves behind must not slow what is timed."""
    suffering = {name: bench for name, bench in benches.items() if name != Limit.name}
    runs = {}
    for fault in faults:
        _say(fault.name)
        runs[fault.name] = suffer(fault, list(suffering.values()), pool)
    # Asked for last, so that a second answer that came late counts.
    for fault_name, those in runs.items():
        for (name, bench), run in zip(suffering.items(), those, strict=True):
            found.faults[fault_name][name] = bench.report(run)


@contextlib.contextmanager
def _bench(kind: type[Stand], folder: Path, *, receipts: bool) -> Iterator[Bench]:
    world = World("--receipts") if receipts else World()
    try:
        stand = kind(world.url, folder)
        try:
            yield Bench(stand, world)
        finally:
            stand.stop()
    finally:
        world.close()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
