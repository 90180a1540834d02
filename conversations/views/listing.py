"""The list of conversations, and what is done to several of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from conversations import activity, control, late, live, pictures, sending
from conversations.forms import SeveralForm
from conversations.message import Key
from conversations.models import Control, Mode
from conversations.views import left, parts, undoing
from conversations.views.guard import Request, fragment, key_of, may, of_conversation, rep
from conversations.views.undoing import Toast

#: A browser keeps a picture in its memory for so long, and never on its disk.
_PICTURE_HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@require_GET
@may("watch")
def show_inbox(request: Request) -> HttpResponse:
    """The conversations that the address asks for."""
    # Before the list is read: what happens meanwhile is told by the stream, twice rather than never.
    position = live.position()
    return fragment(
        request,
        "conversations/inbox.html",
        {"list": "conversations/_list.html", "more": "conversations/_rows.html"},
        {**parts.the_list(request), "position": position, **({} if request.htmx else _toast(request))},
    )


def _toast(request: Request) -> dict[str, Toast | None]:
    """What was just done to several; a part of the page takes nothing from the page that follows."""
    return {"toast": undoing.kept(request.session)}


@require_POST
@may("watch")
@of_conversation
def mark_seen(request: Request, key: Key) -> HttpResponse:
    """What came while the conversation stood on the screen is no news to this person."""
    parts.look(request, key)
    return HttpResponse(status=204)


@require_GET
@may("watch")
@of_conversation
def picture(request: Request, key: Key) -> HttpResponse:
    """The lead's picture, fetched through us; 404 where there is none to see."""
    found = pictures.of(key)
    if found is None:
        return HttpResponse(status=404, headers={"Cache-Control": "private, no-store"})
    return HttpResponse(found.data, content_type=found.mime_type, headers=_PICTURE_HEADERS)


# --------------------------------------------------------------------------------------------------- several at once


@require_POST
@may("act")
def act_on_several(request: Request) -> HttpResponse:
    """Pause, give back or have answered what was chosen, and say for how many it was done."""
    form = SeveralForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    keys = [key_of(request.user, *place.partition("/")[::2]) for place in dict.fromkeys(form.cleaned_data["c"])]
    if not keys:
        flash.warning(request, _("Choose at least one conversation first."))
    else:
        done = _ACTS[form.cleaned_data["act"]](request, form, keys)
        if done.count:
            words = done.words % {"n": done.count}
            undoing.keep(request.session, Toast(words, undoing.of_several(rep(request).pk, done.changes), True))
        if done.held:
            flash.warning(request, _held(done.held))
        if len(keys) > done.count + done.held:
            flash.warning(request, done.left(len(keys) - done.count - done.held))
        if done.may_still_leave:
            flash.warning(request, left.some_may_still(done.may_still_leave))
    return redirect(_back(request))


@require_POST
@may("act")
def undo_several(request: Request) -> HttpResponse:
    """*Desfazer*: each conversation is what it was, but for those where something else changed meanwhile."""
    found = undoing.read_several(request.POST.get("undo", ""), rep(request).pk)
    undone = 0
    for instance, opaque, undo in found:
        key = key_of(request.user, instance, opaque)
        if control.undo(key, rep(request), undo.before, epoch=undo.epoch, since=undo.since):
            sending.drop_draft(key)
            undone += 1
    if undone:
        words = ngettext(
            "Undone: %(n)d conversation is as it was.", "Undone: %(n)d conversations are as they were.", undone
        )
        undoing.keep(request.session, Toast(words % {"n": undone}))
    if left := len(found) - undone:
        words = ngettext(
            "%(n)d conversation was left as it is: something else changed there meanwhile.",
            "%(n)d conversations were left as they are: something else changed there meanwhile.", left,
        )  # fmt: skip
        flash.warning(request, words % {"n": left})
    if not found:
        flash.warning(request, _("Not undone: it is too long ago."))
    return redirect(_back(request))


