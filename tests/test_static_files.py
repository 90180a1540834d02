"""Style sheets and scripts come from our own server, under ASGI as without."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory

from sdr_dashboard.compressed import CompressedPages

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

    assert answer.content == original()


# ------------------------------------------------------------------------------------------------------ on the wire


def test_a_style_sheet_travels_compressed_to_whoever_takes_it() -> None:
    answer, body = fetch(f"/static/{SHEET}", **{"accept-encoding": "gzip, deflate, br"})
    plain, whole = fetch(f"/static/{SHEET}", **{"accept-encoding": "br, gzip;q=0"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == whole == original()
    assert int(answer.headers["Content-Length"]) == len(body) < len(whole) / 2
    assert "Content-Encoding" not in plain.headers
    assert answer.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_a_compressed_file_that_the_browser_has_is_not_sent_again() -> None:
    first, _ = fetch(f"/static/{SHEET}", **{"accept-encoding": "gzip"})

    answer, body = fetch(f"/static/{SHEET}", **{"accept-encoding": "gzip", "if-none-match": first.headers["ETag"]})

    assert first.headers["ETag"].startswith('W/"')
    assert (answer.status_code, body) == (304, b"")


def test_a_part_of_a_file_is_not_compressed() -> None:
    answer, body = fetch(f"/static/{SHEET}", **{"accept-encoding": "gzip", "range": "bytes=0-9"})

    assert "Content-Encoding" not in answer.headers
    assert body == original()[:10]


def test_whoever_asks_only_for_the_head_gets_no_body() -> None:
    answer: Any = Client().head(f"/static/{SHEET}", headers={"Accept-Encoding": "gzip"})

    assert (answer.status_code, answer.content, answer["Content-Encoding"]) == (200, b"", "gzip")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "headers", "is_compressed"),
    [
        ("/login/", {}, True),
        ("/login/", {"Sec-Fetch-Site": "cross-site"}, True),
        ("/login/?next=/words-of-mine", {"Sec-Fetch-Site": "same-origin"}, True),
        ("/login/?next=/words-of-mine", {"Sec-Fetch-Site": "cross-site"}, False),
        ("/login/?next=/words-of-mine", {}, False),
    ],
)
def test_a_page_is_compressed_unless_another_site_may_have_chosen_its_words(
    path: str, headers: dict[str, str], is_compressed: bool
) -> None:
    answer: Any = Client().get(path, headers={"Accept-Encoding": "gzip", **headers})

    assert answer.has_header("Content-Encoding") is is_compressed
    page = gzip.decompress(answer.content) if is_compressed else answer.content
    assert b"<!doctype html>" in page


def test_events_do_not_wait_in_a_buffer() -> None:
    async def events() -> AsyncIterator[bytes]:
        yield b"event: message\ndata: " + b"x" * 1000 + b"\n\n"

    request = RequestFactory().get("/events/", headers={"Accept-Encoding": "gzip"})
    response = StreamingHttpResponse(events(), content_type="text/event-stream")

    answer = CompressedPages(lambda _request: response)(request)

    assert answer is response
    assert not response.has_header("Content-Encoding")
