"""The story of `reply.py` without its deeds: what the bot would say, and what it would look at on the way there.

The same guards, the same prompt and the same model, with settings that need not be saved. Nothing is sent, stored or
announced, and who speaks stays as it is.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bot import guards, llm, thinking, transcribe, words
from bot.llm import bubbles
from bot.models import BotSettings
from bot.transcribe import Heard
from conversations import automatic, fence, late, waiting
from conversations.jid import JID
from conversations.message import Author, Key, Kind, Message
from conversations.models import Control, Mode, Reason
from conversations.silence import Silence

#: Nobody: an invented lead. Not a number that anybody could have.
INVENTED = JID("5500000000000@s.whatsapp.net")

#: What each reason to be silent looks at, as a person asks it.
_QUESTIONS: dict[Silence, Promise] = {
    Silence.OFF: gettext_lazy("Is the bot switched on?"),
    Silence.OPTED_OUT: gettext_lazy("Does the lead want messages?"),
    Silence.WAITING: gettext_lazy("Is the conversation with the bot?"),
    Silence.NOT_A_PERSON: gettext_lazy("Is it a person, not a group?"),
    Silence.NOTHING_NEW: gettext_lazy("Does a message wait for an answer?"),
    Silence.TOO_OLD: gettext_lazy("Is it recent enough?"),
    Silence.CLOSED: gettext_lazy("Are we in business hours?"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """The conversation that is rehearsed."""

    key: Key
    #: Oldest first.
    messages: Sequence[Message]
    row: Control
    #: When the bot would look at it.
    now: datetime
    #: The two switches above the conversation.
    is_on: bool = True
    #: From when on the bot answers there; None: always.
    bot_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at."""

    question: str
    #: It stops here; else the bot goes on.
    stops: bool
    word: str = ""


@dataclass(slots=True)
class Rehearsal:
    """What came of it. Holds what people wrote: shown once, kept nowhere."""

    steps: list[Step] = field(default_factory=list)
    silence: Silence | None = None
    #: What the lead would read.
    said: Sequence[str] = field(default=(), repr=False)
    #: Why a person would be called; "" when none would.
    handoff: str = ""
    summary: str = field(default="", repr=False)
    error: llm.LLMError | None = None
    request: llm.Request | None = None
    draft: llm.Draft | None = None
    #: How long the model took.
    seconds: float = 0.0

    def look(self, question: str, *, stops: bool = False, word: str = "") -> None:
        """Note one step."""
        self.steps.append(Step(question, stops, word))


def rehearse(settings: BotSettings, scene: Scene) -> Rehearsal:
    """Tell the story of `scene` as `reply.reply_to` would, up to the sending. An error of the model is a value."""
    found = Rehearsal()
    messages = automatic.without(scene.key.instance, scene.messages, settings.greeting_texts)
    unanswered = waiting.unanswered(messages, scene.row, since=scene.bot_since)
    found.silence = _look_at_guards(found, settings, scene, unanswered)
    if found.silence is not None:
        found.said = [words.closed(settings)] if found.silence is Silence.CLOSED else ()
        return found
    if not _look_at_words(found, settings, unanswered):
        wanted = transcribe.worth_hearing(messages, unanswered, settings)
        heard = transcribe.fetch(scene.key, wanted, settings, quietly=True)
        if not _look_at_files(found, settings, unanswered, heard):
            _think(found, settings, scene, messages, unanswered, heard)
    if found.draft is not None:
        _decide(found, settings, unanswered)
    if not found.handoff:
        found.said = thinking.with_notice(settings, scene.key, messages, found.said)
    return found


def _look_at_guards(
    found: Rehearsal, settings: BotSettings, scene: Scene, unanswered: Sequence[Message]
) -> Silence | None:
    """The reason to be silent; every guard before it is noted as passed."""
    above = {
        Silence.OFF: None if scene.is_on else Silence.OFF,
        Silence.OPTED_OUT: Silence.OPTED_OUT if scene.row.opted_out else None,
        Silence.WAITING: fence.why_not(Mode(scene.row.mode_at(scene.now))),
    }
    for guard, silence in above.items():
        if _stops(found, guard, silence):
            return silence
    is_asked_for = late.is_asked_for(scene.row)
    silence = thinking.why_silent(settings, scene.key.conversation, unanswered, scene.now, at_once=is_asked_for)
    for guard in guards.IN_ORDER:
        if _stops(found, guard, silence if silence is guard else None):
            return silence
    return None


def _stops(found: Rehearsal, guard: Silence, silence: Silence | None) -> bool:
    found.look(str(_QUESTIONS[guard]), stops=silence is not None, word=str(silence.label) if silence else "")
    return silence is not None


