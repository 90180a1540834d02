"""Typing as a person would: presence in slices that a takeover can interrupt, never inside the send itself."""

from __future__ import annotations

import logging

from conversations import fence
from conversations.evolution import get_client
from conversations.evolution.errors import EvolutionError
from conversations.fence import Right
from conversations.jid import JID

log = logging.getLogger(__name__)

#: The longest a takeover has to wait for the bot to notice, in milliseconds.
# Source: evolution-api 2.3.6 sleeps inside sendPresence for its `delay`, and likewise inside sendText when given one.
_SLICE_MS = 2000
_LONGEST_MS = 12_000


def show(right: Right, jid: JID, text: str, chars_per_second: float) -> None:
    """Show "typing…" to the lead for as long as writing `text` would take, at most 12 s. Raises Lost when stopped.

    Presence is a courtesy: any error of the gateway ends it and delays nothing.
    """
    left = 0 if chars_per_second <= 0 else min(_LONGEST_MS, round(len(text) / chars_per_second * 1000))
    while left > 0:
        fence.check(right)
        slice_ms = min(left, _SLICE_MS)
        try:
            get_client().send_presence(right.key.instance, jid, "composing", slice_ms)
        except EvolutionError as error:
            log.info("typing was not shown: %s", error)
            return
        left -= slice_ms
