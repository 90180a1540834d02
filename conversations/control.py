"""Who may speak: every change of control, stored with its audit row and told to the screens.

What each change does stands in `transitions.py`; the bot's right to speak, which they take away, in `fence.py`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from conversations import commands, identity, live, sealed
from conversations.commands import Command, What
from conversations.message import Author, Key, Message
from conversations.models import Act, Actor, AuditEntry, Control, Due, Mode, Reason, Sent
from conversations.transitions import Occurrence, State, after
from people import access
from people.statements import places

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

#: What is to be done after each change, besides telling the screens.
_after: list[Callable[[Control], None]] = []

#: How often it is looked whether a send that is waited for has ended, in seconds.
_LOOK_EVERY_S = 0.05
#: What the bot said so shortly before a takeover is told to whoever took over; a rep who just read it was overtaken.
_A_MOMENT = timedelta(seconds=5)
#: Near to buying, as the bot sees it (`Control.heat`).
HOT = 2
#: So many changes of a conversation are looked at for when people had it.
_LOOK_BACK = 40
#: Signs of a person are noted so far apart at least.
_SIGNS_APART = timedelta(seconds=15)
#: The phone's clock may be behind ours by so much, and count whole seconds.
_LATE = timedelta(seconds=2)


#: Asked by every page, the first by every step of a reply; from Django's parts they take five times as long to compose.
_CURRENT = "SELECT * FROM conversations_control WHERE instance = %s AND conversation = %s"
_CURRENTS = "SELECT * FROM conversations_control WHERE instance = %s"
_CHANGES = (
    "SELECT * FROM conversations_auditentry WHERE instance = %s AND conversation = %s AND after <> ''"
    " ORDER BY at DESC, id DESC LIMIT %s"
)


class Held(Exception):
    """Somebody else has the conversation than whom one was asked about: nothing was changed. `row` is as it is."""

    def __init__(self, row: Control) -> None:
        super().__init__(f"held by {row.holder_id}")
        self.row = row


@dataclass(frozen=True, slots=True)
class TakenOver:
    """How a takeover ended."""

    control: Control
    #: True in the one case that cannot be known: a bot's POST is on its way and does not answer.
    may_still_leave: bool
    #: What the bot said within the last seconds before, oldest first.
    just_left: tuple[Sent, ...] = ()


def current(key: Key) -> Control:
    """The conversation's control; a new, unsaved row when nothing ever happened there."""
    found = iter(Control.objects.raw(_CURRENT, [key.instance, key.conversation]))
    return next(found, None) or Control(instance=key.instance, conversation=key.conversation)


def state_of(row: Control) -> State:
    """What of `row` says who may speak."""
    return State(Mode(row.mode), row.holder_id, row.until, row.reason, row.opted_out)


def currents(keys: Iterable[Key]) -> dict[Key, Control]:
    """The control of each of `keys` that has a row, in one query an instance and one for who has them."""
    wanted = set(keys)
    found: dict[Key, Control] = {}
    for instance in {key.instance for key in wanted}:
        here = [key.conversation for key in wanted if key.instance == instance]
        # A query has room for a few hundred values; beyond that the whole instance is the cheaper read.
        only = f" AND conversation IN ({places(here)})" if len(here) <= 500 else ""
        rows = Control.objects.raw(_CURRENTS + only, [instance, *(here if only else ())])
        found.update({row.key: row for row in rows if row.key in wanted})
    holders = access.people(row.holder_id for row in found.values())
    for row in found.values():
        if row.holder_id in holders:
            row.holder = holders[row.holder_id]
    return found


def held_by(person: User, instances: Sequence[str]) -> list[Control]:
    """What `person` has taken over and not handed back, on `instances`, the oldest first."""
    rows = Control.objects.filter(mode=Mode.HUMAN, holder=person, instance__in=instances).order_by("changed_at")
    return [row for row in rows if row.mode_at(timezone.now()) is Mode.HUMAN]


def ensure(key: Key) -> Control:
    """The conversation's row, made when it is not there."""
    while True:
        try:
            return Control.objects.get_or_create(instance=key.instance, conversation=key.conversation)[0]
        except IntegrityError:  # made by another process, and merged into another conversation before it could be read
            continue


