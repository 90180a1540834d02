"""The sweep: what webhooks, workers and brokers lost is found again, since Evolution is the record and `Control` the
state.

It thinks nothing and sends only what is owed; leads that wait are handed to the same idempotent task as a webhook's.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings as django_settings
from django.core.cache import cache
from django.utils import timezone

from bot import debounce, heartbeat, llm, words
from bot.models import BotSettings
from conversations import control, identity, sending, switches
from conversations.evolution import get_client
from conversations.evolution.errors import EvolutionError
from conversations.fence import Lost
from conversations.jid import is_person
from conversations.message import Key, Message
from conversations.models import Control, Due, Mode, Reason
from conversations.sending import Cleared

log = logging.getLogger(__name__)

#: A lead who waits longer than this is backlog: answered slowly, numbers get banned for bursts.
_BACKLOG = timedelta(minutes=10)
#: Messages may carry a date a little ahead of us; the gateway counts a window only with both ends.
_AHEAD = timedelta(days=1)
#: How far the second net reaches back beyond the last sweep.
_OVERLAP = timedelta(seconds=90)
_LOCK_S = 120


class Dispatch(Protocol):
    """How a conversation is handed to the worker."""

    def __call__(self, instance: str, conversation: str, asked: str, *, in_s: float = 0) -> None: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A conversation whose lead may wait for an answer."""

    key: Key
    #: The lead message that says so; "" when only the state of a turn does.
    message_id: str
    at: datetime


def sweep(dispatch: Dispatch) -> str:
    """Everything once, in one process at a time; returns what was done, in numbers, for the task log."""
    if not _begin():
        return "another sweep runs"
    try:
        return _sweep(dispatch, timezone.now())
    finally:
        cache.delete("sweep:lock")
        heartbeat.swept()


def _sweep(dispatch: Dispatch, now: datetime) -> str:
    settings = BotSettings.load()
    expired = [control.expire(key) for key in control.expired(now)]
    cleared = _clear_up()
    paid = _pay_what_is_due(settings)
    recovered = _recover()
    found = 0
    for instance in django_settings.EVOLUTION_INSTANCES:
        try:
            found += _answer_who_waits(instance, settings, dispatch, now)
        except EvolutionError as error:
            log.warning("the sweep could not read %s: %s", instance, error)
    return f"expired {len(expired)}, cleared up {cleared}, paid {paid}, recovered {recovered}, dispatched {found}"


def _begin() -> bool:
    """Become the one sweep, also after a worker that died over it. Should two run at once, each step is safe twice."""
    if cache.add("sweep:lock", heartbeat.WORKER, _LOCK_S):
        return True
    holder = cache.get("sweep:lock")
    if holder is None or heartbeat.is_alive(holder):
        return False
    cache.set("sweep:lock", heartbeat.WORKER, _LOCK_S)
    return True


# ------------------------------------------------------------------------------------------------ what was left open


def _clear_up() -> int:
    """Find out how unclear sends ended."""
    cleared = 0
    for row in Control.objects.exclude(sending=""):
        try:
            cleared += sending.clear_up(row) in (Cleared.SENT, Cleared.NOT_SENT)
        except EvolutionError as error:
            log.warning("an unconfirmed send could not be read back: %s", error)
    return cleared


def _pay_what_is_due(settings: BotSettings) -> int:
    """Send the system messages that a crash kept from going out."""
    paid = 0
    # A turn that has just called a person sends its own word; the sweep is for those that died over it.
    before = timezone.now() - timedelta(seconds=django_settings.UNCONFIRMED_AFTER_SILENCE_SECONDS)
    for row in Control.objects.filter(due=Due.HANDOFF_NOTICE, changed_at__lte=before, sending=""):
        try:
            sending.send_due(row, sending.address(row.key), words.handoff_notice(settings))
            paid += 1
        except (Lost, EvolutionError) as error:
            log.warning("a word that is owed was not sent: %s", error)
    return paid


def _recover() -> int:
    """End technical waits whose reason is gone, by a probe a reason."""
    rows = list(Control.objects.filter(mode=Mode.WAITING, reason__in=(Reason.MODEL, Reason.GATEWAY, Reason.NOT_STORED)))
    works = {Reason.MODEL: any(row.reason == Reason.MODEL for row in rows) and _model_works()}
    recovered = 0
    for row in rows:
        if works[Reason.MODEL] if row.reason == Reason.MODEL else _gateway_works(row):
            control.recover(row.key)
            recovered += 1
    return recovered


def _model_works() -> bool:
    try:
        llm.check_key(BotSettings.load().model_name)
    except llm.LLMError as error:
        log.info("the language model still does not answer: %s", error)
        return False
    return True


