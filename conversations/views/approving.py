"""Answers of the bot that a person approves: sent, changed, discarded, and what to say when somebody was faster."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import control, live, pending, shown, switches
from conversations.forms import ApproveForm
from conversations.message import Key
from conversations.models import Act, Actor, Mode
from conversations.views import composing, parts, undoing
from conversations.views.guard import Request, kept_nowhere, may, of_conversation, rep
from conversations.views.undoing import Toast
from people import access

#: Who decides too late is told who was faster, if that was a while ago at most.
_A_WHILE = timedelta(minutes=10)


@require_POST
@may("act")
@of_conversation
def approve(request: Request, key: Key) -> HttpResponse:
    """*Enviar*, or *Enviar alterado* with words of one's own: it goes out at once, as the bot's."""
    form = ApproveForm(request.POST)
    if not form.is_valid():
        why = " ".join(str(word) for word in form.errors.get("text", [_("Nothing was sent.")]))
        return _not_decided(request, key, why, request.POST.get("text", ""))
    if not switches.is_on(key.instance):
        why = _("Nothing was sent: the bot is switched off. Have it switched on, or take over to answer yourself.")
        return _not_decided(request, key, why, form.cleaned_data["text"])
    one = pending.of(key)
    bubbles = form.bubbles() if one is None or form.cleaned_data["text"] != one.as_text else ()
    if not pending.release(key, form.cleaned_data["id"], rep(request), bubbles):
        return _not_decided(request, key, _why_not(key), form.cleaned_data["text"])
    return _decided(request, key, _("Approved: the answer goes out now."))


@require_POST
@may("act")
@of_conversation
def discard(request: Request, key: Key) -> HttpResponse:
    """*Descartar*: the bot says nothing to what the lead has written so far."""
    if not pending.discard(key, request.POST.get("id", ""), rep(request)):
        return _not_decided(request, key, _why_not(key), "")
    return _decided(request, key, _("Discarded. The bot answers again when the lead writes."))


def _decided(request: Request, key: Key, words: str) -> HttpResponse:
    toast = Toast(words)
    if request.htmx:
        about = parts.about(request, key, toast=toast)
        return kept_nowhere(render(request, "conversations/_decided.html", about))
    undoing.keep(request.session, toast)
    return redirect(f"{shown.address(key)}#end")


def _not_decided(request: Request, key: Key, why: str, text: str) -> HttpResponse:
    """Why nothing was sent, with what was written; without scripts in its page."""
    unused = "" if _is_as_offered(key, text) else text
    context = parts.about(request, key, why=why, unused=unused)
    if request.htmx:
        return kept_nowhere(render(request, "conversations/_pending.html", context))
    if not unused:
        flash.warning(request, why)
        return redirect(shown.address(key))
    context |= {**composing.composer(request, key), **parts.bubbles(request, key), "why": why}
    context |= {**parts.the_list(request, open_key=key), "position": live.position()}
    return kept_nowhere(render(request, "conversations/conversation.html", context))


def _is_as_offered(key: Key, text: str) -> bool:
    """Nothing would be lost with it."""
    one = pending.of(key)
    return not text or (one is not None and one.as_text == text)


def _why_not(key: Key) -> str:
    """Who was faster, as far as that can be told."""
    row = control.current(key)
    if row.mode_at(timezone.now()) is not Mode.BOT:
        return _("Nothing was sent: the conversation is not the bot's any more.")
    last = pending.decided(key, timezone.now() - _A_WHILE)
    if pending.current(row) is not None and (last is None or row.pending != ""):
        return _("Nothing was sent: the lead wrote again, and the bot has another answer now.")
    if last is None:
        return _("Nothing was sent: this answer does not count any more.")
    if last.actor == Actor.SYSTEM:
        return _("The answer went out by itself a moment before.")
    who = access.name_of(last.rep) if last.rep else _("somebody")
    words = _("%(who)s discarded this answer a moment before.")
    return (words if last.act == Act.DISCARD else _("%(who)s sent this answer a moment before.")) % {"who": who}
