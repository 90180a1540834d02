"""The fence: the claim without which no message of the bot leaves the house, and how it ends.

A claim is one UPDATE, made right before a POST to the gateway and for nothing else. It succeeds only where everything
the turn began with still holds; a change of control in between makes it change no row. The database serialises the
two: a claim after a takeover fails, a takeover after a claim sees it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from conversations import control, identity
from conversations.jid import JID
from conversations.message import Key, Message
from conversations.models import Alias, Control, Due, Mode, Sent, Switch, Unconfirmed
from conversations.silence import Silence
from conversations.switches import EVERYTHING

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: The conversation's row, if everything a right was given for still holds. Written out, since this is the promise: the
#: three epochs, the bot's mode, no wish of the lead against it, and no merge into another conversation.
_HOLDS = """
    instance = %(instance)s AND conversation = %(conversation)s
    AND epoch = %(epoch)s AND mode = 'bot' AND NOT opted_out
    AND EXISTS (SELECT 1 FROM conversations_switch AS s
                WHERE s.instance = %(instance)s AND s.is_on AND s.epoch = %(instance_epoch)s)
    AND EXISTS (SELECT 1 FROM conversations_switch AS s
                WHERE s.instance = %(everything)s AND s.is_on AND s.epoch = %(everything_epoch)s)
    AND NOT EXISTS (SELECT 1 FROM conversations_alias AS a
                    WHERE a.instance = %(instance)s AND a.jid = %(conversation)s
                    AND a.conversation <> %(conversation)s)
"""
_CHECK = f"SELECT 1 FROM conversations_control WHERE {_HOLDS}"
#: The fence: besides, no other turn, no other send, and the lead's message unsettled or settled by this very turn.
_CLAIM = f"""
    UPDATE conversations_control
    SET sending = %(token)s, sending_at = %(now)s, unconfirmed = '', read_back_at = NULL
    WHERE {_HOLDS}
    AND turn = %(turn)s AND sending = '' AND (settled <> %(newest)s OR settled_turn = %(turn)s)
"""

#: How many settled ids a conversation remembers: more than a lead can still edit (15 minutes on WhatsApp).
_REMEMBERED = 64
_LOOK_EVERY_S = 0.05
_CLAIM_FIELDS = ["sending", "sending_at", "unconfirmed", "read_back_at"]
#: What `settle` and `remember` change.
SETTLED_FIELDS = ["settled", "settled_at", "settled_ids", "settled_turn", "silence"]


class Lost(Exception):
    """The right to speak is gone; `silence` says why."""

    def __init__(self, silence: Silence) -> None:
        super().__init__(silence.value)
        self.silence = silence


class Overtaken(Exception):
    """Something went out that the person who sends has not seen: nothing was claimed."""


class Spent(Exception):
    """This very send was made before: the ledger has its token, and how it ended."""


@dataclass(frozen=True, slots=True)
class Right:
    """What a turn began with; all of it must still hold when it sends."""

    key: Key
    #: The turn's own token in `Control.turn`.
    turn: str
    epoch: int
    instance_epoch: int
    everything_epoch: int

    def facts(self) -> dict[str, str | int]:
        """For the SQL above."""
        return {
            "instance": self.key.instance,
            "conversation": self.key.conversation,
            "turn": self.turn,
            "epoch": self.epoch,
            "instance_epoch": self.instance_epoch,
            "everything": EVERYTHING,
            "everything_epoch": self.everything_epoch,
        }


@dataclass(frozen=True, slots=True)
class Answered:
    """The lead's messages that an answer is for."""

    #: Oldest first, never empty.
    ids: tuple[str, ...]
    newest: str
    newest_at: datetime

    @classmethod
    def of(cls, messages: Sequence[Message]) -> Answered:
        """From the lead's unanswered messages, oldest first."""
        return cls(tuple(message.id for message in messages), messages[-1].id, messages[-1].sent_at)


def check(right: Right) -> None:
    """Look, without claiming, whether the right still holds. Saves work; only `claim` decides. Raises Lost."""
    with connection.cursor() as cursor:
        cursor.execute(_CHECK, right.facts())
        holds = cursor.fetchone() is not None
    if not holds:
        raise Lost(why_lost(right))


