"""The phone: what typing on it does in each mode, and what looks like it and is none. In doubt it is a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from bot import models
from bot.models import BotSettings
from conversations import automatic, control
from conversations.message import Author
from conversations.models import AuditEntry, Control, Mode, Reason
from tests.bot.test_webhook import INSTANCE, KEY, SECRET, URL, upsert
from tests.factories import LEAD, message

pytestmark = pytest.mark.django_db

Post = Callable[[Any], HttpResponse]


@pytest.fixture(autouse=True)
def _fresh_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered of another test's settings."""
    monkeypatch.setattr(models, "_RECENT_S", -1.0)


@pytest.fixture
def post(client: Client) -> Post:
    """The gateway rings."""

    def send(body: Any) -> HttpResponse:
        answer: Any = client.post(
            URL, json.dumps(body), content_type="application/json", headers={"X-Webhook-Secret": SECRET}
        )
        return answer  # type: ignore[no-any-return]  # Django's test client has no types

    return send


def typed(**more: Any) -> dict[str, Any]:
    """A person of ours typed a message on the phone."""
    return upsert("P1", from_me=True, text="Oi, aqui é a Ana", **more)


# ----------------------------------------------------------------------------------------------------------- each mode


def in_mode(mode: Mode, holder: User | None = None, **facts: Any) -> Control:
    return Control.objects.create(
        instance=INSTANCE, conversation=LEAD, mode=mode, holder=holder, epoch=1,
        changed_at=timezone.now() - timedelta(minutes=30), **facts,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "reason"),
    [(Mode.BOT, ""), (Mode.WAITING, Reason.ASKED_FOR_PERSON), (Mode.WAITING, Reason.MODEL)],
)
def test_from_the_bot_and_from_waiting_it_takes_over_for_a_time(post: Post, mode: Mode, reason: str) -> None:
    in_mode(mode, reason=reason)

    post(typed())

    row = control.current(KEY)
    assert (row.mode, row.holder, row.reason) == (Mode.HUMAN, None, Reason.PHONE)
    assert row.until is not None
    assert timedelta(minutes=58) < row.until - timezone.now() <= timedelta(minutes=60)
    assert AuditEntry.objects.get().act == "phone"


@pytest.mark.parametrize("mode", [Mode.HUMAN, Mode.PAUSED])
def test_from_a_rep_and_in_a_pause_it_is_only_a_sign_of_a_person(post: Post, ana: User, mode: Mode) -> None:
    in_mode(mode, ana if mode == Mode.HUMAN else None)

    post(typed())

    row = control.current(KEY)
    assert (row.mode, row.epoch, row.until) == (mode, 1, None)
    assert row.holder == (ana if mode == Mode.HUMAN else None)
    assert row.last_human_at is not None
    assert not AuditEntry.objects.exists()


def test_on_the_phone_it_slides_its_own_hold(post: Post) -> None:
    in_mode(Mode.HUMAN, until=timezone.now() + timedelta(minutes=5), reason=Reason.PHONE)

    post(typed())

    until = control.current(KEY).until
    assert until is not None
    assert until > timezone.now() + timedelta(minutes=58)


def test_a_hold_for_good_stays_one(post: Post) -> None:
    in_mode(Mode.HUMAN, reason=Reason.OUTBOUND_FIRST)

    post(typed())

    assert control.current(KEY).until is None


def test_who_wants_no_messages_still_wants_none(post: Post) -> None:
    in_mode(Mode.BOT, opted_out=True)

    post(typed())

    row = control.current(KEY)
    assert (row.mode, row.opted_out) == (Mode.HUMAN, True)


# --------------------------------------------------------------------------------------------------------- false alarms


def event(name: str, data: Any) -> dict[str, Any]:
    """Any other webhook of evolution-api 2.3.6."""
    return {"event": name, "instance": INSTANCE, "data": data, "apikey": "an-instance-secret"}


def of_kind(kind: str, **content: Any) -> dict[str, Any]:
    """What Baileys calls a message, sent by the account itself."""
    return upsert("P2", from_me=True, message={kind: content}, messageType=kind)


