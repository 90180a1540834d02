"""The lead beside the conversation: what is known of them, notes between colleagues, and who had it when."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations import activity, control, notes, pending, sealed, shown, switches
from conversations import lead as leads
from conversations.evolution import EvolutionError
from conversations.forms import NoteForm
from conversations.inbox import inbox
from conversations.message import Key
from conversations.models import Control, Note
from conversations.templatetags.conversations import phone
from conversations.views import left
from conversations.views.guard import Request, fragment, kept_nowhere, may, of_conversation, rep
from conversations.views.undoing import Toast

#: What htmx may ask for by itself; each costs the gateway nothing.
_PARTS = {
    "lead-body": "conversations/_lead.html",
    "lead-number": "conversations/_lead_number.html",
    "lead-history": "conversations/_lead_history.html",
    "lead-bot": "conversations/_lead_bot.html",
    "notes": "conversations/_notes.html",
    "note-count": "conversations/_note_count.html",
}


@require_GET
@may("watch")
@of_conversation
def lead(request: Request, key: Key) -> HttpResponse:
    """All of it, as a page of its own or beside the conversation; or one part that has changed."""
    target = request.htmx.target if request.htmx else None
    # First: reading the messages may teach the list how the lead is called.
    context = _facts(key) if target in (None, "lead-body") else {}
    context |= _about(key)
    if target in (None, "lead-body", "notes"):
        context |= _notes(request, key)
    if target in (None, "lead-body", "lead-history"):
        context |= _history(request, key)
    if target in (None, "lead-body", "lead-bot"):
        context |= _bot(key)
    return fragment(request, "conversations/lead.html", _PARTS, context)


def _about(key: Key) -> dict[str, Any]:
    known, opaque = inbox().row(key), sealed.opaque_id(key)
    health = inbox().health().get(key.instance)
    return {
        "key": key,
        "state": health.state if health else "",
        "url": shown.address(key),
        "stream_name": f"{key.instance}/{opaque}",
        "lead_url": reverse("conversations:lead", args=[key.instance, opaque]),
        "name": (known.name if known else "") or phone(key),
        "has_name": bool(known and known.name),
        "note_count": sum(notes.counts(key).values()),
    }


def _facts(key: Key) -> dict[str, Any]:
    """What the gateway tells; or why it tells nothing."""
    context = {"whatsapp": leads.whatsapp_address(key)}
    try:
        return {**context, "facts": leads.facts(key), "labels": leads.labels(key), "language": leads.language(key)}
    except EvolutionError as error:
        return {**context, "trouble": shown.why(error)}


def _notes(request: Request, key: Key) -> dict[str, Any]:
    return {"notes": notes.of(key)[::-1], "longest": notes.LONGEST, "may_erase_all": _may_erase_all(request)}


def _may_erase_all(request: Request) -> bool:
    return request.user.has_perm("people.manage")


def _history(request: Request, key: Key) -> dict[str, Any]:
    is_all = request.GET.get("history") == "all"
    told, has_more = leads.told(key, leads.ALL if is_all else leads.FIRST)
    return {"told": told, "has_more": has_more, "is_all": is_all}


def _bot(key: Key) -> dict[str, Any]:
    """Whether the bot asks before it speaks here, and whether it may speak at all."""
    row = control.current(key)
    on_number = switches.state().instances[key.instance].approves
    as_number = _("as on the number (yes)") if on_number else _("as on the number (no)")
    return {
        "control": row,
        "approves": pending.is_wanted(row, on_instance=on_number),
        "approvals": [
            (Control.Approval.AS_INSTANCE.value, as_number),
            (Control.Approval.ON.value, _("always")),
            (Control.Approval.OFF.value, _("never")),
        ],
    }


@require_POST
@may("act")
@of_conversation
def set_approval(request: Request, key: Key) -> HttpResponse:
    """Whether a person approves the bot's answers here. One that waits already goes on being decided."""
    wanted = request.POST.get("approval", "")
    if wanted not in Control.Approval.values:
        return HttpResponse(status=400)
    control.approve_answers(key, rep(request), Control.Approval(wanted))
    said = {
        Control.Approval.ON: _("From the next answer on a person approves what the bot says here."),
        Control.Approval.OFF: _("From the next answer on the bot answers here by itself."),
        Control.Approval.AS_INSTANCE: _("From the next answer on it is here as on this number."),
    }
    return _set(request, key, said[Control.Approval(wanted)])


@require_POST
@may("act")
@of_conversation
def set_opt_out(request: Request, key: Key) -> HttpResponse:
    """*Não quer mais mensagens*, or *Permitir mensagens*: the lead is told nothing."""
    if request.POST.get("out") == "1":
        row = control.note_opt_out(key, rep(request))
        activity.end(key)
        words = _("Noted: the bot writes nothing here any more.")
        return _set(request, key, words if control.wait_for_claim(row.key) else f"{words} {left.may_still()}")
    control.opt_in(key, rep(request))
    return _set(request, key, _("Messages are allowed again."))


def _set(request: Request, key: Key, words: str) -> HttpResponse:
    """The part as it stands now, with what was done; without scripts the page again."""
    if request.htmx:
        # As a toast: the part itself is read again at once, since control has changed.
        context = {**_about(key), **_bot(key), "toast": Toast(words)}
        return kept_nowhere(render(request, "conversations/_lead_set.html", context))
    flash.success(request, words)
    return redirect("conversations:lead", key.instance, sealed.opaque_id(key))


@require_POST
@may("act")
@of_conversation
def write_note(request: Request, key: Key) -> HttpResponse:
    """A note to colleagues. The lead does not see it; what was written comes back when it could not be kept."""
    form = NoteForm(request.POST)
    if form.is_valid():
        notes.write(key, Note.Kind.COLLEAGUES, rep(request), form.cleaned_data["text"])
        return _noted(request, key, _("Your colleagues see the note. The lead does not."), is_written=True)
    why = " ".join(str(word) for word in form.errors.get("text", []))
    return _noted(request, key, why, is_wrong=True, is_written=True, note_text=request.POST.get("text", ""))


@require_POST
@may("act")
@of_conversation
def erase_note(request: Request, key: Key, note_id: int) -> HttpResponse:
    """Forget a note: one's own, or for managers any."""
    author = None if _may_erase_all(request) else rep(request)
    is_gone = notes.erase(key, note_id, author=author)
    words = _("The note is erased.") if is_gone else _("Only who wrote a note or a manager can erase it.")
    return _noted(request, key, words, is_wrong=not is_gone)


def _noted(request: Request, key: Key, words: str, *, is_wrong: bool = False, **more: Any) -> HttpResponse:
    """The notes as they stand now, with what was done; without scripts the page again.

    Only what was written replaces the form: somebody may be writing in it while they erase another note.
    """
    if request.htmx:
        context = {**_about(key), **_notes(request, key), "said": words, "is_wrong": is_wrong, **more}
        return kept_nowhere(render(request, "conversations/_noted.html", context))
    flash.add_message(request, flash.WARNING if is_wrong else flash.SUCCESS, words)
    return redirect("conversations:lead", key.instance, sealed.opaque_id(key))