# ------------------------------------------------------------------------------------------------- people decide


def is_of_others(row: Control, besides: Collection[int | None]) -> bool:
    """One of us has the conversation who is not one of `besides`; the phone is nobody."""
    is_held = row.mode_at(timezone.now()) is Mode.HUMAN and row.holder_id is not None
    return is_held and row.holder_id not in besides


def take_over(key: Key, rep: User, *, taken_from: Collection[int] | None = None) -> TakenOver:
    """Give the conversation to `rep`: from now on no bot message leaves it. Taking it twice changes nothing.

    Waits at most `TAKEOVER_WAIT_SECONDS` for a bot message that is already on its way. Raises Held as `change` does.
    """
    return settled(change(key, Occurrence.TAKEN_OVER, actor=Actor.REP, rep=rep, taken_from=taken_from))


def settled(row: Control) -> TakenOver:
    """How what `row` shows ends for the bot: once a message of it that is on its way has left, or may still leave."""
    may_still_leave = not wait_for_claim(row.key)
    return TakenOver(row, may_still_leave, _just_left(row))


def hand_over(key: Key, rep: User, receiver: User, *, taken_from: Collection[int] | None = None) -> TakenOver:
    """Give the conversation to a colleague, from any mode; to whoever has it already changes nothing.

    The colleague's screens are told, wherever they stand. Waits and raises as `take_over` does.
    """
    epoch_before = current(key).epoch
    row = change(key, Occurrence.HANDED_OVER, actor=Actor.REP, rep=rep, receiver=receiver, taken_from=taken_from)
    if row.epoch != epoch_before:
        # Of no conversation: it reaches every screen, and the stream shows it to its receiver alone.
        live.publish(
            "handed", instance=key.instance, user=receiver.pk, by=access.name_of(rep),
            opaque=sealed.opaque_id(row.key),
        )  # fmt: skip
    return settled(row)


def pause(key: Key, rep: User, until: datetime | None, *, taken_from: Collection[int] | None = None) -> Control:
    """Keep the bot quiet until `until` (None: for good). Never shortens a longer pause. Raises Held as `change` does.

    What is on its way may still leave: see `settled`.
    """
    return change(key, Occurrence.PAUSED, actor=Actor.REP, rep=rep, until=until, taken_from=taken_from)


def resume(key: Key, rep: User, *, taken_from: Collection[int] | None = None) -> Control:
    """End a pause: the bot answers again. Raises Held as `change` does."""
    return change(key, Occurrence.RESUMED, actor=Actor.REP, rep=rep, taken_from=taken_from)


def hand_back(key: Key, rep: User, *, taken_from: Collection[int] | None = None) -> Control:
    """Return the conversation to the bot. Raises Held as `change` does."""
    return change(key, Occurrence.HANDED_BACK, actor=Actor.REP, rep=rep, taken_from=taken_from)


def approve_answers(key: Key, rep: User, approval: Control.Approval) -> Control:
    """Whether the bot asks before it speaks here. No change of who speaks: a turn that runs finds it as it is."""
    with transaction.atomic():
        row = locked(key)
        if row.approval == approval:
            return row
        row.approval = approval
        row.save(update_fields=["approval"])
        act = Act.APPROVAL_ON if approval == Control.Approval.ON else Act.APPROVAL_OFF
        AuditEntry.record(row.key, act, rep)
    live.publish("control", instance=row.instance, conversation=row.conversation, mode=row.mode)
    return row


def opt_out(key: Key, *, epoch: int, confirms: bool = True) -> Control:
    """The lead surely does not want to be written to; one last word to confirm it is due, if it `confirms`.

    Changes nothing when control moved on from `epoch`.
    """
    return change(
        key, Occurrence.OPTED_OUT, actor=Actor.LEAD, only_at_epoch=epoch,
        due=Due.OPT_OUT_CONFIRMATION if confirms else Due.NONE, audited_as=Reason.OPTED_OUT,
    )  # fmt: skip


def note_opt_out(key: Key, rep: User) -> Control:
    """A person knows that the lead does not want to be written to: nothing follows, and the lead is told nothing."""
    return change(key, Occurrence.OPTED_OUT, actor=Actor.REP, rep=rep, audited_as=Reason.OPTED_OUT)


