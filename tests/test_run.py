"""`make run`: one command starts everything, keeps it up, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import psutil
import pytest

from sdr_dashboard import run
from tests.ports import free_port

pytestmark = pytest.mark.process

BASE = Path(__file__).resolve().parent.parent
#: A busy machine starts slowly; stopping is promised.
START_WITHIN_S = 90.0
STOP_WITHIN_S = 5.0


class Running:
    """`python -m sdr_dashboard.run` in a directory of its own."""

    def __init__(
        self, var: Path, command: Sequence[str] = (sys.executable, "-m", "sdr_dashboard.run"), **variables: str
    ) -> None:
        self.port = free_port(neighbours=1)  # the sandbox takes the next one
        self.lines: list[str] = []
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(var),
            "VAR_DIR": str(var),
            "ENV_FILE": "",
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
        }
        self.process = subprocess.Popen(
            command,
            cwd=BASE,
            env=environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._family: list[psutil.Process] = []

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def await_line(self, pattern: str, *, times: int = 1, within_s: float = START_WITHIN_S) -> str:
        """The line that holds `pattern` for the `times`-th time."""
        eventually(lambda: len(self._holding(pattern)) >= times or self.process.poll() is not None, within_s)
        found = self._holding(pattern)
        assert len(found) >= times, "\n".join(self.lines)
        return found[times - 1]

    def _holding(self, pattern: str) -> list[str]:
        return [line for line in list(self.lines) if re.search(pattern, line)]

    def await_ready(self) -> None:
        """Everything answers."""
        self.await_line("Ctrl-C stops everything")
        self._family = psutil.Process(self.process.pid).children(recursive=True)

    def part(self, words: str) -> psutil.Process:
        """The child whose command line holds `words`."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        found = [child for child in children if words in " ".join(child.cmdline())]
        assert len(found) == 1, [child.cmdline() for child in children]
        return found[0]

    def left_behind(self) -> list[psutil.Process]:
        """What still runs of all that ever ran."""
        return [
            process for process in self._family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        ]

    def close(self) -> None:
        """End it, if the test did not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_WITHIN_S * 3)
        self._reader.join(STOP_WITHIN_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


def eventually(is_so: Callable[[], object], within_s: float) -> bool:
    """Whether it becomes so in time."""
    until = time.monotonic() + within_s
    while not (so := bool(is_so())) and time.monotonic() < until:
        time.sleep(0.05)
    return so


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts the product; what is still running is stopped at the end."""
    started: list[Running] = []

    def run(**options: Any) -> Running:
        started.append(Running(tmp_path, **options))
        return started[-1]

    yield run
    for running in started:
        running.close()


def log_in(running: Running, name: str, password: str) -> str:
    """The page that follows a login in a browser, as text."""
    home = f"http://127.0.0.1:{running.port}"
    jar = CookieJar()
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor(jar))
    browser.open(f"{home}/login/", timeout=10).close()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = urlencode({"username": name, "password": password, "csrfmiddlewaretoken": token}).encode()
    with browser.open(f"{home}/login/", data=form, timeout=10) as answer:
        assert "/login/" not in answer.url, "the password was not accepted"
        return str(answer.read().decode())


