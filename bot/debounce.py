"""Wait until the lead has stopped writing; the newest message's id is the token, and the newest token wins.

History is the buffer: nothing of a burst is kept here. A lost token means go on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone

from django.core.cache import cache

from conversations import sealed
from conversations.message import Key

#: Longer than any burst; seconds.
_LIFETIME_S = 600
#: What the newest message is: known also to a task that waited for a worker for hours; seconds.
_NEWEST_LIFETIME_S = 24 * 3600
#: How long "typing…" of a lead counts, in seconds.
_TYPING_S = 8


def touch(key: Key, message_id: str, sent_at: datetime, *, idle_s: float, cap_s: float) -> float:
    """The lead wrote at `sent_at`, by the gateway's clock: start or extend the wait. Returns how long, in seconds."""
    now = time.time()
    # Whoever has sent a message has stopped typing it.
    news = {"token": message_id, "inbound": sent_at.timestamp(), "typing": 0}
    cache.set_many({_name(what, key): value for what, value in news.items()}, _NEWEST_LIFETIME_S)
    if cache.add(_name("began", key), now, _LIFETIME_S):
        return min(idle_s, cap_s)
    began = cache.get(_name("began", key)) or now
    return max(0.0, min(idle_s, began + cap_s - now))


def just_wrote(key: Key, at: datetime, within_s: float) -> bool:
    """The lead wrote at most `within_s` before `at`, as far as is remembered."""
    wrote = cache.get(_name("inbound", key))
    return wrote is not None and 0 <= at.timestamp() - wrote <= within_s


@dataclass(frozen=True, slots=True)
class Burst:
    """What is known of a lead's burst, at one moment."""

    #: Id of its newest message, "" when that was lost.
    token: str
    #: How long it has been going on, in seconds; None when it is over or was lost.
    age_s: float | None
    is_typing: bool
    #: When its newest message was sent, by the gateway's clock; None when that was lost.
    sent_at: datetime | None = None

    def supersedes(self, token: str) -> bool:
        """A newer message than `token` came: its own task answers for both."""
        return bool(token) and self.token not in ("", token)


def look(key: Key) -> Burst:
    """The burst of the lead, in one look at the cache."""
    token, began, typing, inbound = (_name(what, key) for what in ("token", "began", "typing", "inbound"))
    found = cache.get_many([token, began, typing, inbound])
    age_s = time.time() - found[began] if began in found else None
    sent_at = datetime.fromtimestamp(found[inbound], tz=timezone.utc) if inbound in found else None
    return Burst(found.get(token, ""), age_s, bool(found.get(typing)), sent_at)


def note_typing(key: Key, is_composing: bool) -> None:
    """The gateway says that the lead is typing, or stopped."""
    if is_composing:
        cache.set(_name("typing", key), 1, _TYPING_S)
    else:
        cache.delete(_name("typing", key))


def end(key: Key) -> None:
    """The burst is over: the next message begins a new one."""
    cache.delete_many([_name("began", key), _name("typing", key)])


def is_pending(key: Key) -> bool:
    """A burst is going on: its own task will answer."""
    return cache.get(_name("began", key)) is not None


def _name(what: str, key: Key) -> str:
    """Hashed with a key: nobody finds out a phone number by trying them all."""
    return f"debounce:{what}:" + sealed.fingerprints("debounce", f"{key.instance}\x00{key.conversation}")[0][:32]
