"""What people of ours write to each other and to the bot about a conversation. Sealed, expiring, erasable; never a
lead's words, and in no log, event or audit row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from conversations import live, sealed
from conversations.message import Key
from conversations.models import Act, AuditEntry, Note

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: How long a note is kept when nothing else is said.
LIFETIME = timedelta(days=90)
#: Characters.
LONGEST = 2000
_KINDS = "SELECT id, kind, expires_at FROM conversations_note WHERE instance = %s AND conversation = %s"


@dataclass(frozen=True, slots=True)
class Written:
    """A note as it is read."""

    id: int
    kind: Note.Kind
    text: str
    #: Who wrote it, in words; "" when that person's account is gone.
    author: str
    author_id: int | None
    at: datetime
    expires_at: datetime
    turns_left: int


def write(
    key: Key, kind: Note.Kind, author: User, text: str, *, lifetime: timedelta = LIFETIME, turns: int = 0
) -> Written:
    """Keep `text` and tell the screens that there is something to read. Raises ValueError for an empty or long one."""
    text = text.strip()
    if not 0 < len(text) <= LONGEST:
        raise ValueError(f"a note has 1 to {LONGEST} characters")
    now = timezone.now()
    note = Note.objects.create(
        instance=key.instance, conversation=key.conversation, kind=kind, author=author, sealed_text=sealed.seal(text),
        at=now, expires_at=now + lifetime, turns_left=turns,
    )  # fmt: skip
    live.publish("note", instance=key.instance, conversation=key.conversation)
    return _written(note, text)


def whisper(key: Key, author: User, text: str, turns: int) -> Written:
    """Tell the bot alone, for its next `turns` answers; that it was done is written down, what was said is not."""
    with transaction.atomic():
        note = write(key, Note.Kind.WHISPER, author, text, turns=turns)
        AuditEntry.record(key, Act.WHISPER, author, at=note.at)
    return note


def of(key: Key, *kinds: Note.Kind, limit: int = 100) -> list[Written]:
    """The newest `limit` notes of a conversation that are not over, oldest first; of all `kinds` when none is named.

    What can no longer be unsealed (SECRET_KEY was changed) is left out.
    """
    rows = Note.objects.select_related("author").filter(
        instance=key.instance, conversation=key.conversation, expires_at__gt=timezone.now()
    )
    rows = rows.filter(kind__in=kinds) if kinds else rows
    found = [(row, sealed.unseal(row.sealed_text)) for row in rows.order_by("-at", "-pk")[:limit]]
    return [_written(row, text) for row, text in reversed(found) if text is not None]


def whispers(key: Key) -> list[Written]:
    """The instructions to the bot that still count, oldest first."""
    return [note for note in of(key, Note.Kind.WHISPER) if note.turns_left]


def spend(key: Key, ids: Sequence[int]) -> None:
    """One answer of the bot went out that had read these: each counts for one less."""
    if not ids:
        return
    Note.objects.filter(pk__in=ids, turns_left__gt=0).update(turns_left=F("turns_left") - 1)
    live.publish("note", instance=key.instance, conversation=key.conversation)


def counts(key: Key) -> Counter[str]:
    """How many notes of each kind a conversation has that are not over."""
    here, now = Note.objects.raw(_KINDS, [key.instance, key.conversation]), timezone.now()
    return Counter(note.kind for note in here if note.expires_at > now)


def erase(key: Key, note_id: int, *, author: User | None = None) -> bool:
    """Forget one note of a conversation (only if `author` wrote it, where one is named); False when there is none."""
    here = Note.objects.filter(pk=note_id, instance=key.instance, conversation=key.conversation)
    gone, _ = (here.filter(author=author) if author else here).delete()
    if gone:
        live.publish("note", instance=key.instance, conversation=key.conversation)
    return bool(gone)


def erase_expired(now: datetime) -> int:
    """Forget what is over; how many there were."""
    return Note.objects.filter(expires_at__lte=now).delete()[0]


def _written(note: Note, text: str) -> Written:
    author = note.author
    name = (author.get_full_name() or author.get_username()) if author else ""
    return Written(
        note.pk, Note.Kind(note.kind), text, name, note.author_id, note.at, note.expires_at, note.turns_left
    )  # fmt: skip
