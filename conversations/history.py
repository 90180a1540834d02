"""The live history: read from the gateway each time, completed with who wrote what and what was said. Never a copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from conversations import identity, sealed
from conversations.evolution import get_client
from conversations.evolution.client import TIES
from conversations.jid import JID
from conversations.message import Author, Key, Kind, Message
from conversations.models import Sent

#: How long a transcript is kept, in seconds; it is made again from the audio when it is gone.
TRANSCRIPT_LIFETIME_S = 30 * 24 * 3600
#: So many messages of one second are read at most to have all of it.
_MOST_TIES = 800


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages in a row, oldest first; no second is cut in two between pages."""

    messages: list[Message]
    #: The last second before them, where the next older page ends; None at the beginning of the conversation.
    older: datetime | None


def recent(key: Key, limit: int) -> list[Message]:
    """The newest `limit` messages of the conversation, oldest first, from all addresses of the lead.

    The gateway tells no order within a second: there the lead's come first, as questions do. Raises EvolutionError.
    """
    client = get_client()
    found = [message for jid in identity.jids(key) for message in client.messages(key.instance, jid, limit=limit)]
    return complete(key.instance, in_order(found)[-limit:])


def page(key: Key, limit: int, until: datetime | None = None) -> Page:
    """About `limit` messages, the newest up to the second `until`, from all addresses. Raises EvolutionError."""
    of_each = [_whole_seconds(key.instance, jid, limit, until) for jid in identity.jids(key)]
    found = in_order(message for messages in of_each for message in messages)
    shown = [message for message in found if message.sent_at >= found[-limit].sent_at] if len(found) > limit else found
    has_older = len(shown) < len(found) or any(len(messages) >= limit for messages in of_each)
    older = shown[0].sent_at - timedelta(seconds=1) if shown and has_older else None
    return Page(complete(key.instance, shown), older)


def page_with(key: Key, limit: int, message_id: str) -> Page | None:
    """The page that ends with the second of one message; None when the conversation has no such message."""
    said = get_client().message(key.instance, message_id)
    if said is None or said.jid not in identity.jids(key):
        return None
    return page(key, limit, said.sent_at)


def _whole_seconds(instance: str, jid: JID, limit: int, until: datetime | None) -> list[Message]:
    """At least `limit` messages of one address if there are so many, with all that share the second of the oldest."""
    while True:
        found = get_client().messages(instance, jid, limit=limit, before=until)
        if len(found) < limit + TIES or limit >= _MOST_TIES:
            return found
        limit *= 2


def in_order(messages: Iterable[Message]) -> list[Message]:
    """`messages`, oldest first, each id once: as it stands first in them."""
    found: dict[str, Message] = {}
    for message in messages:
        found.setdefault(message.id, message)
    return sorted(found.values(), key=lambda message: (message.sent_at, message.from_me))


def complete(instance: str, messages: Sequence[Message]) -> list[Message]:
    """`messages` with the authors that the ledger knows and the transcripts that were made."""
    authors = _authors(instance, (message.id for message in messages if message.from_me))
    words = _transcripts(messages)
    return [_with_words(_with_author(message, authors), words) for message in messages]


def keep_transcript(instance: str, message_id: str, words: str) -> None:
    """Remember what was said in a voice note, encrypted and for a time: from now on it is the message's text."""
    sealed.put(_place(instance, message_id), words, TRANSCRIPT_LIFETIME_S)


def transcript(instance: str, message_id: str) -> str | None:
    """What was said in a voice note, if it was heard; "" when nothing could be understood."""
    return sealed.get(_place(instance, message_id))


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


def _is_to_be_heard(message: Message) -> bool:
    return message.kind is Kind.AUDIO and not message.text and not message.from_me


def _transcripts(messages: Sequence[Message]) -> dict[str, str]:
    """What was said in the voice notes among `messages`, by id; one look at the cache for all."""
    places = {_place(message.instance, message.id): message.id for message in messages if _is_to_be_heard(message)}
    return {places[place]: words for place, words in sealed.get_all(places).items()} if places else {}


def _place(instance: str, message_id: str) -> str:
    return f"transcript:{instance}:{message_id}"


def _with_words(message: Message, words: dict[str, str]) -> Message:
    return replace(message, text=words.get(message.id, "")) if _is_to_be_heard(message) else message
