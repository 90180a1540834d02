"""The live history: read from the gateway each time, completed with who wrote what and what was said. Never a copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from conversations import identity, sealed
from conversations.evolution import get_client
from conversations.message import Author, Key, Kind, Message
from conversations.models import Sent

#: How long a transcript is kept, in seconds; it is made again from the audio when it is gone.
TRANSCRIPT_LIFETIME_S = 30 * 24 * 3600


def recent(key: Key, limit: int) -> list[Message]:
    """The newest `limit` messages of the conversation, oldest first, from all addresses of the lead.

    The gateway tells no order within a second: there the lead's come first, as questions do. Raises EvolutionError.
    """
    client = get_client()
    found = [message for jid in identity.jids(key) for message in client.messages(key.instance, jid, limit=limit)]
    return complete(key.instance, in_order(found)[-limit:])


def in_order(messages: Iterable[Message]) -> list[Message]:
    """`messages`, oldest first, each id once: as it stands first in them."""
    found: dict[str, Message] = {}
    for message in messages:
        found.setdefault(message.id, message)
    return sorted(found.values(), key=lambda message: (message.sent_at, message.from_me))


def complete(instance: str, messages: Sequence[Message]) -> list[Message]:
    """`messages` with the authors that the ledger knows and the transcripts that were made."""
    authors = _authors(instance, (message.id for message in messages if message.from_me))
    return [_with_words(_with_author(message, authors)) for message in messages]


def keep_transcript(instance: str, message_id: str, words: str) -> None:
    """Remember what was said in a voice note, encrypted and for a time: from now on it is the message's text."""
    sealed.put(f"transcript:{instance}:{message_id}", words, TRANSCRIPT_LIFETIME_S)


def transcript(instance: str, message_id: str) -> str | None:
    """What was said in a voice note, if it was heard; "" when nothing could be understood."""
    return sealed.get(f"transcript:{instance}:{message_id}")


def _authors(instance: str, ids: Iterable[str]) -> dict[str, tuple[Author, str]]:
    rows = Sent.objects.filter(instance=instance, message_id__in=list(ids))
    facts = rows.values_list("message_id", "author", "rep__first_name", "rep__last_name", "rep__username")
    return {
        str(message_id): (Author(author), f"{first or ''} {last or ''}".strip() or username or "")
        for message_id, author, first, last, username in facts
    }


def _with_author(message: Message, authors: dict[str, tuple[Author, str]]) -> Message:
    if message.id not in authors:
        return message
    author, name = authors[message.id]
    return replace(message, author=author, author_name=name)


def _with_words(message: Message) -> Message:
    if message.kind is not Kind.AUDIO or message.text or message.from_me:
        return message
    return replace(message, text=transcript(message.instance, message.id) or "")
