"""One turn at a time: how an attempt to answer a lead begins, how it ends, and what happens when something fails.

`Control` holds every fact of it, so that a turn survives a killed worker and a wiped broker. The lease in `next_try_at`
saves money; that two turns never both speak is the fence's work.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from bot import heartbeat, llm, mistakes, words
from bot.llm import LLMError
from bot.models import BotSettings
from conversations import clearing, control, fence, identity, pending, sending, switches
from conversations.clearing import Cleared
from conversations.evolution.errors import (
    Broken,
    EvolutionError,
    NotConnected,
    Refused,
    Unconfirmed,
    UnknownInstance,
    Unreachable,
    WrongKey,
)
from conversations.fence import Answered, Lost, Right
from conversations.message import Key, Message
from conversations.models import Control, Due, Mode, Reason
from conversations.silence import Silence

log = logging.getLogger(__name__)

#: Pauses between retries, in seconds; the last one repeats. Celery's countdown stays below its visibility timeout.
_PAUSES_S = (2, 4, 8, 15, 30, 60)
#: Giving up for one of these calls a person, and the lead is told so; the others end by themselves or cannot be told.
_TOLD = (Reason.BLOCKED, Reason.UNUSABLE, Reason.OTHER)
#: A message that the gateway announced is looked for so many times, so many seconds apart.
_READS = 3
_READ_AGAIN_S = 5
#: A send in progress or not confirmed is looked at again after so many seconds.
_LOOK_AT_CLAIM_S = 5
_CLAIM_HELD = (Silence.SENDING, Silence.UNCONFIRMED)
#: A turn that could not speak because of these looks again by itself, after so many seconds.
_LOOK_AGAIN_S = {**dict.fromkeys(_CLAIM_HELD, _LOOK_AT_CLAIM_S), Silence.CHANGED_MEANWHILE: 0}


@dataclass(frozen=True, slots=True)
class Turn:
    """A running attempt to answer."""

    right: Right
    #: The newest lead message the task was told of; "" when the sweep only suspects one.
    asked: str
    #: The conversation's row as the turn began.
    row: Control
    bot_since: datetime | None
    #: A person approves the answer before it goes out.
    asks_first: bool = False

    @property
    def key(self) -> Key:
        """The conversation."""
        return self.right.key


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended."""

    #: None when the lead was answered.
    silence: Silence | None = None
    #: Bubbles that went out.
    sent: int = 0
    #: Look at the conversation again after so many seconds; None: not by itself.
    again_in_s: float | None = None

    def __str__(self) -> str:
        return self.silence.value if self.silence else f"answered ({self.sent})"


class Withheld(Exception):
    """The story ends without an answer, for `silence`; `settle` when the messages count as dealt with."""

    def __init__(
        self,
        silence: Silence,
        settle: Sequence[Message] = (),
        *,
        until: datetime | None = None,
        again_in_s: float | None = None,
    ) -> None:
        super().__init__(silence.value)
        self.silence = silence
        self.settle = tuple(settle)
        #: Not to be looked at before.
        self.until = until
        #: To be looked at again by then.
        self.again_in_s = again_in_s


class NotStoredYet(Exception):
    """The gateway announced a message that it does not show in its history."""


def run(key: Key, asked: str, story: Callable[[Turn], int]) -> Outcome:
    """Tell `story` as the conversation's one turn; it returns how many bubbles went out.

    A busy turn, a switched-off bot or a conversation that is not the bot's end it before it begins. What passes is
    tried again within the budget, counted from the first attempt; then the conversation waits, with the reason.
    """
    try:
        turn = _begin(key, asked)
    except Lost as lost:
        return Outcome(lost.silence, again_in_s=_LOOK_AGAIN_S.get(lost.silence))
    except Control.DoesNotExist:  # its address became part of another conversation since the row was read
        return Outcome(Silence.CHANGED_MEANWHILE, again_in_s=_LOOK_AGAIN_S[Silence.CHANGED_MEANWHILE])
    except EvolutionError as error:
        log.warning("an unconfirmed send could not be read back, the sweep will: %s", error)
        return Outcome(Silence.UNCONFIRMED)
    try:
        return _end(turn, Outcome(sent=story(turn)))
    except Withheld as withheld:
        return _withhold(turn, withheld)
    except Lost as lost:
        if lost.silence in _CLAIM_HELD:
            return _retry(turn, Reason.GATEWAY, _LOOK_AT_CLAIM_S)
        return _end(turn, Outcome(lost.silence, again_in_s=_LOOK_AGAIN_S.get(lost.silence)))
    except NotStoredYet:
        return (
            _give_up(turn, Reason.NOT_STORED)
            if _tries(turn) >= _READS
            else _retry(turn, Reason.NOT_STORED, _READ_AGAIN_S)
        )
    except Unconfirmed as error:
        log.warning("a send was not confirmed: %s", error)
        wait = (
            settings.UNCONFIRMED_AFTER_ERROR_SECONDS
            if error.was_answered
            else settings.UNCONFIRMED_AFTER_SILENCE_SECONDS
        )
        return _retry(turn, Reason.GATEWAY, wait)
    except (LLMError, EvolutionError) as error:
        log.warning("a turn failed: %s: %s", type(error).__name__, error)
        return _fail(turn, error)
    except Exception as error:
        # A mistake of ours, or a database that is away. Its words may quote a message: only kind and place are logged.
        log.error("a turn broke: %s", mistakes.told(error))
        return _retry(turn, Reason.OTHER)
    except BaseException:
        _release(turn.right, next_try_at=None, is_over=False)
        raise


