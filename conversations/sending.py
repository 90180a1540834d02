"""The one way a message leaves the house: claim, POST, settle and record."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from conversations import clearing, control, fence, history, identity, live, pending, sealed
from conversations.attachments import File
from conversations.evolution import get_client
from conversations.evolution.errors import EvolutionError, NotConnected, Unconfirmed
from conversations.fence import Answered, Right
from conversations.inbox import inbox
from conversations.jid import JID
from conversations.message import Author, Key, Message
from conversations.models import Control, Due, Mode, Sent
from conversations.models import Unconfirmed as How
from people import access

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

#: How long what the bot was about to say is offered to the reps, in seconds.
_DRAFT_LIFETIME_S = 15 * 60
#: How many of a conversation's newest messages tell where the lead wrote from last.
_LOOK_BACK = 20


#: What follows when a rep has answered.
_answered: list[Callable[[Key], None]] = []


def once_a_rep_answered(do: Callable[[Key], None]) -> None:
    """Have `do` know of the conversation; it must be quick, and raise nothing."""
    _answered[:] = [do]


def send_as_bot(
    right: Right, answered: Answered, jid: JID, text: str, *, reviewer: User | None = None
) -> Message:  # fmt: skip
    """Send one bubble of the bot to `jid`, approved by `reviewer` if a person read it, and settle what it answers.

    Raises Lost when the right to speak is gone (nothing was sent), Unconfirmed when it may have gone out (the claim
    stays and blocks the bot), another EvolutionError when it surely did not.
    """
    token = fence.claim(right, answered, reviewer=reviewer)
    message = _post(right.key, token, jid, text)
    fence.confirm(token, message.id, answered=answered, turn=right.turn)
    name = access.name_of(reviewer) if reviewer else ""
    return _told(right.key, message, Author.BOT, name, answers=answered.ids)


def send_closed_word(right: Right, unanswered: Sequence[Message], text: str) -> Message:
    """Tell the lead that nobody answers at this hour; the messages go on waiting. Raises as `send_as_bot` does."""
    here = Control.objects.filter(instance=right.key.instance, conversation=right.key.conversation)
    token = fence.claim(right, Answered.of(unanswered), settles=False)
    # Noted before it is sent: said twice is worse than not said. From now on ids decide what waits, not the last word.
    here.update(closed_said_at=timezone.now(), settled_at=Coalesce("settled_at", unanswered[0].sent_at))
    try:
        message = _post(right.key, token, unanswered[-1].jid, text)
    except EvolutionError as error:
        if not isinstance(error, Unconfirmed):
            here.update(closed_said_at=None)
        raise
    fence.confirm(token, message.id)
    return _told(right.key, message, Author.BOT, answers=())


def send_due(row: Control, jid: JID, text: str) -> Message:
    """Send the system message that `row` owes. Raises as `send_as_bot` does."""
    token = fence.claim_system(row.key, Due(row.due), row.due_epoch)
    message = _post(row.key, token, jid, text)
    with transaction.atomic():
        fence.confirm(token, message.id)
        Control.objects.filter(pk=row.pk, due_epoch=row.due_epoch).update(due=Due.NONE)
    answers = Sent.objects.values_list("answers", flat=True).get(token=token)
    return _told(row.key, message, Author.BOT, answers=tuple(answers))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rep knew as they sent: what they were asked about, and what they saw. Else nothing is asked."""

    #: Whom the conversation may be taken from, besides nobody and themselves; None: anybody.
    taken_from: Collection[int] | None = None
    #: Something went out meanwhile that they have not seen.
    is_overtaken: Callable[[], bool] = lambda: False


def send_as_rep(
    key: Key, text: str, rep: User, quoted_id: str = "", token: str = "", knew: Seen = Seen()
) -> Message:  # fmt: skip
    """Send what a rep wrote; sending is taking over. Raises as `send_as_bot` does, but never Lost.

    Goes to the address the lead last wrote from, where the gateway tells it. A `token` makes it once: Spent when it was
    made before, and nothing is taken over then. control.Held when a colleague has the conversation, fence.Overtaken
    when something went out meanwhile, where the rep `knew` it not: nothing was sent, and the token is as good as new.
    On a number that is known to be closed nothing is claimed or taken over: NotConnected.
    """
    words = signed(text, rep)
    return _send_as_rep(
        key, rep, token, words, knew, lambda jid, deadline: get_client().send_text(
            key.instance, jid, words, quoted_id=quoted_id, deadline=deadline
        )
    )  # fmt: skip


def send_media_as_rep(
    key: Key, file: File, rep: User, *, caption: str = "", quoted_id: str = "", token: str = "", knew: Seen = Seen()
) -> Message:
    """Send a file of a rep, as `send_as_rep` does."""
    words = signed(caption, rep) if caption else ""
    return _send_as_rep(
        key, rep, token, words, knew, lambda jid, deadline: get_client().send_media(
            key.instance, jid, file, caption=words, quoted_id=quoted_id, deadline=deadline
        )
    )  # fmt: skip


def send_voice_as_rep(key: Key, sound: bytes, rep: User, token: str = "", knew: Seen = Seen()) -> Message:
    """Send a rep's voice note, as `send_as_rep` does."""
    return _send_as_rep(
        key, rep, token, "", knew, lambda jid, deadline: get_client().send_voice(
            key.instance, jid, sound, deadline=deadline
        )
    )  # fmt: skip