def opt_in(key: Key, rep: User) -> Control:
    """Clear the lead's wish not to be written to; only a person does this."""
    return change(key, Occurrence.OPTED_IN, actor=Actor.REP, rep=rep)


def undo(key: Key, rep: User, before: State, *, epoch: int, since: datetime | None = None) -> bool:
    """Put back what was `before` the change that made `epoch`; False when something else changed meanwhile.

    Whoever waited then waits `since` then (None: from now on).
    """
    row = change(key, Occurrence.UNDONE, actor=Actor.REP, rep=rep, restored=before, since=since, only_at_epoch=epoch)
    return row.epoch == epoch + 1 and changes(row.key, 1)[0].act == Act.UNDO


def rep_sent(key: Key, rep: User, *, taken_from: Collection[int] | None = None) -> Control:
    """Sending from the dashboard is taking over. Called before the send, so that the bot is quiet when it leaves.

    Raises Held as `change` does.
    """
    return change(key, Occurrence.REP_SENT, actor=Actor.REP, rep=rep, taken_from=taken_from)


# ------------------------------------------------------------------------------------------ the phone and the bot


def note_phone(key: Key, at: datetime, *, hold: timedelta | None) -> Control:
    """Somebody typed on the phone at `at`; the bot is quiet for `hold` from then (None: until it is handed back)."""
    until = None if hold is None else at + hold
    if until is not None and until <= timezone.now():
        return current(key)
    before = current(key)
    row = change(key, Occurrence.PHONE_WROTE, actor=Actor.PHONE, until=until, human_at=at)
    if row.is_on_phone and before.mode_at(timezone.now()) is not Mode.HUMAN:
        live.publish("attention", instance=row.instance, conversation=row.conversation, why="phone")
    return row


def obey(key: Key, command: Command, at: datetime) -> Control:
    """Do what the account's owner typed at `at`, unless control has changed since: a webhook may come late."""
    before = current(key)
    # What somebody typed after it counts more, whichever webhook came first: both have the phone's clock.
    if command.what is What.STATUS or (before.phone_at is not None and before.phone_at > at):
        return before
    until = at + command.length if command.length else None
    what = Occurrence.PAUSED if command.what is What.PAUSE else Occurrence.HANDED_BACK
    return change(key, what, actor=Actor.PHONE, until=until, human_at=at, unless_changed_after=at)


def note_people(
    row: Control, messages: Sequence[Message], *, hold: timedelta | None, since: datetime | None = None
) -> Control:
    """Look for people in `messages` (oldest first) whose webhook was lost; returns `row`, or the control that follows.

    A person is an outgoing message that is not API-shaped and not in the ledger, newer than the last sign of a person;
    for a hold for good (None) also newer than `since`, when the bot came. A conversation that people began, where the
    lead has not been answered yet, is theirs.
    """
    key = row.key
    said = [message for message in messages if message.reaction is None and not message.is_notice]
    row = _note_command(row, said)
    said = [message for message in said if not _command(message)]
    typed = [message for message in said if message.author is Author.PHONE and not message.is_deleted]
    if not typed:
        return row
    newest = max(message.sent_at for message in typed)
    is_of_now = hold is not None or since is None or newest >= since
    if is_of_now and (row.last_human_at is None or newest > row.last_human_at):
        row = note_phone(key, newest, hold=hold)
    if _people_began(row, said):
        row = change(key, Occurrence.PEOPLE_BEGAN, actor=Actor.PHONE)
    return row


def _note_command(row: Control, said: Sequence[Message]) -> Control:
    """Obey the newest command whose webhook was lost, if no person did anything since."""
    typed = [message for message in said if message.author is Author.PHONE and not message.is_deleted]
    command = _command(typed[-1]) if typed else None
    if command is None or (row.last_human_at is not None and typed[-1].sent_at <= row.last_human_at):
        return row
    return obey(row.key, command, typed[-1].sent_at)


def _command(message: Message) -> Command | None:
    """What the account's owner asks for with this message; a lead's is never one."""
    return commands.parse(message.text) if message.author is Author.PHONE else None


