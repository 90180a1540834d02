"""The live history: read from the gateway each time, completed with who wrote what and what was said. Never a copy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from conversations import identity, sealed
from conversations.evolution import get_client
from conversations.evolution.client import TIES
from conversations.jid import JID
from conversations.message import Author, Key, Kind, Message
from conversations.models import Sent
from conversations.order import in_order
from people import statements

#: How long a transcript is kept, in seconds; it is made again from the audio when it is gone.
TRANSCRIPT_LIFETIME_S = 30 * 24 * 3600
#: So many messages of one second are read at most to have all of it.
_MOST_TIES = 800
#: So many messages are looked up in the ledger at once.
_MOST_IDS = 1000
#: How far our clock and the gateway's may be apart.
_CLOCKS_APART = timedelta(seconds=120)
_ENTRIES = (
    "SELECT message_id, author, answers, at, first_name, last_name, username FROM conversations_sent"
    " LEFT JOIN auth_user ON auth_user.id = rep_id WHERE instance = %s AND message_id IN ({})"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the ledger knows of a message."""

    author: Author
    author_name: str
    answers: tuple[str, ...] | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages in a row, oldest first; no second is cut in two between pages."""

    messages: list[Message]
    #: The last second before them, where the next older page ends; None at the beginning of the conversation.
    older: datetime | None


def recent(key: Key, limit: int) -> list[Message]:
    """The newest `limit` messages of the conversation, oldest first (`order.py`), from all addresses of the lead.

    Raises EvolutionError.
    """
    client = get_client()
    found = [message for jid in identity.jids(key) for message in client.messages(key.instance, jid, limit=limit)]
    return in_order(complete(key.instance, found))[-limit:]


def page(key: Key, limit: int, until: datetime | None = None) -> Page:
    """About `limit` messages, the newest up to the second `until`, from all addresses. Raises EvolutionError."""
    of_each = [_whole_seconds(key.instance, jid, limit, until) for jid in identity.jids(key)]
    found = in_order(message for messages in of_each for message in messages)
    shown = [message for message in found if message.sent_at >= found[-limit].sent_at] if len(found) > limit else found
    has_older = len(shown) < len(found) or any(len(messages) >= limit for messages in of_each)
    older = shown[0].sent_at - timedelta(seconds=1) if shown and has_older else None
    return Page(in_order(complete(key.instance, shown)), older)


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


def complete(instance: str, messages: Sequence[Message]) -> list[Message]:
    """`messages` with what the ledger knows of them and the transcripts that were made."""
    words = _transcripts(messages)
    return [_with_words(message, words) for message in as_sent(instance, messages)]


def as_sent(instance: str, messages: Sequence[Message]) -> list[Message]:
    """`messages` with what the ledger knows of ours: who wrote them, what they answer, and when they were sent.

    evolution-api 2.3.6 moves a message that is edited or taken back to the time of the change: behind what the lead
    asked meanwhile, as if it were the answer. Its list of chats does not even say that it was.
    """
    ours = [message.id for message in messages if message.from_me]
    known: dict[str, _Entry] = {}
    for start in range(0, len(ours), _MOST_IDS):
        known |= _entries(instance, ours[start : start + _MOST_IDS])
    return [_as_in(known[one.id], one) if one.id in known else one for one in messages]


def _as_in(entry: _Entry, message: Message) -> Message:
    is_moved = message.is_edited or message.is_deleted or message.sent_at > entry.at + _CLOCKS_APART
    # The gateway counts whole seconds.
    sent_at = entry.at.replace(microsecond=0) if is_moved else message.sent_at
    return replace(
        message, author=entry.author, author_name=entry.author_name, answers=entry.answers, sent_at=sent_at
    )  # fmt: skip


def keep_transcript(instance: str, message_id: str, words: str) -> None:
    """Remember what was said in a voice note, encrypted and for a time: from now on it is the message's text."""
    sealed.put(_place(instance, message_id), words, TRANSCRIPT_LIFETIME_S)


def transcript(instance: str, message_id: str) -> str | None:
    """What was said in a voice note, if it was heard; "" when nothing could be understood."""
    return sealed.get(_place(instance, message_id))


def _entries(instance: str, ids: Sequence[str]) -> dict[str, _Entry]:
    facts = statements.rows(_ENTRIES.format(statements.places(ids)), instance, *ids)
    return {
        str(message_id): _Entry(
            Author(author),
            f"{first or ''} {last or ''}".strip() or username or "",
            # What a person answers is noted nowhere.
            tuple(json.loads(answers)) if author == Sent.By.BOT else None,
            # SQLite knows no zone: it is UTC.
            at if at.tzinfo else at.replace(tzinfo=timezone.utc),
        )
        for message_id, author, answers, at, first, last, username in facts
    }


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