_KEY = {"remoteJid": str(LEAD), "fromMe": True, "id": "P3"}
FALSE_ALARMS = {
    "a reaction": of_kind("reactionMessage", key={"id": "A1", "remoteJid": str(LEAD)}, text="👍"),
    "a reaction taken back": of_kind("reactionMessage", key={"id": "A1", "remoteJid": str(LEAD)}, text=""),
    "a message deleted for everyone": of_kind("protocolMessage", key=_KEY, type="REVOKE"),
    "disappearing messages switched on": of_kind("protocolMessage", type=3, ephemeralExpiration=86400),
    "a receipt": event(
        "messages.update",
        {"keyId": "P3", "remoteJid": str(LEAD), "fromMe": True, "status": "READ", "messageId": "m", "instanceId": "i"},
    ),
    "history that is read in": event("messages.set", [typed()["data"]]),
    "one of the API's": event("send.message", typed()["data"] | {"source": "unknown"}),
    "typing that is no message": event(
        "presence.update", {"id": str(LEAD), "presences": {str(LEAD): {"lastKnownPresence": "composing"}}}
    ),
    "a chat that was read": event("chats.update", [{"remoteJid": str(LEAD), "instanceId": "i"}]),
    "a message from longer ago than the hold": typed(
        messageTimestamp=int((timezone.now() - timedelta(minutes=61)).timestamp())
    ),
    "a group": typed(jid="120363000@g.us"),
    "a status for everybody": typed(jid="status@broadcast"),
    "a channel": typed(jid="120363000@newsletter"),
}


@pytest.mark.parametrize("body", FALSE_ALARMS.values(), ids=FALSE_ALARMS)
def test_what_is_no_person_who_types_here_and_now_takes_nothing_over(post: Post, body: dict[str, Any]) -> None:
    assert post(body).status_code == 200

    assert not Control.objects.exclude(mode=Mode.BOT).exists()
    assert not AuditEntry.objects.exists()


DOUBTS = {
    "a picture": of_kind("imageMessage", mimetype="image/jpeg"),
    "a voice note": of_kind("audioMessage", mimetype="audio/ogg", ptt=True, seconds=2),
    "a sticker": of_kind("stickerMessage", mimetype="image/webp"),
    "a kind nobody knows": of_kind("somethingNewMessage", x=1),
    "a greeting that nobody set": typed(),
    "from a computer": typed(source="web"),
    "from an iPhone": typed(source="ios"),
}


@pytest.mark.parametrize("body", DOUBTS.values(), ids=DOUBTS)
def test_in_doubt_it_is_a_person(post: Post, body: dict[str, Any]) -> None:
    post(body)

    assert control.current(KEY).is_on_phone


@pytest.mark.parametrize(
    ("text", "is_person"),
    [
        ("Olá! Já vamos responder.", False),
        ("  olá!  já vamos responder. ", False),
        ("Estamos fora do horário.", False),
        ("Olá! Já vamos responder. E o seu nome?", True),
    ],
)
@pytest.mark.usefixtures("queue")
def test_a_greeting_that_is_set_is_no_person_within_seconds_of_the_lead(post: Post, text: str, is_person: bool) -> None:
    BotSettings.load()
    BotSettings.objects.update(greeting_texts="Olá! Já vamos responder.\nEstamos fora do horário.")
    post(upsert("A1"))

    post(upsert("G1", from_me=True, text=text))

    assert control.current(KEY).is_on_phone is is_person


@pytest.mark.usefixtures("queue")
def test_a_text_that_was_ticked_takes_nothing_over_and_typed_alone_it_does(post: Post, ana: User) -> None:
    automatic.tick(KEY, message("G0", Author.PHONE, text="Olá! Já vamos responder."), ana)

    post(upsert("A1"))
    post(upsert("G1", from_me=True, text="Olá! Já vamos responder."))
    assert control.current(KEY).mode == Mode.BOT

    cache.clear()
    post(upsert("G2", from_me=True, text="Olá! Já vamos responder."))
    assert control.current(KEY).is_on_phone
