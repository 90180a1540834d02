"""Celery tasks: a name, a policy, one call. Arguments are ids, never text."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.utils import timezone

from bot import brief, debounce, heartbeat, late, llm, phone, reading, reconcile, turns
from bot.models import BlueTicks, BotSettings
from bot.reply import overhear, reply_to
from conversations import identity, live
from conversations.commands import What
from conversations.jid import JID
from conversations.message import Key
from conversations.silence import Silence

log = logging.getLogger(__name__)

#: How often a lead who is still typing is looked at again, in seconds.
_TYPING_AGAIN_S = 2
#: Celery gives a task whose countdown is longer to a second worker.
_LONGEST_COUNTDOWN_S = 60.0


@shared_task(name="bot.reply")
def reply(instance: str, conversation: str, asked: str = "", token: str = "") -> str:
    """Answer the lead's message `asked` and what else waits; returns what happened, for the task log.

    Running twice is safe: history is read afresh, one turn runs at a time, and each bubble needs the claim.
    """
    key = identity.resolve(instance, JID(conversation))
    burst = debounce.look(key)
    if burst.supersedes(token):
        return Silence.LEAD_STILL_WRITING.value
    if token and burst.is_typing and (burst.age_s or 0) < BotSettings.load().debounce_cap_seconds:
        later(instance, conversation, asked, token=token, in_s=_TYPING_AGAIN_S)
        return Silence.LEAD_STILL_WRITING.value
    debounce.end(key)
    # Told by a number that was away, or by a queue that piled up: the sweep answers those, a few a minute.
    is_old = bool(token) and burst.sent_at is not None and burst.sent_at < timezone.now() - late.BACKLOG
    if is_old and turns.leave_to_the_sweep(key, asked):
        return Silence.BACKLOG.value
    outcome = turns.run(key, asked, reply_to)
    if asked and outcome.silence in (Silence.TAKEN_OVER, Silence.PAUSED):
        overhear(key, asked)
    live.publish("bot", instance=key.instance, conversation=key.conversation, doing="idle")
    log.info("turn for %s: %s", asked or "the sweep", outcome)
    if outcome.again_in_s is not None:
        later(instance, conversation, turns.look_again(key), in_s=outcome.again_in_s)
    return str(outcome)


def later(instance: str, conversation: str, asked: str, *, token: str = "", in_s: float = 0) -> None:
    """Enqueue `reply`, to run in `in_s` seconds, or after the longest countdown there may be: it looks itself."""
    reply.apply_async((instance, conversation, asked, token), countdown=min(in_s, _LONGEST_COUNTDOWN_S))


def answer_late(keys: Sequence[Key]) -> None:
    """Enqueue answers to leads who wrote long ago, a few a minute, as a person asked (`conversations/late.py`)."""
    for key, in_s in zip(keys, late.turns_after(len(keys)), strict=True):
        _answer_late(key.instance, key.conversation, in_s)


@shared_task(name="bot.answer_late")
def _answer_late(instance: str, conversation: str, in_s: float) -> None:
    """Enqueue `reply` once `in_s` seconds have passed: no countdown is longer than a minute."""
    if in_s > _LONGEST_COUNTDOWN_S:
        rest = in_s - _LONGEST_COUNTDOWN_S
        _answer_late.apply_async((instance, conversation, rest), countdown=_LONGEST_COUNTDOWN_S)
    else:
        later(instance, conversation, "", in_s=in_s)


def approved(key: Key, asked: str) -> None:
    """Enqueue an answer that a person said yes to; should the broker be away, the sweep finds it (`pending.py`)."""
    try:
        later(key.instance, key.conversation, asked)
    except Exception as error:  # whatever the broker's client raises
        log.warning("an approved answer waits for the sweep: %s", type(error).__name__)


@shared_task(name="bot.mark_read")
def mark_read(instance: str, conversation: str) -> None:
    """Give the lead's last messages their blue ticks: a person has answered them."""
    reading.mark_answered(identity.resolve(instance, JID(conversation)))


def rep_answered(key: Key) -> None:
    """Enqueue the blue ticks, where the manager wants them. A courtesy: without a broker there are none."""
    if BotSettings.load().blue_ticks != BlueTicks.ON_ANSWER:
        return
    try:
        mark_read.apply_async((key.instance, key.conversation))
    except Exception as error:  # whatever the broker's client raises
        log.warning("no blue ticks: %s", type(error).__name__)


@shared_task(name="bot.command")
def command(instance: str, conversation: str, message_id: str, what: str) -> None:
    """Take a command that was typed on the phone out of the lead's sight, and answer a question for the state."""
    phone.take_away(identity.resolve(instance, JID(conversation)), message_id)
    if what == What.STATUS.value:
        phone.tell_state(identity.resolve(instance, JID(conversation)))


def obeyed(instance: str, conversation: str, message_id: str, what: str) -> None:
    """Enqueue what follows a command from the phone."""
    command.apply_async((instance, conversation, message_id, what))


@shared_task(name="bot.brief")
def make_brief(instance: str, conversation: str, epoch: int) -> None:
    """Make the brief of a conversation that waits for a person, unless control has changed since `epoch`."""
    brief.prepare(identity.resolve(instance, JID(conversation)), epoch)


def brief_wanted(key: Key, epoch: int) -> None:
    """Enqueue a brief that a screen misses."""
    make_brief.apply_async((key.instance, key.conversation, epoch))


@shared_task(name="bot.sweep")
def sweep() -> str:
    """Find what was lost and dispatch it; every `SWEEP_SECONDS` and at start."""
    return str(reconcile.sweep(later))


@worker_ready.connect
def _begin(**_: Any) -> None:
    """A worker started: it says that it lives, looks for what was lost meanwhile, and imports the model's SDK (1 s)."""
    heartbeat.start()
    sweep.apply_async(countdown=1)
    threading.Thread(target=llm.get_model, name="warm up", daemon=True).start()
