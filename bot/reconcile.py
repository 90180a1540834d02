"""The sweep: what webhooks, workers and brokers lost is found again; Evolution is the record and `Control` the state.

It thinks nothing and sends only what is owed; leads that wait are handed to the same idempotent task as a webhook's.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from django.conf import settings as django_settings
from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from bot import attending, debounce, heartbeat, hours, llm, mistakes, words
from bot.late import BACKLOG
from bot.models import BotSettings
from conversations import (
    automatic,
    clearing,
    control,
    history,
    identity,
    notes,
    order,
    pending,
    sending,
    switches,
    waiting,
)
from conversations.clearing import Cleared
from conversations.evolution import get_client
from conversations.evolution.errors import EvolutionError, Refused, UnknownInstance, Unreachable, WrongKey
from conversations.fence import Lost
from conversations.jid import JID, is_person
from conversations.message import Key, Message
from conversations.models import TECHNICAL, Act, AuditEntry, Control, Due, Mode, Reason, Sent

log = logging.getLogger(__name__)

Row = TypeVar("Row", Control, Sent)

#: Messages may carry a date a little ahead of us; the gateway counts a window only with both ends.
_AHEAD = timedelta(days=1)
#: A message that is dated later than this tells nothing about how long ago it was sent.
_AHEAD_OF_US = timedelta(seconds=30)
#: How far the second net reaches back beyond the last sweep: longer than a turn, and than most bursts.
_OVERLAP = timedelta(minutes=3)
#: What made a conversation wait twice within the time to answer is probed after so long, then after twice as long …
_PROBE_AGAIN = timedelta(minutes=1)
_PROBE_AT_LEAST = timedelta(hours=1)
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
    #: A turn was begun, or is owed, and is not ended: looked at even where nothing waits any more.
    is_open: bool = False


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
    oldest = hours.waits_since(settings, hours.local(now), timedelta(hours=settings.answer_within_hours))
    expired = _safely("expiry", lambda: len([control.expire(key) for key in control.expired(now)]))
    cleared = _safely("clearing up", _clear_up)
    paid = _safely("paying", lambda: _pay_what_is_due(settings, now, oldest))
    recovered = _safely("recovery", lambda: _recover(now, oldest))
    attended = _safely("attending", lambda: _attend(settings, now))
    found = 0
    for instance in django_settings.EVOLUTION_INSTANCES:
        found += _safely(instance, lambda one=instance: _answer_who_waits(one, settings, dispatch, now, oldest))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    left_open = f"expired {expired}, cleared up {cleared}, paid {paid}, recovered {recovered}, attended {attended}"
    return f"{left_open}, dispatched {found}"


def _safely(name: str, step: Callable[[], int]) -> int:
    """What `step` did. One that fails must not keep the others, and so every lead who waits, from their turn."""
    try:
        return step()
    except EvolutionError as error:
        log.warning("the sweep could not do its part of %s: %s", name, error)
    except Exception as error:
        log.error("the sweep's part of %s broke: %s", name, mistakes.told(error))
    return 0


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
    known = (Cleared.SENT, Cleared.NOT_SENT)
    held = _each(Control.objects.exclude(sending=""), lambda row: clearing.clear_up(row) in known)
    return held + _each(clearing.left_behind(), lambda sent: clearing.clear_up_left(sent) in known)


def _each(rows: QuerySet[Row], act: Callable[[Row], bool]) -> int:
    """How many of the rows of our instances `act` was true for. An instance that is out of reach is asked once."""
    done, silent = 0, set[str]()
    for row in rows.filter(instance__in=django_settings.EVOLUTION_INSTANCES):
        if row.instance in silent:
            continue
        try:
            done += act(row)
        except EvolutionError as error:
            log.warning("what was left open in %s stays open: %s", row.instance, error)
            silent |= {row.instance} if isinstance(error, Unreachable) else set()
        except Exception as error:  # one row that nobody foresaw must not keep the others
            log.error("what was left open could not be ended: %s", mistakes.told(error))
    return done


def _pay_what_is_due(settings: BotSettings, now: datetime, oldest: datetime) -> int:
    """Send the system messages that a crash kept from going out, where they can still be sent and make sense."""
    # A turn that has just called a person sends its own word; the sweep is for those that died over it.
    before = now - timedelta(seconds=django_settings.UNCONFIRMED_AFTER_SILENCE_SECONDS)
    state = switches.state()
    rows = Control.objects.exclude(due=Due.NONE).filter(changed_at__lte=before, sending="")
    rows.filter(changed_at__lt=oldest).update(due=Due.NONE)
    on = [name for name in state.instances if state.is_on(name)]
    return _each(rows.filter(instance__in=on), lambda row: _pay(row, settings))


def _pay(row: Control, settings: BotSettings) -> bool:
    try:
        sending.send_due(row, sending.address(row.key), words.due(settings, Due(row.due), row.reason))
    except Lost as lost:
        log.info("a word that is owed was not sent: %s", lost)
        return False
    except Refused as error:
        if isinstance(error, (UnknownInstance, WrongKey)):
            raise
        log.warning("a word that is owed cannot be sent: %s", error)
        Control.objects.filter(pk=row.pk, due_epoch=row.due_epoch).update(due=Due.NONE)
        return False
    return True


def _attend(settings: BotSettings, now: datetime) -> int:
    """See to those who wait for a person, and to those whom a person has and forgot; forget what is over."""
    notes.erase_expired(now)
    done = _each(attending.waiting_for_a_person(settings, now), lambda row: attending.attend(row, settings, now))
    held = Control.objects.filter(pk__in=[row.pk for row in attending.held_too_long(now)])
    return done + _each(held, attending.resume)


# ---------------------------------------------------------------------------------------------------- what works again


def _recover(now: datetime, oldest: datetime) -> int:
    """End technical waits whose reason is gone, by a probe a reason; less and less often where it comes back."""
    rows = Control.objects.filter(mode=Mode.WAITING, reason__in=TECHNICAL)
    rows = rows.filter(instance__in=django_settings.EVOLUTION_INSTANCES)
    if not rows:
        return 0
    gave_up = AuditEntry.objects.filter(act=Act.GIVE_UP, at__gte=oldest)
    times = {
        Key(instance, conversation): count
        for instance, conversation, count in gave_up.values_list("instance", "conversation").annotate(Count("pk"))
    }
    known: dict[str, bool] = {}
    due = [row for row in rows if (row.changed_at or now) + _probe_after(times.get(row.key, 0)) <= now]
    working = [row for row in due if _works(row, known)]
    for row in working:
        control.recover(row.key)
    return len(working)


def _probe_after(times: int) -> timedelta:
    """How long to wait with the probe where a turn was given up so many times."""
    return timedelta(0) if times < 2 else min(_PROBE_AT_LEAST, _PROBE_AGAIN * 2 ** min(times - 2, 10))


def _works(row: Control, known: dict[str, bool]) -> bool:
    """The reason why `row` waits is gone; `known` keeps what was probed already."""
    name = "the model" if row.reason == Reason.MODEL else row.instance
    if name not in known:
        known[name] = _model_works() if row.reason == Reason.MODEL else _is_connected(row.instance)
    return known[name] and (row.reason != Reason.NOT_STORED or _is_stored(row))


def _model_works() -> bool:
    try:
        llm.check_key(BotSettings.load().model_name)
    except (llm.LLMError, ImportError) as error:
        log.info("the language model still does not answer: %s", error)
        return False
    return True


def _is_connected(instance: str) -> bool:
    try:
        return get_client().connection_state(instance) == "open"
    except EvolutionError as error:
        log.info("the gateway still does not answer: %s", error)
        return False


def _is_stored(row: Control) -> bool:
    try:
        return get_client().message(row.instance, row.newest) is not None
    except EvolutionError as error:
        log.info("the gateway still does not show the message: %s", error)
        return False


# ------------------------------------------------------------------------------------------------------ who waits


def _answer_who_waits(instance: str, settings: BotSettings, dispatch: Dispatch, now: datetime, oldest: datetime) -> int:
    """Dispatch the conversations of `instance` that wait for an answer, newest first."""
    state = switches.state()
    if not state.is_on(instance):
        return 0
    bot_since = (state.bot_since(instance) or now).replace(microsecond=0)
    found = _by_conversation(instance, _read(instance, oldest, now))
    # A pause until the opening is no begun turn, and what is last said in such a conversation is our closed word.
    is_open_turn = Q(turn_started_at__isnull=False) | Q(turn="", next_try_at__isnull=False)
    open_turns = {row.key: row for row in Control.objects.filter(is_open_turn, instance=instance)}
    rows = control.currents(found) | open_turns
    candidates = {one.key: one for one in _waiting(found, rows, settings, since=max(oldest, bot_since))}
    candidates |= {row.key: _open(row, candidates.get(row.key), now) for row in open_turns.values()}
    for one in candidates.values():
        _note_who_waits_for_a_person(rows.get(one.key), one.message_id, now)
    is_open = hours.is_open(settings, hours.local(now))
    due = [
        one
        for one in candidates.values()
        if _is_ripe(one, settings, now) and _may_be_dispatched(one, rows.get(one.key), now, is_open=is_open)
    ]
    due.sort(key=lambda one: one.at, reverse=True)
    for number, one in enumerate(due):
        is_backlog = one.at < now - BACKLOG
        if is_backlog and not _within_catch_up(instance, settings, now):
            return number
        jitter = random.uniform(0, 5) if is_backlog else 0  # noqa: S311 (spreads load, guards nothing)
        dispatch(one.key.instance, one.key.conversation, one.message_id, in_s=jitter)
    # Only now: whoever was found and not dispatched is found again.
    cache.set(f"sweep:look:{instance}", now.timestamp(), 24 * 3600)
    return len(due)


def _read(instance: str, oldest: datetime, now: datetime) -> list[Message]:
    """The last message of every chat since `oldest`, and all messages since the last sweep (or `oldest`), each once.

    The second net finds a lead who wrote while the last bubble was posted, or whose words stand before a reaction,
    where the webhook was lost.
    """
    client = get_client()
    last_look = cache.get(f"sweep:look:{instance}")
    since = oldest
    if last_look is not None:
        since = max(oldest, datetime.fromtimestamp(float(last_look), tz=now.tzinfo) - _OVERLAP)
    ends = [chat.last_message for chat in client.chats(instance, since=oldest, until=now + _AHEAD)]
    # The same message later in the list wins: evolution-api 2.3.6 tells only there whether it was taken back.
    found = {one.id: one for one in (*filter(None, ends), *client.messages_between(instance, since, now + _AHEAD))}
    return history.complete(instance, [one for one in found.values() if is_person(one.jid)])


def _by_conversation(instance: str, messages: Sequence[Message]) -> dict[Key, list[Message]]:
    """`messages` by the lead they belong to, oldest first; addresses that turn out to be one lead's are merged."""
    pairs = {(one.jid, one.alt_jid) for one in messages if one.alt_jid is not None}
    known = identity.resolve_all(instance, [jid for pair in pairs for jid in pair if jid is not None])
    for jid, alt in pairs:
        if alt is not None and known[jid] != known[alt]:
            identity.learn(instance, jid, alt)
    keys: Mapping[JID, Key] = identity.resolve_all(instance, [one.jid for one in messages])
    found: dict[Key, list[Message]] = {}
    for one in order.in_order(messages):
        found.setdefault(keys[one.jid], []).append(one)
    return found


