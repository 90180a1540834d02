"""One conversation for one lead, however many addresses WhatsApp gives the person (a phone JID and a @lid).

The bridge between two addresses is learnt over time, from inbound keys only (evolution-api 2.3.6: `key.remoteJidAlt`
of a lead's own message; on outgoing messages it is not to be trusted). An address nobody told us about is its own
conversation.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations.jid import JID, JIDKind, kind
from conversations.message import Key
from conversations.models import Act, Actor, Alias, AuditEntry, Control, Mode, Note, Reason, Seen, Sent
from people import statements

_CONVERSATION_OF = "SELECT conversation FROM conversations_alias WHERE instance = %s AND jid = %s"
_ADDRESSES_OF = "SELECT jid FROM conversations_alias WHERE instance = %s AND conversation = %s"

#: How quiet a mode keeps the bot; merging keeps the stricter.
_STRICTNESS = {Mode.BOT: 0, Mode.WAITING: 1, Mode.PAUSED: 2, Mode.HUMAN: 3}


def resolve(instance: str, jid: JID) -> Key:
    """The conversation `jid` belongs to."""
    learnt = statements.rows(_CONVERSATION_OF, instance, jid)
    return Key(instance, JID(learnt[0][0] if learnt else jid))


def resolve_all(instance: str, jids: Iterable[JID]) -> dict[JID, Key]:
    """The conversation of each of `jids`, in one query for what was learnt."""
    wanted = set(jids)
    learnt = dict(Alias.objects.filter(instance=instance).values_list("jid", "conversation")) if wanted else {}
    return {jid: Key(instance, JID(learnt.get(jid, jid))) for jid in wanted}


def jids(key: Key) -> tuple[JID, ...]:
    """Every known address of the lead; the one the conversation is filed under first."""
    others = sorted(jid for (jid,) in statements.rows(_ADDRESSES_OF, key.instance, key.conversation))
    return (key.conversation, *(JID(jid) for jid in others if jid != key.conversation))


def learn(instance: str, jid: JID, alt: JID | None) -> Key:
    """Note that `jid` and `alt` are one lead, as an inbound key says, and return the conversation.

    Writes only when that is news. Two conversations that turn out to be one are merged into the phone's, strictly:
    see `merge`.
    """
    if alt is None or alt == jid:
        return resolve(instance, jid)
    known = dict(Alias.objects.filter(instance=instance, jid__in=(jid, alt)).values_list("jid", "conversation"))
    if jid in known and known[jid] == known.get(alt):
        return Key(instance, JID(known[jid]))
    phone_first = sorted((jid, alt), key=lambda one: kind(one) is not JIDKind.PERSON)
    target = JID(known.get(phone_first[0], phone_first[0]))
    with transaction.atomic():
        for address in phone_first:
            source = known.get(address, address)
            _file(instance, JID(address), target)
            if source != target:
                merge(instance, JID(source), target)
    return Key(instance, target)


def _file(instance: str, jid: JID, conversation: JID) -> None:
    try:
        with transaction.atomic():
            Alias.objects.update_or_create(instance=instance, jid=jid, defaults={"conversation": conversation})
    except IntegrityError:  # another process learnt it in the same moment
        Alias.objects.filter(instance=instance, jid=jid).update(conversation=conversation)


def merge(instance: str, source: JID, target: JID) -> None:
    """Make `source` part of `target`: the stricter mode, the later end, the newer settled, the higher epoch + 1.

    The row of `source` is gone afterwards, so that a claim made with its epochs changes no row: whatever was being said
    there is dropped.
    """
    with transaction.atomic():
        # Made where there is none: whoever makes it at the same time waits for us, or we for them.
        made = Control.objects.get_or_create(instance=instance, conversation=source)[1]
        rows = {
            row.conversation: row
            for row in Control.objects.select_for_update().filter(instance=instance, conversation__in=(source, target))
        }
        Alias.objects.filter(instance=instance, conversation=source).update(conversation=target)
        Sent.objects.filter(instance=instance, conversation=source).update(conversation=target)
        AuditEntry.objects.filter(instance=instance, conversation=source).update(conversation=target)
        Note.objects.filter(instance=instance, conversation=source).update(conversation=target)
        # Whoever looked at one of the two has not seen the other: what they do not know is unread.
        Seen.objects.filter(instance=instance, conversation=source).delete()
        old, row = rows.get(source), rows.get(target)
        if made or old is None:
            Control.objects.filter(instance=instance, conversation=source).delete()
            return
        if row is None:
            # The turn that ran there can neither speak nor be ended under the old name any more: it is over.
            Control.objects.filter(pk=old.pk).update(
                conversation=target, epoch=old.epoch + 1, due_epoch=old.epoch + 1, turn="", next_try_at=None
            )
            return
        old_pk = old.pk
        before = row.mode
        _join(row, old)
        Control.objects.filter(pk=old_pk).delete()
        row.save()
        AuditEntry.objects.create(
            at=timezone.now(), instance=instance, conversation=target, actor=Actor.SYSTEM, act=Act.MERGE,
            reason=Reason.MERGED, before=before, after=row.mode, until=row.until,
        )  # fmt: skip


#: Whether a person approves what the bot says, the stricter later.
_ASKS: list[str] = [Control.Approval.OFF, Control.Approval.AS_INSTANCE, Control.Approval.ON]


def _join(row: Control, old: Control) -> None:
    """Fold `old` into `row`, in memory."""
    now = timezone.now()
    stricter = max(row, old, key=lambda one: (_STRICTNESS[one.mode_at(now)], one.until is None, one.until or now))
    ends = (row.until, old.until) if row.mode == old.mode else (stricter.until,)
    row.mode, row.holder_id, row.reason = stricter.mode, stricter.holder_id, stricter.reason
    row.until = None if None in ends else max(end for end in ends if end is not None)
    row.opted_out = row.opted_out or old.opted_out
    row.epoch = max(row.epoch, old.epoch) + 1
    row.due, row.due_epoch = stricter.due, row.epoch
    row.changed_at = now
    row.approval = max(row.approval, old.approval, key=lambda one: _ASKS.index(one))
    row.last_human_at = _latest(row.last_human_at, old.last_human_at)
    row.phone_at = _latest(row.phone_at, old.phone_at)
    row.keep_until = _latest(row.keep_until, old.keep_until)
    row.closed_said_at = _latest(row.closed_said_at, old.closed_said_at)
    if old.settled_at is not None and (row.settled_at is None or old.settled_at > row.settled_at):
        row.settled, row.settled_at, row.settled_turn, row.silence = (
            old.settled,
            old.settled_at,
            old.settled_turn,
            old.silence,
        )
    row.settled_ids = [*row.settled_ids, *(one for one in old.settled_ids if one not in row.settled_ids)]
    if old.newest and (not row.newest or row.newest in row.settled_ids):
        row.newest = old.newest
    # A claim is never forgotten: the bot stays blocked until it is known how the send ended.
    if old.sending and not row.sending:
        row.sending, row.sending_at, row.unconfirmed = old.sending, old.sending_at, old.unconfirmed
    row.turn = ""
    row.turn_started_at = min(filter(None, (row.turn_started_at, old.turn_started_at)), default=None)
    row.next_try_at = None


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)
