"""The box to answer in: empty, with what is answered, with a message to change, or with what became of a send."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from conversations import amending, attachments, automatic, briefs, history, identity, sending, shown
from conversations.evolution import EvolutionError, get_client
from conversations.inbox import inbox
from conversations.jid import JID
from conversations.message import Key, Message
from conversations.models import QuickAnswer
from conversations.views.guard import Request, rep
from people import access

_QUICK_ANSWERS = "SELECT * FROM conversations_quickanswer ORDER BY shortcut"


@dataclass(frozen=True, slots=True)
class Quick:
    """One quick answer, ready to be sent to this lead by this person."""

    shortcut: str
    text: str


def composer(request: Request, key: Key, *, text: str = "", **more: Any) -> dict[str, Any]:
    """An empty form, or one with what was written and what became of it. Each has a token of its own."""
    me = rep(request)
    return {
        "key": key,
        "url": shown.address(key),
        "text": text,
        "token": uuid.uuid4().hex,
        "me": me.get_full_name() or me.get_username(),
        "signs": access.profile_of(me).signs,
        "largest": str(attachments.LARGEST_FILE),
        "quick_answers": quick_answers(request, key),
        "may_write_quick_answers": me.is_staff and me.has_perm("conversations.add_quickanswer"),
        **more,
    }


def asked_for(request: Request, key: Key) -> dict[str, Any]:
    """The form as the address wants it: `reply`, `edit`, `delete` or `tick` name a message; `draft`, `suggestion`."""
    if not request.user.has_perm("conversations.act"):
        return {}
    for name, make in (("reply", _reply), ("edit", _edit), ("delete", _delete), ("tick", _tick)):
        if id := request.GET.get(name, ""):
            try:
                message = message_of(key, id)
            except EvolutionError as error:
                return composer(request, key, why=shown.why(error))
            if message is None:
                return composer(request, key, why=_("This message is no longer there."))
            return make(request, key, message)
    if "suggestion" in request.GET and (known := briefs.of(key)):
        return composer(request, key, text=known.suggestion)
    return composer(request, key, text=sending.kept_draft(key) if "draft" in request.GET else "")


def _reply(request: Request, key: Key, message: Message) -> dict[str, Any]:
    return composer(request, key, quoted=message)


def _edit(request: Request, key: Key, message: Message) -> dict[str, Any]:
    try:
        amending.may_edit(message, rep(request))
    except amending.Stays as stays:
        return composer(request, key, why=why_stays(stays))
    return editor(request, key, message, message.text)


def _delete(request: Request, key: Key, message: Message) -> dict[str, Any]:
    try:
        amending.may_delete(message, rep(request))
    except amending.Stays as stays:
        return composer(request, key, why=why_stays(stays))
    return composer(request, key, to_delete=message)


def _tick(request: Request, key: Key, message: Message) -> dict[str, Any]:
    if not automatic.may_tick(message):
        return composer(request, key, why=_("Only a text that was sent from the phone can be automatic."))
    return composer(request, key, to_tick=message, is_ticked=automatic.is_known(key.instance, message.text))


def editor(request: Request, key: Key, message: Message, text: str, why: str = "") -> dict[str, Any]:
    """The form with the words of a message that is to have others."""
    return composer(request, key, text=text, edited=message, why=why)


def why_stays(stays: amending.Stays) -> str:
    """Why a message cannot be changed, for whoever wanted to."""
    return {
        amending.Why.NOT_OURS: _("Only what was sent from here can be changed."),
        amending.Why.OF_A_COLLEAGUE: _("A colleague wrote this: only they can change it."),
        amending.Why.TOO_LATE: _("Too late: WhatsApp lets one edit for 15 minutes and delete for about 60 hours."),
        amending.Why.NO_WORDS: _("There are no words in it that could be changed."),
    }[stays.why]


def message_of(key: Key, id: str) -> Message | None:
    """A message of this very conversation; None for one of another. Raises EvolutionError."""
    found = get_client().message(key.instance, id)
    if found is None or JID(found.jid) not in identity.jids(key):
        return None
    return history.complete(key.instance, [found])[0]


def quick_answers(request: Request, key: Key) -> list[Quick]:
    """All of them, with the names filled in; without the lead's name its place stays empty."""
    found = list(QuickAnswer.objects.raw(_QUICK_ANSWERS))
    if not found:
        return []
    row = inbox().row(key)
    lead = row.name.split()[0] if row is not None and row.name.strip() else ""
    me = rep(request)
    return [Quick(one.shortcut, _filled(one.text, lead, me.first_name or me.get_username())) for one in found]


def _filled(text: str, lead: str, me: str) -> str:
    """Not by `str.format`: the text is a person's, and braces are allowed in it."""
    if not lead:
        # "Oi, {nome}!" and "{nome}, tudo bem?" read well without a name.
        for with_it in (", {nome}", "{nome}, ", " {nome}", "{nome} "):
            text = text.replace(with_it, "")
    return text.replace("{nome}", lead).replace("{vendedor}", me)
