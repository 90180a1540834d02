"""An answer of the bot that waits for a person's yes: what it would say, sealed in the cache, and what became of it.

That one waits stands in `Control.pending`, and who decides first takes it from there in one UPDATE. The text is in the
cache alone: when it is lost the bot thinks again, and offers anew.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from conversations import control, fence, live, sealed
from conversations.fence import Answered
from conversations.message import Key
from conversations.models import Act, Actor, AuditEntry, Control
from conversations.silence import Silence
from people import access

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_LIFETIME_S = 24 * 3600
_BLANK = re.compile(r"\n\s*\n")

#: Tells the worker that the answer to this message of a conversation may go out: known to whoever has a bot.
_goes_on: list[Callable[[Key, str], None]] = []


def goes_on_by(tell: Callable[[Key, str], None]) -> None:
    """Have `tell` send what people approve at once; without it the sweep finds it."""
    _goes_on[:] = [tell]


@dataclass(frozen=True, slots=True)
class Pending:
    """What the bot would say."""

    id: str
    bubbles: tuple[str, ...]
    #: The lead's messages it answers: ids, oldest first, and when the newest was sent.
    answers: tuple[str, ...]
    newest_at: datetime
    #: Of the conversation when it was written; void under another one.
    epoch: int
    offered_at: datetime
    #: When it goes out by itself; None: never.
    sends_at: datetime | None = None
    #: A person said yes.
    is_released: bool = False
    #: Who said it, in words.
    by: str = ""
    by_id: int | None = None
    #: The notes that were whispered to the bot when it was written.
    whispers: tuple[int, ...] = ()

    @property
    def as_text(self) -> str:
        """For a box to change it in: a blank line between the bubbles, and none within one."""
        return "\n\n".join(_BLANK.sub("\n", bubble.strip()) for bubble in self.bubbles)

    def is_due(self, now: datetime) -> bool:
        """It may go out."""
        return self.is_released or (self.sends_at is not None and self.sends_at <= now)


def is_wanted(row: Control, *, on_instance: bool) -> bool:
    """The bot asks before it speaks: as the conversation has it, else as its instance."""
    return on_instance if row.approval == Control.Approval.AS_INSTANCE else row.approval == Control.Approval.ON


def offer(
    key: Key, bubbles: Sequence[str], answered: Answered, *, epoch: int, sends_at: datetime | None,
    whispers: Sequence[int] = (),
) -> Pending | None:  # fmt: skip
    """Show `bubbles` to the people and wait. One that waited before is void.

    None, and nothing waits, when control moved on from `epoch` in this very moment.
    """
    one = Pending(
        uuid.uuid4().hex, tuple(bubbles), answered.ids, answered.newest_at, epoch, timezone.now(), sends_at,
        whispers=tuple(whispers),
    )  # fmt: skip
    _keep(key, one)
    here = Control.objects.filter(instance=key.instance, conversation=key.conversation, epoch=epoch)
    if not here.update(pending=one.id):
        drop(key)
        return None
    live.publish("pending", instance=key.instance, conversation=key.conversation)
    return one


def of(key: Key) -> Pending | None:
    """What waits in the conversation, or was released and did not go out yet; None when nothing does."""
    return current(control.current(key))


def current(row: Control) -> Pending | None:
    """As `of`, for a row that was just read."""
    one = _kept(row.key)
    if one is None or one.epoch != row.epoch:
        return None
    if one.is_released and set(one.answers) <= set(row.settled_ids):
        return None
    return one if one.is_released or row.pending == one.id else None


def release(key: Key, id: str, rep: User, bubbles: Sequence[str] = ()) -> bool:
    """A person says yes, to `bubbles` of their own where given. False when it was decided already, or is void."""
    one = _taken(key, id)
    if one is None:
        return False
    is_edited = bool(bubbles) and tuple(bubbles) != one.bubbles
    said = tuple(bubbles) or one.bubbles
    _keep(key, replace(one, bubbles=said, is_released=True, by=access.name_of(rep), by_id=rep.pk))
    if control.current(key).epoch != one.epoch:
        drop(key)
        return False
    _note(key, Act.EDIT_DRAFT if is_edited else Act.APPROVE, rep)
    for tell in _goes_on:
        tell(key, one.answers[-1])
    return True


def discard(key: Key, id: str, rep: User) -> bool:
    """A person says no: the lead's messages count as dealt with. False when it was decided already, or is void."""
    with transaction.atomic():
        one = _taken(key, id)
        if one is None:
            return False
        row = control.locked(key)
        fence.settle(row, Answered(one.answers, one.answers[-1], one.newest_at), silence=Silence.DISCARDED)
        row.save(update_fields=fence.SETTLED_FIELDS)
    drop(key)
    _note(key, Act.DISCARD, rep)
    return True


