"""Who speaks where, for ten thousand conversations at once: only those that are not simply the bot's are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.utils import timezone

from conversations.jid import JID
from conversations.message import Key
from conversations.models import Control, Mode


@dataclass(frozen=True, slots=True)
class Standing:
    """Who speaks in a conversation at one moment."""

    mode: Mode = Mode.BOT
    #: In mode HUMAN: the person's id; None for whoever is on the phone.
    holder_id: int | None = None
    opted_out: bool = False
    #: In mode WAITING: when a person was called. Nobody has answered since: whoever does ends the mode.
    called_at: datetime | None = None


#: Where nothing else is known.
THE_BOTS = Standing()


def standings(instances: Iterable[str]) -> dict[Key, Standing]:
    """The conversations of `instances` that are not simply the bot's, in one query."""
    rows = Control.objects.filter(instance__in=tuple(instances)).exclude(mode=Mode.BOT, opted_out=False)
    facts = rows.values_list("instance", "conversation", "mode", "until", "holder_id", "opted_out", "changed_at")
    now = timezone.now()
    found: dict[Key, Standing] = {}
    for instance, conversation, mode, until, holder_id, opted_out, changed_at in facts:
        is_over = until is not None and until <= now and mode in (Mode.HUMAN, Mode.PAUSED)
        standing = _standing(Mode.BOT, None, opted_out) if is_over else _standing(mode, holder_id, opted_out)
        if mode == Mode.WAITING:
            standing = Standing(Mode.WAITING, holder_id, opted_out, changed_at)
        found[Key(instance, JID(conversation))] = standing
    return found


@lru_cache(maxsize=1000)
def _standing(mode: str, holder_id: int | None, opted_out: bool) -> Standing:
    return Standing(Mode(mode), holder_id, opted_out)