def leave_to_the_sweep(key: Key, asked: str) -> bool:
    """The lead's message `asked` is old: the sweep finds it, as a turn that is due, and answers a few such a minute.

    False where the bot answers nothing anyway, and only listens: that needs no slot of anybody's.
    """
    row = control.ensure(key)
    if row.mode_at(timezone.now()) is not Mode.BOT:
        return False
    Control.objects.filter(pk=row.pk).update(newest=asked)
    Control.objects.filter(pk=row.pk, mode=Mode.BOT, turn="", next_try_at=None).update(next_try_at=timezone.now())
    return True


# --------------------------------------------------------------------------------------------------------- beginning


def _begin(key: Key, asked: str) -> Turn:
    row = control.ensure(key)
    if (merged := identity.resolve(key.instance, key.conversation)) != key:
        # Two addresses became one conversation after the task had looked this one up.
        identity.merge(key.instance, key.conversation, merged.conversation)
        raise Lost(Silence.CHANGED_MEANWHILE)
    if asked and asked in row.settled_ids:
        raise Lost(Silence.ANSWERED_ALREADY)
    now = timezone.now()
    if row.mode_at(now) != row.mode:
        row = control.expire(key)
    if row.sending and not _is_live(row, now):
        if clearing.clear_up(row) is Cleared.NOT_YET:
            raise _lost(row, asked, Silence.UNCONFIRMED if row.unconfirmed else Silence.SENDING)
        row.refresh_from_db()
    state = switches.state()
    if silence := _why_not_begin(row, state):
        raise _lost(row, asked, silence)
    row = _take(row, asked or row.newest, now)
    right = Right(key, row.turn, row.epoch, state.instances[key.instance].epoch, state.everything.epoch)
    asks_first = pending.is_wanted(row, on_instance=state.instances[key.instance].approves)
    return Turn(right, asked, row, state.bot_since(key.instance), asks_first)


def _lost(row: Control, asked: str, silence: Silence) -> Lost:
    """No turn for `silence`; what was asked is noted all the same: a person's answer settles it."""
    if asked and asked != row.newest:
        Control.objects.filter(pk=row.pk).update(newest=asked)
    return Lost(silence)


def _why_not_begin(row: Control, state: switches.Switches) -> Silence | None:
    """Why no turn is needed at all. One that waits for a person begins: somebody may have answered on the phone.

    So does that of a lead who does not want messages: they may ask for a person.
    """
    if not state.is_on(row.instance):
        return Silence.OFF
    return None if row.mode == Mode.WAITING else fence.why_not(Mode(row.mode))


def _take(row: Control, newest: str, now: datetime) -> Control:
    """Become the conversation's turn, and note the newest message told of. Raises Lost when a live turn runs."""
    token = f"{heartbeat.WORKER}:{uuid.uuid4().hex[:16]}"
    if not _try_to_take(row, newest, token, now):
        # Noted first, then tried again: a turn that ends in between looks for it, or it is free by now.
        Control.objects.filter(pk=row.pk).update(newest=newest)
        row.refresh_from_db()
        if not _try_to_take(row, newest, token, now):
            raise Lost(Silence.ANOTHER_TURN)
    row.turn, row.newest, row.turn_started_at = token, newest, row.turn_started_at or now
    return row


def _is_live(row: Control, now: datetime) -> bool:
    """A turn runs there, in time and in a process that lives; a send in progress is its own affair."""
    is_in_time = row.next_try_at is not None and row.next_try_at > now
    return bool(row.turn) and is_in_time and heartbeat.is_alive(row.turn.partition(":")[0])


def _try_to_take(row: Control, newest: str, token: str, now: datetime) -> bool:
    """One UPDATE: where nothing changed since `row` was read, and its turn is over, late or of a dead worker."""
    is_free = Q(turn="") | Q(next_try_at__lte=now)
    if row.turn and not heartbeat.is_alive(row.turn.partition(":")[0]):
        is_free |= Q(turn=row.turn)
    # Every answer leaves its turn's own mark: what was settled since `row` was read must not be answered by it.
    is_as_read = Q(pk=row.pk, epoch=row.epoch, settled=row.settled, settled_turn=row.settled_turn)
    return bool(
        Control.objects.filter(is_free & is_as_read).update(
            turn=token,
            newest=newest,
            turn_started_at=Coalesce("turn_started_at", now),
            tries=F("tries") + 1,
            next_try_at=now + timedelta(seconds=settings.TURN_LEASE_SECONDS),
        )
    )


# ------------------------------------------------------------------------------------------------------------ ending


