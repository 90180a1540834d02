"""The sandbox over HTTP/1.1, for processes that are not this one."""

from __future__ import annotations

import logging
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .gateway import Sandbox
from .side_door import SideDoor
from .words import ConnectionDropped, NeverAnswers

log = logging.getLogger(__name__)

#: Source: evolution-api 2.3.6, the limit of its JSON bodies.
_LARGEST_BODY = 136 * 1024 * 1024
_LONGEST_HANG_S = 300.0


class Server(ThreadingHTTPServer):
    """Serves one sandbox; a thread per connection, none of which outlives the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, sandbox: Sandbox, door: SideDoor, host: str, port: int) -> None:
        self.sandbox = sandbox
        self.door = door
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is nothing to tell about."""
        log.debug("sandbox: a connection ended early", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without these two, each call waits 40 ms for a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY:
            self.send_error(413)
            return
        body = self.rfile.read(length)
        try:
            answer = self._answer(dict(self.headers.items()), body)
        except ConnectionDropped:
            self._drop()
        except NeverAnswers as error:
            time.sleep(min(error.seconds, _LONGEST_HANG_S))
            self._drop()
        else:
            self._write(*answer)

    def _answer(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if opened := self.server.door.handle(self.command, self.path, headers, body):
            return opened.encoded()
        return self.server.sandbox.handle(self.command, self.path, headers, body)

    def _write(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: request lines hold names of instances, bodies hold what leads write."""


def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, *, door: SideDoor | None = None) -> Server:
    """A server bound and ready; call `serve_forever` on it. Port 0 takes a free one."""
    return Server(sandbox, door or SideDoor(sandbox), host, port)
