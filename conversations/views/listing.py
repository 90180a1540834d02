"""The list of conversations, and what is done to several of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from conversations import control, late, live, pictures
from conversations.forms import SeveralForm
from conversations.message import Key
from conversations.models import Mode
from conversations.views import parts
from conversations.views.guard import Request, fragment, key_of, may, of_conversation, rep

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
        {**parts.the_list(request), "position": position},
    )


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
        done, words = _ACTS[form.cleaned_data["act"]](request, form, keys)
        if done:
            flash.success(request, words % {"n": done})
        if len(keys) > done:
            flash.warning(request, _left(len(keys) - done))
    return redirect(_back(request))


def _left(number: int) -> str:
    return ngettext(
        "%(n)d conversation was left as it is: it is not in a state for that.",
        "%(n)d conversations were left as they are: they are not in a state for that.", number,
    ) % {"n": number}  # fmt: skip


def _back(request: Request) -> str:
    """The list one came from."""
    back = str(request.POST.get("back") or "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if is_ours else reverse("conversations:inbox")


def _pause(request: Request, form: SeveralForm, keys: Sequence[Key]) -> tuple[int, str]:
    until = form.until()
    for key in keys:
        control.pause(key, rep(request), until)
    return len(keys), ngettext("%(n)d conversation is paused.", "%(n)d conversations are paused.", len(keys))


def _hand_back(request: Request, form: SeveralForm, keys: Sequence[Key]) -> tuple[int, str]:
    rows = control.currents(keys)
    modes = {key: rows[key].mode_at(timezone.now()) for key in keys if key in rows}
    back = [key for key in keys if modes.get(key, Mode.BOT) is not Mode.BOT]
    for key in back:
        give = control.resume if modes[key] is Mode.PAUSED else control.hand_back
        give(key, rep(request))
    return len(back), ngettext(
        "%(n)d conversation is the bot's again.", "%(n)d conversations are the bot's again.", len(back)
    )


def _answer(request: Request, form: SeveralForm, keys: Sequence[Key]) -> tuple[int, str]:
    asked = late.answer(keys, rep(request))
    return len(asked), ngettext(
        "The bot answers %(n)d lead now.", "The bot answers %(n)d leads now, a few a minute.", len(asked)
    )


_ACTS: dict[str, Callable[[Request, SeveralForm, Sequence[Key]], tuple[int, str]]] = {
    "pause": _pause,
    "hand-back": _hand_back,
    "answer": _answer,
}
