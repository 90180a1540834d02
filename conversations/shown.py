"""What the pages show of a conversation: rows of the list and bubbles, ready for the templates."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations import control, history, late, sealed, seen, switches
from conversations.evolution import EvolutionError, NotConnected, Refused
from conversations.formatting import is_only_emoji
from conversations.inbox import inbox
from conversations.message import Key, Kind, Message
from conversations.models import Control, Mode
from conversations.question import Facts, View
from conversations.row import MOST_COUNTED, Row
from conversations.standing import standings
from conversations.switches import Switches

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from conversations.inbox import Inbox


#: Bubbles of one author that follow so soon are one group.
GOES_ON = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the list with who may speak there."""

    row: Row
    last: Message
    control: Control
    #: The views that show it, but *mine*.
    views: tuple[View, ...] = (View.ALL,)
    #: Since when the lead waits for an answer; None: nothing waits.
    waiting_since: datetime | None = None
    #: What came since the person who reads it last looked.
    unread: int = 0

    @property
    def view_names(self) -> str:
        """The views that show it, for the page's script."""
        return " ".join(view.value for view in self.views)

    @property
    def is_missed(self) -> bool:
        """The bot will not answer by itself any more."""
        return View.MISSED in self.views

    @property
    def unread_words(self) -> str:
        """How much is new, as far as it is counted; "" for nothing."""
        if not self.unread:
            return ""
        return f"{MOST_COUNTED}+" if self.unread > MOST_COUNTED else str(self.unread)

    @property
    def id(self) -> str:
        """Its name in addresses and in the page."""
        return sealed.opaque_id(self.row.key)

    @property
    def url(self) -> str:
        """Where it is shown."""
        return reverse("conversations:conversation", args=[self.row.key.instance, self.id])


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as it is shown."""

    message: Message
    #: The day that begins with it, None within a day.
    day: date | None = None
    #: Reactions to it, the newest of each person.
    reactions: tuple[Message, ...] = ()
    #: The message it answers, when that stands on the same page.
    quoted: Message | None = None
    #: The same author goes on, minutes after the bubble before.
    is_continued: bool = False
    #: What came since this person last looked begins here.
    is_first_new: bool = False

    @property
    def at(self) -> str:
        """When, in seconds since 1970."""
        return str(int(self.message.sent_at.timestamp()))

    @property
    def moment(self) -> str:
        """When, for machines, in the person's time zone."""
        return timezone.localtime(self.message.sent_at).isoformat()

    @property
    def version(self) -> str:
        """Another one when it must be drawn again. Delivery does not count: ticks come by themselves."""
        said = self.message
        facts = (said.text, said.is_edited, said.is_deleted, said.author, said.author_name, said.sent_at)
        reactions = [one.reaction.emoji for one in self.reactions if one.reaction]
        return f"{zlib.crc32(repr((facts, reactions)).encode()):x}"

    @property
    def is_emoji(self) -> bool:
        """A few emoji and nothing else."""
        return self.message.kind is Kind.TEXT and is_only_emoji(self.message.text)

    @property
    def quotes_lead(self) -> bool:
        """The quoted message is the lead's, as far as the gateway says."""
        said = self.message
        if self.quoted is not None:
            return self.quoted.is_from_lead
        return said.quote is not None and said.quote.participant in (said.jid, said.alt_jid)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before a switch is thrown."""

    #: Of the instance, "" for everything.
    name: str
    turns_on: bool
    #: How far back the bot answers; asked only where somebody may wait.
    earliest: Callable[[], datetime]

    def waiting(self) -> int | None:
        """How many leads would be answered then; None while nobody knows."""
        return waiting_for_bot(self.name, self.earliest())


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps the list from being true."""

    #: Instances the gateway does not answer for, and since when.
    silent: dict[str, datetime]
    #: Instances that are not connected to WhatsApp.
    closed: tuple[str, ...]


def address(key: Key) -> str:
    """Where a conversation is shown."""
    return reverse("conversations:conversation", args=[key.instance, sealed.opaque_id(key)])


def lines(rows: Sequence[Row], facts: Facts) -> list[Line]:
    """`rows` with control, and with the authors that the ledger knows."""
    controls = control.currents(row.key for row in rows)
    untouched = {name: Control(instance=name) for name in {row.key.instance for row in rows}}
    last = _completed(rows)
    return [
        Line(
            row,
            last[row.key],
            controls.get(row.key) or untouched[row.key.instance],
            facts.views(row),
            facts.waiting_since(row),
        )
        for row in rows
    ]


def as_read_by(lines: Sequence[Line], user: User) -> list[Line]:
    """`lines` with what is new to `user`. To whoever never looked, only what came since they are here."""
    looks = seen.looks([user.pk], [line.row.key for line in lines])
    return [
        replace(line, unread=line.row.unread_since(looks.get((user.pk, line.row.key), user.date_joined)))
        for line in lines
    ]


