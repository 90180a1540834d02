"""The gateway's doorbell: who is let in, what is answered, and what follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone as django_timezone

from bot import models
from bot.models import BotSettings
from conversations import control, identity
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Alias, Control, Mode, Sent
from tests.factories import LEAD

pytestmark = pytest.mark.django_db

SECRET = "a-webhook-secret-of-the-tests-0123456789"
URL = "/webhook/evolution/"
INSTANCE = "voice_sdr_v4"
KEY = Key(INSTANCE, LEAD)
CAPTURED = Path(__file__).parent.parent / "payloads" / "captured"

Post = Callable[..., HttpResponse]


@pytest.fixture(autouse=True)
def _fresh_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing remembered of another test's settings, and nothing kept of this one's for a second."""
    monkeypatch.setattr(models, "_RECENT_S", -1.0)


@pytest.fixture
def post(client: Client) -> Post:
    def send(body: Any, url: str = URL, **headers: str) -> HttpResponse:
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        headers = headers or {"X-Webhook-Secret": SECRET}
        answer: Any = client.post(url, data, content_type="application/json", headers=headers)
        return answer  # type: ignore[no-any-return]

    return send


def upsert(id: str = "A1", *, from_me: bool = False, text: str = "Oi", jid: str = LEAD, **more: Any) -> dict[str, Any]:
    """`messages.upsert` as evolution-api 2.3.6 sends it."""
    data = {
        "key": {"remoteJid": jid, "fromMe": from_me, "id": id},
        "pushName": "Mariana",
        "message": {"conversation": text},
        "messageType": "conversation",
        "messageTimestamp": int(django_timezone.now().timestamp()),
        "source": "android",
    }
    return {"event": "messages.upsert", "instance": INSTANCE, "data": data | more, "apikey": "an-instance-secret"}


# ------------------------------------------------------------------------------------------------------- who is let in


def token(secret: str = SECRET, **claims: Any) -> str:
    now = datetime.now(timezone.utc)
    claims = {"iat": now, "exp": now + timedelta(minutes=10), "app": "evolution", "action": "webhook"} | claims
    return "Bearer " + jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, "HS256")


HOUR_AGO = datetime.now(timezone.utc) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Webhook-Secret": SECRET}, 200),
        ({"X-Webhook-Secret": "wrong"}, 403),
        ({"X-Webhook-Secret": "não é"}, 403),
        ({"X-Other": "x"}, 403),
        ({"Authorization": token()}, 200),
        ({"Authorization": token(exp=HOUR_AGO)}, 200),
        ({"Authorization": token(exp=HOUR_AGO - timedelta(days=2))}, 403),
        ({"Authorization": token(secret="another secret that is long enough")}, 403),
        ({"Authorization": token(app="somebody")}, 403),
        ({"Authorization": token(exp=None)}, 403),
        ({"Authorization": "Bearer " + jwt.encode({"app": "evolution"}, "", "none")}, 403),
        ({"Authorization": "Basic abc"}, 403),
        ({"Authorization": "Bearer "}, 403),
    ],
)
def test_only_the_gateway_is_let_in(post: Post, headers: dict[str, str], status: int) -> None:
    event = {"event": "connection.update", "instance": INSTANCE, "data": {"state": "open"}}

    assert post(event, **headers).status_code == status


def test_nobody_is_let_in_while_there_is_no_secret(post: Post, settings: Any) -> None:
    settings.WEBHOOK_SECRET = ""

    assert post(upsert(), **{"X-Webhook-Secret": ""}).status_code == 403


def test_it_refuses_get(client: Client) -> None:
    assert client.get(URL).status_code == 405


# ----------------------------------------------------------------------------------------------------- what is answered


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "",
        "[]",
        "[" * 100_000,
        json.dumps({"event": "messages.upsert", "instance": INSTANCE, "data": None}),
        json.dumps({"event": "messages.upsert", "instance": INSTANCE, "data": {"key": 1}}),
        json.dumps({"event": "no.such.event", "instance": INSTANCE, "data": {}}),
        json.dumps({"event": "messages.upsert", "instance": "not_ours", "data": {}}),
        json.dumps({"event": "contacts.update", "instance": INSTANCE, "data": []}),
        b"\xff\xfe\x00",
    ],
)
def test_what_cannot_be_read_is_answered_200_and_changes_nothing(
    post: Post, queue: Callable[[], list[list[Any]]], body: str
) -> None:
    assert post(body).status_code == 200

    assert queue() == []
    assert not Control.objects.exists()


