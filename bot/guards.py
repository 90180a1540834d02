"""Whether the bot answers, and whether its draft may go out. Pure: reasons out, everything else is an argument."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.llm.port import Draft
from conversations.jid import JID, is_person
from conversations.message import Author, Kind, Message
from conversations.silence import Silence

#: A text that WhatsApp Business sends by itself comes this soon after the lead's message.
_AUTOMATIC_WITHIN = timedelta(seconds=3)
#: So many words of a whisper in a row are a quotation; a whole whisper is one from so few words on.
_QUOTED_WORDS, _FEWEST_WORDS = 6, 4
#: What a lead may send that the bot cannot open.
_CANNOT_OPEN = (Kind.VIEW_ONCE, Kind.UNSUPPORTED)
#: The reasons of `why_silent` in the order in which they are looked for.
IN_ORDER = (Silence.NOT_A_PERSON, Silence.NOTHING_NEW, Silence.TOO_OLD, Silence.CLOSED)


def why_silent(
    jid: JID, waiting: Sequence[Message], *, now: datetime, answer_within: timedelta, is_open: bool
) -> Silence | None:
    """Why the lead's `waiting` messages (oldest first) get no answer now; None when they get one."""
    if not is_person(jid):
        return Silence.NOT_A_PERSON
    if not waiting:
        return Silence.NOTHING_NEW
    if waiting[-1].sent_at < now - answer_within:
        return Silence.TOO_OLD
    if not is_open:
        return Silence.CLOSED
    return None


def why_withheld(draft: Draft, waiting: Sequence[Message]) -> Silence | None:
    """Why `draft` is not sent; None when it may be. `waiting` is read again after the model answered."""
    if not waiting:
        return Silence.ANSWERED_ALREADY
    if not draft.messages and draft.handoff is None:
        return Silence.EMPTY
    return None


def quotes(draft: Draft, whispers: Sequence[str]) -> bool:
    """The draft repeats what a colleague whispered: all of it, or six words of it in a row."""
    said = [f" {_plain(bubble)} " for bubble in draft.messages]
    return any(f" {run} " in bubble for whisper in whispers for run in _runs(_plain(whisper)) for bubble in said)


def _runs(words: str) -> list[str]:
    """What of a whisper must not be said: each six words of it in a row; a shorter one as a whole."""
    each = words.split()
    if len(each) <= _QUOTED_WORDS:
        return [words] if len(each) >= _FEWEST_WORDS else []
    return [" ".join(each[start : start + _QUOTED_WORDS]) for start in range(len(each) - _QUOTED_WORDS + 1)]


def is_superseded(before: Sequence[Message], after: Sequence[Message]) -> bool:
    """The lead wrote more while the model thought."""
    known = {message.id for message in before}
    return any(message.id not in known for message in after)


def asks_for_person(phrases: str, waiting: Sequence[Message]) -> bool:
    """One of `phrases` (one a line) stands in what the lead wrote; case, accents and spacing do not count."""
    wanted = [_plain(line) for line in phrases.splitlines() if line.strip()]
    said = [f" {_plain(message.text)} " for message in waiting]
    return any(f" {phrase} " in words for phrase in wanted for words in said)


def cannot_open(waiting: Sequence[Message]) -> bool:
    """All that waits is of a sort the bot cannot open."""
    return all(message.kind in _CANNOT_OPEN for message in waiting)


def without_automatic(messages: Sequence[Message], greetings: str) -> list[Message]:
    """`messages` (oldest first) without the texts that WhatsApp Business sends by itself: they are no person."""
    texts = {_plain(line) for line in greetings.splitlines() if line.strip()}
    if not texts:
        return list(messages)
    wrote = [message.sent_at for message in messages if message.is_from_lead]
    return [
        message
        for message in messages
        if not (
            message.author is Author.PHONE
            and _plain(message.text) in texts
            and any(timedelta(0) <= message.sent_at - at <= _AUTOMATIC_WITHIN for at in wrote)
        )
    ]


def _plain(text: str) -> str:
    """Lower case, no accents, single spaces, no punctuation around words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c)).split())


def is_greeting(message: Message, greetings: str) -> bool:
    """`message` is word for word one of the `greetings` (one a line) that WhatsApp Business sends by itself."""
    return _plain(message.text) in {_plain(line) for line in greetings.splitlines() if line.strip()}