def signed(text: str, rep: User) -> str:
    """`text` under the name of whoever wants theirs there, in WhatsApp's bold."""
    if not access.profile_of(rep).signs:
        return text
    # An asterisk in a name would end the bold type.
    return f"*{(rep.get_full_name() or rep.get_username()).replace('*', '')}:*\n{text}"


def _send_as_rep(
    key: Key, rep: User, token: str, words: str, knew: Seen, post: Callable[[JID, float], Message]
) -> Message:
    if token and fence.is_spent(token):
        raise fence.Spent
    _check_connected(key.instance)
    row = control.rep_sent(key, rep, taken_from=knew.taken_from)
    key = row.key
    jid = address(key)
    token = fence.claim_for_rep(key, rep, token, knew.is_overtaken)
    message = _posted(token, words, lambda: post(jid, settings.SEND_DEADLINE_SECONDS))
    answers = Answered((row.newest,), row.newest, message.sent_at) if row.newest else None
    fence.confirm(token, message.id, answered=answers)
    for do in _answered:
        do(key)
    return _told(key, message, Author.REP, rep.get_full_name() or rep.get_username())


def _check_connected(instance: str) -> None:
    """Raise NotConnected where the number has no WhatsApp: what is handed over now would only end in doubt.

    The gateway is asked only when the list says so, which may be a minute old. Raises Unreachable, too.
    """
    known = inbox().health().get(instance)
    if known is None or known.state in ("", "open"):
        return
    if (state := get_client().connection_state(instance)) != "open":
        raise NotConnected(f"the number is not connected: {state}")


def send_to_owner(instance: str, owner: JID, text: str) -> None:
    """Write to the account's own number, the chat with oneself. Entered in the ledger, so that it is known as ours."""
    message = get_client().send_text(instance, owner, text, deadline=settings.SEND_DEADLINE_SECONDS)
    Sent.objects.create(
        token=uuid.uuid4().hex, instance=instance, conversation=owner, message_id=message.id or None,
        author=Sent.By.BOT, state=Sent.State.SENT, at=timezone.now(),
    )  # fmt: skip


def address(key: Key) -> JID:
    """Where a reply goes: the JID of the lead's newest message exactly as received, else the conversation's own."""
    if len(identity.jids(key)) == 1:
        return key.conversation
    from_lead = [message for message in history.recent(key, _LOOK_BACK) if message.is_from_lead]
    return from_lead[-1].jid if from_lead else key.conversation


def _post(key: Key, token: str, jid: JID, text: str) -> Message:
    return _posted(
        token, text, lambda: get_client().send_text(key.instance, jid, text, deadline=settings.SEND_DEADLINE_SECONDS)
    )


def _posted(token: str, words: str, post: Callable[[], Message]) -> Message:
    """Do `post` under the claim, and leave the claim as it ended. What is none of the gateway's errors is a bug."""
    try:
        return post()
    except Unconfirmed as error:
        clearing.remember(token, words)
        fence.leave_unconfirmed(token, How.ERROR if error.was_answered else How.SILENCE)
        raise
    except EvolutionError:
        fence.release(token)
        raise


def _told(
    key: Key, message: Message, author: Author, name: str = "", answers: tuple[str, ...] | None = None
) -> Message:
    log.info("sent %s by %s", message.id, author.value)
    message = replace(message, author=author, author_name=name, answers=answers)
    live.publish("message", instance=key.instance, conversation=key.conversation, message=message)
    return message


# --------------------------------------------------------------------------------------------------- the bot's draft


def keep_draft(key: Key, bubbles: Sequence[str], *, is_first_in_doubt: bool = False) -> None:
    """Keep what the bot was about to say when it was stopped, sealed and for 15 minutes, to offer it to the rep.

    With the first in doubt, its claim is kept with it: it is offered only once it is known that it did not go out.
    """
    if bubbles:
        token = control.current(key).sending if is_first_in_doubt else ""
        draft = json.dumps([token, *bubbles])
        sealed.put(f"draft:{key.instance}:{key.conversation}", draft, _DRAFT_LIFETIME_S)
        live.publish("bot", instance=key.instance, conversation=key.conversation, doing="stopped")


def rescue(row: Control) -> None:
    """Control changed to `row`: what waited for approval is void, and offered to whoever speaks now.

    Not while a bubble of it may be on its way: its turn knows what was left, and keeps that.
    """
    one = pending.void(row)
    if one is not None and row.mode != Mode.BOT and not row.sending:
        keep_draft(row.key, one.bubbles)


def kept_draft(key: Key) -> str:
    """What the bot was about to say, "" when there is nothing."""
    kept = sealed.get(f"draft:{key.instance}:{key.conversation}")
    if kept is None:
        return ""
    token, *bubbles = json.loads(kept)
    if token and not Sent.objects.filter(token=token, state=Sent.State.NOT_SENT).exists():
        bubbles = bubbles[1:]
    return "\n\n".join(bubbles)


def drop_draft(key: Key) -> None:
    """Forget it."""
    sealed.drop(f"draft:{key.instance}:{key.conversation}")
