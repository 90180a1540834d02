"""Who speaks where, for ten thousand conversations at once: only those that are not simply the bot's are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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


#: Where nothing else is known.
THE_BOTS = Standing()


def standings(instances: Iterable[str]) -> dict[Key, Standing]:
    """The conversations of `instances` that are not simply the bot's, in one query."""
    rows = Control.objects.filter(instance__in=tuple(instances)).exclude(mode=Mode.BOT, opted_out=False)
    facts = rows.values_list("instance", "conversation", "mode", "until", "holder_id", "opted_out")
    now = timezone.now()
    found: dict[Key, Standing] = {}
    for instance, conversation, mode, until, holder_id, opted_out in facts:
        is_over = until is not None and until <= now and mode in (Mode.HUMAN, Mode.PAUSED)
        found[Key(instance, JID(conversation))] = (
            Standing(opted_out=opted_out) if is_over else Standing(Mode(mode), holder_id, opted_out)
        )
    return found


def of(control: Control) -> Standing:
    """What one row of `Control` says at this moment."""
    mode = control.mode_at(timezone.now())
    return Standing(mode, control.holder_id if mode is Mode.HUMAN else None, control.opted_out)