def _gateway_works(row: Control) -> bool:
    """The number is connected; and for a message that was not stored, it can be read by now."""
    try:
        if row.reason == Reason.NOT_STORED:
            return get_client().message(row.instance, row.newest) is not None
        return get_client().connection_state(row.instance) == "open"
    except EvolutionError as error:
        log.info("the gateway still does not answer: %s", error)
        return False


# ------------------------------------------------------------------------------------------------------ who waits


def _answer_who_waits(instance: str, settings: BotSettings, dispatch: Dispatch, now: datetime) -> int:
    """Dispatch the conversations of `instance` that wait for an answer, newest first."""
    state = switches.state()
    if not state.is_on(instance):
        return 0
    since = now - timedelta(hours=settings.answer_within_hours)
    candidates = {one.key: one for one in _from_gateway(instance, since, now)}
    # Last, so that they count: a turn that is open is looked at even where nothing waits any more, to end it.
    candidates |= {one.key: one for one in _open_turns(instance, now)}
    rows = control.currents(candidates)
    bot_since = (state.bot_since(instance) or now).replace(microsecond=0)
    due = [
        one
        for one in candidates.values()
        if one.at >= max(since, bot_since)
        and _is_ripe(one, settings, now)
        and _may_be_dispatched(rows.get(one.key), one, now)
    ]
    due.sort(key=lambda one: one.at, reverse=True)
    dispatched = 0
    for one in due:
        if one.at < now - _BACKLOG and not _within_catch_up(instance, settings):
            break
        jitter = random.uniform(0, 5) if one.at < now - _BACKLOG else 0  # noqa: S311 (spreads load, guards nothing)
        dispatch(one.key.instance, one.key.conversation, one.message_id, in_s=jitter)
        dispatched += 1
    return dispatched


def _open_turns(instance: str, now: datetime) -> Iterable[Candidate]:
    """Turns that were begun and not ended: their worker died, or their retry was lost with the broker."""
    for row in Control.objects.filter(instance=instance, turn_started_at__isnull=False):
        yield Candidate(row.key, row.newest if row.newest not in row.settled_ids else "", now)


def _from_gateway(instance: str, since: datetime, now: datetime) -> Iterable[Candidate]:
    """Lead messages that end a conversation since `since`, and all lead messages since the last sweep.

    The second net finds a lead who wrote while the last bubble was posted, and whose webhook was lost.
    """
    client = get_client()
    ended = [chat.last_message for chat in client.chats(instance, since=since, until=now + _AHEAD)]
    recent = client.messages_between(instance, max(since, _last_look(instance, now) - _OVERLAP), now + _AHEAD)
    waiting = [m for m in (*recent, *ended) if m is not None and m.waits_for_answer and is_person(m.jid)]
    newest: dict[Key, Message] = {}
    for message in sorted(waiting, key=lambda m: m.sent_at):
        newest[identity.learn(instance, message.jid, message.alt_jid)] = message
    cache.set(f"sweep:look:{instance}", now.timestamp(), 24 * 3600)
    return [Candidate(key, message.id, min(message.sent_at, now)) for key, message in newest.items()]


def _last_look(instance: str, now: datetime) -> datetime:
    at = cache.get(f"sweep:look:{instance}")
    return now - timedelta(minutes=10) if at is None else datetime.fromtimestamp(float(at), tz=now.tzinfo)


def _is_ripe(one: Candidate, settings: BotSettings, now: datetime) -> bool:
    """The lead's burst is over, as far as one can know: a webhook that came is given its time."""
    if one.at == now:
        return True
    quiet_s = settings.debounce_cap_seconds + 5 if debounce.is_pending(one.key) else settings.debounce_idle_seconds
    return one.at <= now - timedelta(seconds=quiet_s)


def _may_be_dispatched(row: Control | None, one: Candidate, now: datetime) -> bool:
    """The bot's, not dealt with, and no live turn or pause between retries."""
    if row is None:
        return True
    if row.mode_at(now) is not Mode.BOT or row.opted_out or one.message_id in row.settled_ids:
        return False
    is_leased = row.next_try_at is not None and row.next_try_at > now
    is_dead = bool(row.turn) and not heartbeat.is_alive(row.turn.partition(":")[0])
    return is_dead or not is_leased


def _within_catch_up(instance: str, settings: BotSettings) -> bool:
    """Count one late answer against this minute's allowance."""
    name = f"catch-up:{instance}:{int(timezone.now().timestamp() // 60)}"
    cache.add(name, 0, 120)
    return int(cache.incr(name)) <= settings.catch_up_per_minute
