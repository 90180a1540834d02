"""How the pages tell who speaks, since when and by whose act."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from conversations.models import Act, Actor, AuditEntry
from conversations.templatetags.conversations import moment, when

register = template.Library()

_ICONS = {"bot": "bot", "human": "person", "paused": "pause", "waiting": "bell", "phone": "phone", "off": "power"}


@register.filter
def mode_icon(mode: str) -> str:
    """The drawing for who speaks; its word stands beside it."""
    return _ICONS[mode]


_HEATS = (("snow", gettext_lazy("cold lead")), ("sun", gettext_lazy("warm lead")), ("flame", gettext_lazy("hot lead")))


@register.filter
def heat_icon(heat: int) -> str:
    """The drawing for how near to buying a lead is; its word stands beside it."""
    return _HEATS[min(heat, 2)][0]


@register.filter
def heat_word(heat: int) -> str:
    """How near to buying a lead is."""
    return str(_HEATS[min(heat, 2)][1])


@register.filter
def who(entry: AuditEntry) -> str:
    """The person of ours who did it, in words."""
    if entry.rep is None:
        return gettext("Somebody")
    return entry.rep.get_full_name() or entry.rep.get_username()


@register.filter
def told(entry: AuditEntry) -> str:
    """One change of control with who and when, as a line of the bar: Ana took over at 14:02."""
    facts = {"who": who(entry), "when": when(entry.at), "time": moment(entry.at)}
    if entry.actor == Actor.REP:
        return _by_people(Act(entry.act)) % facts
    return _by_itself(Act(entry.act)) % facts


def _by_people(act: Act) -> str:
    return {
        Act.TAKE_OVER: gettext("%(who)s took over %(when)s"),
        Act.PAUSE: gettext("%(who)s paused %(when)s"),
        Act.RESUME: gettext("%(who)s resumed %(when)s"),
        Act.HAND_BACK: gettext("%(who)s handed back %(when)s"),
        Act.OPT_IN: gettext("%(who)s allowed messages %(when)s"),
        Act.HAND_OVER: gettext("%(who)s handed it over %(when)s"),
        Act.MORE_TIME: gettext("%(who)s asked for more time %(when)s"),
        Act.OPT_OUT: gettext("%(who)s noted %(when)s: no more messages"),
        Act.UNDO: gettext("%(who)s undid the last change %(when)s"),
    }.get(act, gettext("since %(time)s"))


def _by_itself(act: Act) -> str:
    return {
        Act.PHONE: gettext("last message on the phone %(when)s"),
        Act.OUTBOUND_FIRST: gettext("the conversation began with people"),
        Act.HANDOFF: gettext("the bot asked for a person %(when)s"),
        Act.GIVE_UP: gettext("the bot could not answer %(when)s"),
        Act.RECOVER: gettext("works again since %(time)s"),
        Act.EXPIRE: gettext("its time ran out %(when)s"),
        Act.AUTO_RESUME: gettext("back by itself %(when)s"),
        Act.TIME_OUT: gettext("nobody came, back to the bot %(when)s"),
        Act.OPT_OUT: gettext("asked for no more messages %(when)s"),
    }.get(act, gettext("since %(time)s"))


@register.filter
def remaining(until: datetime) -> str:
    """How long until then, as `countdown.js` goes on counting: 45 s, 23 min, 3 h 05 min."""
    seconds = max(0, int((until - timezone.now()).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    return _span((seconds + 59) // 60)


@register.filter
def since(at: datetime) -> str:
    """For how long already, as `countdown.js` goes on counting: just now, for 11 min, for 3 h 05 min."""
    minutes = int((timezone.now() - at).total_seconds()) // 60
    if minutes < 1:
        return gettext("just now")
    return gettext("for %(time)s") % {"time": _span(minutes)}


def _span(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"


@register.filter
def to_the_second(at: datetime) -> str:
    """How far from now, as `countdown.js` goes on counting: 4:32, 1:05:10."""
    seconds = int(abs((at - timezone.now()).total_seconds()))
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
