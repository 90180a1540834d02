"""The stream of events: for whom it is, what it says, and when it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User
from django.test import AsyncClient, Client
from django.utils import translation
from pytest_django import Settings

from conversations import inbox, live, stream
from conversations.frames import Frame
from conversations.jid import JID
from conversations.message import Author, Key, Kind, Message, Reaction
from conversations.sealed import opaque_id
from people import sessions, team
from people.models import Profile
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD, message

MARIANA = Key(INSTANCE, LEAD)
OPEN = f"/events/?c={INSTANCE}/{opaque_id(MARIANA)}"


def shown(
    event: str, said: Message | None = None, *, key: Key | None = MARIANA, may_act: bool = True, **facts: Any
) -> dict[str, str]:
    """What a screen on Mariana's conversation is told of it, in English."""
    instance, conversation = key or ("", "")
    return dict(stream.shown(Frame(event, instance, conversation, said, facts), "en", MARIANA, may_act))


# ------------------------------------------------------------------------------------------------------- what it says


def test_a_message_comes_as_the_bubble_of_the_page() -> None:
    told = shown("message", message("A1", text="Oi <b>"))

    assert list(told) == ["message", "presence"]
    assert 'id="message-A1"' in told["message"]
    assert "Oi &lt;b&gt;" in told["message"]


def test_acts_are_offered_to_who_may_act() -> None:
    assert "?reply=A1" in shown("message", message("A1"))["message"]
    assert "?reply=A1" not in shown("message", message("A1"), may_act=False)["message"]


@pytest.mark.parametrize(
    "said",
    [
        message("A1", kind=Kind.REACTION, text="", reaction=Reaction("B", "👍")),
        message("A1", kind=Kind.UNSUPPORTED, is_notice=True),
    ],
)
def test_what_belongs_to_another_message_makes_the_page_read_again(said: Message) -> None:
    assert shown("message", said) == {"changed": ""}


def test_a_lead_who_has_written_is_writing_no_more() -> None:
    assert shown("message", message("A1"))["presence"] == ""
    assert "presence" not in shown("message", message("b", Author.BOT))


@pytest.mark.parametrize("event", ["edited", "deleted"])
def test_a_change_makes_the_page_read_again(event: str) -> None:
    assert shown(event, message_id="A1") == {"changed": ""}


def test_delivery_comes_as_a_patch() -> None:
    patch = shown("status", message_id="A1", status="READ")["patch"]

    assert 'id="status-A1"' in patch
    assert 'hx-swap-oob="true"' in patch
    assert "read" in patch
    assert shown("status", message_id="A1", status="no word of ours") == {}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"doing": "listening"}, "listening"),
        ({"doing": "thinking"}, "thinking"),
        ({"doing": "typing", "number": 2, "of": 3}, "typing (2 of 3)"),
        ({"doing": "typing", "number": 1, "of": 1}, "The bot is typing…"),
        ({"doing": "idle"}, ""),
    ],
)
def test_what_the_bot_does_is_told_in_words(facts: dict[str, Any], words: str) -> None:
    told = shown("bot", **facts)["bot"]

    assert words in told
    assert bool(told) is bool(words)


def test_a_row_is_told_which_bubble_of_how_many() -> None:
    told = json.loads(shown("bot", doing="typing", number=2, of=3)["doing"])

    assert told == {"id": opaque_id(MARIANA), "doing": "typing", "number": 2, "of": 3}


def test_a_bot_that_was_stopped_leaves_a_draft_to_look_at() -> None:
    told = shown("bot", doing="stopped")

    assert (told["bot"], told["control"]) == ("", "")


def test_the_lead_is_seen_typing() -> None:
    assert shown("presence", presence="composing") == {"presence": "typing…"}
    assert shown("presence", presence="paused") == {"presence": ""}


def test_control_and_the_switch_are_hints_to_read() -> None:
    assert shown("control", mode="human") == {"control": "", "attention": ""}
    assert shown("switch", key=None) == {"switch": ""}


