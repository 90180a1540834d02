"""THE STORY: how a lead gets an answer, in one function, read top to bottom (in words: docs/architecture.md)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils import timezone

from bot import (
    approval,
    debounce,
    guards,
    hours,
    limits,
    llm,
    opting_out,
    reading,
    thinking,
    transcribe,
    turns,
    typing,
    words,
)
from bot.llm import Handoff, HandoffReason, bubbles
from bot.models import BotSettings
from bot.opting_out import Wish
from bot.transcribe import Heard
from bot.turns import Turn, Withheld
from conversations import (
    activity,
    automatic,
    briefs,
    control,
    fence,
    history,
    late,
    lead,
    notes,
    order,
    pending,
    sending,
    waiting,
)
from conversations.briefs import Brief
from conversations.evolution import get_client
from conversations.evolution.errors import EvolutionError, Unconfirmed
from conversations.fence import Answered, Lost
from conversations.message import Key, Message
from conversations.models import Control, Mode, Reason
from conversations.notes import Written
from conversations.silence import Silence
from people import access

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: How much of a conversation is looked at for people and for what waits; the model reads `history_length` of it.
_WINDOW = 30
#: How much of it is read again after the model answered.
_ANEW = 10
#: A message of the lead that comes while the model thinks makes it think again, at most so often.
_THINK_AGAIN = 2
#: And only so soon, in seconds: a turn has two minutes, and what comes later is looked at by the next.
_THINK_AGAIN_WITHIN_S = 60


def reply_to(turn: Turn) -> int:
    """Answer a lead who has stopped writing; returns how many bubbles went out, or says why not."""
    with activity.ending(turn.key):
        return _story(turn)


def _story(turn: Turn) -> int:
    """The story itself.

    Raises Withheld with the reason when there is nothing to answer or it must not be answered, Lost when the right to
    speak went away meanwhile, LLMError and EvolutionError when something did not work: `turns.run` decides what then.
    """
    settings = BotSettings.load()

    # People first: someone may have answered on the phone, and the webhook that says so may be lost.
    row, messages, unanswered = _read(turn, turn.row, settings)
    if row.mode in (Mode.BOT, Mode.WAITING) and _wants_to_be_left_alone(settings, row, unanswered):
        return _leave_alone(turn, unanswered)
    if silence := fence.why_not(Mode(row.mode)):
        raise Withheld(silence)
    if not _is_stored(turn, messages):
        raise turns.NotStoredYet
    if row.opted_out:
        return _listen(turn, settings, unanswered)
    # A person who says yes knows what time it is.
    if approved := approval.decided(turn, unanswered):
        seen = [message for message in unanswered if message.id in approved.answers]
        by = access.person(approved.by_id)
        sent = _say(turn, settings, seen, approved.bubbles, whispers=approved.whispers, reviewer=by)
        pending.done(turn.key)
        return sent
    if withheld := _why_silent(turn, settings, unanswered):
        raise withheld
    if reason := _why_call_a_person(turn, settings, unanswered):
        return _hand_off(turn, settings, unanswered, Handoff(reason), ())
    if guards.cannot_open(unanswered):
        ask = thinking.with_notice(settings, turn.key, messages, [words.cannot_open(settings)])
        return _say(turn, settings, unanswered, ask)

    began = time.monotonic()
    for thought in range(_THINK_AGAIN + 1):
        heard = transcribe.fetch(turn.key, transcribe.worth_hearing(messages, unanswered, settings), settings)
        if heard.is_deaf_to(unanswered):
            ask = thinking.with_notice(settings, turn.key, messages, [words.cannot_hear(settings)])
            return _say(turn, settings, unanswered, ask)
        draft, whispers = _think(turn, settings, messages, unanswered, heard, is_first=not thought)

        # The model took seconds: a rep may have stepped in, on any route, and the lead may have gone on.
        before = unanswered
        row, messages, unanswered = _read(turn, row, settings, known=messages)
        _check(turn, draft)
        is_enough = thought == _THINK_AGAIN or time.monotonic() - began > _THINK_AGAIN_WITHIN_S
        if is_enough or not guards.is_superseded(before, unanswered):
            break
    if silence := guards.why_withheld(draft, unanswered):
        # What came after the last thought was not thought about: it goes on waiting.
        raise Withheld(silence, settle=before if silence is Silence.EMPTY else ())

    if draft.handoff is not None:
        return _hand_off(turn, settings, unanswered, draft.handoff, draft.messages)
    said = thinking.with_notice(settings, turn.key, messages, bubbles.fit(draft.messages, limit=settings.max_bubbles))
    if turn.asks_first:
        raise approval.ask(turn, settings, before, said, whispers)
    return _say(turn, settings, before, said, whispers=[note.id for note in whispers])


def _read(
    turn: Turn, row: Control, settings: BotSettings, known: Sequence[Message] = ()
) -> tuple[Control, list[Message], tuple[Message, ...]]:
    """Who may speak once people in it are noted, the newest messages, oldest first, and those of the lead that wait.

    With `known` messages only the last few are read anew.
    """
    read = history.recent(turn.key, _ANEW if known else max(_WINDOW, settings.history_length))
    read = order.in_order([*read, *known])
    messages = automatic.without(turn.key.instance, read, settings.greeting_texts)
    row = control.note_people(row, messages, hold=settings.phone_hold, since=turn.bot_since)
    return row, messages, waiting.unanswered(messages, row, since=turn.bot_since, asked=turn.asked)


def _why_silent(turn: Turn, settings: BotSettings, unanswered: Sequence[Message]) -> Withheld | None:
    """The reason not to answer now, ready to be raised. Outside business hours the lead is told so, once.

    A person who asks for an answer *now* knows how late it is: neither age nor hours keep the bot from it.
    """
    now = timezone.now()
    local = hours.local(now)
    is_asked_for = late.is_asked_for(turn.row)
    silence = thinking.why_silent(settings, turn.key.conversation, unanswered, now, at_once=is_asked_for)
    if silence is Silence.CLOSED:
        if turn.row.closed_said_at is None or turn.row.closed_said_at < hours.last_closing(settings, local):
            sending.send_closed_word(turn.right, unanswered, words.closed(settings))
        return Withheld(silence, until=hours.next_opening(settings, local))
    return Withheld(silence) if silence else None


def _why_call_a_person(turn: Turn, settings: BotSettings, unanswered: Sequence[Message]) -> HandoffReason | None:
    """The reason to call one before the model is even asked."""
    if guards.asks_for_person(settings.handoff_phrases, unanswered):
        return HandoffReason.ASKED_FOR_PERSON
    if opting_out.judge(unanswered) is not Wish.NO:
        return HandoffReason.OPT_OUT_UNSURE
    return HandoffReason.LIMIT if limits.is_reached(settings, turn.key, timezone.now()) else None


def _is_stored(turn: Turn, messages: Sequence[Message]) -> bool:
    """The message that the task was sent for can be read: it is among the newest, or long past."""
    if not turn.asked or any(message.id == turn.asked for message in messages):
        return True
    return get_client().message(turn.key.instance, turn.asked) is not None


def _think(
    turn: Turn, settings: BotSettings, messages: Sequence[Message], unanswered: Sequence[Message], heard: Heard, *,
    is_first: bool,
) -> tuple[llm.Draft, list[Written]]:  # fmt: skip
    """Ask the model, and keep the words of the voice notes it heard. Also what was whispered to it."""
    activity.announce(turn.key, "thinking")
    told = thinking.told(turn.key)
    whispers = thinking.whispers(told)
    question = thinking.question(settings, turn.key, messages, unanswered, heard, timezone.now(), told)
    draft = thinking.draft(question, [note.text for note in whispers])
    limits.count(turn.key, draft, timezone.now(), turns=int(is_first))
    transcribe.remember(turn.key, draft.transcripts)
    lead.note_language(turn.key, draft.language)
    return draft, whispers


def _say(
    turn: Turn, settings: BotSettings, unanswered: Sequence[Message], said: Sequence[str], *,
    whispers: Sequence[int] = (), reviewer: User | None = None,
) -> int:  # fmt: skip
    """Type and send each bubble, each behind a claim of its own. What is stopped is kept as a draft for the rep.

    The `whispers` that it was thought with count for one answer less once the first is out.
    """
    answered, jid = Answered.of(unanswered), unanswered[-1].jid
    sending.drop_draft(turn.key)
    reading.mark(turn.key, unanswered, settings)
    for number, bubble in enumerate(said, start=1):
        if settings.typing_chars_per_second:
            activity.announce(turn.key, "typing", number=number, of=len(said))
        try:
            typing.show(turn.right, jid, bubble, settings.typing_chars_per_second)
            if _wants_no_more(turn, unanswered):
                raise Withheld(Silence.OPTED_OUT, again_in_s=0)
            sending.send_as_bot(turn.right, answered, jid, bubble, reviewer=reviewer)
            if number == 1:
                notes.spend(turn.key, whispers)
        except Lost:
            sending.keep_draft(turn.key, said[number - 1 :])
            raise
        except EvolutionError as error:
            # A lead with one of three bubbles is answered: the rest is offered to the rep, not tried again.
            sending.keep_draft(turn.key, said[number - 1 :], is_first_in_doubt=isinstance(error, Unconfirmed))
            if number == 1:
                raise
            return number - 1
    return len(said)


def _wants_no_more(turn: Turn, unanswered: Sequence[Message]) -> bool:
    """The lead has written since, and surely asks not to be written to: the rest of an answer is one message too many.

    Read only where the webhook told of something newer.
    """
    known = {message.id for message in unanswered}
    if debounce.look(turn.key).token in ("", *known):
        return False
    try:
        read = history.recent(turn.key, _ANEW)
    except EvolutionError:
        return False
    since = [one for one in read if one.is_from_lead and one.id not in known and one.sent_at >= unanswered[-1].sent_at]
    return opting_out.judge(since) is Wish.SURE


def _hand_off(
    turn: Turn, settings: BotSettings, unanswered: Sequence[Message], why: Handoff, said: Sequence[str]
) -> int:
    """Call a person, then tell the lead. The word is owed once control has changed: if we die, the sweep sends it.

    What asked for the person is dealt with by it: handed back, the bot does not hand off again at once.
    """
    briefs.keep(turn.key, Brief(why.summary, why.suggestion, briefs.quotes(unanswered)))
    row = control.hand_off(turn.key, why.reason.value, epoch=turn.right.epoch, heat=why.heat)
    if not _is_owed(turn, row):
        sending.keep_draft(turn.key, said)
    if row.reason == Reason.OPT_OUT_UNSURE:
        said = [words.unsure_whether_to_stop(settings)]
    elif turn.asks_first:
        # Nobody has approved the model's own words; the manager's stand in the settings.
        said = ()
    return _say_what_is_due(turn, row, unanswered, Silence.HANDED_OFF, words.handoff_notice(settings, said))


def _wants_to_be_left_alone(settings: BotSettings, row: Control, unanswered: Sequence[Message]) -> bool:
    """The lead surely does, and says so for the first time. Who asks for a person beside it wants one first."""
    is_wished = not row.opted_out and opting_out.judge(unanswered) is Wish.SURE
    return is_wished and not _asks_for_person(settings, unanswered)


def _asks_for_person(settings: BotSettings, unanswered: Sequence[Message]) -> bool:
    """By the manager's words, or as one who was told to ask for one."""
    return guards.asks_for_person(settings.handoff_phrases, unanswered) or opting_out.asks_for_a_person(unanswered)