def _waiting(
    found: Mapping[Key, Sequence[Message]], rows: Mapping[Key, Control], settings: BotSettings, *, since: datetime
) -> Iterator[Candidate]:
    """The conversations of `found` in which a lead waits, as far as these messages tell."""
    for key, messages in found.items():
        if not any(message.waits_for_answer for message in messages):
            continue
        said = automatic.without(key.instance, messages, settings.greeting_texts)
        row = rows.get(key) or Control(instance=key.instance, conversation=key.conversation)
        if unanswered := waiting.unanswered(said, row, since=since):
            yield Candidate(key, unanswered[-1].id, unanswered[-1].sent_at)


def _note_who_waits_for_a_person(row: Control | None, message_id: str, now: datetime) -> None:
    """Found while the conversation is not the bot's, it may not be found again: handed back, the bot knows of it."""
    if row is not None and row.mode_at(now) is not Mode.BOT and row.newest in ("", *row.settled_ids):
        Control.objects.filter(pk=row.pk, newest=row.newest).update(newest=message_id)


def _open(row: Control, waits: Candidate | None, now: datetime) -> Candidate:
    """The turn of `row` that was begun and not ended: its worker died, or its retry was lost with the broker.

    Or one that waits for the opening, since the lead was told so.
    """
    began = row.turn_started_at or row.closed_said_at or now
    if waits is not None:
        return replace(waits, at=min(waits.at, began), is_open=True)
    return Candidate(row.key, row.newest if row.newest not in row.settled_ids else "", began, is_open=True)