def facts(instances: Sequence[str]) -> Facts:
    """Who speaks where on `instances`, and who was missed."""
    return Facts(standings(instances), late.limits())


def _completed(rows: Sequence[Row]) -> dict[Key, Message]:
    found: dict[Key, Message] = {}
    for instance in {row.key.instance for row in rows}:
        here = [row for row in rows if row.key.instance == instance]
        completed = history.complete(instance, [row.last for row in here])
        found.update(zip((row.key for row in here), completed, strict=True))
    return found


def questions(state: Switches, earliest: Callable[[], datetime]) -> list[Question]:
    """One for each switch, the one above all first."""
    rows = {switches.EVERYTHING: state.everything, **state.instances}
    return [Question(name, not row.is_on, earliest) for name, row in rows.items()]


def waiting_for_bot(instance: str, earliest: datetime) -> int | None:
    """How many leads wait on `instance` ("" for all that are on by themselves) where the bot answers once it is on.

    None while the list is not read yet. Who wrote before `earliest` or before the bot came, and who wants no messages,
    is not the bot's.
    """
    here, state, now = inbox(), switches.state(), timezone.now()
    names = [instance] if instance else [name for name, one in state.instances.items() if one.is_on]
    if not all((health := here.health().get(name)) and health.is_built for name in names):
        return None
    begins = {name: _begins(state.bot_since(name), earliest) for name in names}
    waiting = [
        row for row in here.rows()
        if row.waiting_since and (begin := begins.get(row.key.instance)) and row.last.sent_at >= begin
    ]  # fmt: skip
    controls = control.currents(row.key for row in waiting)
    return sum(_is_the_bots(row, controls.get(row.key), now) for row in waiting)


def _begins(bot_since: datetime | None, earliest: datetime) -> datetime | None:
    """From when on leads are the bot's, to the second, as the gateway counts; None where it never was."""
    return None if bot_since is None else max(earliest, bot_since.replace(microsecond=0))


def _is_the_bots(row: Row, held: Control | None, now: datetime) -> bool:
    """Nobody else speaks there, and what the lead wrote last was not dealt with."""
    if held is None:
        return True
    return held.mode_at(now) is Mode.BOT and not held.opted_out and not row.is_settled(held.settled_ids)


def trouble(here: Inbox, instances: Sequence[str]) -> Trouble:
    """What is wrong with the gateway and with the numbers of `instances`."""
    health = {name: one for name, one in here.health().items() if name in instances}
    return Trouble(
        {name: one.silent_since for name, one in health.items() if one.silent_since},
        tuple(name for name, one in health.items() if one.state not in ("", "open") and not one.silent_since),
    )


def bubbles(found: Sequence[Message], seen_at: datetime | None = None) -> list[Bubble]:
    """Messages (oldest first) as they are shown: reactions on what they react to, notices left out, days marked."""
    reactions = _reactions(found)
    by_id = {message.id: message for message in found}
    said = [message for message in found if message.reaction is None and not message.is_notice]
    first_new = next((one.id for one in said if seen_at and one.is_from_lead and one.sent_at > seen_at), None)
    shown: list[Bubble] = []
    before: Message | None = None
    day_before: date | None = None
    for message in said:
        day = timezone.localdate(message.sent_at)
        begins_day = day != day_before
        shown.append(
            Bubble(
                message,
                day if begins_day else None,
                reactions.get(message.id, ()),
                by_id.get(message.quote.id) if message.quote else None,
                not begins_day and _goes_on(before, message) and message.id != first_new,
                message.id == first_new,
            )
        )
        before, day_before = message, day
    return shown


def _goes_on(before: Message | None, message: Message) -> bool:
    """One author writes on: the name above the bubble is not needed again."""
    if before is None:
        return False
    same = (before.author, before.author_name, before.participant) == (
        message.author,
        message.author_name,
        message.participant,
    )
    return same and message.sent_at - before.sent_at <= GOES_ON


def _reactions(found: Sequence[Message]) -> dict[str, tuple[Message, ...]]:
    """By the message they react to; of each person the newest counts, and one without emoji takes it back."""
    newest: dict[str, dict[tuple[bool, str], Message]] = {}
    for message in found:
        if message.reaction is not None:
            newest.setdefault(message.reaction.target_id, {})[message.from_me, message.participant or ""] = message
    return {
        target: tuple(one for one in by_person.values() if one.reaction and one.reaction.emoji)
        for target, by_person in newest.items()
    }


def why(error: EvolutionError) -> str:
    """What a person should know about a failure of the gateway."""
    if isinstance(error, NotConnected):
        return _("This number is not connected to WhatsApp.")
    if isinstance(error, Refused):
        return _("The gateway refused: %(words)s") % {"words": error}
    return _("The gateway does not answer.")