def _look_at_words(found: Rehearsal, settings: BotSettings, unanswered: Sequence[Message]) -> bool:
    """What is answered without the model; True when that is all."""
    if guards.asks_for_person(settings.handoff_phrases, unanswered):
        found.look(_("Did the lead write words that call a person?"), stops=True, word=_("yes: the model is not asked"))
        _hand_off(found, settings, Reason.ASKED_FOR_PERSON, "", ())
        return True
    found.look(_("Did the lead write words that call a person?"), word=_("no"))
    if guards.cannot_open(unanswered):
        found.look(_("Can the bot open what the lead sent?"), stops=True, word=_("no: the model is not asked"))
        found.said = [words.cannot_open(settings)]
        return True
    return False


def _look_at_files(found: Rehearsal, settings: BotSettings, unanswered: Sequence[Message], heard: Heard) -> bool:
    """Files that the model gets; True when nothing but audio waits and none could be heard."""
    if any(message.kind is Kind.AUDIO for message in unanswered):
        is_deaf = heard.is_deaf_to(unanswered)
        found.look(
            _("Could the audio be heard?"), stops=is_deaf, word=_("no: the bot asks for text") if is_deaf else ""
        )
        if is_deaf:
            found.said = [words.cannot_hear(settings)]
            return True
    return False


def _think(
    found: Rehearsal, settings: BotSettings, scene: Scene, messages: Sequence[Message], unanswered: Sequence[Message],
    heard: Heard,
) -> None:  # fmt: skip
    told = thinking.told(scene.key)
    found.request = thinking.question(settings, scene.key, messages, unanswered, heard, scene.now, told)
    began = time.monotonic()
    try:
        found.draft = thinking.draft(found.request, [note.text for note in thinking.whispers(told)])
    except llm.LLMError as error:
        found.error = error
    found.seconds = time.monotonic() - began
    found.look(_("Did the model answer?"), stops=found.error is not None, word=str(found.error or ""))


def _decide(found: Rehearsal, settings: BotSettings, unanswered: Sequence[Message]) -> None:
    """What is done with the draft."""
    assert found.draft is not None
    found.silence = guards.why_withheld(found.draft, unanswered)
    found.look(
        _("May the draft go out?"),
        stops=found.silence is not None,
        word=str(found.silence.label) if found.silence else "",
    )
    if found.silence is not None:
        return
    if (handoff := found.draft.handoff) is not None:
        _hand_off(found, settings, Reason(handoff.reason.value), handoff.summary, found.draft.messages)
        return
    found.said = bubbles.fit(found.draft.messages, limit=settings.max_bubbles)


def _hand_off(found: Rehearsal, settings: BotSettings, reason: Reason, summary: str, said: Sequence[str]) -> None:
    found.handoff, found.summary = str(reason.label), summary
    found.said = ["\n\n".join(said) or words.handoff_notice(settings)]


# ------------------------------------------------------------------------------------------------------- the scenes


def invented(instance: str, turns: Sequence[tuple[Author, str]], now: datetime) -> Scene:
    """A conversation made up by whoever tries the bot: `turns` are what the lead and the bot said, oldest first."""
    key = Key(instance, INVENTED)
    count = len(turns)
    messages = [_made_up(key, number, author, text, now, count) for number, (author, text) in enumerate(turns)]
    return Scene(key, messages, Control(instance=instance, conversation=INVENTED), now)


def at_the_leads_last_word(scene: Scene) -> Scene:
    """`scene` as it was when the lead had just written for the last time, with the bot in charge."""
    last = max((number for number, message in enumerate(scene.messages) if message.waits_for_answer), default=None)
    if last is None:
        return scene
    messages = scene.messages[: last + 1]
    row = Control(instance=scene.key.instance, conversation=scene.key.conversation)
    return Scene(scene.key, messages, row, messages[-1].sent_at)


def with_another(scene: Scene, text: str) -> Scene:
    """`scene`, in which the lead writes `text` now."""
    said = _made_up(scene.key, len(scene.messages), Author.LEAD, text, scene.now, len(scene.messages) + 1)
    return Scene(scene.key, [*scene.messages, said], scene.row, scene.now, scene.is_on, scene.bot_since)


def _made_up(key: Key, number: int, author: Author, text: str, now: datetime, count: int) -> Message:
    """A text of an invented conversation, ten seconds after the one before it, the last one now."""
    at = datetime.fromtimestamp(int(now.timestamp()) - 10 * (count - number - 1), tz=now.tzinfo)
    return Message(
        id=f"made-up-{number}", jid=key.conversation, instance=key.instance, from_me=author is not Author.LEAD,
        kind=Kind.TEXT, sent_at=at, author=author, type_name="conversation", text=text,
    )  # fmt: skip