def take(key: Key, one: Pending) -> bool:
    """It goes out now; False when it does so by itself and a person decided in this very moment."""
    if one.is_released:
        return True
    if _taken(key, one.id) is None:
        return False
    _note(key, Act.APPROVE, None)
    return True


def done(key: Key) -> None:
    """What was to go out did."""
    drop(key)
    live.publish("pending", instance=key.instance, conversation=key.conversation)


def void(row: Control) -> Pending | None:
    """Forget what was written under another control than that of `row`; what it was, unless the lead has it."""
    one = _kept(row.key)
    if one is None or one.epoch == row.epoch:
        return None
    drop(row.key)
    return None if set(one.answers) <= set(row.settled_ids) else one


def drop(key: Key) -> None:
    """Forget it."""
    sealed.drop(_name(key))


def _taken(key: Key, id: str) -> Pending | None:
    """What waits under `id`, for the first who asks."""
    one = of(key)
    if one is None or one.id != id or one.is_released:
        return None
    here = Control.objects.filter(instance=key.instance, conversation=key.conversation, pending=id, epoch=one.epoch)
    return one if here.update(pending="") else None


# ------------------------------------------------------------------------------------------------ what became of them


@dataclass(frozen=True, slots=True)
class Decisions:
    """How many answers of the bot went which way."""

    #: Sent as they were, by a person.
    approved: int = 0
    #: Sent in a person's words.
    changed: int = 0
    discarded: int = 0
    #: Nobody decided in time.
    by_themselves: int = 0


def decisions(since: datetime, instances: Sequence[str]) -> Decisions:
    """What was decided on `instances` since then."""
    rows = AuditEntry.objects.filter(act__in=_COUNTED, at__gte=since, instance__in=instances).order_by()
    counts = {(act, actor): n for act, actor, n in rows.values_list("act", "actor").annotate(Count("pk"))}
    return Decisions(
        counts.get((Act.APPROVE, Actor.REP), 0), counts.get((Act.EDIT_DRAFT, Actor.REP), 0),
        counts.get((Act.DISCARD, Actor.REP), 0), counts.get((Act.APPROVE, Actor.SYSTEM), 0),
    )  # fmt: skip


def decided(key: Key, since: datetime) -> AuditEntry | None:
    """The last decision in a conversation since then; None when there was none."""
    here = AuditEntry.objects.filter(instance=key.instance, conversation=key.conversation, act__in=_COUNTED)
    return here.filter(at__gte=since).select_related("rep").first()


_COUNTED = (Act.APPROVE, Act.EDIT_DRAFT, Act.DISCARD)


def _note(key: Key, act: Act, rep: User | None) -> None:
    AuditEntry.record(key, act, rep)
    live.publish("pending", instance=key.instance, conversation=key.conversation)


def _name(key: Key) -> str:
    return f"pending:{key.instance}:{key.conversation}"


def _keep(key: Key, one: Pending) -> None:
    sealed.put(_name(key), json.dumps(asdict(one), default=datetime.isoformat), _LIFETIME_S)


def _kept(key: Key) -> Pending | None:
    text = sealed.get(_name(key))
    if text is None:
        return None
    facts = json.loads(text)
    for name in ("newest_at", "offered_at", "sends_at"):
        facts[name] = datetime.fromisoformat(facts[name]) if facts[name] else None
    return Pending(**facts | {name: tuple(facts[name]) for name in ("bubbles", "answers", "whispers")})