def _people_began(row: Control, said: Sequence[Message]) -> bool:
    """A person wrote first, the bot never did, and all that the lead wrote came after it and is unsettled."""
    if row.mode_at(timezone.now()) is not Mode.BOT or row.settled or row.reason in (Reason.HANDED_BACK, Reason.RESUMED):
        return False
    ours = [message for message in said if message.author in (Author.PHONE, Author.REP)]
    if not ours or any(message.author in (Author.BOT, Author.OTHER) for message in said):
        return False
    last_of_ours = max(message.sent_at for message in ours)
    return all(message.sent_at > last_of_ours for message in said if message.is_from_lead)


def hand_off(key: Key, reason: str, *, epoch: int, heat: int = 1) -> Control:
    """The bot asks for a person; a notice to the lead is due. Changes nothing when control moved on from `epoch`.

    Who told all there is to know and wants to go on is hot, whatever else was made of it.
    """
    heat = max(heat, HOT) if reason == Reason.QUALIFIED else heat
    return change(
        key, Occurrence.HANDOFF, actor=Actor.BOT, reason=reason, only_at_epoch=epoch, due=Due.HANDOFF_NOTICE, heat=heat
    )  # fmt: skip


def give_up(key: Key, reason: str, *, epoch: int, due: Due = Due.NONE) -> Control:
    """A turn's budget is spent: wait for a person, or, for technical reasons, until a probe succeeds."""
    return change(key, Occurrence.GAVE_UP, actor=Actor.SYSTEM, reason=reason, only_at_epoch=epoch, due=due, heat=1)


def recover(key: Key) -> Control:
    """The technical reason is gone: the bot answers again."""
    return change(key, Occurrence.RECOVERED, actor=Actor.SYSTEM, reason=Reason.RECOVERED)


def resumes_at(row: Control, after_minutes: int) -> datetime | None:
    """When a conversation that a person has returns to the bot by itself; None: never, or by its own end.

    Counted from the last sign of a person on any route, and not before what a person asked for.
    """
    if not after_minutes or row.mode != Mode.HUMAN or row.until is not None:
        return None
    since = max(filter(None, (row.last_human_at, row.changed_at)), default=None)
    if since is None:
        return None
    return max(since + timedelta(minutes=after_minutes), row.keep_until or since)


def more_time(key: Key, rep: User, length: timedelta) -> Control:
    """Keep the conversation from returning to the bot by itself for `length` from now."""
    with transaction.atomic():
        row = locked(key)
        row.keep_until = timezone.now() + length
        row.save(update_fields=["keep_until"])
        AuditEntry.record(row.key, Act.MORE_TIME, rep, until=row.keep_until)
    live.publish("control", instance=row.instance, conversation=row.conversation, mode=row.mode)
    return row


def note_sign(key: Key) -> None:
    """A person is at it (types in the dashboard): nothing changes but when somebody was last there.

    Written at most every few seconds, however fast somebody types.
    """
    now = timezone.now()
    here = Control.objects.filter(instance=key.instance, conversation=key.conversation, mode=Mode.HUMAN)
    here.exclude(last_human_at__gt=now - _SIGNS_APART).update(last_human_at=now)


def auto_resume(row: Control) -> Control:
    """Return the conversation to the bot: no person gave a sign for long. Not if one did since `row` was read."""
    if Control.objects.filter(pk=row.pk, last_human_at=row.last_human_at, keep_until=row.keep_until).exists():
        return change(row.key, Occurrence.AUTO_RESUMED, actor=Actor.SYSTEM, only_at_epoch=row.epoch)
    return row


def time_out(row: Control) -> Control:
    """Return to the bot a conversation that waited for a person in vain."""
    return change(row.key, Occurrence.TIMED_OUT, actor=Actor.SYSTEM, only_at_epoch=row.epoch)


def expire(key: Key) -> Control:
    """Record that the mode's time is over, if it is."""
    return change(key, Occurrence.EXPIRED, actor=Actor.SYSTEM)


def expired(now: datetime) -> list[Key]:
    """Conversations whose mode's time is over and not recorded yet."""
    rows = Control.objects.filter(mode__in=(Mode.HUMAN, Mode.PAUSED), until__lte=now)
    return [row.key for row in rows]


# -------------------------------------------------------------------------------------------------- the one change


