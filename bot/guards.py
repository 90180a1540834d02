"""Whether the bot answers, and whether its draft may go out. Pure: reasons out, everything else is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.llm.port import Draft
from conversations.jid import JID, is_person
from conversations.message import Kind, Message
from conversations.plain import plain
from conversations.silence import Silence

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
    said = [f" {plain(bubble)} " for bubble in draft.messages]
    return any(f" {run} " in bubble for whisper in whispers for run in _runs(plain(whisper)) for bubble in said)


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
    wanted = [plain(line) for line in phrases.splitlines() if line.strip()]
    said = [f" {plain(message.text)} " for message in waiting]
    return any(f" {phrase} " in words for phrase in wanted for words in said)


def cannot_open(waiting: Sequence[Message]) -> bool:
    """All that waits is of a sort the bot cannot open."""
    return all(message.kind in _CANNOT_OPEN for message in waiting)
