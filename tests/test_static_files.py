"""Style sheets and scripts come from our own server, under ASGI as without."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import AsyncClient, Client

SHEET = "admin/css/base.css"


def fetch(path: str, **headers: str) -> Any:
    async def get() -> Any:
        answer: Any = await AsyncClient().get(path, headers=headers)
        body = b"".join([chunk async for chunk in answer]) if answer.streaming else answer.content
        return answer, body

    return asyncio.run(get())


def original() -> bytes:
    found = finders.find(SHEET)
    assert found
    with open(found, "rb") as file:
        return file.read()


def test_a_file_is_served_whole_and_without_a_warning() -> None:
    """Warnings are errors here: Django warns of every answer that it has to read synchronously."""
    answer, body = fetch(f"/static/{SHEET}")

    assert answer.status_code == 200
    assert body == original()
    assert answer.headers["Content-Type"] == 'text/css; charset="utf-8"'


def test_a_part_of_a_file_is_served() -> None:
    answer, body = fetch(f"/static/{SHEET}", range="bytes=0-9")

    assert answer.status_code == 206
    assert body == original()[:10]


def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    first, _ = fetch(f"/static/{SHEET}")

    answer, body = fetch(f"/static/{SHEET}", **{"if-modified-since": first.headers["Last-Modified"]})

    assert (answer.status_code, body) == (304, b"")


@pytest.mark.parametrize("path", ["/static/nothing.css", "/static/../manage.py", "/static/%2e%2e/manage.py"])
def test_what_is_no_static_file_is_not_found(path: str) -> None:
    answer, _ = fetch(path)

    assert answer.status_code == 404


def test_a_server_without_asgi_serves_it_too() -> None:
    answer: Any = Client().get(f"/static/{SHEET}")

    assert b"".join(answer.streaming_content) == original()
