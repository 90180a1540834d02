"""What people do about who may speak: take over, hold, pause, resume, hand back, let write again, and undo."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import activity, control, notes, pending, sending, shown
from conversations.control import Held, TakenOver
from conversations.forms import HandBackForm, HandOverForm, PauseForm
from conversations.message import Key
from conversations.models import Control, Mode, Note
from conversations.templatetags.conversations import holder
from conversations.views import left, parts, undoing
from conversations.views.guard import Request, may, of_conversation, rep
from conversations.views.undoing import Toast
from people import access

#: What *+1 h* gives.
_MORE = timedelta(hours=1)


def acted(
    request: Request, key: Key, toast: Toast | None, *, warning: str = "", query: str = "", **more: Any
) -> HttpResponse:
    """The control bar with what was done; without scripts the page again, which says the same."""
    if request.htmx:
        about = parts.about(request, key, notice=warning, is_warning=True, toast=toast, **more)
        return render(request, "conversations/_acted.html", about)
    if toast:
        undoing.keep(request.session, toast)
    if warning:
        flash.warning(request, warning)
    return redirect(shown.address(key) + query)


def _done(request: Request, key: Key, before: Control, now_is: Control, words: str, **more: Any) -> HttpResponse:
    """`acted`, with the offer to undo what changed control from `before` to `now_is`."""
    note_id = more.pop("note_id", None)
    return acted(request, key, Toast(words, undoing.of(key, rep(request).pk, before, now_is, note_id)), **more)


def _got_through(how: TakenOver) -> dict[str, Any]:
    """What of the bot could not be stopped."""
    return {"warning": left.told(how), "just_left": how.just_left[-1].message_id if how.just_left else ""}


@require_POST
@may("act")
@of_conversation
def take_over(request: Request, key: Key) -> HttpResponse:
    """*Assumir*: when it answers, no bot message leaves any more, or it says that one still may."""
    return _take(request, key)


@require_POST
@may("act")
@of_conversation
def hold(request: Request, key: Key) -> HttpResponse:
    """*Segurar*: stops the reply that is being made, takes over, and offers what was not sent as a draft."""
    return _take(request, key, query="?draft=1", is_held=True)


def _take(request: Request, key: Key, **more: Any) -> HttpResponse:
    if request.POST.get("suggestion"):
        more["query"] = "?suggestion=1"
    before = control.current(key)
    if pending.current(before) is not None:
        # What waited for approval is void now, and comes into the box.
        more |= {"query": "?draft=1", "is_held": True}
    try:
        taken = control.take_over(key, rep(request), taken_from=asked_about(request))
    except Held as held:
        return _ask(request, key, held, "take-menu", _("%(who)s has this conversation. Take it over anyway?"))
    activity.end(key)
    words = _("The conversation is yours. From now on the bot sends nothing here.")
    if taken.may_still_leave:
        words = _("The conversation is yours.")
    return _done(request, key, before, taken.control, words, **_got_through(taken), **more)


def asked_about(request: Request) -> list[int]:
    """Who had the conversation on the page, so that it may be taken from them; it names one of us or nobody."""
    named = request.POST.get("from", "")
    return [int(named)] if re.fullmatch(r"\d{1,18}", named, re.ASCII) else []


def _ask(request: Request, key: Key, held: Held, menu: str, words: str = "", **more: Any) -> HttpResponse:
    """A colleague has had it since the page was made: nothing is done, and the `menu` it was chosen in asks."""
    words = words or _("%(who)s has this conversation now. Nothing was changed yet.")
    return acted(request, key, None, warning=words % {"who": holder(held.row)}, asks=menu, **more)


@require_POST
@may("act")
@of_conversation
def pause(request: Request, key: Key) -> HttpResponse:
    """*Pausar*: the bot is quiet here for a time, or until somebody resumes it."""
    form = PauseForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    before = control.current(key)
    try:
        row = control.pause(key, rep(request), form.until(), taken_from=asked_about(request))
    except Held as held:
        return _ask(request, key, held, "pause-menu")
    activity.end(key)
    if row.epoch == before.epoch:
        waits = _("The lead waits for a person: the bot is quiet here already.")
        return acted(request, key, Toast(_("It is paused for longer already.") if row.mode == Mode.PAUSED else waits))
    how = control.settled(row)
    words = _("Paused.") if how.may_still_leave else _("Paused. The bot is quiet here.")
    return _done(request, key, before, row, words, **_got_through(how))


@require_POST
@may("act")
@of_conversation
def resume(request: Request, key: Key) -> HttpResponse:
    """*Retomar*: ends a pause."""
    before = control.current(key)
    try:
        row = control.resume(key, rep(request), taken_from=())
    except Held as held:
        return _ask(request, key, held, "")
    sending.drop_draft(key)
    return _done(request, key, before, row, _("Resumed. The bot answers here again."))


@require_POST
@may("act")
@of_conversation
def hand_back(request: Request, key: Key) -> HttpResponse:
    """*Devolver ao bot*, with a line of what was agreed: written first, so that the bot never speaks without it."""
    form = HandBackForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    agreed = form.cleaned_data["agreed"]
    before = control.current(key)
    note = notes.write(key, Note.Kind.AGREED, rep(request), agreed) if agreed else None
    try:
        row = control.hand_back(key, rep(request), taken_from=asked_about(request))
    except Held as held:
        if note:
            notes.erase(key, note.id)
        return _ask(request, key, held, "hand-back-menu", agreed=agreed)
    sending.drop_draft(key)
    if note and row.epoch == before.epoch:
        notes.erase(key, note.id)
    words = _("Handed back with your note. The bot answers here again.") if note else ""
    words = words or _("Handed back. The bot answers here again.")
    return _done(request, key, before, row, words, note_id=note.id if note else None)


@require_POST
@may("act")
@of_conversation
def more_time(request: Request, key: Key) -> HttpResponse:
    """*+1 h*: it does not return to the bot by itself before."""
    if control.current(key).mode_at(timezone.now()) is not Mode.HUMAN:
        return acted(request, key, None, warning=_("Nobody has this conversation any more."))
    control.more_time(key, rep(request), _MORE)
    return acted(request, key, Toast(_("It stays with you for another hour.")))


@require_POST
@may("act")
@of_conversation
def opt_in(request: Request, key: Key) -> HttpResponse:
    """*Permitir mensagens*: a person decides that the lead may be written to again."""
    control.opt_in(key, rep(request))
    return acted(request, key, Toast(_("Messages are allowed again.")))


@require_POST
@may("act")
@of_conversation
def undo(request: Request, key: Key) -> HttpResponse:
    """*Desfazer*: what was before, unless something else happened meanwhile."""
    undone = undoing.read(request.POST.get("undo", ""), key, rep(request).pk)
    if undone is None or not control.undo(key, rep(request), undone.before, epoch=undone.epoch, since=undone.since):
        return acted(request, key, None, warning=_("Not undone: something else changed meanwhile."))
    sending.drop_draft(key)
    if undone.note_id is not None:
        notes.erase(key, undone.note_id)
    return acted(request, key, Toast(_("Undone.")))


@require_POST
@may("act")
@of_conversation
def hand_over(request: Request, key: Key) -> HttpResponse:
    """*Passar para…*: a named colleague has the conversation, with a word to them where one was written."""
    form = HandOverForm(request.POST)
    able = {one.pk: one for one in access.who_may("conversations.act", key.instance) if one != rep(request)}
    if not form.is_valid() or form.cleaned_data["to"] not in able:
        return acted(request, key, None, warning=_("Not handed over: choose a colleague who may answer here."))
    receiver = able[form.cleaned_data["to"]]
    word = form.cleaned_data["note"]
    note = notes.write(key, Note.Kind.COLLEAGUES, rep(request), word) if word else None
    try:
        handed = control.hand_over(key, rep(request), receiver, taken_from=asked_about(request))
    except Held as held:
        if note:
            notes.erase(key, note.id)
        return _ask(request, key, held, "hand-over-menu", hand_over_note=word)
    words = _("Handed over: %(who)s has the conversation now.") % {"who": access.name_of(receiver)}
    return acted(request, key, Toast(words), **_got_through(handed))