def test_everything_starts_survives_a_death_and_stops_in_time(start: Callable[..., Running], tmp_path: Path) -> None:
    """One start serves several questions, since starting is the slow part."""
    running = start()
    running.await_ready()

    # One line per part, and what is a stand-in.
    for words in ("valkey   up", "web      up", "worker   up", "gateway  STAND-IN", "model    STAND-IN"):
        running.await_line(words, within_s=1)
    # The demo's users are let in.
    password = running.await_line(r"^  gestor ").split()[1]
    assert "vendedor" in "\n".join(running.lines)
    assert "nenhuma mensagem sai desta máquina" in log_in(running, "gestor", password)
    # Nothing real is connected, so the bot is on from the beginning, in a database that no real number will ever see.
    assert not (tmp_path / "db.sqlite3").exists()
    with sqlite3.connect(tmp_path / "demo.sqlite3", timeout=20) as database:
        assert {is_on for (is_on,) in database.execute("SELECT is_on FROM conversations_switch")} == {1}
        ready = [text for (text,) in database.execute("SELECT text FROM conversations_quickanswer")]
    assert len(ready) == 3
    assert any("{nome}" in text and "{vendedor}" in text for text in ready)
    # Nobody else reads the secrets or reaches the Valkey.
    assert stat.S_IMODE((tmp_path / "local.env").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "valkey").stat().st_mode) == 0o700
    command_lines = [" ".join(process.cmdline()) for process in running._family]
    secrets = [line.partition("=")[2] for line in (tmp_path / "local.env").read_text().splitlines() if "=" in line]
    assert not [line for line in command_lines if any(secret in line for secret in secrets)]

    # Death is seen, said, and repaired: the broker's, then the worker's.
    running.part("valkey-server").kill()
    running.await_line(r"^valkey died \(killed by SIGKILL\)", within_s=10)
    running.await_line(r"^valkey starts again", within_s=10)
    running.part("celery").kill()
    running.await_line(r"^worker died \(killed by SIGKILL\)", within_s=10)
    running.await_line(r"worker .*ready\.$", times=2, within_s=60)
    running._family = psutil.Process(running.process.pid).children(recursive=True)

    # Ctrl-C.
    began = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(STOP_WITHIN_S) == 0
    assert time.monotonic() - began < STOP_WITHIN_S
    assert running.left_behind() == []
    assert not (tmp_path / "run.env").exists()

    # The same passwords the next time: people wrote them down.
    again = start()
    assert again.await_line(r"^  gestor ").split()[1] == password


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_killing_the_supervisor_leaves_nothing_behind(start: Callable[..., Running]) -> None:
    running = start()
    running.await_ready()

    running.process.kill()
    running.process.wait(5)

    assert eventually(lambda: running.left_behind() == [], STOP_WITHIN_S), running.left_behind()


@pytest.mark.skipif(sys.platform != "linux", reason="what make catches is read in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopping_make_alone_stops_everything(start: Callable[..., Running], tmp_path: Path, number: int) -> None:
    """As scripts do; Ctrl-C in a terminal reaches everybody."""
    recipe = tmp_path / "Makefile"
    recipe.write_text(f"run:\n\t@{sys.executable} -m sdr_dashboard.run --with-parent\n")
    running = start(command=["make", "-f", str(recipe), "run"])
    running.await_ready()

    running.process.send_signal(number)

    assert eventually(lambda: running.left_behind() == [], STOP_WITHIN_S), running.left_behind()
    running.process.wait(STOP_WITHIN_S)


def test_a_taken_port_is_told_with_the_next_step(start: Callable[..., Running]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = start(PORT=str(port))

        refused.await_line(f"Port {port} is taken by another program.*make run PORT=", within_s=20)
        assert refused.process.wait(10) == 1


def test_what_is_no_answer_is_none_yet() -> None:
    """Linux may connect a port that nobody listens at with itself, and the question comes back as the answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            with server.accept()[0] as asked:
                asked.sendall(asked.recv(1000))

        thread = threading.Thread(target=echo)
        thread.start()
        assert not run._answers(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()


def test_two_at_once_on_one_directory_are_refused(start: Callable[..., Running]) -> None:
    first = start()
    first.await_ready()

    second = start()

    second.await_line(r"already running here \(process \d+\)", within_s=20)
    assert second.process.wait(10) == 1


def test_nonsense_in_the_environment_is_one_sentence(start: Callable[..., Running]) -> None:
    refused = start(PORT="eighty")

    assert refused.process.wait(20) == 1
    eventually(lambda: refused.lines, 5)
    assert [line for line in refused.lines if line] == ["PORT is 'eighty'. Write a whole number from 1 to 65535."]
