"""The receiver: authenticate, parse, drop what was seen, tell the screens, enqueue, 200. Nothing slow, no text kept.

Source of the answers: evolution-api 2.3.6 never repeats a webhook that was answered 400, 401, 403, 404 or 422, and
repeats any other failure for 20 minutes; a repeated `messages.edited` meanwhile stalls the whole instance.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
from datetime import timedelta

import jwt
from django.conf import settings as django_settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bot import debounce, dedupe, heartbeat
from bot.models import BotSettings
from bot.tasks import later, obeyed
from conversations import automatic, clearing, commands, control, history, identity, live
from conversations.evolution import wire
from conversations.evolution.errors import Unreadable
from conversations.jid import JID, is_person
from conversations.message import (
    ConnectionChanged,
    Event,
    Key,
    Message,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    MessageSent,
    MessageStatus,
    PresenceChanged,
    QRCodeChanged,
    Unused,
)

log = logging.getLogger(__name__)

#: A larger body is not a message: the gateway's own limit for JSON is far above it, our memory is not.
MAX_BYTES = 25 * 2**20
#: A retried webhook carries the token of its first attempt, which lives 10 minutes; retries go on for 20 and more.
_JWT_LEEWAY = timedelta(hours=24)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, event_name: str = "") -> HttpResponse:
    """The gateway's doorbell. `event_name` is the suffix of its `byEvents` addresses; the body says the same."""
    if not is_from_gateway(request):
        return HttpResponseForbidden()
    if int(request.headers.get("Content-Length") or 0) > MAX_BYTES:
        return _unread("larger than 25 MB")
    try:
        event = wire.parse_webhook(request.body)
    except RequestDataTooBig:
        return _unread("larger than 25 MB")
    except Unreadable as error:
        return _unread(str(error))
    if event.instance not in django_settings.EVOLUTION_INSTANCES:
        return _unread("an instance that is not ours")
    if isinstance(event, Unused):
        return HttpResponse() if event.is_known else _unread("an event we do not know")
    answer = _once(event)
    if answer.status_code == 200:
        heartbeat.heard(event.instance)
    return answer


def is_from_gateway(request: HttpRequest) -> bool:
    """The request carries our secret, or a token that evolution-api signed with it."""
    secret = django_settings.WEBHOOK_SECRET
    if not secret:
        return False
    if given := request.headers.get("X-Webhook-Secret"):
        return hmac.compare_digest(given.encode(), secret.encode())
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return False
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], leeway=_JWT_LEEWAY, options={"require": ["exp"]})
    except jwt.InvalidTokenError:
        return False
    return bool(claims.get("app") == "evolution")


def _unread(why: str) -> HttpResponse:
    # 200, or the gateway would send the same body again for 20 minutes.
    log.warning("a webhook was not used: %s", why)
    return HttpResponse()


def _once(event: Event) -> HttpResponse:
    """Act on `event` unless it was seen; 503 only where a repetition helps and harms nobody."""
    # None: an event that may be told twice, such as the state of a connection.
    seen = wire.dedupe_key(event)
    try:
        if seen is not None and not dedupe.first_time(seen):
            return HttpResponse()
    except Exception as error:  # whatever the cache's client raises when it cannot be reached
        # A person on the phone is noted all the same, and noting it twice is the same as once.
        if isinstance(event, MessageReceived) and event.message.from_me:
            _act(event)
            return HttpResponse()
        return _not_now(event, error)
    try:
        _act(event)
    except Exception as error:
        with contextlib.suppress(Exception):
            if seen is not None:
                dedupe.forget(seen)
        return _not_now(event, error)
    return HttpResponse()


def _not_now(event: Event, error: Exception) -> HttpResponse:
    log.error("a webhook could not be taken: %s", type(error).__name__)
    return HttpResponse(status=503 if isinstance(event, MessageReceived) else 200)


def _act(event: Event) -> None:
    if isinstance(event, MessageReceived):
        _phone_wrote(event.message) if event.message.from_me else _lead_wrote(event.message)
    elif isinstance(event, MessageSent):
        _sent(event.message)
    elif isinstance(event, PresenceChanged):
        key = identity.resolve(event.instance, event.jid)
        debounce.note_typing(key, event.is_composing)
        live.publish("presence", instance=key.instance, conversation=key.conversation, presence=event.presence)
    elif isinstance(event, ConnectionChanged):
        heartbeat.connection_changed(event.instance, event.state)
        live.publish("connection", instance=event.instance, state=event.state, reason=event.reason)
    elif isinstance(event, QRCodeChanged):
        live.publish("qrcode", instance=event.instance)
    elif isinstance(event, (MessageStatus, MessageEdited, MessageDeleted)):
        _changed(event)


def _lead_wrote(message: Message) -> None:
    """Show it, and start or extend the wait for the end of the burst."""
    key = identity.learn(message.instance, message.jid, message.alt_jid)
    _tell(key, message)
    if not is_person(message.jid) or not message.waits_for_answer:
        return
    settings = BotSettings.recent()
    wait = debounce.touch(
        key, message.id, message.sent_at, idle_s=settings.debounce_idle_seconds, cap_s=settings.debounce_cap_seconds
    )  # fmt: skip
    later(key.instance, key.conversation, message.id, token=message.id, in_s=wait)


def _phone_wrote(message: Message) -> None:
    """A person typed on the phone or another device: the conversation is theirs."""
    key = identity.resolve(message.instance, message.jid)
    _tell(key, message)
    if not is_person(message.jid) or message.reaction is not None or message.is_notice:
        return
    if command := commands.parse(message.text):
        control.obey(key, command, min(message.sent_at, timezone.now()))
        obeyed(key.instance, key.conversation, message.id, command.what.value)
        return
    settings = BotSettings.recent()
    if automatic.is_known(key.instance, message.text, settings.greeting_texts) and debounce.just_wrote(
        key, message.sent_at, within_s=automatic.WITHIN.total_seconds()
    ):
        return
    control.note_phone(key, min(message.sent_at, timezone.now()), hold=settings.phone_hold)


def _sent(message: Message) -> None:
    """Something left through the gateway's API: ours, by the ledger or an open claim, or another integration's."""
    key = identity.resolve(message.instance, message.jid)
    if not clearing.note_sent(message.instance, key.conversation, message.id):
        _tell(key, message)


def _tell(key: Key, message: Message) -> None:
    live.publish(
        "message",
        instance=key.instance,
        conversation=key.conversation,
        message=history.complete(key.instance, [message])[0],
    )


def _changed(event: MessageStatus | MessageEdited | MessageDeleted) -> None:
    key = identity.resolve(event.instance, JID(event.jid))
    if isinstance(event, MessageStatus):
        status = event.status.value if event.status else None
        live.publish(
            "status", instance=key.instance, conversation=key.conversation, message_id=event.message_id, status=status
        )
        return
    name = "edited" if isinstance(event, MessageEdited) else "deleted"
    live.publish(name, instance=key.instance, conversation=key.conversation, message_id=event.message_id)