def _listen(turn: Turn, settings: BotSettings, unanswered: Sequence[Message]) -> int:
    """Who does not want to be written to gets a person on asking for one, and nothing else from the bot."""
    if not _asks_for_person(settings, unanswered):
        raise Withheld(Silence.OPTED_OUT)
    return _hand_off(turn, settings, unanswered, Handoff(HandoffReason.ASKED_FOR_PERSON), ())


def overhear(key: Key, asked: str) -> None:
    """The lead's message `asked` came where a person has the conversation: all the bot listens for is the wish to be
    left alone. It is noted without a word: the person sees it, and the bot that comes back keeps to it."""
    row = control.current(key)
    if row.opted_out:
        return
    try:
        read = history.recent(key, _ANEW)
    except EvolutionError:
        return
    ours = [message.sent_at for message in read if message.from_me]
    said = [one for one in read if one.is_from_lead and (one.id == asked or not ours or one.sent_at > ours[-1])]
    if _wants_to_be_left_alone(BotSettings.load(), row, said):
        control.opt_out(key, epoch=row.epoch, confirms=False)


def _leave_alone(turn: Turn, unanswered: Sequence[Message]) -> int:
    """The lead does not want to be written to: noted first, then confirmed once, and nothing follows."""
    row = control.opt_out(turn.key, epoch=turn.right.epoch)
    return _say_what_is_due(turn, row, unanswered, Silence.OPTED_OUT, words.opted_out())


def _say_what_is_due(turn: Turn, row: Control, unanswered: Sequence[Message], silence: Silence, text: str) -> int:
    """Send the word that this turn's change of control owes; Lost when the change was not its own."""
    if not _is_owed(turn, row):
        raise Lost(fence.why_lost(turn.right))
    turns.settle(turn, unanswered, silence)
    sending.send_due(row, unanswered[-1].jid, text)
    return 1


def _is_owed(turn: Turn, row: Control) -> bool:
    """The change that `row` shows is this turn's own, and owes the lead a word."""
    return bool(row.due) and row.due_epoch == turn.right.epoch + 1


def _check(turn: Turn, draft: llm.Draft) -> None:
    """Look whether the turn may still speak; when not, offer the draft to the rep and raise Lost."""
    try:
        fence.check(turn.right)
    except Lost:
        sending.keep_draft(turn.key, draft.messages)
        raise
