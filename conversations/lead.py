"""What is known of a lead beside what was said: since when, from where, how much, and who had the conversation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from conversations import history, identity, jid, sealed
from conversations.evolution import EvolutionError, get_client
from conversations.inbox import inbox
from conversations.jid import JIDKind
from conversations.message import Author, Key, Message, Referral
from conversations.models import Act, Actor, AuditEntry, Reason
from people import access

#: So many of the newest messages are counted.
COUNTED = 200
#: How long a lead's language is remembered without a new answer of the model, in seconds.
_LANGUAGE_LASTS_S = 30 * 86_400
#: Entries of the control history at first, and when all is asked for.
FIRST, ALL = 10, 500


@dataclass(frozen=True, slots=True)
class Facts:
    """What the messages at hand tell of a lead."""

    #: Sent by whom how many, the lead first, also none; of the messages since `since`.
    counts: tuple[tuple[Author, int], ...]
    total: int
    since: datetime | None
    #: The first message the gateway has; None when there is none.
    first_at: datetime | None
    #: Nothing older than what was counted exists.
    is_all: bool
    #: The advertisement they came from, None when no message names one.
    referral: Referral | None


def facts(key: Key) -> Facts:
    """Read from the gateway. Raises EvolutionError."""
    read = history.recent(key, COUNTED)
    inbox().saw(key, read)
    found = [one for one in read if one.reaction is None and not one.is_notice]
    counted = Counter(one.author for one in found)
    is_all = len(read) < COUNTED
    first = read[0] if is_all and read else _first(key)
    return Facts(
        counts=tuple((author, counted[author]) for author in Author),
        total=len(found),
        since=found[0].sent_at if found else None,
        first_at=first.sent_at if first else None,
        is_all=is_all,
        referral=_referral(found),
    )


def _first(key: Key) -> Message | None:
    """The oldest message of the conversation: the one on the last page, of all the lead's addresses."""
    client = get_client()
    found: list[Message] = []
    for address in identity.jids(key):
        total = client.messages_page(key.instance, address, 1, 1).total
        found += client.messages_page(key.instance, address, total, 1).messages if total else []
    return min(found, key=lambda one: one.sent_at, default=None)


def _referral(found: Sequence[Message]) -> Referral | None:
    return next((one.referral for one in reversed(found) if one.referral is not None), None)


def labels(key: Key) -> list[str]:
    """The names of the chat's labels; none where the gateway keeps none or does not answer."""
    client = get_client()
    try:
        ids = {id for address in identity.jids(key) for id in client.chat_labels(key.instance, address)}
        names = client.labels(key.instance) if ids else {}
    except EvolutionError:
        return []
    return sorted(names[id] for id in ids if id in names)


def note_language(key: Key, tag: str) -> None:
    """The lead writes in the language `tag` ("pt-BR"), as the model heard it; "" says nothing."""
    if tag:
        sealed.put(_language(key), tag, _LANGUAGE_LASTS_S)


def language(key: Key) -> str:
    """The lead's language in the reader's words; "" when nobody knows it."""
    try:
        code = (sealed.get(_language(key)) or "").lower()
        return str(dict(settings.LANGUAGES).get(code) or get_language_info(code)["name_translated"])
    except KeyError:
        return ""


def _language(key: Key) -> str:
    return f"language:{key.instance}:{key.conversation}"


def whatsapp_address(key: Key) -> str:
    """Where WhatsApp opens this chat; "" for an address without a number. It holds the number: shown, never kept."""
    if jid.kind(key.conversation) is not JIDKind.PERSON:
        return ""
    return f"https://wa.me/{jid.user_part(key.conversation)}"


# -------------------------------------------------------------------------------------------------- who had it when


@dataclass(frozen=True, slots=True)
class Told:
    """One change of control in words."""

    at: datetime
    words: str
    #: "" when the words say it already.
    why: str
    until: datetime | None


def told(key: Key, limit: int) -> tuple[list[Told], bool]:
    """The newest `limit` changes of control, newest first, and whether there are more."""
    here = AuditEntry.objects.filter(instance=key.instance, conversation=key.conversation)
    rows = list(here.select_related("rep", "receiver")[: limit + 1])
    return [_told(row) for row in rows[:limit]], len(rows) > limit


def _told(row: AuditEntry) -> Told:
    why = str(Reason(row.reason).label) if row.tells_why and row.reason in Reason.values else ""
    return Told(row.at, _in_words(row), why, row.until if row.act == Act.PAUSE else None)


def _in_words(row: AuditEntry) -> str:
    who = access.name_of(row.rep) if row.rep else _("Somebody")
    whom = access.name_of(row.receiver) if row.receiver else _("a colleague")
    words = {
        Act.TAKE_OVER: _("%(who)s took over"),
        Act.HAND_OVER: _("%(who)s handed it over to %(whom)s"),
        Act.PAUSE: _("%(who)s paused the bot"),
        Act.RESUME: _("%(who)s resumed the bot"),
        Act.HAND_BACK: _("%(who)s handed it back to the bot"),
        Act.PHONE: _("Somebody wrote on the phone"),
        Act.OUTBOUND_FIRST: _("Our side wrote first"),
        Act.HANDOFF: _("The bot asked for a person"),
        Act.GIVE_UP: _("The bot could not answer"),
        Act.RECOVER: _("The bot works again"),
        Act.EXPIRE: _("Time ran out: the bot again"),
        Act.AUTO_RESUME: _("Returned to the bot by itself"),
        Act.OPT_OUT: _("The lead asked for no more messages"),
        Act.OPT_IN: _("%(who)s allowed messages again"),
        Act.MERGE: _("Two addresses became one conversation"),
        Act.WHISPER: _("%(who)s whispered to the bot"),
        Act.APPROVE: _("%(who)s approved the bot's answer"),
        Act.EDIT_DRAFT: _("%(who)s changed the bot's answer and sent it"),
        Act.DISCARD: _("%(who)s discarded the bot's answer"),
        Act.APPROVAL_ON: _("%(who)s wants to approve the bot's answers"),
        Act.APPROVAL_OFF: _("%(who)s lets the bot answer by itself"),
        Act.AUTOMATIC: _("%(who)s called a text automatic"),
        Act.NOT_AUTOMATIC: _("%(who)s said that somebody types a text"),
        Act.MORE_TIME: _("%(who)s keeps it for longer"),
        Act.TIME_OUT: _("Nobody came: the bot again"),
    }.get(Act(row.act))  # fmt: skip
    if row.actor == Actor.REP and row.act == Act.OPT_OUT:
        words = _("%(who)s noted: no more messages")
    if row.actor == Actor.SYSTEM and row.act == Act.APPROVE:
        words = _("The bot's answer went out, nobody decided")
    return words % {"who": who, "whom": whom} if words else f"{who}: {row.get_act_display()}"
