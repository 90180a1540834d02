"""The webhook's short way through ASGI: a few threads of its own, that keep their connections.

Django runs a synchronous view of an ASGI request in a thread made for it, with a new connection to the database and to
the cache, and hops between threads at its middlewares; the webhook needs none of them. Measured with the benchmark:
about half of what a webhook cost the web process.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.urls import Resolver404, resolve

from bot.webhook import MAX_BYTES

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_PATH = "/webhook/evolution"
#: Each waits for the database's write lock at times; more would only wait longer.
_THREADS = 8


class Doorbell:
    """Answers the gateway's webhooks, and passes everything else on to `application`."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="doorbell")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] != "http" or not scope["path"].startswith(_PATH):
            await self._application(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        loop = asyncio.get_running_loop()
        status = await loop.run_in_executor(self._threads, _answer, scope, body)
        headers = [(b"content-length", b"0"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def _read(receive: Receive) -> bytes | None:
    """The body, cut off right above the limit; None when the gateway hung up."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BYTES:
            return bytes(body[: MAX_BYTES + 1])
        if not message.get("more_body", False):
            return bytes(body)


def _answer(scope: Scope, body: bytes) -> int:
    """The status that the view answers with; 500, which the gateway repeats, when it breaks."""
    close_old_connections()
    try:
        found = resolve(scope["path"])
        # What was really read counts: a body sent in chunks names no length.
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"content-length"]
        measured = {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
        request = ASGIRequest(measured, io.BytesIO(body))
        return int(found.func(request, *found.args, **found.kwargs).status_code)
    except Resolver404:
        return 404
    except Exception as error:
        # Its words may quote a message.
        log.error("a webhook broke: %s", type(error).__name__)
        return 500
    finally:
        close_old_connections()
