"""HTTP/1.1 on one event loop, both sides, as little of it as the benchmark needs: what measures must cost less than
what is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import httptools


class Dropped(Exception):
    """Raised by a handler: close the connection without an answer."""


@dataclass(slots=True)
class Request:
    """One request as it came."""

    method: str = ""
    #: Path and query.
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


#: Status, headers, body.
Answer = tuple[int, Mapping[str, str], bytes]
#: Answers at once, or gives something to wait for; raises Dropped.
Handler = Callable[[Request], "Answer | Awaitable[Answer]"]


class ServerProtocol(asyncio.Protocol):
    """One connection of a server. Requests of a connection are answered one after the other."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._chunks: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._close()

    def on_url(self, url: bytes) -> None:
        self._request.target += url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        request, self._request = self._request, Request()
        request.body = b"".join(self._chunks)
        self._chunks.clear()
        request.method = self._parser.get_method().decode()
        try:
            answer = self._handler(request)
        except Dropped:
            self._close()
            return
        if isinstance(answer, tuple):
            self._write(answer)
        else:
            self._task = asyncio.ensure_future(self._write_later(answer))

    async def _write_later(self, answer: Awaitable[Answer]) -> None:
        try:
            self._write(await answer)
        except Dropped:
            self._close()

    def _write(self, answer: Answer) -> None:
        status, headers, body = answer
        if self._transport is None:
            return
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def serve(handler: Handler, port: int = 0) -> tuple[asyncio.Server, int]:
    """A server on 127.0.0.1, and its port; 0 takes a free one."""
    server = await asyncio.get_running_loop().create_server(
        lambda: ServerProtocol(handler), "127.0.0.1", port, backlog=1024
    )
    return server, int(server.sockets[0].getsockname()[1])


class ClientProtocol(asyncio.Protocol):
    """One connection of a client: one exchange at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._chunks: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[tuple[int, bytes]] | None = None

    @property
    def is_open(self) -> bool:
        """Another exchange may begin."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ConnectionResetError("closed before it answered"))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self._chunks)
        self._chunks.clear()
        status, keeps = self._parser.get_status_code(), self._parser.should_keep_alive()
        # It reads one answer only when the first one forbade another.
        self._parser = httptools.HttpResponseParser(self)
        if not keeps:
            self.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result((status, body))

    async def exchange(self, request: bytes, timeout_s: float) -> tuple[int, bytes]:
        """Send `request`; the answer's status and body. Raises OSError (TimeoutError too) when there was none."""
        if self._transport is None:
            raise ConnectionResetError("closed before it was asked")
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        alarm = loop.call_later(timeout_s, self._overdue, self._waiter)
        self._transport.write(request)
        try:
            return await self._waiter
        finally:
            alarm.cancel()

    def _overdue(self, waiter: asyncio.Future[tuple[int, bytes]]) -> None:
        if not waiter.done():
            waiter.set_exception(TimeoutError("no answer in time"))

    def close(self) -> None:
        """No more exchanges."""
        if self._transport is not None:
            self._transport.close()


class Client:
    """POSTs to one place, over as many connections as there are exchanges at once, kept open between them."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._free: list[ClientProtocol] = []

    async def post(self, target: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> tuple[int, bytes]:
        """Status and body of the answer. Raises OSError (TimeoutError too) when there was none."""
        lines = [f"POST {target} HTTP/1.1", f"Host: {self._host}:{self._port}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        if (kept := self._kept()) is not None:
            # The other side may have closed it meanwhile: then once more, on a new one.
            with contextlib.suppress(ConnectionResetError):
                return await self._exchange(kept, request, timeout_s)
        loop = asyncio.get_running_loop()
        _, fresh = await loop.create_connection(ClientProtocol, self._host, self._port)
        return await self._exchange(fresh, request, timeout_s)

    def _kept(self) -> ClientProtocol | None:
        while self._free:
            if (kept := self._free.pop()).is_open:
                return kept
        return None

    async def _exchange(self, connection: ClientProtocol, request: bytes, timeout_s: float) -> tuple[int, bytes]:
        try:
            answer = await connection.exchange(request, timeout_s)
        except BaseException:
            connection.close()
            raise
        self._free.append(connection)
        return answer

    def close(self) -> None:
        """Close what is kept."""
        for connection in self._free:
            connection.close()
        self._free.clear()
