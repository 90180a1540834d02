"""No body larger than a file may be comes in: Django would put the rest of it on the disk before any view is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from conversations.attachments import LARGEST_FILE
from sdr_dashboard.doorbell import Application, Receive, Scope, Send

#: Bytes: one file and what a form says beside it.
MAX_BYTES = LARGEST_FILE + 1024 * 1024


class Bounded:
    """Passes on to `application` what is not too large, and answers 413 to the rest."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "http" and _length(scope) > MAX_BYTES:
            await _dropped(receive)
            await _refuse(send)
            return
        read = 0

        async def bounded() -> Mapping[str, Any]:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            # A body in chunks names no length: whoever sends so much of it is hung up on.
            return message if read <= MAX_BYTES else {"type": "http.disconnect"}

        await self._application(scope, bounded, send)


def _length(scope: Scope) -> int:
    told = dict(scope["headers"]).get(b"content-length", b"0")
    return int(told) if told.isdigit() else 0


async def _dropped(receive: Receive) -> None:
    """Read to the end and keep nothing: a browser that is still sending does not hear an answer."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


async def _refuse(send: Send) -> None:
    words = _("This is too large: a file may have 16 MB. Go back and choose a smaller one.").encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(words)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": words})