def change(
    key: Key,
    what: Occurrence,
    *,
    actor: Actor,
    rep: User | None = None,
    until: datetime | None = None,
    reason: str = "",
    human_at: datetime | None = None,
    only_at_epoch: int | None = None,
    unless_changed_after: datetime | None = None,
    due: Due = Due.NONE,
    restored: State | None = None,
    since: datetime | None = None,
    receiver: User | None = None,
    audited_as: str = "",
    heat: int | None = None,
    taken_from: Collection[int] | None = None,
) -> Control:
    """Apply `what` under the row's lock: new state, epoch + 1 and an audit row, or nothing when it changes nothing.

    Raises Held when one of us has the conversation who is neither `rep` nor in `taken_from` (None: from anybody).
    """
    with transaction.atomic():
        row = locked(key)
        # Only now: while the lock was waited for a bubble may have left, and it left before this change.
        now = timezone.now()
        key = row.key
        if only_at_epoch is not None and row.epoch != only_at_epoch:
            return row
        if unless_changed_after and row.changed_at and row.changed_at > unless_changed_after + _LATE:
            return row
        if what is Occurrence.UNDONE and _phone_wrote_since(row):
            return row
        if taken_from is not None and is_of_others(row, {rep.pk if rep else None, *taken_from}):
            raise Held(row)
        before = state_of(row)
        before_it = after(before, Occurrence.EXPIRED, now=now)
        holder = receiver or rep
        holder_id = holder.pk if holder else None
        follows = after(before_it, what, now=now, rep=holder_id, until=until, reason=reason, restored=restored)
        _note_human(row, actor, now, human_at)
        if what is Occurrence.PHONE_WROTE:
            row.phone_at = max(filter(None, (row.phone_at, human_at)), default=None)
        if follows == before:
            row.save(update_fields=["last_human_at", "phone_at"])
            return row
        row.mode, row.holder_id, row.until = follows.mode, follows.holder, follows.until
        row.reason, row.opted_out = follows.reason, follows.opted_out
        if heat is not None:
            row.heat = heat
        _count(row, now, since, is_as_before=replace(follows, opted_out=before.opted_out) == before)
        # The budget of a turn ends with the control it began under. Where the bot may speak again it owes a turn.
        is_owed = follows.mode == Mode.BOT and not follows.opted_out and row.newest not in ("", *row.settled_ids)
        row.turn_started_at, row.tries = now if is_owed else None, 0
        row.due, row.due_epoch = due, row.epoch
        # An answer that waits for approval was written under the control that ends here.
        row.pending = ""
        row.save()
        act = what.value if isinstance(what.value, Act) else Act.TAKE_OVER
        AuditEntry.objects.create(
            at=now, instance=key.instance, conversation=key.conversation, actor=actor, rep=rep, act=act,
            reason=audited_as or follows.reason, before=before.mode, after=follows.mode, until=follows.until,
            receiver=receiver,
        )  # fmt: skip
    log.info("control changed: %s by %s, now %s (epoch %d)", act, actor, follows.mode, row.epoch)
    for do in _after:
        do(row)
    live.publish("control", instance=key.instance, conversation=key.conversation, mode=follows.mode)
    return row


def after_each_change(do: Callable[[Control], None]) -> None:
    """Have `do` know of every change of control, once it is stored; the screens are told afterwards."""
    _after[:] = [do]


def locked(key: Key) -> Control:
    """The conversation's row, made when it is not there, and locked.

    A key from before two addresses became one conversation means the one that is left, also when that happens now.
    """
    while True:
        here = identity.resolve(key.instance, key.conversation)
        ensure(here)
        row = Control.objects.select_for_update().filter(instance=here.instance, conversation=here.conversation).first()
        now_at = identity.resolve(here.instance, here.conversation)
        if now_at != here:
            identity.merge(here.instance, here.conversation, now_at.conversation)
        elif row is not None:
            return row


def _count(row: Control, now: datetime, since: datetime | None, *, is_as_before: bool) -> None:
    """One change more. Whoever waits as before, or `since` before what is undone, is not rung or told of it again."""
    goes_on = row.epoch if is_as_before else row.epoch - 1 if since else None
    row.epoch += 1
    row.rung_epoch = row.epoch if row.rung_epoch == goes_on else row.rung_epoch
    row.told_epoch = row.epoch if row.told_epoch == goes_on else row.told_epoch
    # Whether the lead wants messages lies over who speaks, and changes nothing of since when.
    if not is_as_before:
        row.changed_at = since or now