def claim(right: Right, answered: Answered, *, settles: bool = True, reviewer: User | None = None) -> str:
    """Claim the one send in progress for a bubble of the bot, or raise Lost. Returns the ledger's token.

    With `settles` false the bubble answers nothing: `answered` goes on waiting however the send ends. `reviewer` is who
    approved it.
    """
    token = uuid.uuid4().hex
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with transaction.atomic():
        with connection.cursor() as cursor:
            facts = {**right.facts(), "token": token, "now": now, "newest": answered.newest}
            cursor.execute(_CLAIM, facts)
            is_ours = cursor.rowcount == 1
        if not is_ours:
            raise Lost(why_lost(right, answered))
        _enter(token, right.key, Sent.By.BOT, rep=reviewer, answered=answered if settles else None)
    return token


def claim_system(key: Key, due: Due, epoch: int) -> str:
    """Claim a send for a system message that is owed: checked by the epoch that owes it, not by mode. Raises Lost.

    It answers nothing: whoever is told that a person comes goes on waiting. Only that no message will follow is all
    that there is to say.
    """
    owed = Control.objects.filter(
        _switched_on(key.instance),
        instance=key.instance, conversation=key.conversation, epoch=epoch, due=due, sending="",
    )  # fmt: skip
    with transaction.atomic():
        token = _claim(owed)
        if not token:
            raise Lost(Silence.CHANGED_MEANWHILE)
        settled = Control.objects.values_list("settled", flat=True).get(sending=token)
        _enter(token, key, Sent.By.BOT, ends_with=settled if due is Due.OPT_OUT_CONFIRMATION else "")
    return token


def claim_for_rep(key: Key, rep: User, token: str = "", is_overtaken: Callable[[], bool] = lambda: False) -> str:
    """Claim a send for a rep. Waits for a send in progress, but an unclear one of the bot never blocks a person.

    With a `token` of the caller's own, 32 hexadecimal digits, the claim is made once: Spent when it was made before.
    `is_overtaken` is asked under the claim, which knows how the send that was waited for ended; when it is so the claim
    was never made, and Overtaken is raised.
    """
    deadline = time.monotonic() + settings.TAKEOVER_WAIT_SECONDS
    while True:
        with transaction.atomic():
            if token and is_spent(token):
                raise Spent
            # Two addresses may become one conversation meanwhile, and the row of this one is gone then.
            key = identity.resolve(key.instance, key.conversation)
            here = Control.objects.filter(pk=control.ensure(key).pk)
            claimed = _claim(here.filter(Q(sending="") | ~Q(unconfirmed="")), token)
            if not claimed and time.monotonic() >= deadline:
                claimed = _claim(here, token)
            if claimed:
                if is_overtaken():
                    raise Overtaken
                try:
                    _enter(claimed, key, Sent.By.REP, rep=rep)
                except IntegrityError:
                    raise Spent from None
                return claimed
        time.sleep(_LOOK_EVERY_S)


def is_spent(token: str) -> bool:
    """The send under this token was made."""
    return Sent.objects.filter(token=token).exists()


def is_bot_unclear(key: Key) -> bool:
    """A message of the bot may still go out, or have gone out, whoever has the claim by now."""
    here = Sent.objects.filter(instance=key.instance, conversation=key.conversation, author=Sent.By.BOT)
    since = timezone.now() - timedelta(seconds=settings.UNCONFIRMED_AFTER_SILENCE_SECONDS)
    return here.filter(state__in=(Sent.State.OPEN, Sent.State.UNCONFIRMED), at__gte=since).exists()


def ended(token: str, rep: User) -> Sent | None:
    """How the send of `rep` under this token ended, waited for a while; None when they made none."""
    theirs = Sent.objects.filter(token=token, rep=rep)
    control.waited_until(lambda: not theirs.filter(state=Sent.State.OPEN).exists())
    return theirs.first()


def confirm(token: str, message_id: str, *, answered: Answered | None = None, turn: str = "") -> None:
    """The gateway has it: release the claim, settle what it answers and complete the ledger, in one transaction."""
    with transaction.atomic():
        sent = Sent.objects.filter(token=token)
        row = _row_of(*sent.values_list("instance", "conversation").get())
        try:
            with transaction.atomic():
                sent.update(state=Sent.State.SENT, message_id=message_id or None)
        except IntegrityError:  # the id stands in the ledger already: read back meanwhile by another process
            sent.update(state=Sent.State.SENT)
        if row.sending == token:
            _release(row)
        if answered is not None:
            settle(row, answered, turn=turn)
        row.save(update_fields=_CLAIM_FIELDS + SETTLED_FIELDS)


def _row_of(instance: str, conversation: str) -> Control:
    """The conversation's row, locked. A merge that was waited for may have moved it."""
    rows = Control.objects.select_for_update().filter(instance=instance)
    if (row := rows.filter(conversation=conversation).first()) is not None:
        return row
    return rows.get(conversation=identity.resolve(instance, JID(conversation)).conversation)


