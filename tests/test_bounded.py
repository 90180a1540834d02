"""No body larger than a file may be comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from sdr_dashboard.bounded import MAX_BYTES, Bounded


async def _pages(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    while (message := await receive())["type"] == "http.request":
        size += len(message["body"])
        if not message["more_body"]:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            return
    await send({"type": "http.response.start", "status": 499, "headers": [(b"read", str(size).encode())]})


def post(*chunks: bytes, length: int | None = None) -> tuple[Mapping[str, Any], int]:
    """The head of the answer to one body in `chunks`, and how many of them were left unread."""
    events: list[Mapping[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, start=1)
    ]
    told: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return events.pop(0)

    async def send(message: Mapping[str, Any]) -> None:
        told.append(message)

    headers = [] if length is None else [(b"content-length", str(length).encode())]
    asyncio.run(Bounded(_pages)({"type": "http", "headers": headers}, receive, send))
    return told[0], len(events)


def test_a_file_comes_in() -> None:
    assert post(b"x" * 10, b"y" * 10, length=20)[0]["status"] == 200


def test_what_says_that_it_is_too_large_is_read_to_its_end_and_refused() -> None:
    head, left = post(b"x" * 10, b"y" * 10, length=MAX_BYTES + 1)

    assert (head["status"], left) == (413, 0)


def test_what_does_not_say_it_is_hung_up_on() -> None:
    head, left = post(b"x" * MAX_BYTES, b"y", b"z")

    assert head["status"] == 499
    assert int(dict(head["headers"])[b"read"]) == MAX_BYTES
    assert left == 1