def _phone_wrote_since(row: Control) -> bool:
    """Somebody wrote on the phone since the last change: where a rep has the conversation that changes nothing."""
    last = changes(row.key, 1)
    return bool(last) and row.phone_at is not None and row.phone_at >= last[0].at.replace(microsecond=0)


def _note_human(row: Control, actor: Actor, now: datetime, human_at: datetime | None) -> None:
    if actor in (Actor.REP, Actor.PHONE):
        at = human_at or now
        row.last_human_at = at if row.last_human_at is None else max(at, row.last_human_at)


# ------------------------------------------------------------------------------------------------- what was changed


def changes(key: Key, count: int) -> list[AuditEntry]:
    """The last `count` changes of a conversation's control, the newest first; of acts that change nothing none."""
    return list(AuditEntry.objects.raw(_CHANGES, [key.instance, key.conversation, count]))


def held_since(key: Key) -> datetime | None:
    """Since when people have the conversation without a break; None when they do not, or nobody knows."""
    taken = _taken(key)
    return taken.at if taken else None


def _taken(key: Key) -> AuditEntry | None:
    """The change by which people got the conversation that they have without a break since."""
    entries = list(takewhile(lambda entry: entry.after == Mode.HUMAN, changes(key, _LOOK_BACK)))
    return entries[-1] if entries else None


def waited_until_taken(key: Key) -> bool:
    """People have the conversation because it waited for them, and none of them has sent anything there yet."""
    taken = _taken(key)
    if taken is None or taken.before != Mode.WAITING:
        return False
    here = Sent.objects.filter(instance=key.instance, conversation=key.conversation, author=Sent.By.REP)
    return not here.filter(at__gte=taken.at).exclude(state=Sent.State.NOT_SENT).exists()


def stretches(key: Key) -> list[tuple[datetime, datetime]]:
    """From when to when people had the conversation and gave it back, the last ones, oldest first."""
    found: list[tuple[datetime, datetime]] = []
    since: datetime | None = None
    for entry in reversed(changes(key, _LOOK_BACK)):
        if entry.after == Mode.HUMAN:
            since = since or entry.at
        elif since is not None and entry.after == Mode.BOT:
            found.append((since, entry.at))
            since = None
        elif entry.act == Act.HAND_BACK:
            found.append((entry.at - _A_MOMENT, entry.at))
    return found


def _just_left(row: Control) -> tuple[Sent, ...]:
    """The bot's messages that went out right before the change that `row` shows."""
    at = row.changed_at or timezone.now()
    here = Sent.objects.filter(instance=row.instance, conversation=row.conversation, author=Sent.By.BOT)
    return tuple(here.filter(state=Sent.State.SENT, at__gte=at - _A_MOMENT, at__lte=at).order_by("at"))


# ------------------------------------------------------------------------------------------------------- the claim


def wait_for_claim(key: Key) -> bool:
    """Wait at most `TAKEOVER_WAIT_SECONDS` until no bot message is on its way; False when one still may be."""
    return waited_until(lambda: not is_bot_sending(key))


def wait_for_claims(rows: QuerySet[Control]) -> int:
    """Wait as `wait_for_claim` does, once for all of `rows`: how many messages of the bot may still leave."""
    waited_until(lambda: not _bots_sends(rows).exists())
    return _bots_sends(rows).count()


def waited_until(is_over: Callable[[], bool]) -> bool:
    """Wait at most `TAKEOVER_WAIT_SECONDS` until it is over; False when it still is not."""
    deadline = time.monotonic() + settings.TAKEOVER_WAIT_SECONDS
    while not is_over():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def is_bot_sending(key: Key) -> bool:
    """A claim of the bot is open: its POST has not answered, or not clearly."""
    return _bots_sends(Control.objects.filter(instance=key.instance, conversation=key.conversation)).exists()


def _bots_sends(rows: QuerySet[Control]) -> QuerySet[Control]:
    claim = Sent.objects.filter(token=OuterRef("sending"), author=Sent.By.BOT)
    return rows.filter(~Q(sending=""), Exists(claim))
