"""What was measured, as the table in benchmarks/RESULTS.md. The words around it are written by people."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.measure import Rest, Throughput, Waits
from benchmarks.stands import ROOT, WORKER_THREADS

_FILE = Path(__file__).with_name("RESULTS.md")
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_Found = TypeVar("_Found")


@dataclass
class Results:
    """Everything that was measured, by stand."""

    rest: dict[str, Rest] = field(default_factory=dict)
    throughput: dict[str, list[Throughput]] = field(default_factory=lambda: defaultdict(list))
    waits: dict[str, list[Waits]] = field(default_factory=lambda: defaultdict(list))
    #: By fault, then by stand.
    faults: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    took_s: float = 0.0


def write(found: Results) -> None:
    """Put the table where the last one was."""
    text = _FILE.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    _FILE.write_text(f"{before}{_BEGIN}\n\n{markdown(found)}\n{_END}{after}", encoding="utf-8")


def markdown(found: Results) -> str:
    """All tables."""
    parts = [_where(found), _speed(found), _parts(found)]
    if found.faults:
        parts.append(_faults(found))
    return "\n\n".join(parts) + "\n"


def _where(found: Results) -> str:
    rounds = max((len(these) for these in found.throughput.values()), default=0)
    return (
        f"{date.today():%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores shared with the world, "
        f"Python {platform.python_version()}, commit {_commit()}; {rounds} interleaved rounds (lowest–highest), "
        f"{WORKER_THREADS} worker threads each; {found.took_s / 60:.0f} min in all."
    )


def _speed(found: Results) -> str:
    names = list(found.throughput)
    loops, open_loops, rest = found.throughput, found.waits, found.rest
    rows = [
        ("32 leads at once, model 0 ms: replies/s", _spans(loops, names, lambda one: one.replies_per_s)),
        ("CPU per reply, ms", _spans(loops, names, lambda one: one.cpu_ms, 1)),
        ("(CPU of the world per reply, ms)", _spans(loops, names, lambda one: one.world_cpu_ms, 1)),
        (
            "memory under that load, MB (RSS / PSS)",
            [f"{_most(loops[n], _rss)} / {_most(loops[n], _pss)}" for n in names],
        ),
        ("memory at rest, MB (RSS / PSS)", [f"{rest[n].rss_mb:.0f} / {rest[n].pss_mb:.0f}" for n in names]),
        ("CPU at rest, % of a core", [f"{rest[n].cpu_percent:.1f}" for n in names]),
        ("50 messages/s, model 300 ms: webhook ack p50, ms", _spans(open_loops, names, lambda one: one.ack_p50, 1)),
        ("webhook ack p95, ms", _spans(open_loops, names, lambda one: one.ack_p95, 1)),
        ("end to end above the model p50, ms", _spans(open_loops, names, lambda one: one.answer_p50)),
        ("end to end above the model p95, ms", _spans(open_loops, names, lambda one: one.answer_p95)),
        ("CPU per reply, ms", _spans(open_loops, names, lambda one: one.cpu_ms, 1)),
        ("lost, doubled, misdirected or out of order in all of it", [str(_wrong(found, name)) for name in names]),
    ]
    return _table(["", *names], rows)


def _rss(one: Throughput) -> float:
    return one.rss_mb


def _pss(one: Throughput) -> float:
    return one.pss_mb


def _most(these: Sequence[Throughput], read: Callable[[Throughput], float]) -> str:
    return f"{max(map(read, these)):.0f}"


def _wrong(found: Results, name: str) -> int:
    return sum(one.wrong for one in found.throughput[name]) + sum(one.wrong for one in found.waits[name])


def _spans(
    found: dict[str, list[_Found]], names: Iterable[str], read: Callable[[_Found], float], digits: int = 0
) -> list[str]:
    return [_span([read(one) for one in found[name]], digits) for name in names]


def _span(values: Sequence[float], digits: int) -> str:
    low, high = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return low if low == high else f"{low}–{high}"


def _parts(found: Results) -> str:
    """Which process the CPU goes to, 32 leads at once."""
    names = list(found.throughput)
    parts = list(dict.fromkeys(part for these in found.throughput.values() for one in these for part in one.by_part))
    rows = [(f"CPU per reply in {part}, ms", [_part_ms(found, name, part) for name in names]) for part in parts]
    return _table(["32 leads at once", *names], rows)


def _part_ms(found: Results, name: str, part: str) -> str:
    spent = [one.by_part[part] for one in found.throughput[name] if part in one.by_part]
    return f"{statistics.mean(spent):.1f}" if spent else "–"


def _faults(found: Results) -> str:
    rows = [
        (f"{fault} · {name}", _became(report))
        for fault, reports in found.faults.items()
        for name, report in reports.items()
    ]
    columns = ("messages", "replies", "lost", "doubled", "misdirected", "out of order", "slowest answer, s")
    return _table(["fault", *columns], rows)


def _became(report: dict[str, Any]) -> list[str]:
    counts = ("written", "replies", "lost", "doubled", "misdirected", "out_of_order")
    return [*(str(report[count]) for count in counts), f"{max(report['waits_s'], default=float('nan')):.1f}"]


def _table(head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for name, cells in rows:
        yield f"| {name} | {' | '.join(cells)} |"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks")
    return f"{commit} with uncommitted changes" if changed else commit


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"
