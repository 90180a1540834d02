"""What `make run` is about to start, and where: read from the environment, with the gaps filled for this machine."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from sdr_dashboard import environment
from sdr_dashboard.supervisor import GaveUp

BASE_DIR = Path(__file__).resolve().parent.parent
#: Longest path of a unix socket on Linux is 107 bytes, on macOS 103.
_SOCKET_PATH_LIMIT = 100
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: Secrets that nobody needs to know, with their size in bytes.
_MADE_UP = {"SECRET_KEY": 48, "WEBHOOK_SECRET": 24, "EVOLUTION_API_KEY": 24}
_PASSWORDS = {"DEMO_GESTOR_PASSWORD": 9, "DEMO_VENDEDOR_PASSWORD": 9}


@dataclass(frozen=True)
class Plan:
    """What is to be started, and where it will be."""

    var: Path
    port: int
    #: Where the web process listens.
    host: str
    #: The embedded Valkey's; "" when REDIS_URL names a server that is already there.
    socket: str
    #: None when EVOLUTION_API_URL names a real gateway.
    sandbox_port: int | None
    gateway_url: str
    instances: str
    has_model: bool
    #: Variables for the parts, and for `manage.py` in another terminal while they run.
    where: Mapping[str, str] = field(repr=False)
    #: The demo users' passwords, by variable.
    passwords: Mapping[str, str] = field(repr=False)

    @property
    def is_demo(self) -> bool:
        """Nothing real is connected: the sandbox stands in for the gateway."""
        return self.sandbox_port is not None

    @property
    def home(self) -> str:
        """Where a browser on this machine finds the dashboard."""
        return f"http://127.0.0.1:{self.port}"


def make(var: Path) -> Plan:
    """Read the environment and choose the places. Raises Nonsense, or GaveUp when the port is taken."""
    # Of a run that was killed: it names a sandbox that is no more.
    (var / "run.env").unlink(missing_ok=True)
    known = make_up_secrets(var / "local.env")
    env = environment.load(BASE_DIR)
    port = env.integer("PORT", 8000, low=1, high=65535)
    if not _is_free(port):
        raise GaveUp(
            f"Port {port} is taken by another program. Stop it, or choose another port: make run PORT={port + 10}"
        )
    gateway = env.text("EVOLUTION_API_URL")
    sandbox_port = None if gateway else _free_port_after(port)
    path = "" if env.text("REDIS_URL") else _socket_path(var)
    where = {"REDIS_URL": f"unix://{path}"} if path else {}
    if not gateway:
        gateway = f"http://127.0.0.1:{sandbox_port}"
        where |= {"EVOLUTION_API_URL": gateway, "EVOLUTION_API_KEY": env.text("EVOLUTION_API_KEY")}
        # Nothing real is connected, so the bot need not wait for a person to switch it on.
        where["BOT_SWITCHED_ON"] = env.text("BOT_SWITCHED_ON") or "true"
        where["STAND_INS"] = "sandbox"
        # Its own: its switches are on and its users' passwords printed; neither may lie in wait for a real number.
        where["DATABASE_URL"] = env.text("DATABASE_URL") or f"sqlite:///{(var / 'demo.sqlite3').resolve()}"
    return Plan(
        var=var,
        port=port,
        host=_host_for(env.text("PUBLIC_URL")),
        socket=path,
        sandbox_port=sandbox_port,
        gateway_url=gateway,
        instances=",".join(env.names("EVOLUTION_INSTANCE", ("voice_sdr_v4",))),
        has_model=bool(env.text("GEMINI_API_KEY")),
        where=where,
        passwords={name: known[name] for name in _PASSWORDS},
    )


def var_dir() -> Path:
    """The directory of everything that is made at run time, for this user only."""
    var = BASE_DIR / environment.load(BASE_DIR).text("VAR_DIR", "var")
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        (var / "run.lock").touch()
    except OSError as error:
        raise GaveUp(f"{var} cannot be written: {error.strerror}. Choose another place with VAR_DIR.") from None
    return var


def _host_for(public_url: str) -> str:
    """This machine only, unless the public address is plain http on another name: then nobody forwards to us."""
    address = urlsplit(public_url)
    return "0.0.0.0" if address.scheme == "http" and address.hostname not in _LOOPBACK else "127.0.0.1"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _free_port_after(port: int) -> int:
    for candidate in range(port + 1, min(port + 50, 65536)):
        if _is_free(candidate):
            return candidate
    raise GaveUp(f"No port after {port} is free for the sandbox. Choose another: make run PORT=8100")


def _socket_path(var: Path) -> str:
    """A unix socket in a directory that only this user may enter: a port would be open to everybody on the machine."""
    folder = var / "valkey"
    if len(os.fsencode(folder / "valkey.sock")) > _SOCKET_PATH_LIMIT:
        folder = Path(tempfile.mkdtemp(prefix="sdr-valkey-"))
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    return str(folder / "valkey.sock")


# ---------------------------------------------------------------------------------------------------------- secrets


def make_up_secrets(path: Path) -> dict[str, str]:
    """Make up what `path` does not hold yet, and keep it there; returns all it holds."""
    known = environment.read_file(path)
    missing = {name: size for name, size in (_MADE_UP | _PASSWORDS).items() if name not in known}
    if missing:
        known |= {name: secrets.token_urlsafe(size) for name, size in missing.items()}
        write_private(path, known)
    return known


def write_private(path: Path, values: Mapping[str, str]) -> None:
    """Write NAME=value lines that nobody but this user can read, at no moment."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("# Written by `make run`. What stands in .env or in the environment counts more.\n")
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    unfinished.replace(path)


@contextlib.contextmanager
def the_only_one(var: Path) -> Iterator[None]:
    """Two of us on one directory would fight over its socket and its database. Raises GaveUp."""
    with open(var / "run.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise GaveUp(f"It is already running here ({_holder(lock)}). Stop that one first: Ctrl-C there.") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def _holder(lock: TextIO) -> str:
    lock.seek(0)
    return lock.read().strip() or "in another terminal"
