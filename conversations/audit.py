"""Every act of control and every change of people, newest first, in sentences.

A lead is called by the name that the list knows at this moment, and that is stored nowhere; else by a veiled number.
Others who record changes have them told here as well (`tells_also`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, Value
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from conversations import jid, shown
from conversations.inbox import inbox
from conversations.message import Key
from conversations.models import Act, Actor, AuditEntry
from conversations.templatetags.conversations import moment
from people import access
from people.models import Deed, PersonEntry


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; "" and None for everything."""

    person: int | None = None
    act: str = ""
    instance: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One act as it is shown."""

    at: datetime
    #: A sentence, with links; safe.
    sentence: str
    #: What sort of act: a class of the page.
    sort: str
    #: Why, in words; "" where the sentence says it all.
    why: str
    instance: str
    #: For the table to take along, in the order of `COLUMNS`.
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Changes that somebody else records. What it is called is also its one act in the filter."""

    name: str
    words: Promise
    #: All of them; with `at` and `by`.
    rows: Callable[[], Any]
    #: Those with these ids, as they are shown to this person.
    lines: Callable[[Iterable[int], Any], Mapping[int, Line]]


_sources: dict[str, Source] = {}


def tells_also(source: Source) -> None:
    """Have the changes of `source` stand among the others."""
    _sources[source.name] = source


def other_acts() -> list[tuple[str, Promise]]:
    """What the sources record, for the filter."""
    return [(source.name, source.words) for source in _sources.values()]


COLUMNS = (
    gettext_lazy("When"), gettext_lazy("Who"), gettext_lazy("What"), gettext_lazy("Number"), gettext_lazy("Lead"),
    gettext_lazy("Person"), gettext_lazy("Why"), gettext_lazy("Before"), gettext_lazy("After"),
)  # fmt: skip


def found(wanted: Wanted, mine: Sequence[str]) -> Any:
    """What `lines` makes lines of: (at, id, which table). Of the instances `mine`, and of none."""
    control = AuditEntry.objects.filter(_period(wanted), instance__in=["", *mine]).order_by()
    people = PersonEntry.objects.filter(_period(wanted)).order_by()
    if wanted.person:
        control = control.filter(Q(rep=wanted.person) | Q(receiver=wanted.person))
        people = people.filter(Q(by=wanted.person) | Q(person=wanted.person))
    if wanted.act:
        control, people = control.filter(act=wanted.act), people.filter(deed=wanted.act)
    if wanted.instance:
        control, people = control.filter(instance=wanted.instance), people.none()
    tables = [("control", control), ("people", people), *((one.name, _of(one, wanted)) for one in _sources.values())]
    first, *others = (rows.annotate(table=Value(name)).values_list("at", "id", "table") for name, rows in tables)
    return first.union(*others, all=True).order_by("-at", "-id")


def _of(source: Source, wanted: Wanted) -> Any:
    """What is wanted of a source; it is of no number."""
    rows = source.rows().filter(_period(wanted)).order_by()
    if wanted.person:
        rows = rows.filter(by=wanted.person)
    return rows.none() if wanted.instance or wanted.act not in ("", source.name) else rows


def _period(wanted: Wanted) -> Q:
    period = Q(at__lt=wanted.before or timezone.now())
    return period & Q(at__gte=wanted.since) if wanted.since else period


def lines(rows: Sequence[tuple[datetime, int, str]], reader: Any) -> list[Line]:
    """`rows` of `found` as they are shown to `reader`."""
    ids: dict[str, list[int]] = {"control": [], "people": [], **{name: [] for name in _sources}}
    for _at, id, table in rows:
        ids[table].append(id)
    mine = access.instances_of(reader) if reader.has_perm("conversations.watch") else ()
    control = AuditEntry.objects.select_related("rep", "receiver").in_bulk(ids["control"])
    people = PersonEntry.objects.select_related("by", "person").in_bulk(ids["people"])
    made: dict[str, Mapping[int, Line]] = {
        "control": {id: _of_control(entry, mine) for id, entry in control.items()},
        "people": {id: _of_people(entry) for id, entry in people.items()},
        **{name: source.lines(ids[name], reader) for name, source in _sources.items()},
    }
    return [made[table][id] for _at, id, table in rows if id in made[table]]


def name(user: Any) -> str:
    """A person as colleagues call them."""
    return access.name_of(user) if user else _("somebody")