def _is_ripe(one: Candidate, settings: BotSettings, now: datetime) -> bool:
    """The lead's burst is over, as far as one can know: a webhook that came is given its time."""
    if one.is_open:
        return True
    if one.at > now + _AHEAD_OF_US:
        return not debounce.is_pending(one.key)
    quiet_s = settings.debounce_cap_seconds + 5 if debounce.is_pending(one.key) else settings.debounce_idle_seconds
    return one.at <= now - timedelta(seconds=quiet_s)


def _may_be_dispatched(one: Candidate, row: Control | None, now: datetime, *, is_open: bool) -> bool:
    """The bot's, and no live turn or pause between retries. A pause until the opening is over once we are open.

    What somebody wrote who does not want messages is looked at once: it may ask for a person.
    """
    if row is None:
        return True
    if row.mode_at(now) is not Mode.BOT or (row.opted_out and one.message_id == row.newest and not one.is_open):
        return False
    if row.pending and (offered := pending.current(row)) is not None and not offered.is_due(now):
        return False
    is_leased = row.next_try_at is not None and row.next_try_at > now
    is_closed_pause = not row.turn and row.turn_started_at is None
    is_dead = bool(row.turn) and not heartbeat.is_alive(row.turn.partition(":")[0])
    return is_dead or not is_leased or (is_closed_pause and is_open)


def _within_catch_up(instance: str, settings: BotSettings, now: datetime) -> bool:
    """Count one late answer against this minute's allowance."""
    name = f"catch-up:{instance}:{int(now.timestamp() // 60)}"
    cache.add(name, 0, 120)
    return int(cache.incr(name)) <= settings.catch_up_per_minute
