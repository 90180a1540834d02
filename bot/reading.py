"""Blue ticks: given when somebody answers, never by looking. A courtesy: an error delays nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import takewhile

from bot.models import BlueTicks, BotSettings
from conversations import history
from conversations.evolution import get_client
from conversations.evolution.errors import EvolutionError
from conversations.message import Key, Message

log = logging.getLogger(__name__)

#: How much of a conversation is looked at for what a person has just answered.
_WINDOW = 20


def mark(key: Key, answered: Sequence[Message], settings: BotSettings) -> None:
    """Mark the lead's messages as read, just before they are answered, if the manager wants it."""
    if settings.blue_ticks != BlueTicks.ON_ANSWER:
        return
    try:
        get_client().mark_read(key.instance, answered)
    except EvolutionError as error:
        log.info("no blue ticks: %s", error)


def mark_answered(key: Key) -> None:
    """The same for what the lead wrote right before the last words of ours."""
    try:
        newest_first = history.recent(key, _WINDOW)[::-1]
    except EvolutionError as error:
        log.info("no blue ticks: %s", error)
        return
    before = newest_first[len(list(takewhile(lambda message: not message.is_from_lead, newest_first))) :]
    answered = list(takewhile(lambda message: message.is_from_lead, before))
    mark(key, answered[::-1], BotSettings.load())