def bold(who: str) -> str:
    """Somebody of ours, in a sentence."""
    return format_html("<strong>{}</strong>", who)


# ----------------------------------------------------------------------------------------------------------- control

_CONTROL: dict[str, Promise] = {
    Act.TAKE_OVER: gettext_lazy("{who} took over the conversation with {lead}"),
    Act.PAUSE: gettext_lazy("{who} paused the bot in the conversation with {lead}"),
    Act.RESUME: gettext_lazy("{who} ended the pause in the conversation with {lead}"),
    Act.HAND_BACK: gettext_lazy("{who} handed the conversation with {lead} back to the bot"),
    Act.ANSWER_LATE: gettext_lazy("{who} had the bot answer {lead} after all"),
    Act.PHONE: gettext_lazy("Somebody answered {lead} on the phone"),
    Act.OUTBOUND_FIRST: gettext_lazy("Somebody wrote to {lead} first, on the phone"),
    Act.HANDOFF: gettext_lazy("The bot asked for a person in the conversation with {lead}"),
    Act.GIVE_UP: gettext_lazy("The bot could not answer {lead}"),
    Act.RECOVER: gettext_lazy("The bot can answer {lead} again"),
    Act.EXPIRE: gettext_lazy("Time ran out: the bot answers {lead} again"),
    Act.AUTO_RESUME: gettext_lazy("Nobody wrote for a while: the bot answers {lead} again"),
    Act.OPT_OUT: gettext_lazy("{lead} asked not to be written to"),
    Act.OPT_IN: gettext_lazy("{who} allowed writing to {lead} again"),
    Act.MERGE: gettext_lazy("Two addresses of {lead} became one conversation"),
    "hand_over": gettext_lazy("{who} handed the conversation with {lead} to {receiver}"),
    "undo": gettext_lazy("{who} undid the last act in the conversation with {lead}"),
    "edit": gettext_lazy("{who} edited a message to {lead}"),
    "delete": gettext_lazy("{who} deleted a message to {lead} for everybody"),
    Act.TIME_OUT: gettext_lazy("Nobody came: the bot answers {lead} again"),
    Act.MORE_TIME: gettext_lazy("{who} keeps the conversation with {lead} for longer"),
    Act.APPROVE: gettext_lazy("{who} approved the bot's answer to {lead}"),
    Act.EDIT_DRAFT: gettext_lazy("{who} changed the bot's answer to {lead} and sent it"),
    Act.DISCARD: gettext_lazy("{who} discarded the bot's answer to {lead}"),
    Act.APPROVAL_ON: gettext_lazy("{who} wants to approve each answer to {lead}"),
    Act.APPROVAL_OFF: gettext_lazy("{who} lets the bot answer {lead} by itself"),
    Act.WHISPER: gettext_lazy("{who} whispered to the bot about {lead}"),
    Act.AUTOMATIC: gettext_lazy("{who} said that a text to {lead} is automatic: {where}"),
    Act.NOT_AUTOMATIC: gettext_lazy("{who} said that somebody types a text to {lead}: {where}"),
    Act.RESUME_AFTER: gettext_lazy("{who} changed when conversations return to the bot: {where}"),
    Act.SWITCH_ON: gettext_lazy("{who} switched the bot on: {where}"),
    Act.SWITCH_OFF: gettext_lazy("{who} switched the bot off: {where}"),
}
#: Of acts on a whole number.
_ON_NUMBER: dict[str, Promise] = {
    Act.APPROVAL_ON: gettext_lazy("{who} wants each of the bot's answers approved: {where}"),
    Act.APPROVAL_OFF: gettext_lazy("{who} lets the bot answer by itself: {where}"),
}
_SORTS = {
    Act.TAKE_OVER: "human", Act.PAUSE: "paused", Act.HAND_BACK: "bot", Act.RESUME: "bot", Act.PHONE: "phone",
    Act.OUTBOUND_FIRST: "phone", Act.HANDOFF: "waiting", Act.GIVE_UP: "waiting", Act.OPT_OUT: "waiting",
    Act.SWITCH_OFF: "waiting",
}  # fmt: skip


