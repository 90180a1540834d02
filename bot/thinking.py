"""What the bot makes of a conversation, doing nothing about it: `reply.py` acts on it, `rehearsal.py` shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from bot import guards, hours, llm, prompt
from bot.models import BotSettings
from bot.prompt import Handled
from bot.transcribe import Heard
from conversations import control, notes
from conversations.jid import JID
from conversations.message import Author, Key, Message
from conversations.models import Note, Reason, Sent
from conversations.notes import Written
from conversations.silence import Silence

#: In the place of a file that the model refused.
_UNOPENED = "[o arquivo acima não pôde ser aberto]"
#: No message is older than that.
_ANY_AGE = timedelta(days=3650)


def why_silent(
    settings: BotSettings, jid: JID, unanswered: Sequence[Message], now: datetime, *, at_once: bool = False
) -> Silence | None:
    """Why what waits gets no answer at `now`, by the business hours and limits of `settings`; None when it gets one.

    `at_once`: a person has asked for it, so neither age nor hours count.
    """
    here = hours.local(now)
    answer_within = here - hours.waits_since(settings, here, timedelta(hours=settings.answer_within_hours))
    if at_once:
        answer_within = _ANY_AGE
    return guards.why_silent(
        jid, unanswered, now=now, answer_within=answer_within, is_open=at_once or hours.is_open(settings, here)
    )


def question(
    settings: BotSettings, key: Key, messages: Sequence[Message], waiting: Sequence[Message], heard: Heard,
    now: datetime, told: Sequence[Written],
) -> llm.Request:  # fmt: skip
    """What the model is asked about `messages` of a conversation, oldest first, `told` what colleagues wrote.

    Those `waiting` for an answer stand last: a lead who writes while the bot types is not answered by what it typed.
    """
    ids = {message.id for message in waiting}
    messages = [*[message for message in messages if message.id not in ids], *waiting]
    nobody_came = prompt.NOBODY_CAME if control.current(key).reason == Reason.TIMED_OUT else ""
    whispered = prompt.whispered([note.text for note in whispers(told)])
    request = prompt.build(
        settings, messages, now=timezone.localtime(now), media=heard.blobs, transcripts={}, handled=_handled(key, told),
        note="\n\n".join(filter(None, (nobody_came, whispered))),
    )  # fmt: skip
    return replace(request, model=settings.model_name)


def _handled(key: Key, told: Sequence[Written]) -> list[Handled]:
    """When people had this conversation, oldest first, and what they said was agreed when they gave it back."""
    agreed = [note for note in told if note.kind == Note.Kind.AGREED]
    stretches = control.stretches(key)
    texts = [[note.text for note in agreed if since <= note.at <= until] for since, until in stretches]
    return [Handled(since, until, (said or [""])[-1]) for (since, until), said in zip(stretches, texts, strict=True)]


def told(key: Key) -> list[Written]:
    """What colleagues wrote for the bot about this conversation, oldest first: agreed with the lead, or whispered."""
    return notes.of(key, Note.Kind.AGREED, Note.Kind.WHISPER)


def whispers(told: Sequence[Written]) -> list[Written]:
    """What of it was whispered and still counts."""
    return [note for note in told if note.kind == Note.Kind.WHISPER and note.turns_left]


def draft(request: llm.Request, whispered: Sequence[str] = ()) -> llm.Draft:
    """The model's answer. Raises LLMError.

    One that is not as agreed is refused and asked for once more: cut off, garbled, or telling the lead what is ours
    alone. A question that the model refuses is asked once more without its files: an empty or locked one is why, and
    the model then asks the lead to write.
    """
    try:
        return _asked(request, whispered)
    except (llm.Garbled, llm.Truncated):
        return _asked(request, whispered)
    except llm.Refused:
        if (bare := _without_files(request)) == request:
            raise
        return _asked(bare, whispered)


def _without_files(request: llm.Request) -> llm.Request:
    turns = [
        replace(turn, parts=tuple(_UNOPENED if isinstance(part, llm.Blob) else part for part in turn.parts))
        for turn in request.turns
    ]
    return replace(request, turns=tuple(turns), listen_to=())


def _asked(request: llm.Request, whispered: Sequence[str]) -> llm.Draft:
    found = llm.get_model().generate(request)
    if any(prompt.leaks_prompt(bubble) for bubble in found.messages):
        raise llm.Garbled("the draft repeats our instructions")
    if guards.quotes(found, whispered):
        raise llm.Garbled("the draft repeats what a colleague whispered")
    return found


def with_notice(settings: BotSettings, key: Key, messages: Sequence[Message], said: Sequence[str]) -> Sequence[str]:
    """`said`, where the bot's first answer to this lead begins by saying that an artificial intelligence answers.

    A word of the system (that we are closed, that a person comes) is no answer. In one bubble with it: a notice that
    goes out alone would count as one.
    """
    if not (said and settings.first_contact_notice) or _has_answered(key, messages):
        return said
    return [f"{settings.first_contact_notice}\n\n{said[0]}", *said[1:]]


def _has_answered(key: Key, messages: Sequence[Message]) -> bool:
    """The bot has, by the ledger or, where that was erased, by the messages at hand."""
    here = Sent.objects.filter(instance=key.instance, conversation=key.conversation, author=Sent.By.BOT)
    if here.exclude(state=Sent.State.NOT_SENT).filter(answers_at__isnull=False).exists():
        return True
    return any(message.author is Author.BOT and message.answers != () for message in messages)
