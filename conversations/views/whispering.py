"""Instructions that only the bot reads: written, shown to colleagues as private lines, erased."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from conversations import notes, shown
from conversations.forms import WhisperForm
from conversations.message import Key
from conversations.views import bar, undoing
from conversations.views.guard import Request, kept_nowhere, may, of_conversation, rep
from conversations.views.undoing import Toast


@require_POST
@may("act")
@of_conversation
def whisper(request: Request, key: Key) -> HttpResponse:
    """*Sussurrar*: the bot's next answers are written with it in mind; the lead never reads it."""
    form = WhisperForm(request.POST)
    if not form.is_valid():
        return _refused(request, key, " ".join(str(word) for word in form.errors.get("text", [_("From 1 to 10.")])))
    turns = form.cleaned_data["turns"]
    notes.whisper(key, rep(request), form.cleaned_data["text"], turns)
    words = ngettext(
        "Whispered. It counts for the bot's next answer.",
        "Whispered. It counts for the bot's next %(n)d answers.",
        turns,
    ) % {"n": turns}
    return _shown(request, key, words)


@require_POST
@may("act")
@of_conversation
def erase(request: Request, key: Key, note_id: int) -> HttpResponse:
    """Take a whisper back: one's own, or for managers any."""
    author = None if request.user.has_perm("people.manage") else rep(request)
    if not notes.erase(key, note_id, author=author):
        return _refused(request, key, _("Only who whispered it or a manager can erase it."))
    return _shown(request, key, _("Erased: the bot does not read it any more."))


def _shown(request: Request, key: Key, words: str) -> HttpResponse:
    toast = Toast(words)
    if request.htmx:
        return kept_nowhere(
            render(request, "conversations/_whispered.html", {**_context(request, key), "toast": toast})
        )
    undoing.keep(request.session, toast)
    return redirect(f"{shown.address(key)}#end")


def _refused(request: Request, key: Key, why: str) -> HttpResponse:
    if request.htmx:
        return kept_nowhere(render(request, "conversations/_whispers.html", {**_context(request, key), "said": why}))
    flash.warning(request, why)
    return redirect(shown.address(key))


def _context(request: Request, key: Key) -> dict[str, Any]:
    return {"key": key, "url": shown.address(key), **bar.whispers(request, key)}
