"""Answers that a person approves before they go out: asking, and finding what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from bot.models import BotSettings
from bot.turns import Turn, Withheld
from conversations import fence, pending, sending
from conversations.fence import Answered
from conversations.message import Message
from conversations.notes import Written
from conversations.pending import Pending
from conversations.silence import Silence


def decided(turn: Turn, unanswered: Sequence[Message]) -> Pending | None:
    """What may go out now; None when nothing was offered for these messages of the lead.

    Raises Withheld while a person is to decide. What the lead wrote since makes an offer void, and it is thought again;
    not what a person said yes to, which goes out for the messages that they saw.
    """
    one = pending.current(turn.row)
    if one is None:
        return None
    ids = {message.id for message in unanswered}
    if set(one.answers) != ids and (one.by_id is None or not ids & set(one.answers)):
        return None
    now = timezone.now()
    if not one.is_due(now):
        left = (one.sends_at - now).total_seconds() if one.sends_at else None
        raise Withheld(Silence.AWAITING_APPROVAL, again_in_s=left)
    if not pending.take(turn.key, one):
        raise Withheld(Silence.AWAITING_APPROVAL)
    return one


def ask(
    turn: Turn, settings: BotSettings, unanswered: Sequence[Message], said: Sequence[str], whispers: Sequence[Written]
) -> Withheld:
    """Offer `said`, thought with the `whispers` of colleagues, to the people; what is to be raised meanwhile."""
    wait_s = settings.approval_seconds
    sends_at = timezone.now() + timedelta(seconds=wait_s) if wait_s else None
    offered = pending.offer(
        turn.key, said, Answered.of(unanswered), epoch=turn.right.epoch, sends_at=sends_at,
        whispers=[note.id for note in whispers],
    )  # fmt: skip
    if offered is None:
        # Somebody took over in this very moment.
        sending.keep_draft(turn.key, said)
        raise fence.Lost(fence.why_lost(turn.right))
    return Withheld(Silence.AWAITING_APPROVAL, again_in_s=wait_s or None)
