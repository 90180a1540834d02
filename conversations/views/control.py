"""What people do about who may speak: take over, pause, resume, hand back, and the switches."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import control, notes, shown, switches
from conversations.forms import HandOverForm, PauseForm, SwitchForm
from conversations.message import Key
from conversations.models import Note
from conversations.views import parts
from conversations.views.guard import Request, may, of_conversation, rep
from people import access


def acted(request: Request, key: Key, notice: str, *, is_warning: bool = False) -> HttpResponse:
    """The control bar with what was done; without scripts the page again."""
    if request.htmx:
        return render(
            request, "conversations/_acted.html", parts.about(request, key, notice=notice, is_warning=is_warning)
        )
    flash.add_message(request, flash.WARNING if is_warning else flash.SUCCESS, notice)
    return redirect(shown.address(key))


@require_POST
@may("act")
@of_conversation
def take_over(request: Request, key: Key) -> HttpResponse:
    """*Assumir*: when it answers, no bot message leaves any more, or it says that one still may."""
    taken = control.take_over(key, rep(request))
    if taken.may_still_leave:
        return acted(
            request,
            key,
            _("The conversation is yours. One message of the bot was already on its way and may still go out."),
            is_warning=True,
        )
    return acted(request, key, _("The conversation is yours. From now on the bot sends nothing here."))


@require_POST
@may("act")
@of_conversation
def pause(request: Request, key: Key) -> HttpResponse:
    """*Pausar*: the bot is quiet here for a time, or until somebody resumes it."""
    form = PauseForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    control.pause(key, rep(request), form.until())
    return acted(request, key, _("Paused. The bot sends nothing here, whatever the lead writes."))


@require_POST
@may("act")
@of_conversation
def resume(request: Request, key: Key) -> HttpResponse:
    """*Retomar*: ends a pause."""
    control.resume(key, rep(request))
    return acted(request, key, _("Resumed. The bot answers here again."))


@require_POST
@may("act")
@of_conversation
def hand_back(request: Request, key: Key) -> HttpResponse:
    """*Devolver ao bot*."""
    control.hand_back(key, rep(request))
    return acted(request, key, _("Handed back. The bot answers here again."))


@require_POST
@may("act")
@of_conversation
def hand_over(request: Request, key: Key) -> HttpResponse:
    """*Passar para…*: a named colleague has the conversation, with a word to them where one was written."""
    form = HandOverForm(request.POST)
    able = {one.pk: one for one in access.who_may("conversations.act", key.instance) if one != rep(request)}
    if not form.is_valid() or form.cleaned_data["to"] not in able:
        return acted(request, key, _("Not handed over: choose a colleague who may answer here."), is_warning=True)
    receiver = able[form.cleaned_data["to"]]
    if form.cleaned_data["note"]:
        notes.write(key, Note.Kind.COLLEAGUES, rep(request), form.cleaned_data["note"])
    handed = control.hand_over(key, rep(request), receiver)
    words = _("Handed over: %(who)s has the conversation now.") % {"who": access.name_of(receiver)}
    if handed.may_still_leave:
        words += " " + _("One message of the bot was already on its way and may still go out.")
    return acted(request, key, words, is_warning=handed.may_still_leave)


@require_POST
@may("switch")
def switch(request: Request) -> HttpResponse:
    """The bot on or off, everywhere or for one number."""
    form = SwitchForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    on = form.cleaned_data["on"] == "1"
    switches.switch(rep(request), form.cleaned_data["instance"], on)
    if on:
        # That it is off, every page says as long as it is.
        flash.success(request, _("The bot is switched on."))
    return redirect("conversations:inbox")
