"""A message that has left us, changed or taken back while WhatsApp allows it: one's own, or the bot's. Recorded."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from conversations import live
from conversations.evolution import get_client
from conversations.message import Author, Key, Kind, Message
from conversations.models import Act, AuditEntry, Sent
from people import access

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: Source: WhatsApp help, "How to edit messages": 15 minutes. The gateway's own check never triggers (2.3.6).
EDITABLE_FOR = timedelta(minutes=15)
#: Source: WhatsApp help, "How to delete messages": for everyone, up to about two days and a half.
DELETABLE_FOR = timedelta(hours=60)
#: Only words can be changed; of a picture or a film, those below it.
_WITH_WORDS = (Kind.TEXT, Kind.IMAGE, Kind.VIDEO)
_TAKEN_BACK = "SELECT id, until FROM conversations_auditentry WHERE instance = %s AND conversation = %s AND act = %s"


def has_words(message: Message) -> bool:
    """There is something in it that could be worded otherwise."""
    return message.kind in _WITH_WORDS and bool(message.text)


class Why(Enum):
    """Why a message stays as it is."""

    NOT_OURS = "not ours"
    OF_A_COLLEAGUE = "of a colleague"
    TOO_LATE = "too late"
    NO_WORDS = "no words"


class Stays(Exception):
    """The message cannot be changed; `why` says why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


def may_edit(message: Message, rep: User) -> None:
    """Raise Stays unless `rep` may still change the words of `message`."""
    if not has_words(message):
        raise Stays(Why.NO_WORDS)
    _may(message, rep, EDITABLE_FOR)


def may_delete(message: Message, rep: User) -> Sent:
    """Its line in the ledger. Raises Stays unless `rep` may still take `message` back."""
    return _may(message, rep, DELETABLE_FOR)


def edit(key: Key, message: Message, text: str, rep: User) -> None:
    """Give `message` another text. Raises Stays, or as `EvolutionClient.send_text` does."""
    may_edit(message, rep)
    get_client().edit_message(
        key.instance, message.jid, message.id, text, deadline=settings.SEND_DEADLINE_SECONDS
    )  # fmt: skip
    AuditEntry.record(key, Act.EDIT, rep)
    live.publish("edited", instance=key.instance, conversation=key.conversation, message_id=message.id)


def delete(key: Key, message: Message, rep: User) -> None:
    """Take `message` back, for everyone. Raises Stays, or as `EvolutionClient.send_text` does."""
    sent = may_delete(message, rep)
    get_client().delete_message(key.instance, message.jid, message.id, deadline=settings.SEND_DEADLINE_SECONDS)
    # The gateway forgets it altogether: that there was one, and when, is known from here on by this row alone.
    AuditEntry.record(key, Act.DELETE, rep, until=sent.at)
    live.publish("deleted", instance=key.instance, conversation=key.conversation, message_id=message.id)


def gone(key: Key, since: datetime | None, until: datetime | None) -> list[Message]:
    """What was taken back here of the messages sent between the two, oldest first: when and whose it was, no word."""
    here = AuditEntry.objects.raw(_TAKEN_BACK, [key.instance, key.conversation, Act.DELETE.value])
    sent = [entry.until for entry in here if entry.until is not None]
    moments = [at for at in sent if (since is None or at >= since) and (until is None or at < until)]
    if not moments:
        return []
    ledger = Sent.objects.filter(instance=key.instance, conversation=key.conversation, at__in=moments)
    rows = ledger.filter(state=Sent.State.SENT, message_id__isnull=False).order_by("at").select_related("rep")
    return [_placeholder(key, row) for row in rows]


def _placeholder(key: Key, row: Sent) -> Message:
    return Message(
        str(row.message_id), key.conversation, key.instance, True, Kind.TEXT, row.at.replace(microsecond=0),
        Author(row.author), "conversation", is_deleted=True, is_api_shaped=True,
        author_name=access.name_of(row.rep) if row.rep else "",
    )  # fmt: skip


def _may(message: Message, rep: User, for_so_long: timedelta) -> Sent:
    # The ledger's time: an edit moves the gateway's.
    sent = Sent.objects.filter(instance=message.instance, message_id=message.id).first()
    if sent is None or message.is_deleted:
        raise Stays(Why.NOT_OURS)
    if sent.author == Sent.By.REP and sent.rep_id != rep.pk:
        raise Stays(Why.OF_A_COLLEAGUE)
    if timezone.now() - sent.at > for_so_long:
        raise Stays(Why.TOO_LATE)
    return sent
