"""Texts that WhatsApp Business sends by itself, a greeting or an away message: nobody typed them.

A manager lists them in the bot's settings, or somebody says of a message in a conversation that it is one. Of the
latter only a keyed hash is kept: it can be compared with what comes, and read by nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from conversations import control, sealed
from conversations.message import Author, Key, Message
from conversations.models import Act, AuditEntry, AutomaticText, Control
from conversations.plain import plain

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

#: Such a text goes out this soon after the lead's message; later somebody typed it.
WITHIN = timedelta(seconds=3)


def is_known(instance: str, text: str, listed: str = "") -> bool:
    """`text` is, word for word, one of `listed` (one a line), or one that was ticked on `instance`."""
    words = plain(text)
    if not words:
        return False
    return words in map(plain, listed.splitlines()) or _ticked(instance, words).exists()


def without(instance: str, messages: Sequence[Message], listed: str) -> list[Message]:
    """`messages` (oldest first) without those that WhatsApp Business sent by itself, as far as they are known."""
    wrote = [message.sent_at for message in messages if message.is_from_lead]
    return [
        message
        for message in messages
        if not (
            message.author is Author.PHONE
            and any(timedelta(0) <= message.sent_at - at <= WITHIN for at in wrote)
            and is_known(instance, message.text, listed)
        )
    ]


def may_tick(message: Message) -> bool:
    """It looks as if somebody had typed `message` on the phone, and there are words to know it by."""
    return message.author is Author.PHONE and not message.is_deleted and bool(plain(message.text))


def tick(key: Key, message: Message, rep: User) -> Control:
    """`message` counts as nobody's from now on, on the whole number; a conversation it took goes back to the bot."""
    words = plain(message.text)
    if not _ticked(key.instance, words).exists():
        AutomaticText.objects.create(instance=key.instance, fingerprint=_fingerprints(key.instance, words)[0])
        AuditEntry.record(key, Act.AUTOMATIC, rep)
    row = control.current(key)
    # Nobody of ours gave a sign since.
    if row.is_on_phone and (row.last_human_at is None or row.last_human_at <= message.sent_at):
        return control.hand_back(key, rep)
    return row


def untick(key: Key, message: Message, rep: User) -> None:
    """Whoever sends the text of `message` counts as a person again."""
    if _ticked(key.instance, plain(message.text)).delete()[0]:
        AuditEntry.record(key, Act.NOT_AUTOMATIC, rep)


def _ticked(instance: str, words: str) -> QuerySet[AutomaticText]:
    return AutomaticText.objects.filter(instance=instance, fingerprint__in=_fingerprints(instance, words))


def _fingerprints(instance: str, words: str) -> list[str]:
    return sealed.fingerprints("automatic texts", f"{instance}\n{words}")