def test_a_body_over_25_mb_is_answered_200_and_not_read(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    assert post(b"x" * (25 * 2**20 + 1)).status_code == 200

    assert "larger than 25 MB" in caplog.text


@pytest.mark.parametrize("path", sorted(CAPTURED.glob("hook-*.json")), ids=lambda path: path.stem)
def test_every_recorded_webhook_is_answered_200(
    post: Post, queue: Callable[[], list[list[Any]]], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.loads(path.read_text())["webhook"]["body"]

    assert post(body).status_code == 200

    assert "Traceback" not in caplog.text


def test_the_address_by_event_is_the_same_doorbell(post: Post, queue: Callable[[], list[list[Any]]]) -> None:
    assert post(upsert("A1"), URL + "messages-upsert").status_code == 200
    assert post(upsert("A2"), URL + "messages-upsert/").status_code == 200

    assert len(queue()) == 2


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (upsert(), 503),
        ({"event": "send.message", **{k: v for k, v in upsert(from_me=True).items() if k != "event"}}, 200),
        ({"event": "messages.edited", "instance": INSTANCE, "data": {
            "key": {"remoteJid": LEAD, "fromMe": False, "id": "A1"},
            "type": 14, "editedMessage": {"conversation": "x"}}}, 200),
    ],
)  # fmt: skip
def test_without_a_cache_only_messages_are_asked_for_again(
    post: Post, settings: Any, event: dict[str, Any], status: int
) -> None:
    settings.CACHES = UNREACHABLE

    assert post(event).status_code == status


UNREACHABLE = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:9/0",
        "OPTIONS": {"socket_connect_timeout": 1},
    }
}


def test_without_a_cache_a_person_on_the_phone_is_noted_all_the_same(post: Post, settings: Any) -> None:
    settings.CACHES = UNREACHABLE

    assert post(upsert(from_me=True)).status_code == 200

    assert control.current(KEY).is_on_phone


# -------------------------------------------------------------------------------------------------------- what follows


def test_a_lead_message_is_enqueued_once_by_ids_alone(post: Post, queue: Callable[[], list[list[Any]]]) -> None:
    for _ in range(3):
        assert post(upsert("A1", text="um segredo")).status_code == 200

    assert queue() == [[INSTANCE, LEAD, "A1", "A1"]]
    assert not Control.objects.exists()


@pytest.mark.parametrize(
    "event",
    [
        upsert(jid="120363000@g.us"),
        upsert(jid="status@broadcast"),
        upsert(jid="123@newsletter"),
        upsert(message={"reactionMessage": {"key": {"id": "x"}, "text": "👍"}}, messageType="reactionMessage"),
    ],
)
def test_what_is_never_answered_is_not_enqueued(
    post: Post, queue: Callable[[], list[list[Any]]], event: dict[str, Any]
) -> None:
    assert post(event).status_code == 200

    assert queue() == []


def test_a_lid_with_its_phone_is_learnt_and_filed_under_the_phone(
    post: Post, queue: Callable[[], list[list[Any]]]
) -> None:
    event = upsert(jid="111222@lid")
    event["data"]["key"]["remoteJidAlt"] = LEAD

    post(event)

    assert identity.resolve(INSTANCE, JID("111222@lid")) == KEY
    assert queue()[0][1] == LEAD
    assert Alias.objects.count() == 2


def test_typing_on_the_phone_takes_the_conversation_over(post: Post, queue: Callable[[], list[list[Any]]]) -> None:
    post(upsert(from_me=True))

    row = control.current(KEY)
    assert (row.mode, row.holder) == (Mode.HUMAN, None)
    assert row.until is not None
    assert queue() == []


