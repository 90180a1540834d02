"""Where a process that a test starts may listen."""

from __future__ import annotations

import random
import socket
from pathlib import Path

#: Linux's range of ports for whoever connects; what IANA reserves for it (RFC 6335, section 6) stands in elsewhere.
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST_EPHEMERAL = 49152
_FIRST = 10_000


def free_port(neighbours: int = 0) -> int:
    """A TCP port of 127.0.0.1 that nobody uses, with `neighbours` free ones after it.

    Below the ephemeral ports: one of those may be given to whoever connects anywhere before the process that is to
    listen there has started.
    """
    end = int(_EPHEMERAL.read_text().split()[0]) if _EPHEMERAL.exists() else _FIRST_EPHEMERAL
    # A machine may give nearly all of its ports away like that.
    candidates = range(_FIRST, max(end, _FIRST + 1000) - neighbours)
    for port in random.sample(candidates, min(len(candidates), 200)):
        if all(_is_free(port + step) for step in range(neighbours + 1)):
            return port
    raise AssertionError(f"no port between {_FIRST} and {end} is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
