"""An answer of the bot that waits for a person's yes: what it would say, sealed in the cache, and what became of it.

That one waits stands in `Control.pending`, and who decides first takes it from there in one UPDATE. The text is in the
cache alone: when it is lost the bot thinks again, and offers anew.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from conversations import control, fence, live, sealed
from conversations.fence import Answered
from conversations.message import Key
from conversations.models import Act, Actor, AuditEntry, Control
from conversations.silence import Silence

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_LIFETIME_S = 24 * 3600


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

    def is_due(self, now: datetime) -> bool:
        """It may go out."""
        return self.is_released or (self.sends_at is not None and self.sends_at <= now)


def is_wanted(row: Control, *, on_instance: bool) -> bool:
    """The bot asks before it speaks: as the conversation has it, else as its instance."""
    return on_instance if row.approval == Control.Approval.AS_INSTANCE else row.approval == Control.Approval.ON


def offer(key: Key, bubbles: Sequence[str], answered: Answered, *, epoch: int, sends_at: datetime | None) -> Pending:
    """Show `bubbles` to the people and wait. One that waited before is void."""
    one = Pending(
        uuid.uuid4().hex, tuple(bubbles), answered.ids, answered.newest_at, epoch, timezone.now(), sends_at
    )  # fmt: skip
    _keep(key, one)
    Control.objects.filter(instance=key.instance, conversation=key.conversation).update(pending=one.id)
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
    return one if one.is_released or row.pending == one.id else None


def release(key: Key, id: str, rep: User, bubbles: Sequence[str] = ()) -> bool:
    """A person says yes, to `bubbles` of their own where given. False when it was decided already, or is void."""
    one = _taken(key, id)
    if one is None:
        return False
    is_edited = bool(bubbles) and tuple(bubbles) != one.bubbles
    _keep(key, replace(one, bubbles=tuple(bubbles) or one.bubbles, is_released=True))
    _note(key, Act.EDIT_DRAFT if is_edited else Act.APPROVE, rep)
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
    """It goes out by itself now; False when a person decided in this very moment."""
    return one.is_released or _taken(key, one.id) is not None


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


def _note(key: Key, act: Act, rep: User) -> None:
    AuditEntry.objects.create(
        at=timezone.now(), instance=key.instance, conversation=key.conversation, actor=Actor.REP, rep=rep, act=act
    )
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
    return Pending(**{**facts, "bubbles": tuple(facts["bubbles"]), "answers": tuple(facts["answers"])})