def test_the_words_are_those_of_the_person(settings: Settings) -> None:
    said = message("A1", Author.OTHER)
    with translation.override("pt-br"):
        expected = translation.gettext("Another integration")

    assert expected in dict(stream.shown(Frame("message", *MARIANA, said), "pt-br", MARIANA, True))["message"]


# ------------------------------------------------------------------------------------------------------- for whom it is


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/events/", OPEN])
def test_the_stream_is_for_people_who_may_watch(client: Client, for_charlie: Client, path: str) -> None:
    assert client.get(path).status_code == 403
    assert for_charlie.get(path).status_code == 403


@pytest.mark.django_db
def test_a_made_up_conversation_has_no_stream(for_bob: Client) -> None:
    assert for_bob.get("/events/?c=voice_sdr_v4/AAAA").status_code == 404


# ---------------------------------------------------------------------------------------------------- from end to end


@pytest.fixture
def valkey(valkey_url: str, settings: Settings) -> Iterator[str]:
    settings.REDIS_URL = valkey_url
    yield valkey_url
    live.hub().end()
    live._hub_of.cache_clear()


async def events(response: Any) -> AsyncIterator[str]:
    """The names of what comes."""
    async for chunk in response.streaming_content:
        for line in chunk.decode().splitlines():
            if line.startswith("event: "):
                yield line.removeprefix("event: ")


async def until(coming: AsyncIterator[str], wanted: str) -> list[str]:
    """What comes up to `wanted`, within ten seconds."""
    found: list[str] = []
    while wanted not in found:
        found.append(await asyncio.wait_for(coming.__anext__(), 10))
    return found


def _tell(event: str, key: Key, said: Message | None = None) -> None:
    live.publish(event, instance=key.instance, conversation=key.conversation, message=said)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey", "sandbox")
def test_a_screen_hears_its_conversation_and_of_the_others_their_rows(bob: User) -> None:
    browser = AsyncClient()
    browser.force_login(bob)
    pedro = Key(INSTANCE, JID("5511999990002@s.whatsapp.net"))

    async def story() -> tuple[Any, list[str]]:
        response = await browser.get(OPEN)
        coming = events(response)
        await until(coming, "gap")
        inbox.inbox().hear(Frame("message", *pedro, message("B")))
        heard = await until(coming, "row")
        await asyncio.to_thread(_tell, "message", MARIANA, message("A"))
        heard += await until(coming, "message")
        response.close()
        return response, heard

    response, heard = asyncio.run(story())

    assert {"row", "message"} <= set(heard) <= {"row", "counts", "message"}
    assert response["Content-Type"] == "text/event-stream"
    assert response["X-Accel-Buffering"] == "no"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey", "sandbox")
