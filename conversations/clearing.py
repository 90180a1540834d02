"""How an unclear send is cleared up: a message that may have gone out is found at the gateway, or is not there."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from conversations import fence, history, live, sealed
from conversations.fence import Answered
from conversations.jid import JID
from conversations.message import Author, Key, Message
from conversations.models import Control, Due, Sent
from conversations.models import Unconfirmed as How
from conversations.plain import plain

log = logging.getLogger(__name__)

#: How long a `send.message` event may help to clear up a claim, in seconds.
_HINT_LIFETIME_S = 300
#: How long the words of an unclear send are known by their hash: a gateway may be away for hours.
_WORDS_LIFETIME_S = 24 * 3600
#: What is unclear for longer stays so: nobody waits for it any more.
_WORTH_IT = timedelta(days=1)
#: How far the gateway's clock may be behind WhatsApp's; the doctor warns from a quarter of it on.
_CLOCKS_APART = timedelta(seconds=120)
#: How many of a conversation's newest messages are read back.
_READ_BACK = 20


class Cleared(Enum):
    """What is known of an unclear send."""

    NO_CLAIM = "no claim"
    SENT = "it went out"
    NOT_SENT = "it did not go out"
    NOT_YET = "not known yet"


def remember(token: str, words: str) -> None:
    """The send under `token` is not confirmed: a keyed hash tells its `words` from those of others meanwhile."""
    if mark := _mark(words):
        sealed.put(f"words:{token}", mark, _WORDS_LIFETIME_S)


def note_sent(instance: str, conversation: JID, message_id: str) -> bool:
    """A `send.message` event came: True when it is ours, by the ledger or by an open claim (then remembered for it)."""
    if Sent.objects.filter(instance=instance, message_id=message_id).exists():
        return True
    rows = Control.objects.filter(instance=instance, conversation=conversation).exclude(sending="")
    row = rows.only("sending", "instance", "conversation").first()
    if row is None:
        return False
    # Whose it is of several, their words tell.
    if not _others(row.key, row.sending):
        cache.set(f"sent:{row.sending}", message_id, _HINT_LIFETIME_S)
    return True


def clear_up(row: Control) -> Cleared:
    """Find out how the unclear send of `row` ended, by its event or by reading the newest page back.

    Sent: settled, and what was left of the reply is dropped. Not found twice, 5 s apart after an error, or 30 s after
    the claim when no answer came: released, and the bot may think again. Raises EvolutionError when nothing can be
    read.
    """
    now = timezone.now()
    if not row.sending:
        return Cleared.NO_CLAIM
    if not row.unconfirmed and not fence.is_stale(row, now):
        return Cleared.NOT_YET
    sent = Sent.objects.filter(token=row.sending).first()
    if sent is None:  # the ledger was erased
        fence.release(row.sending)
        return Cleared.NOT_SENT
    if found := cache.get(f"sent:{row.sending}") or _found(sent):
        return _went_out(sent, str(found))
    if not _waited_enough(row, now):
        if row.read_back_at is None:
            Control.objects.filter(pk=row.pk, sending=row.sending).update(read_back_at=now)
        return Cleared.NOT_YET
    return _did_not(sent)


def left_behind() -> QuerySet[Sent]:
    """The unclear sends whose claim is gone: a person never waits for one, and their own send takes its place."""
    now = timezone.now()
    over = Q(state=Sent.State.OPEN, at__lte=now - _silence())
    unclear = Sent.objects.filter(Q(state=Sent.State.UNCONFIRMED) | over, at__gte=now - _WORTH_IT)
    return unclear.filter(~Exists(Control.objects.filter(sending=OuterRef("token"))))


def clear_up_left(sent: Sent) -> Cleared:
    """The same for one of `left_behind`. Raises EvolutionError when nothing can be read."""
    if found := _found(sent):
        return _went_out(sent, found)
    return _did_not(sent) if sent.at <= timezone.now() - _silence() else Cleared.NOT_YET


def _silence() -> timedelta:
    return timedelta(seconds=settings.UNCONFIRMED_AFTER_SILENCE_SECONDS)


def _waited_enough(row: Control, now: datetime) -> bool:
    if row.unconfirmed == How.ERROR:
        pause = timedelta(seconds=settings.UNCONFIRMED_AFTER_ERROR_SECONDS)
        return row.read_back_at is not None and row.read_back_at <= now - pause
    return fence.is_stale(row, now)


def _went_out(sent: Sent, message_id: str) -> Cleared:
    answered = None
    if sent.answers and sent.answers_at is not None:
        answered = Answered(tuple(sent.answers), sent.answers[-1], sent.answers_at)
    with transaction.atomic():
        pays = sent.author == Sent.By.BOT and sent.answers_at is None
        row = Control.objects.filter(sending=sent.token).exclude(due=Due.NONE).first() if pays else None
        # Another turn's token settles it: the bubbles that were left are dropped.
        fence.confirm(sent.token, message_id, answered=answered, turn="")
        if row is not None:
            Control.objects.filter(pk=row.pk, due_epoch=row.due_epoch).update(due=Due.NONE)
    log.info("an unconfirmed send did go out: %s", message_id)
    # The screens showed it as somebody else's, and the doubt beside it.
    live.publish("edited", instance=sent.instance, conversation=JID(sent.conversation), message_id=message_id)
    _tell(sent)
    return Cleared.SENT


def _did_not(sent: Sent) -> Cleared:
    fence.release(sent.token)
    log.info("an unconfirmed send did not go out")
    _tell(sent)
    return Cleared.NOT_SENT


def _tell(sent: Sent) -> None:
    live.publish("control", instance=sent.instance, conversation=JID(sent.conversation))


# ------------------------------------------------------------------------------------------------ finding it again


def _found(sent: Sent) -> str:
    """The id of the message that `sent` has become, among those of ours that nobody else accounts for; "" for none.

    Known by its words where these are (a gateway gives them back as they were). Else it is the newest that is none of
    another unclear send's and newer than what it answers: ours carries the gateway's clock and the lead's WhatsApp's,
    so a little older counts as newer. Taking a message of another integration for ours leaves one lead to a person,
    taking ours for nobody's would say it twice.
    """
    key = Key(sent.instance, JID(sent.conversation))
    since = min(sent.answers_at or sent.at, sent.at).replace(microsecond=0) - _CLOCKS_APART
    free = [one for one in history.recent(key, _READ_BACK) if _is_nobodys(one) and one.sent_at >= since]
    if words := sealed.get(f"words:{sent.token}"):
        free = [one for one in free if _mark(one.text) == words]
    else:
        theirs = {sealed.get(f"words:{token}") for token in _others(key, sent.token)}
        free = [one for one in free if _mark(one.text) not in theirs]
    return free[-1].id if free else ""


def _is_nobodys(message: Message) -> bool:
    return message.from_me and message.is_api_shaped and message.author is Author.OTHER


def _others(key: Key, token: str) -> list[str]:
    """The tokens of the other unclear sends of a conversation."""
    here = Sent.objects.filter(instance=key.instance, conversation=key.conversation, at__gte=timezone.now() - _WORTH_IT)
    unclear = here.filter(state__in=(Sent.State.OPEN, Sent.State.UNCONFIRMED)).exclude(token=token)
    return list(unclear.values_list("token", flat=True))


def _mark(words: str) -> str:
    """A keyed hash of what letters there are; "" where there are none."""
    letters = plain(words)
    return sealed.fingerprints("unclear sends", letters)[0] if letters else ""
