"""Who else of us is looking at a conversation, and who is writing an answer there.

Kept in the cache for as long as it is true, a key for each person, so that no two processes write the same one; what
changes is told as the event "colleagues", a hint to read. Nothing here is stored, precious, or about the lead.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from django.core.cache import cache

from conversations import live, sealed
from conversations.message import Key
from people import access

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

#: A page says every 20 s that somebody looks at it; two of these may get lost.
_LOOKING_S = 50
#: A page says at most every 3 s that somebody writes on it.
_WRITING_S = 7


class Sign(str, Enum):
    """What a page tells of the person before it."""

    LOOKING = "looking"
    WRITING = "writing"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody else who has the conversation open."""

    name: str
    is_writing: bool


def tell(key: Key, person: User, sign: Sign) -> None:
    """Note what `person` does there; the screens are told when it is new. A cache out of reach notes nothing."""
    looking, writing = _place("looking", key, person.pk), _place("writing", key, person.pk)
    try:
        if sign is Sign.WRITING:
            is_new = not cache.touch(writing, _WRITING_S)
            cache.set_many({writing: True}, _WRITING_S)
            cache.set(looking, True, _LOOKING_S)
        elif sign is Sign.LOOKING:
            stopped = cache.delete(writing)
            is_new = not cache.touch(looking, _LOOKING_S) or stopped
            cache.set(looking, True, _LOOKING_S)
        else:
            is_new = cache.get(looking) is not None
            cache.delete_many([looking, writing])
    except Exception as error:  # Django's caches share no error class
        log.warning("nobody knows who is looking: %s", type(error).__name__)
        return
    if is_new:
        live.publish("colleagues", instance=key.instance, conversation=key.conversation)


def others(key: Key, person: User) -> list[Colleague]:
    """Who else is there, those who write first."""
    people = [one for one in access.who_may("conversations.watch", key.instance) if one.pk != person.pk]
    places = {_place(what, key, one.pk): (what, one.pk) for one in people for what in ("looking", "writing")}
    try:
        found = {places[place] for place in cache.get_many(places)}
    except Exception as error:
        log.warning("nobody knows who is looking: %s", type(error).__name__)
        return []
    here = [
        Colleague(access.name_of(one), ("writing", one.pk) in found) for one in people if ("looking", one.pk) in found
    ]
    return sorted(here, key=lambda one: not one.is_writing)


def _place(what: str, key: Key, person_id: int) -> str:
    """The cache key: no number stands in it."""
    return f"{what}:{key.instance}:{sealed.opaque_id(key)}:{person_id}"