def test_what_is_for_one_person_and_what_only_an_open_conversation_shows_reach_nobody_else(
    alice: User, bob: User
) -> None:
    browser = AsyncClient()
    browser.force_login(bob)

    def hand(receiver: User) -> None:
        live.publish("handed", instance=INSTANCE, user=receiver.pk, by="Ana", opaque=opaque_id(MARIANA))

    def others_business() -> None:
        hand(alice)
        for event in ("note", "colleagues"):
            _tell(event, Key(INSTANCE, JID("5511999990002@s.whatsapp.net")))

    async def story() -> list[str]:
        response = await browser.get(OPEN)
        coming = events(response)
        await until(coming, "gap")
        await asyncio.to_thread(others_business)
        await asyncio.to_thread(_tell, "note", MARIANA)
        heard = await until(coming, "note")
        await asyncio.to_thread(hand, bob)
        heard += await until(coming, "handed")
        response.close()
        return heard

    assert asyncio.run(story()) == ["note", "handed"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_of_another_number_not_even_a_hint_is_told(bob: User, settings: Settings) -> None:
    settings.EVOLUTION_INSTANCES = (INSTANCE, "another")
    Profile.objects.create(user=bob, instances=[INSTANCE])
    browser = AsyncClient()
    browser.force_login(bob)
    there = Key("another", LEAD)

    def happen_there() -> None:
        for event in ("message", "control", "bot"):
            _tell(event, there, message("B") if event == "message" else None)
        for event in ("connection", "switch", "list"):
            live.publish(event, instance="another")
        _tell("message", MARIANA, message("A"))

    async def story() -> list[str]:
        response = await browser.get(OPEN)
        coming = events(response)
        await until(coming, "gap")
        await asyncio.to_thread(happen_there)
        heard = await until(coming, "message")
        # Whatever hints were kept back come at most half a second later.
        with suppress(asyncio.TimeoutError):
            while True:
                heard.append(await asyncio.wait_for(coming.__anext__(), 1))
        response.close()
        return heard

    heard = asyncio.run(story())

    assert heard.count("message") == 1, "that of her own conversation"
    assert not {"control", "bot", "doing", "connection", "switch"} & set(heard)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_what_comes_is_in_the_language_and_the_time_of_its_person(bob: User) -> None:
    Profile.objects.create(user=bob, language="en", time_zone="America/Manaus")
    browser = AsyncClient(headers={"Accept-Language": "pt-BR"})
    browser.force_login(bob)

    async def story() -> str:
        response: Any = await browser.get(OPEN)
        chunks = response.streaming_content
        await asyncio.wait_for(chunks.__anext__(), 10)
        await asyncio.to_thread(_tell, "message", MARIANA, message("A", Author.OTHER))
        told: bytes = await asyncio.wait_for(chunks.__anext__(), 10)
        response.close()
        return told.decode()

    told = asyncio.run(story())

    assert "Another integration" in told
    assert ">11:00<" in told, "15:00 in Greenwich"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
@pytest.mark.parametrize(
    "farewell", ["logged out", "no longer active", "another role", "no longer allowed", "sees less"]
)
def test_the_stream_ends_at_once_when_its_person_is_no_longer_welcome(alice: User, bob: User, farewell: str) -> None:
    browser = AsyncClient()
    browser.force_login(bob)
    nothing = Group.objects.create(name="Ex")

    def say_farewell() -> None:
        if farewell == "logged out":
            sessions.end(bob)
        elif farewell == "no longer active":
            team.deactivate(bob, alice)
        elif farewell == "another role":
            team.change_role(bob, alice, nothing, [])
        elif farewell == "sees less":
            team.change_role(bob, alice, bob.groups.get(), ["another"])
        else:
            Group.objects.get(name="Vendedores").user_set.remove(bob)
        _tell("message", MARIANA, message("A"))

    async def story() -> list[str]:
        coming = events(await browser.get(OPEN))
        await until(coming, "gap")
        await sync_to_async(say_farewell)()
        return [event async for event in coming]

    assert asyncio.run(asyncio.wait_for(story(), 10)) == ["bye"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_the_stream_asks_by_itself_as_well(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "STILL_WELCOME_S", 0.0)
    browser = AsyncClient()
    browser.force_login(bob)

    async def story() -> list[str]:
        coming = events(await browser.get(OPEN))
        await until(coming, "gap")
        await sync_to_async(User.objects.filter(pk=bob.pk).update)(is_active=False)
        await asyncio.to_thread(_tell, "message", MARIANA, message("A"))
        return [event async for event in coming]

    assert asyncio.run(asyncio.wait_for(story(), 10)) == ["bye"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_who_is_still_welcome_notices_nothing(bob: User) -> None:
    browser = AsyncClient()
    browser.force_login(bob)

    def change() -> None:
        bob.first_name = "Roberto"
        bob.save()
        Profile.objects.create(user=bob, theme="dark")
        _tell("message", MARIANA, message("A"))

    async def story() -> list[str]:
        response = await browser.get(OPEN)
        coming = events(response)
        await until(coming, "gap")
        await sync_to_async(change)()
        heard = await until(coming, "message")
        response.close()
        return heard

    assert asyncio.run(story()) == ["message"]
