"""The webhook's short way through ASGI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from bot.webhook import MAX_BYTES
from sdr_dashboard.doorbell import Doorbell

SECRET = "a-webhook-secret-of-the-tests-0123456789"
PASSED_ON = 299


async def _pages(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": PASSED_ON, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def ring(
    path: str = "/webhook/evolution/",
    *chunks: bytes,
    method: str = "POST",
    secret: str = SECRET,
    hangs_up: bool = False,
) -> int | None:
    """The status of one request whose body comes in `chunks`; None when nothing was answered."""
    events: list[Mapping[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, start=1)
    ]
    events += [{"type": "http.disconnect"}] if hangs_up else []
    told: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return events.pop(0)

    async def send(message: Mapping[str, Any]) -> None:
        told.append(message)

    headers = [(b"x-webhook-secret", secret.encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
    asyncio.run(Doorbell(_pages)(scope, receive, send))
    return told[0]["status"] if told else None


HARMLESS = json.dumps({"event": "contacts.update", "instance": "voice_sdr_v4", "data": []}).encode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/webhook/evolution/", 200),
        ("/webhook/evolution", 200),
        ("/webhook/evolution/contacts-update", 200),
        ("/webhook/evolution/contacts-update/", 200),
        ("/webhook/evolution/a/b/c", 404),
        ("/login/", PASSED_ON),
    ],
)
def test_webhooks_are_answered_here_and_everything_else_is_passed_on(path: str, status: int) -> None:
    assert ring(path, HARMLESS) == status


def test_the_door_is_the_same_one() -> None:
    assert ring("/webhook/evolution/", HARMLESS, secret="wrong") == 403
    assert ring("/webhook/evolution/", HARMLESS, method="GET") == 405


def test_a_body_in_chunks_is_put_together_and_one_without_a_named_length_has_the_same_limit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert ring("/webhook/evolution/", HARMLESS[:9], HARMLESS[9:]) == 200
    assert "not used" not in caplog.text

    half = b"x" * (MAX_BYTES // 2 + 1)
    assert ring("/webhook/evolution/", half, half) == 200
    assert "larger than 25 MB" in caplog.text


def test_a_gateway_that_hangs_up_is_answered_nothing() -> None:
    assert ring("/webhook/evolution/", hangs_up=True) is None