def test_the_hold_of_the_phone_is_a_setting(post: Post) -> None:
    BotSettings.load()
    BotSettings.objects.update(phone_hold_minutes=0)

    post(upsert(from_me=True))

    assert control.current(KEY).until is None


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (upsert(from_me=True, jid="120363000@g.us"), "a group"),
        (
            upsert(
                from_me=True,
                message={"reactionMessage": {"key": {"id": "x"}, "text": "👍"}},
                messageType="reactionMessage",
            ),
            "a reaction",
        ),
        (upsert(from_me=True, messageTimestamp=1), "an old message that comes late"),
    ],
)
def test_what_is_no_sign_of_a_person_here_and_now_changes_nothing(post: Post, event: dict[str, Any], why: str) -> None:
    post(event)

    assert control.current(KEY).mode == Mode.BOT, why


def test_an_automatic_greeting_right_after_the_lead_is_no_person_but_typed_alone_it_is(
    post: Post, queue: Callable[[], list[list[Any]]]
) -> None:
    BotSettings.load()
    BotSettings.objects.update(greeting_texts="Olá! Já vamos responder.")

    post(upsert("A1"))
    post(upsert("G1", from_me=True, text="Olá! Já vamos responder."))
    assert control.current(KEY).mode == Mode.BOT

    cache.clear()
    post(upsert("G2", from_me=True, text="Olá! Já vamos responder."))
    assert control.current(KEY).mode == Mode.HUMAN


def test_send_message_never_takes_over_and_helps_an_open_claim(post: Post) -> None:
    row = control.ensure(KEY)
    Sent.objects.create(token="t", instance=INSTANCE, conversation=LEAD, author="bot", at=django_timezone.now())
    Control.objects.filter(pk=row.pk).update(sending="t", sending_at=django_timezone.now())

    post(upsert("3EB0AA", from_me=True) | {"event": "send.message"})

    assert control.current(KEY).mode == Mode.BOT
    assert cache.get("sent:t") == "3EB0AA"


def test_no_text_name_number_or_key_reaches_the_log(
    post: Post, queue: Callable[[], list[list[Any]]], caplog: pytest.LogCaptureFixture, ana: User
) -> None:
    caplog.set_level("DEBUG")

    post(upsert("A1", text="um segredo"))
    post(upsert("A2", text="outro segredo", from_me=True))
    post('{"event": "messages.upsert", "instance": "x", "apikey": "an-instance-secret", "data": {"a": "um segredo"}}')

    for secret in ("segredo", "Mariana", "an-instance-secret", "5511999990001", SECRET):
        assert secret not in caplog.text


# ------------------------------------------------------------------------------------------ commands from the phone


def test_a_command_typed_on_the_phone_acts_and_takes_nothing_over(
    post: Post, queue: Callable[[], list[list[Any]]]
) -> None:
    post(upsert("C1", from_me=True, text="#pausar 2h"))

    row = control.current(KEY)
    assert (row.mode, row.holder) == (Mode.PAUSED, None)
    assert row.until is not None
    assert timedelta(minutes=115) < row.until - django_timezone.now() <= timedelta(hours=2)
    assert queue() == [[INSTANCE, LEAD, "C1", "pausar"]]

    post(upsert("C2", from_me=True, text="#bot"))

    assert control.current(KEY).mode == Mode.BOT


def test_the_same_words_from_a_lead_are_just_words(post: Post, queue: Callable[[], list[list[Any]]]) -> None:
    post(upsert("C1", text="#pausar"))

    assert control.current(KEY).mode == Mode.BOT
    assert [call[2] for call in queue()] == ["C1"]


@pytest.mark.usefixtures("queue")
def test_a_lead_does_not_lift_a_pause_with_a_command(post: Post, django_user_model: Any) -> None:
    control.pause(KEY, django_user_model.objects.create_user("ana"), None)

    post(upsert("C1", text="#bot"))

    assert control.current(KEY).mode == Mode.PAUSED


@pytest.mark.usefixtures("queue")
def test_a_command_that_comes_late_does_not_undo_what_was_decided_since(post: Post, django_user_model: Any) -> None:
    control.take_over(KEY, django_user_model.objects.create_user("ana"))
    late = upsert("C1", from_me=True, text="#bot")
    late["data"]["messageTimestamp"] = int(django_timezone.now().timestamp()) - 600

    post(late)

    assert control.current(KEY).mode == Mode.HUMAN
