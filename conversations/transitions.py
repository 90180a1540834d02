"""The state machine of control: what each event does in each mode. Pure; `control.py` stores what it decides.

A lead's message is no event here: it never changes who may speak.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from conversations.models import TECHNICAL, Act, Mode, Reason


@dataclass(frozen=True, slots=True)
class State:
    """The part of `Control` that says who may speak."""

    mode: Mode = Mode.BOT
    #: Primary key of the rep; in mode HUMAN None means the phone.
    holder: int | None = None
    until: datetime | None = None
    reason: str = ""
    opted_out: bool = False


class Occurrence(Enum):
    """What can happen to control."""

    TAKEN_OVER = Act.TAKE_OVER
    REP_SENT = "rep_sent"
    HANDED_OVER = Act.HAND_OVER
    PHONE_WROTE = Act.PHONE
    PEOPLE_BEGAN = Act.OUTBOUND_FIRST
    PAUSED = Act.PAUSE
    RESUMED = Act.RESUME
    HANDED_BACK = Act.HAND_BACK
    HANDOFF = Act.HANDOFF
    GAVE_UP = Act.GIVE_UP
    RECOVERED = Act.RECOVER
    EXPIRED = Act.EXPIRE
    AUTO_RESUMED = Act.AUTO_RESUME
    TIMED_OUT = Act.TIME_OUT
    OPTED_OUT = Act.OPT_OUT
    OPTED_IN = Act.OPT_IN
    UNDONE = Act.UNDO


#: What gives a conversation to a person, and the reason that stands there then.
_HOLDS = {
    Occurrence.TAKEN_OVER: Reason.TOOK_OVER,
    Occurrence.REP_SENT: Reason.SENT,
    Occurrence.HANDED_OVER: Reason.HANDED_OVER,
}


def after(
    state: State,
    what: Occurrence,
    *,
    now: datetime,
    rep: int | None = None,
    until: datetime | None = None,
    reason: str = "",
    restored: State | None = None,
) -> State:
    """The state that follows; equal to `state` when the occurrence changes nothing there.

    `rep` for TAKEN_OVER, REP_SENT, HANDED_OVER (who receives it) and PAUSED (None: on the phone); `until` (None: for
    good) for PAUSED and PHONE_WROTE; `reason` for HANDOFF and GAVE_UP; `restored` for UNDONE: what was before the act
    that is undone.
    """
    if what is Occurrence.UNDONE:
        return _undone(state, restored, now)
    if what is Occurrence.OPTED_OUT:
        return replace(state, opted_out=True)
    if what is Occurrence.OPTED_IN:
        return replace(state, opted_out=False)
    bot = State(opted_out=state.opted_out)
    if what in _HOLDS:
        return _held_by(state, rep, _HOLDS[what])
    if what is Occurrence.PHONE_WROTE:
        return _phone(state, until)
    if what is Occurrence.PEOPLE_BEGAN:
        return replace(bot, mode=Mode.HUMAN, reason=Reason.OUTBOUND_FIRST) if state.mode == Mode.BOT else state
    if what is Occurrence.PAUSED:
        return _paused(state, until, rep)
    if what is Occurrence.RESUMED:
        return replace(bot, reason=Reason.RESUMED) if state.mode == Mode.PAUSED else state
    if what is Occurrence.HANDED_BACK:
        return state if state.mode == Mode.BOT else replace(bot, reason=Reason.HANDED_BACK)
    if what is Occurrence.HANDOFF or what is Occurrence.GAVE_UP:
        return replace(bot, mode=Mode.WAITING, reason=reason) if state.mode == Mode.BOT else state
    if what is Occurrence.RECOVERED:
        is_technical = state.mode == Mode.WAITING and state.reason in TECHNICAL
        return replace(bot, reason=Reason.RECOVERED) if is_technical else state
    if what is Occurrence.AUTO_RESUMED:
        return replace(bot, reason=Reason.AUTO_RESUMED) if state.mode == Mode.HUMAN else state
    if what is Occurrence.TIMED_OUT:
        is_for_person = state.mode == Mode.WAITING and state.reason not in TECHNICAL
        return replace(bot, reason=Reason.TIMED_OUT) if is_for_person else state
    is_over = state.mode in (Mode.HUMAN, Mode.PAUSED) and state.until is not None and state.until <= now
    return replace(bot, reason=Reason.EXPIRED) if is_over else state


def _undone(state: State, restored: State | None, now: datetime) -> State:
    """As it was before, unless that would be over by now. The lead's own wish is not undone by anybody's click."""
    if restored is None:
        return state
    return after(replace(restored, opted_out=state.opted_out), Occurrence.EXPIRED, now=now)


def _held_by(state: State, rep: int | None, reason: str) -> State:
    if state.mode == Mode.HUMAN and state.holder == rep:
        return state
    return State(mode=Mode.HUMAN, holder=rep, reason=reason, opted_out=state.opted_out)


def _phone(state: State, until: datetime | None) -> State:
    """The phone takes over from the bot and from waiting, slides its own hold, and leaves reps alone. A pause lasts as
    long as that hold at least: the bot that comes back would talk over whoever just wrote."""
    if state.mode in (Mode.BOT, Mode.WAITING):
        return State(mode=Mode.HUMAN, until=until, reason=Reason.PHONE, opted_out=state.opted_out)
    if state.mode == Mode.PAUSED or state.holder is None:
        return replace(state, until=_later(state.until, until))
    return state


def _paused(state: State, until: datetime | None, rep: int | None) -> State:
    """A pause never shortens a longer one, nor what is left of a hold that the phone began.

    Nor does it take away a person for whom a lead waits, or, from the phone, one who has the conversation: the bot is
    quiet there anyway, and would come back where only a person may bring it.
    """
    waits_for_person = state.mode == Mode.WAITING and state.reason not in TECHNICAL
    if waits_for_person or (state.mode == Mode.HUMAN and state.holder is not None and rep is None):
        return state
    if state.mode == Mode.PAUSED or (state.mode == Mode.HUMAN and state.holder is None):
        until = _later(state.until, until)
    return State(mode=Mode.PAUSED, until=until, reason=Reason.PAUSED, opted_out=state.opted_out)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two ends, None being never."""
    return None if one is None or other is None else max(one, other)
