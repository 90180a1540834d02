"""Keeps a handful of processes alive, shows what they say, and leaves none behind. Knows nothing of what they do.

One thread: children are started, heard, looked after and stopped from one loop, so that starting one (which forks)
never meets a thread that holds a lock.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

#: A part that stayed up this long starts with a clean record when it dies.
_PROVEN_S = 30.0
_BACKOFF_S = (0.3, 1.0, 2.0, 4.0, 8.0, 15.0)
#: Told to stop, a part has this long, in seconds; then it is killed. The broker goes after those who use it.
_GRACE_S = 3.0
_LAST_GRACE_S = 0.7
_TICK_S = 0.2
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Stop(BaseException):
    """Somebody asked us to stop: Ctrl-C, a closed terminal, `kill`."""


class GaveUp(Exception):
    """A part did not get ready; `str(error)` says which and what it said last."""


@dataclass
class Part:
    """One process of the product."""

    name: str
    command: Sequence[str]
    #: True when it does its job. Called often; must not take longer than about a second.
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    #: The others need it to start: it is started before them, and started again before them.
    is_foundation: bool = False
    #: The others still talk to it while they stop.
    stops_last: bool = False
    #: Lines that hold one of these are not shown: they would only make a newcomer wonder.
    noise: Sequence[bytes] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0
    deaths: int = 0
    #: When it may be started again, on the monotonic clock; None while it runs.
    again_at: float | None = None
    unfinished_line: bytes = b""

    @property
    def is_running(self) -> bool:
        """It was started and has not ended."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs `parts`; `say` shows a line. Call `start`, then `watch`, and `stop` in any case."""

    def __init__(self, parts: Sequence[Part], say: Callable[[str], None]) -> None:
        self._parts = parts
        self._say = say
        self._width = max(len(part.name) for part in parts)
        self._selector = selectors.DefaultSelector()

    def start(self, timeout_s: float) -> None:
        """Start every part and wait until each is ready. Raises GaveUp."""
        foundation = [part for part in self._parts if part.is_foundation]
        others = [part for part in self._parts if not part.is_foundation]
        for floor in (foundation, others):
            for part in floor:
                self._spawn(part)
            self._await(floor, time.monotonic() + timeout_s)

    def watch(self, is_over: Callable[[], bool] = lambda: False) -> NoReturn:
        """Show what the parts say and start those that die again, until Stop: a signal, or `is_over`."""
        while True:
            if is_over():
                raise Stop
            self._hear(_TICK_S)
            for part in self._parts:
                self._look_after(part)

    def stop(self) -> None:
        """End every part, in less than 5 s."""
        self._end([part for part in self._parts if not part.stops_last], _GRACE_S)
        self._end([part for part in self._parts if part.stops_last], _LAST_GRACE_S)

    # ------------------------------------------------------------------------------------------------ starting

    def _spawn(self, part: Part) -> None:
        read, write = os.pipe()
        part.process = subprocess.Popen(
            part.command,
            env={**os.environ, **part.environment},
            stdin=subprocess.DEVNULL,
            stdout=write,
            stderr=write,
            # A group of its own: Ctrl-C reaches us alone, and we reach its children too.
            start_new_session=True,
            preexec_fn=_dying_with(os.getpid()),
        )
        os.close(write)
        self._selector.register(read, selectors.EVENT_READ, part)
        part.started_at, part.again_at, part.unfinished_line = time.monotonic(), None, b""

    def _await(self, parts: Sequence[Part], until: float) -> None:
        waiting = list(parts)
        while waiting:
            self._hear(0.05)
            for part in list(waiting):
                if not part.is_running:
                    self._hear(0.2)
                    raise GaveUp(f"{part.name} ended while it started; the lines above say why.")
                if part.is_ready():
                    waiting.remove(part)
            if waiting and time.monotonic() > until:
                raise GaveUp(f"{', '.join(part.name for part in waiting)} did not get ready in time.")

    # ------------------------------------------------------------------------------------------------ watching

    def _hear(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            part: Part = key.data
            chunk = os.read(key.fd, 65536)
            if not chunk:
                self._selector.unregister(key.fileobj)
                os.close(key.fd)
            *lines, part.unfinished_line = (part.unfinished_line + chunk).split(b"\n")
            for line in lines:
                if not any(words in line for words in part.noise):
                    self._show(part, line)

    def _show(self, part: Part, line: bytes) -> None:
        self._say(f"{part.name:<{self._width}} | {line.decode(errors='replace').rstrip()}")

    def _look_after(self, part: Part) -> None:
        now = time.monotonic()
        if part.is_running:
            return
        if part.again_at is None:
            self._bury(part, now)
        elif now >= part.again_at and self._has_its_foundation(part):
            self._spawn(part)
            self._say(f"{part.name} starts again.")

    def _bury(self, part: Part, now: float) -> None:
        assert part.process is not None
        _signal_group(part.process, signal.SIGKILL)
        part.deaths = 0 if now - part.started_at > _PROVEN_S else part.deaths
        delay = _BACKOFF_S[min(part.deaths, len(_BACKOFF_S) - 1)]
        part.deaths += 1
        part.again_at = now + delay
        self._say(f"{part.name} died ({_how(part.process.returncode)}); it starts again in {delay:g} s.")

    def _has_its_foundation(self, part: Part) -> bool:
        below = [other for other in self._parts if other.is_foundation and other is not part]
        return part.is_foundation or all(other.is_running and other.is_ready() for other in below)

    # ------------------------------------------------------------------------------------------------ stopping

    def _end(self, parts: Sequence[Part], grace_s: float) -> None:
        running = [part.process for part in parts if part.process is not None]
        for process in running:
            if process.poll() is None:
                _signal_group(process, signal.SIGTERM)
        until = time.monotonic() + grace_s
        while any(process.poll() is None for process in running) and time.monotonic() < until:
            self._hear(0.05)
        for process in running:
            _signal_group(process, signal.SIGKILL)
            process.wait()


def stop_on_signals(*, and_with_our_parent: bool = False) -> None:
    """From now on SIGINT, SIGTERM and SIGHUP raise Stop, once; on Linux the end of our parent too, if so asked."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_stop)
    if and_with_our_parent and _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def parent_was_interrupted() -> Callable[[], bool]:
    """A function that tells whether our parent, a `make`, got a SIGINT that we did not.

    Ctrl-C in a terminal reaches both of us. A SIGINT for make alone, from a script, it keeps to itself and waits for us
    for ever; what shows is that it no longer catches that signal.
    # Source: GNU make 4.3, commands.c, fatal_error_signal.
    """
    status = Path(f"/proc/{os.getppid()}/status")

    def catches() -> bool:
        with contextlib.suppress(OSError):
            mask = next((line for line in status.read_text().splitlines() if line.startswith("SigCgt:")), "SigCgt: 0")
            return bool(int(mask.split()[1], 16) & 1 << signal.SIGINT - 1)
        return False

    return (lambda: not catches()) if catches() else (lambda: False)


def _raise_stop(number: int, frame: FrameType | None) -> NoReturn:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stop(signal.Signals(number).name)


def _dying_with(parent: int) -> Callable[[], None]:
    """For the child, before it becomes its program: the kernel kills it when we end, however we end (Linux)."""

    def bind() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return bind


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _how(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    return f"killed by {signal.Signals(-returncode).name}"
