"""Files of messages: passed on to whoever may see the conversation, harmless, in parts, and kept nowhere."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from conversations import media
from conversations.evolution import Refused
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.evolution.sandbox import content as contents
from conversations.frames import Frame
from conversations.media import FAILURE_LASTS_S, FILE_LASTS_S, File, Shelf
from conversations.message import Key, Kind, Media
from conversations.sealed import opaque_id
from conversations.stream import shown as told
from people.models import Profile
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD, NOON, message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox", "_empty_shelf")]

MARIANA = Key(INSTANCE, LEAD)
SOUND = bytes(range(256)) * 4
GET_MEDIA = "/chat/getBase64FromMediaMessage"


@pytest.fixture
def _empty_shelf() -> None:
    media.shelf.clear()


def address(id: str, key: Key = MARIANA) -> str:
    return f"/c/{key.instance}/{opaque_id(key)}/media/{id}/"


def get(client: Client, path: str, **headers: str) -> Any:
    return client.get(path, headers={"Accept-Language": "en", **headers})


def picture(sandbox: Sandbox, mime: str = "image/png", file: bytes = b"\x89PNG") -> str:
    return sandbox.lead_sends(LEAD, contents.image(file, mime, at=int(sandbox.clock())))


def paper(sandbox: Sandbox, mime: str, name: str) -> str:
    return sandbox.lead_sends(LEAD, contents.document(b"<script>1</script>", mime, name, at=int(sandbox.clock())))


# --------------------------------------------------------------------------------------------------------- who may


def test_a_file_needs_a_login(client: Client, sandbox: Sandbox) -> None:
    assert client.get(address(picture(sandbox)))["Location"].startswith("/login/")


def test_a_stranger_gets_no_file(for_charlie: Client, sandbox: Sandbox) -> None:
    assert for_charlie.get(address(picture(sandbox))).status_code == 403


def test_who_may_watch_may_see(for_olga: Client, sandbox: Sandbox) -> None:
    assert for_olga.get(address(picture(sandbox))).status_code == 200


def test_who_may_not_see_the_number_may_not_see_its_files(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    Profile.objects.update_or_create(user=bob, defaults={"instances": ["another"]})

    assert for_bob.get(address(picture(sandbox))).status_code == 404


def test_a_message_of_another_conversation_is_not_found_here(for_bob: Client, sandbox: Sandbox) -> None:
    other = Key(INSTANCE, LEAD.replace("0001", "0002"))  # type: ignore[arg-type]  # a JID is a str

    assert for_bob.get(address(picture(sandbox), other)).status_code == 404


def test_what_is_no_file_is_not_found(for_bob: Client, sandbox: Sandbox) -> None:
    gone = picture(sandbox)
    sandbox.lead_deletes(gone)

    for id in ("NOTHING", sandbox.lead_writes(LEAD, "Oi"), gone):
        assert for_bob.get(address(id)).status_code == 404


# -------------------------------------------------------------------------------------------------------- harmless


def test_a_picture_is_shown_and_runs_nothing(for_bob: Client, sandbox: Sandbox) -> None:
    response = for_bob.get(address(picture(sandbox)))

    assert response.content == b"\x89PNG"
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"].startswith("inline")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "", "image/png"])
def test_what_a_browser_could_run_is_only_downloaded_and_has_no_type(
    for_bob: Client, sandbox: Sandbox, mime: str
) -> None:
    response = for_bob.get(address(paper(sandbox, mime, "a.html")))

    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="a.html"'


def test_a_picture_that_is_a_drawing_with_scripts_is_only_downloaded(for_bob: Client, sandbox: Sandbox) -> None:
    response = for_bob.get(address(picture(sandbox, "image/svg+xml", b"<svg/>")))

    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")


def test_a_pdf_is_downloaded_under_a_name_that_hides_nothing(for_bob: Client, sandbox: Sandbox) -> None:
    response = for_bob.get(address(paper(sandbox, "application/pdf", "../con\u202etrato\r\nX: y.pdf")))

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="_con_trato__X_ y.pdf"'


def test_a_picture_is_saved_on_demand(for_bob: Client, sandbox: Sandbox) -> None:
    assert for_bob.get(address(picture(sandbox)) + "?download")["Content-Disposition"].startswith("attachment")


def test_a_file_without_a_name_is_called_after_the_time_at_each_persons_place(
    for_bob: Client, for_olga: Client, bob: User, sandbox: Sandbox
) -> None:
    at = int(datetime(2026, 11, 23, 1, 30, tzinfo=timezone.utc).timestamp())
    there = address(sandbox.lead_sends(LEAD, contents.image(b"\x89PNG", "image/png", at=at), at=at)) + "?download"
    Profile.objects.create(user=bob, time_zone="Asia/Tokyo")

    his, hers = (client.get(there)["Content-Disposition"] for client in (for_bob, for_olga))

    assert his == 'attachment; filename="image-20261123-103000.png"'
    assert hers == 'attachment; filename="image-20261122-223000.png"'


def test_a_recording_that_just_came_knows_where_its_file_is() -> None:
    said = message("A1", kind=Kind.AUDIO, text="", media=Media("audio/ogg", seconds=72, is_voice_note=True))

    (name, html), *_ = told(Frame("message", INSTANCE, LEAD, said), "en", MARIANA, True)

    assert name == "message"
    assert f'data-src="{address("A1")}"' in html
    assert 'data-seconds="72"' in html


# --------------------------------------------------------------------------------------------------------- in parts


@pytest.mark.parametrize(
    ("asked", "status", "told", "got"),
    [
        ("", 200, None, SOUND),
        ("bytes=0-", 206, "bytes 0-1023/1024", SOUND),
        ("bytes=10-19", 206, "bytes 10-19/1024", SOUND[10:20]),
        ("bytes=1000-9999", 206, "bytes 1000-1023/1024", SOUND[1000:]),
        ("bytes=-4", 206, "bytes 1020-1023/1024", SOUND[-4:]),
        ("bytes=1024-", 416, "bytes */1024", b""),
        ("bytes=-0", 416, "bytes */1024", b""),
        ("bytes=5-2", 416, "bytes */1024", b""),
        ("bytes=-", 200, None, SOUND),
        ("bytes=0-1,4-5", 200, None, SOUND),
        ("lines=1-2", 200, None, SOUND),
    ],
)
def test_a_player_may_ask_for_a_part(
    for_bob: Client, sandbox: Sandbox, asked: str, status: int, told: str | None, got: bytes
) -> None:
    id = sandbox.lead_sends_audio(LEAD, SOUND)

    response = for_bob.get(address(id), headers={"Range": asked} if asked else {})

    assert (response.status_code, response.get("Content-Range"), response.content) == (status, told, got)
    assert response["Content-Type"] == "audio/ogg"
    assert response["Accept-Ranges"] == "bytes"


def test_seeking_does_not_fetch_again(for_bob: Client, sandbox: Sandbox) -> None:
    id = sandbox.lead_sends_audio(LEAD, SOUND)
    for_bob.get(address(id))
    sandbox.failures.add(Failure(GET_MEDIA, times=9))

    assert for_bob.get(address(id), headers={"Range": "bytes=10-19"}).status_code == 206


# ------------------------------------------------------------------------------------------------- what is not there


def test_what_whatsapp_no_longer_has_is_said_and_can_be_tried_again(for_bob: Client, sandbox: Sandbox) -> None:
    id = picture(sandbox)
    sandbox.failures.switch({"media_fails": True})
    first = get(for_bob, address(id))
    sandbox.failures.switch({"media_fails": False})

    assert (first.status_code, first.content.decode()) == (
        410,
        "WhatsApp no longer keeps this file. Ask the lead to send it again.",
    )
    assert first["Content-Type"].startswith("text/plain")
    assert get(for_bob, address(id)).status_code == 410, "a page asked twice at once"
    assert get(for_bob, address(id) + "?again").status_code == 200


def test_a_gateway_that_does_not_answer_is_another_reason(for_bob: Client, sandbox: Sandbox) -> None:
    id = picture(sandbox)
    sandbox.failures.add(Failure(GET_MEDIA, times=1))

    assert get(for_bob, address(id)).status_code == 504


def test_a_file_too_large_is_said(for_bob: Client, sandbox: Sandbox) -> None:
    id = picture(sandbox, file=b"x" * (16 * 1024 * 1024 + 1))

    response = get(for_bob, address(id))

    assert response.status_code == 413
    assert "too large" in response.content.decode()


def test_a_person_who_follows_a_link_gets_a_page(for_bob: Client, sandbox: Sandbox, settings: Settings) -> None:
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"

    response = get(for_bob, address("ANY"), Accept="text/html,application/xhtml+xml,*/*;q=0.8")

    assert response.status_code == 504
    assert "To the conversation" in response.content.decode()
    assert f"{address('ANY')}?download&amp;again" in response.content.decode()


# --------------------------------------------------------------------------------------------------------- the shelf


def _file(size: int) -> File:
    return File(b"x" * size, "image/png", "a.png", is_shown=True, kind=Kind.IMAGE, ending="png", sent_at=NOON)


def test_the_shelf_is_bounded_in_bytes_and_in_time() -> None:
    now = [0.0]
    shelf = Shelf(room=10, clock=lambda: now[0])
    for name in "abc":
        shelf.put((MARIANA, name), _file(4))
        shelf.get((MARIANA, "a"))
    shelf.put((MARIANA, "too large"), _file(11))
    assert [shelf.get((MARIANA, name)) for name in ("b", "too large")] == [None, None]

    shelf.put((MARIANA, "d"), _file(4))
    shelf.put((MARIANA, "e"), Refused("gone"))
    now[0] = FAILURE_LASTS_S
    assert shelf.get((MARIANA, "e")) is None
    now[0] = FILE_LASTS_S
    assert shelf.get((MARIANA, "d")) is None
