"""Words for the people who take a conversation over or give it back, made from history: nothing is sent to the lead."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from bot import limits, llm, prompt
from bot.models import BotSettings
from conversations import briefs, control, history
from conversations.briefs import Brief
from conversations.evolution.errors import EvolutionError
from conversations.message import Author, Key, Message
from conversations.models import TECHNICAL, Reason

log = logging.getLogger(__name__)

#: How much of a conversation is read.
_WINDOW = 30
#: Characters of the line that says what was agreed.
_AGREED = 200
#: A model that finds nothing may say so, where it was asked for silence.
_NOTHING = re.compile(r"(?i)(?:combinado\W*)?(?:(?:ainda )?(?:nada|nenhum\w*|n/?a)\b.{0,40})?\W*")
#: Somebody waits before a menu for that line: later than this it is not worth having, in seconds.
_AGREED_WITHIN_S = 6.0
#: The hour of an audit row may be a little later than what led to it.
_LATE = timedelta(minutes=1)
#: Why people came where the model is not asked again: it does not answer, or may not be paid for.
_WITHOUT_MODEL = (*TECHNICAL, Reason.LIMIT, Reason.BLOCKED)


def make(key: Key) -> Brief:
    """Summary and suggestion for whoever takes the conversation over, from its history; kept for the screens.

    Raises LLMError and EvolutionError.
    """
    messages = history.recent(key, _WINDOW)
    row = control.current(key)
    waited = [one for one in messages if one.id in row.settled_ids[-3:]] or messages
    draft = _ask(key, messages, prompt.FOR_A_COLLEAGUE)
    found = Brief(quotes=briefs.quotes(waited))
    if draft.handoff is not None:
        found = replace(found, summary=draft.handoff.summary, suggestion=draft.handoff.suggestion)
    briefs.keep(key, found)
    return found


def prepare(key: Key, epoch: int) -> None:
    """`make`, or what can be had of it without the model; the screens are told in the end, whatever came of it."""
    try:
        row = control.current(key)
        if row.epoch != epoch:
            return
        if row.reason in _WITHOUT_MODEL or not _is_made(key):
            _quote(key)
    except EvolutionError as error:
        log.warning("a brief could not be made: %s", error)
    finally:
        briefs.made(key, epoch)


def _is_made(key: Key) -> bool:
    try:
        make(key)
    except llm.LLMError as error:
        log.warning("a brief could not be made: %s", error)
        return False
    return True


def _quote(key: Key) -> None:
    """Without the model, the lead's own last words."""
    if briefs.of(key) is None:
        briefs.keep(key, Brief(quotes=briefs.quotes(history.recent(key, _WINDOW))))


def offer_agreed(key: Key) -> str:
    """`agreed`, for a menu that is open already: "" where it cannot be had soon."""
    try:
        return agreed(key, within_s=_AGREED_WITHIN_S)
    except (llm.LLMError, EvolutionError) as error:
        log.warning("what was agreed could not be read: %s", type(error).__name__)
        return ""


def agreed(key: Key, *, within_s: float | None = None) -> str:
    """One line on what people of ours agreed with the lead, to be looked at before it is given to the bot.

    "" when people agreed nothing in the stretch that is theirs now. Raises LLMError and EvolutionError.
    """
    since = control.held_since(key)
    messages = history.recent(key, _WINDOW)
    earlier = {one.id for one in messages if _is_ours(one) and since and one.sent_at < since - _LATE}
    # What people said before was agreed then, and handed back with.
    messages = [one for one in messages if one.id not in earlier]
    if not any(_is_ours(one) for one in messages):
        return ""
    line = " ".join(" ".join(_ask(key, messages, prompt.WHAT_WAS_AGREED, within_s).messages).split())
    return "" if _NOTHING.fullmatch(line) else line[:_AGREED]


def _is_ours(message: Message) -> bool:
    return message.author in (Author.REP, Author.PHONE)


def _ask(key: Key, messages: list[Message], note: str, within_s: float | None = None) -> llm.Draft:
    settings = BotSettings.load()
    request = prompt.build(settings, messages, now=timezone.localtime(), media={}, transcripts={}, note=note)
    request = replace(
        request, model=settings.model_name, timeout_s=min(request.timeout_s, within_s or request.timeout_s)
    )
    draft = llm.get_model().generate(request)
    limits.count(key, draft, timezone.now())
    return draft