@dataclass(frozen=True, slots=True)
class _Done:
    """To how many it was done, in words that name the number, and what of it can be undone."""

    count: int
    words: str
    changes: Sequence[tuple[Key, Control, Control]] = ()
    #: How many a colleague has: what they do there is not taken from them in passing.
    held: int = 0
    #: How many messages of the bot were on their way.
    may_still_leave: int = 0

    def left(self, number: int) -> str:
        """To how many it was not done."""
        words = ngettext(
            "%(n)d conversation was left as it is: it is not in a state for that.",
            "%(n)d conversations were left as they are: they are not in a state for that.", number,
        )  # fmt: skip
        return words % {"n": number}


class _Answered(_Done):
    """The same for leads that the bot is to answer: what a person can do about the others is said."""

    def left(self, number: int) -> str:
        """How many it does not answer."""
        words = ngettext(
            "The bot does not answer %(n)d lead: it may not speak there, or nothing there waits for its answer. "
            "Take the conversation over to answer.",
            "The bot does not answer %(n)d leads: it may not speak there, or nothing there waits for its answer. "
            "Take the conversations over to answer.", number,
        )  # fmt: skip
        return words % {"n": number}


def _held(number: int) -> str:
    words = ngettext(
        "%(n)d conversation was left as it is: a colleague has it.",
        "%(n)d conversations were left as they are: a colleague has them.", number,
    )  # fmt: skip
    return words % {"n": number}


def _back(request: Request) -> str:
    """The list one came from."""
    back = str(request.POST.get("back") or "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if is_ours else reverse("conversations:inbox")


def _pause(request: Request, form: SeveralForm, keys: Sequence[Key]) -> _Done:
    until = form.until()

    def give(key: Key, before: Control) -> Control | None:
        row = control.pause(key, rep(request), until, taken_from=())
        activity.end(key)
        return row if row.mode == Mode.PAUSED else None

    changes, held = _changed(keys, give)
    words = ngettext("%(n)d conversation is paused.", "%(n)d conversations are paused.", len(changes))
    here = Control.objects.filter(pk__in=[row.pk for _key, _before, row in changes])
    return _Done(len(changes), words, changes, held, may_still_leave=control.wait_for_claims(here))


def _hand_back(request: Request, form: SeveralForm, keys: Sequence[Key]) -> _Done:
    def give(key: Key, before: Control) -> Control | None:
        mode = before.mode_at(timezone.now())
        if mode is Mode.BOT:
            return None
        return (control.resume if mode is Mode.PAUSED else control.hand_back)(key, rep(request), taken_from=())

    changes, held = _changed(keys, give)
    words = ngettext("%(n)d conversation is the bot's again.", "%(n)d conversations are the bot's again.", len(changes))
    return _Done(len(changes), words, changes, held)


def _changed(
    keys: Sequence[Key], give: Callable[[Key, Control], Control | None]
) -> tuple[list[tuple[Key, Control, Control]], int]:
    """What `give` changed, and how many conversations stay with the colleague who has them."""
    rows = control.currents(keys)
    changes, held = [], 0
    for key in keys:
        before = rows.get(key) or Control(instance=key.instance, conversation=key.conversation)
        try:
            row = give(key, before)
        except control.Held:
            held += 1
        else:
            changes += [(key, before, row)] if row is not None else []
    return changes, held


def _answer(request: Request, form: SeveralForm, keys: Sequence[Key]) -> _Done:
    asked = late.answer(keys, rep(request))
    words = ngettext("The bot answers %(n)d lead now.", "The bot answers %(n)d leads now, a few a minute.", len(asked))
    return _Answered(len(asked), words)


_ACTS: dict[str, Callable[[Request, SeveralForm, Sequence[Key]], _Done]] = {
    "pause": _pause,
    "hand-back": _hand_back,
    "answer": _answer,
}
