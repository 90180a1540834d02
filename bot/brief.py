"""Words for the people who take a conversation over or give it back, made from history: nothing is sent to the lead."""

from __future__ import annotations

import logging
from dataclasses import replace

from django.utils import timezone

from bot import limits, llm, prompt
from bot.models import BotSettings
from conversations import briefs, control, history
from conversations.briefs import Brief
from conversations.message import Author, Key

log = logging.getLogger(__name__)

#: How much of a conversation is read.
_WINDOW = 30
#: Characters of the line that says what was agreed.
_AGREED = 200


def make(key: Key) -> Brief:
    """Summary and suggestion for whoever takes the conversation over, from its history; kept for the screens.

    Raises LLMError and EvolutionError.
    """
    messages = history.recent(key, _WINDOW)
    row = control.current(key)
    waited = [one for one in messages if one.id in row.settled_ids[-3:]] or messages
    draft = _ask(key, prompt.FOR_A_COLLEAGUE)
    found = Brief(quotes=briefs.quotes(waited))
    if draft.handoff is not None:
        found = replace(found, summary=draft.handoff.summary, suggestion=draft.handoff.suggestion)
    briefs.keep(key, found)
    return found


def agreed(key: Key) -> str:
    """One line on what people of ours agreed with the lead, to be looked at before it is given to the bot.

    "" when people said nothing. Raises LLMError and EvolutionError.
    """
    if not any(one.author in (Author.REP, Author.PHONE) for one in history.recent(key, _WINDOW)):
        return ""
    said = _ask(key, prompt.WHAT_WAS_AGREED).messages
    return " ".join(" ".join(said).split())[:_AGREED]


def _ask(key: Key, note: str) -> llm.Draft:
    settings = BotSettings.load()
    request = prompt.build(
        settings, history.recent(key, _WINDOW), now=timezone.localtime(), media={}, transcripts={}, note=note
    )
    draft = llm.get_model().generate(replace(request, model=settings.model_name))
    limits.count(key, draft, timezone.now())
    return draft