def _of_control(entry: AuditEntry, mine: Sequence[str]) -> Line:
    who, lead = _actor(entry), _lead(entry)
    where = entry.instance or _("everything")
    receiver = name(entry.receiver) if entry.receiver else ""
    facts = {
        "who": bold(who), "lead": _link(entry, lead, mine), "where": where,
        "receiver": bold(receiver) if receiver else _("a colleague"),
    }  # fmt: skip
    words = str(_words(entry))
    sentence = format_html(words, **facts, act=entry.get_act_display())
    if entry.act == Act.PAUSE and entry.until:
        sentence = format_html("{} {}", sentence, _("until %(time)s") % {"time": moment(entry.until)})
    why = entry.get_reason_display() if entry.tells_why and entry.reason else ""
    cells = (
        when(entry.at), who, entry.get_act_display(), where, lead, receiver, entry.get_reason_display(),
        entry.get_before_display(), entry.get_after_display(),
    )  # fmt: skip
    return Line(entry.at, sentence, _SORTS.get(Act(entry.act), "quiet"), why, entry.instance, cells)


def _words(entry: AuditEntry) -> Promise:
    """The sentence of an act, where its names go."""
    if not entry.conversation and entry.act in _ON_NUMBER:
        return _ON_NUMBER[entry.act]
    if entry.act == Act.OPT_OUT and entry.actor == Actor.REP:
        return gettext_lazy("{who} noted that {lead} wants no messages")
    if entry.act == Act.APPROVE and entry.actor == Actor.SYSTEM:
        return gettext_lazy("The time to decide ran out: the bot's answer to {lead} went out")
    return _CONTROL.get(entry.act, gettext_lazy("{who}: {act}, {lead}"))


def _actor(entry: AuditEntry) -> str:
    if entry.actor == Actor.REP:
        return name(entry.rep)
    return {
        Actor.PHONE: _("The phone"), Actor.BOT: _("The bot"), Actor.LEAD: _("The lead"),
    }.get(Actor(entry.actor), _("The system"))  # fmt: skip


def _lead(entry: AuditEntry) -> str:
    return jid.veiled(entry.conversation, unnamed=_("contact")) if entry.conversation else ""


def _link(entry: AuditEntry, lead: str, mine: Sequence[str]) -> str:
    """The lead by name, where somebody knows it, and the way to the conversation where the reader may see one."""
    if not entry.conversation or entry.instance not in mine:
        return lead
    key = Key(entry.instance, jid.JID(entry.conversation))
    known = inbox().row(key)
    if known is None or not known.name:
        return format_html('<a href="{}">{}</a>', shown.address(key), lead)
    return format_html('<a href="{}" title="{}" dir="auto">{}</a>', shown.address(key), lead, known.name)


# ------------------------------------------------------------------------------------------------------------ people

_PEOPLE: dict[str, Promise] = {
    Deed.INVITED: gettext_lazy("{who} invited a person: {role}"),
    Deed.WITHDREW: gettext_lazy("{who} withdrew an invitation: {role}"),
    Deed.JOINED: gettext_lazy("{person} accepted an invitation: {role}"),
    Deed.ROLE: gettext_lazy("{who} changed what {person} may do: {role}"),
    Deed.DEACTIVATED: gettext_lazy("{who} deactivated the account of {person}"),
    Deed.REACTIVATED: gettext_lazy("{who} reactivated the account of {person}"),
    Deed.RESET_LINK: gettext_lazy("{who} made a link to a new password for {person}"),
    Deed.PASSWORD: gettext_lazy("{who} chose a new password"),
    Deed.FACTOR_ON: gettext_lazy("{who} set up a second factor"),
    Deed.FACTOR_OFF: gettext_lazy("{who} removed the second factor of {person}"),
    Deed.SESSIONS_ENDED: gettext_lazy("{who} ended the sessions of {person}"),
}


def _of_people(entry: PersonEntry) -> Line:
    who, person = name(entry.by), name(entry.person) if entry.person else ""
    group = str(access.GROUPS.get(entry.group, (entry.group, ""))[0])
    role = ", ".join([group, *entry.instances]) if group else ""
    sentence = format_html(str(_PEOPLE[entry.deed]), who=bold(who), person=bold(person), role=role)
    cells = (when(entry.at), who, entry.get_deed_display(), ", ".join(entry.instances), "", person, group, "", "")
    return Line(entry.at, sentence, "quiet", "", "", cells)


def when(at: datetime) -> str:
    """A time as the table has it."""
    return date_format(timezone.localtime(at), "Y-m-d H:i:s")