def release(token: str) -> None:
    """It surely did not go out: free the claim."""
    Sent.objects.filter(token=token).update(state=Sent.State.NOT_SENT)
    Control.objects.filter(sending=token).update(sending="", sending_at=None, unconfirmed="", read_back_at=None)


def leave_unconfirmed(token: str, how: Unconfirmed) -> None:
    """It may have gone out: keep the claim, which blocks the bot, until the gateway is read back."""
    Sent.objects.filter(token=token).update(state=Sent.State.UNCONFIRMED)
    Control.objects.filter(sending=token).update(unconfirmed=how, read_back_at=None)


def settle(row: Control, answered: Answered, *, turn: str = "", silence: str = "") -> None:
    """Note on `row` (not saved) that the lead's messages are answered, or left without an answer for `silence`."""
    if row.settled_at is None or answered.newest_at >= row.settled_at:
        row.settled, row.settled_at = answered.newest, answered.newest_at
    row.settled_turn = turn
    row.silence = silence
    remember(row, answered.ids)


def remember(row: Control, ids: Sequence[str]) -> None:
    """Note on `row` (not saved) that these messages of the lead, oldest first, are dealt with."""
    new = [one for one in ids if one not in row.settled_ids]
    row.settled_ids = [*row.settled_ids, *new][-_REMEMBERED:]


def is_stale(row: Control, now: datetime) -> bool:
    """The claim of `row` is older than any POST may last: whoever made it is gone."""
    return bool(row.sending) and row.sending_at is not None and (
        row.sending_at <= now - timedelta(seconds=settings.UNCONFIRMED_AFTER_SILENCE_SECONDS)
    )  # fmt: skip


def why_lost(right: Right, answered: Answered | None = None) -> Silence:
    """The reason why `right` does not hold, as far as one can still see it."""
    row = Control.objects.filter(
        ~_merged_away(right.key), instance=right.key.instance, conversation=right.key.conversation
    ).first()
    if row is None:
        return Silence.CHANGED_MEANWHILE
    if not Switch.objects.filter(_switch(right.key.instance, right.instance_epoch)).exists():
        return Silence.OFF
    if not Switch.objects.filter(_switch(EVERYTHING, right.everything_epoch)).exists():
        return Silence.OFF
    if row.opted_out:
        return Silence.OPTED_OUT
    if (silence := why_not(Mode(row.mode))) or row.epoch != right.epoch:
        return silence or Silence.CHANGED_MEANWHILE
    if row.turn != right.turn:
        return Silence.ANOTHER_TURN
    if answered is not None and row.settled == answered.newest and row.settled_turn != right.turn:
        return Silence.ANSWERED_ALREADY
    return Silence.UNCONFIRMED if row.unconfirmed else Silence.SENDING


def why_not(mode: Mode) -> Silence | None:
    """Why the bot may not speak in `mode`; None when it may."""
    return {Mode.HUMAN: Silence.TAKEN_OVER, Mode.PAUSED: Silence.PAUSED, Mode.WAITING: Silence.WAITING}.get(mode)


def _merged_away(key: Key) -> Exists:
    """The address is part of another conversation by now: who may speak is decided there."""
    here = Alias.objects.filter(instance=key.instance, jid=key.conversation)
    return Exists(here.exclude(conversation=key.conversation))


def _switched_on(instance: str) -> Q:
    return Q(Exists(Switch.objects.filter(_switch(instance)))) & Q(Exists(Switch.objects.filter(_switch(EVERYTHING))))


def _switch(instance: str, epoch: int | None = None) -> Q:
    on = Q(instance=instance, is_on=True)
    return on if epoch is None else on & Q(epoch=epoch)


def _claim(rows: QuerySet[Control], token: str = "") -> str:
    token = token or uuid.uuid4().hex
    changed = rows.update(sending=token, sending_at=timezone.now(), unconfirmed="", read_back_at=None)
    return token if changed else ""


def _release(row: Control) -> None:
    row.sending, row.sending_at, row.unconfirmed, row.read_back_at = "", None, "", None


def _enter(
    token: str,
    key: Key,
    by: Sent.By,
    *,
    rep: User | None = None,
    answered: Answered | None = None,
    ends_with: str = "",
) -> None:
    """Write the ledger's row. `ends_with` is a message that was settled before, and answered only by this send."""
    Sent.objects.create(
        token=token, instance=key.instance, conversation=key.conversation, author=by, rep=rep, at=timezone.now(),
        answers=list(answered.ids) if answered else [ends_with] if ends_with else [],
        answers_at=answered.newest_at if answered else None,
    )  # fmt: skip