def look_again(key: Key) -> str:
    """The id of a lead message that came while the turn ran and is not dealt with; "" when there is none."""
    here = Control.objects.filter(instance=key.instance, conversation=key.conversation)
    newest, settled = here.values_list("newest", "settled_ids").first() or ("", [])
    return newest if newest not in settled else ""


def _end(turn: Turn, outcome: Outcome, *, until: datetime | None = None) -> Outcome:
    """Free the turn and its budget. What came meanwhile found the turn busy and went away: it is looked at now."""
    _release(turn.right, next_try_at=until)
    newer = look_again(turn.key)
    # What was asked is left where a person had said yes to an answer to what stood before it.
    is_left = newer and (newer != turn.asked or outcome.sent)
    return replace(outcome, again_in_s=0) if is_left and until is None else outcome


def _withhold(turn: Turn, withheld: Withheld) -> Outcome:
    if withheld.settle:
        settle(turn, withheld.settle, withheld.silence)
    elif withheld.silence is Silence.NOTHING_NEW and turn.asked:
        _set_aside(turn, withheld.silence)
    return _end(turn, Outcome(withheld.silence, again_in_s=withheld.again_in_s), until=withheld.until)


def settle(turn: Turn, messages: Sequence[Message], silence: Silence) -> None:
    """The lead's `messages`, oldest first, count as dealt with, for `silence`."""
    with transaction.atomic():
        row = control.locked(turn.key)
        fence.settle(row, Answered.of(messages), silence=silence)
        row.save(update_fields=fence.SETTLED_FIELDS)


def _set_aside(turn: Turn, silence: Silence) -> None:
    """Remember that what was asked gets no answer (it was taken back, or people answered): it is not asked again."""
    with transaction.atomic():
        row = control.locked(turn.key)
        fence.remember(row, [turn.asked])
        row.silence = silence
        row.save(update_fields=["settled_ids", "silence"])


def _release(right: Right, *, next_try_at: datetime | None, is_over: bool = True) -> None:
    """Free the turn, if it is still ours. Its budget ends with it; one that a change of control began since goes on."""
    changes: dict[str, object] = {"turn": "", "next_try_at": next_try_at}
    if is_over:
        is_owed_since = ~Q(epoch=right.epoch)
        changes |= {"turn_started_at": Case(When(is_owed_since, then=F("turn_started_at"))), "tries": 0}
    Control.objects.filter(instance=right.key.instance, conversation=right.key.conversation, turn=right.turn).update(
        **changes
    )


# ----------------------------------------------------------------------------------------------------------- failing


def _fail(turn: Turn, error: LLMError | EvolutionError) -> Outcome:
    """Try again later, or give up with the reason."""
    if isinstance(error, llm.Blocked):
        return _give_up(turn, Reason.BLOCKED)
    if isinstance(error, (llm.Garbled, llm.Truncated)):
        return _give_up(turn, Reason.UNUSABLE)
    if isinstance(error, llm.Refused):
        return _give_up(turn, Reason.MODEL)
    if isinstance(error, LLMError):
        return _retry(turn, Reason.MODEL, getattr(error, "retry_after_s", None))
    if isinstance(error, (Unreachable, Broken, NotConnected, UnknownInstance, WrongKey)):
        return _retry(turn, Reason.GATEWAY)
    return _give_up(turn, Reason.REFUSED if isinstance(error, Refused) else Reason.GATEWAY)


def _retry(turn: Turn, reason: Reason, wait_s: float | None = None) -> Outcome:
    """Free the turn and try again after a pause, unless the budget is spent."""
    now = timezone.now()
    started = Control.objects.filter(pk=turn.row.pk).values_list("turn_started_at", flat=True).first() or now
    pause = min(wait_s or _pause_s(turn), _PAUSES_S[-1])
    if now + timedelta(seconds=pause) > started + timedelta(seconds=settings.TURN_BUDGET_SECONDS):
        return _give_up(turn, reason)
    _release(turn.right, next_try_at=now + timedelta(seconds=pause), is_over=False)
    return Outcome(Silence.TRY_AGAIN, again_in_s=pause)


def _give_up(turn: Turn, reason: Reason) -> Outcome:
    due = Due.HANDOFF_NOTICE if reason in _TOLD else Due.NONE
    row = control.give_up(turn.key, reason, epoch=turn.right.epoch, due=due)
    _release(turn.right, next_try_at=None)
    if row.due and row.due_epoch == turn.right.epoch + 1:
        _tell_that_a_person_comes(row)
    return Outcome(Silence.GAVE_UP)


def _tell_that_a_person_comes(row: Control) -> None:
    """Pay the word that giving up owes; where it cannot be sent now, the sweep does."""
    try:
        sending.send_due(row, sending.address(row.key), words.due(BotSettings.load(), Due(row.due), row.reason))
    except (EvolutionError, Lost) as error:
        log.warning("the word that a person will answer is still owed: %s", error)


def _tries(turn: Turn) -> int:
    return Control.objects.filter(pk=turn.row.pk).values_list("tries", flat=True).first() or 1


def _pause_s(turn: Turn) -> float:
    return _PAUSES_S[min(max(_tries(turn) - 1, 0), len(_PAUSES_S) - 1)]
