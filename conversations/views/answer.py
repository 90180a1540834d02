"""What a rep sends to a lead, changes and takes back. Sending is taking over; nothing that was written is lost."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap, retarget

from conversations import amending, attachments, control, drawn, fence, live, newer, sending, shown
from conversations.evolution import EvolutionError, Unconfirmed
from conversations.forms import EditForm, SendForm
from conversations.message import Key, Message
from conversations.models import Sent
from conversations.views import composing, left, parts
from conversations.views.control import asked_about
from conversations.views.guard import Request, kept_nowhere, may, of_conversation, rep


@require_GET
@may("act")
@of_conversation
def composer(request: Request, key: Key) -> HttpResponse:
    """Only the form: empty, or to reply to a message, to change one, to take one back, or to call one automatic."""
    context = {**parts.about(request, key), **composing.asked_for(request, key), "is_fragment": True}
    if "to_delete" in context:
        return kept_nowhere(render(request, "conversations/_delete.html", context))
    if "to_tick" in context:
        return kept_nowhere(render(request, "conversations/_tick.html", context))
    response = render(request, "conversations/_composer.html", context)
    return kept_nowhere(reswap(retarget(response, "#composer"), "outerHTML"))


@require_POST
@may("act")
@of_conversation
def send(request: Request, key: Key) -> HttpResponse:
    """Send an answer; sending is taking over. What was written comes back with the reason when it did not go out."""
    form = SendForm(request.POST, request.FILES)
    if not form.is_valid():
        return _not_sent(request, key, form.why)
    # Before any question: a form with one in it has a token of its own, and would send this twice.
    if fence.is_spent(form.cleaned_data["token"]):
        return _again(request, key, form.cleaned_data["token"])
    is_newer = _is_newer(request, key)
    if is_newer or control.is_of_others(control.current(key), [rep(request).pk, *asked_about(request)]):
        return _asked(request, key, is_newer=is_newer)
    try:
        message = _leave(request, key, form.cleaned_data)
    except control.Held:
        return _asked(request, key)
    except fence.Overtaken:
        return _asked(request, key, is_newer=True)
    except fence.Spent:
        return _again(request, key, form.cleaned_data["token"])
    except Unconfirmed:
        return _unconfirmed(request, key, form.cleaned_data["token"])
    except EvolutionError as error:
        return _not_sent(request, key, _("Not sent. %(why)s") % {"why": shown.why(error)})
    sending.drop_draft(key)
    return _sent(request, key, message)


def _is_newer(request: Request, key: Key) -> bool:
    """Something went out that the page did not show, and they were not asked about it."""
    return "anyway" not in request.POST and newer.is_unseen(key, request.POST.get("seen", ""), rep(request))


def _asked(request: Request, key: Key, *, is_newer: bool = False) -> HttpResponse:
    """The form with the question whether it is to go out all the same."""
    return _composed(
        request, key, text=request.POST.get("text", ""), is_newer=is_newer, is_asked=True,
        quoted=_quoted(request, key), had=_had(request),
    )  # fmt: skip


def _leave(request: Request, key: Key, given: dict[str, Any]) -> Message:
    me, token, file, voice = rep(request), given["token"], given["file"], given["voice"]
    knew = sending.Seen(asked_about(request), lambda: _is_newer(request, key))
    if voice:
        return sending.send_voice_as_rep(key, voice.read(), me, token, knew)
    quoted_id = given["quoted_id"]
    # The gateway quotes any message whose id it is told, also one of another lead.
    if quoted_id and composing.message_of(key, quoted_id) is None:
        quoted_id = ""
    if not file:
        return sending.send_as_rep(key, given["text"], me, quoted_id, token, knew)
    attached = attachments.file(file.read(), file.name, file.content_type or "")
    return sending.send_media_as_rep(
        key, attached, me, caption=given["text"], quoted_id=quoted_id, token=token, knew=knew
    )  # fmt: skip


def _sent(request: Request, key: Key, message: Message | None) -> HttpResponse:
    # A person's send waits only so long for one of the bot.
    warning = left.may_still() if fence.is_bot_unclear(key) else ""
    if request.htmx:
        about = parts.about(request, key, notice=warning, is_warning=True)
        context = {**about, **composing.composer(request, key), "is_sent": True}
        bubble = drawn.bubble(shown.Bubble(message), shown.address(key), offers_acts=True) if message else None
        return render(request, "conversations/_sent.html", {**context, "bubble": bubble})
    if warning:
        flash.warning(request, warning)
    return redirect(f"{shown.address(key)}#end")


def _not_sent(request: Request, key: Key, why: str) -> HttpResponse:
    """With everything that was given; a file only the browser still has."""
    return _composed(
        request, key, text=request.POST.get("text", ""), why=why, quoted=_quoted(request, key), had=_had(request)
    )


def _unconfirmed(request: Request, key: Key, token: str) -> HttpResponse:
    """It may be out: the words are shown to be copied, but not put back into the box, to be sent by habit."""
    given = {"unconfirmed": request.POST.get("text", ""), "unconfirmed_token": token}
    return _composed(request, key, **given, is_unconfirmed=True, had=_had(request))


def _had(request: Request) -> str:
    """What was attached, in a word."""
    if "voice" in request.FILES:
        return _("Voice message")
    file = request.FILES.get("file")
    return str(file.name) if file else ""


def _quoted(request: Request, key: Key) -> Message | None:
    quoted_id = request.POST.get("quoted_id", "")
    try:
        return composing.message_of(key, quoted_id) if quoted_id else None
    except EvolutionError:
        return None


def _again(request: Request, key: Key, token: str) -> HttpResponse:
    """The same message once more, by a double click or a reload: say how its one send ended."""
    sent = fence.ended(token, rep(request))
    if sent is None or sent.state == Sent.State.NOT_SENT:
        return _not_sent(request, key, _("Not sent. Please try again."))
    if sent.state == Sent.State.SENT:
        return _sent(request, key, None)
    return _unconfirmed(request, key, token)


def _composed(request: Request, key: Key, **composer: Any) -> HttpResponse:
    """The form as it stands; without scripts in its page."""
    context = {**parts.about(request, key), **composing.composer(request, key, **composer)}
    if request.htmx:
        return render(request, "conversations/_composed.html", context)
    context |= {**parts.bubbles(request, key), **parts.the_list(request, open_key=key), "position": live.position()}
    return kept_nowhere(render(request, "conversations/conversation.html", context))


# --------------------------------------------------------------------------------------------- what has already left


@require_POST
@may("act")
@of_conversation
def edit(request: Request, key: Key) -> HttpResponse:
    """Give a message of one's own, or of the bot, other words."""
    form = EditForm(request.POST)
    return _amended(request, key, request.POST.get("message_id", ""), form)


@require_POST
@may("act")
@of_conversation
def delete(request: Request, key: Key) -> HttpResponse:
    """Take a message of one's own, or of the bot, back for everyone."""
    return _amended(request, key, request.POST.get("message_id", ""), None)


def _amended(request: Request, key: Key, id: str, form: EditForm | None) -> HttpResponse:
    message: Message | None = None
    # What one answers meanwhile, unless it is what is taken back.
    quoted = _quoted(request, key) if request.POST.get("quoted_id") != id else None
    try:
        message = composing.message_of(key, id)
        if message is None:
            return _composed(request, key, why=_("This message is no longer there."), quoted=quoted)
        if form is not None and not form.is_valid():
            return _still_editing(request, key, message, " ".join(str(word) for word in form.errors.get("text", [])))
        _amend(request, key, message, form)
    except amending.Stays as stays:
        why = composing.why_stays(stays)
        return _composed(request, key, text=request.POST.get("text", ""), why=why, quoted=quoted)
    except EvolutionError as error:
        return _not_amended(request, key, message if form is not None else None, error)
    if request.htmx:
        return _composed(request, key, is_amended=True, quoted=quoted)
    return redirect(shown.address(key))


def _amend(request: Request, key: Key, message: Message, form: EditForm | None) -> None:
    if form is None:
        amending.delete(key, message, rep(request))
    elif form.cleaned_data["text"] != message.text:
        amending.edit(key, message, form.cleaned_data["text"], rep(request))


def _not_amended(request: Request, key: Key, message: Message | None, error: EvolutionError) -> HttpResponse:
    if isinstance(error, Unconfirmed):
        why = _("The gateway did not confirm it. Look above whether it was done; trying again does no harm.")
    else:
        why = _("Nothing was changed. %(why)s") % {"why": shown.why(error)}
    if message is None:
        return _composed(request, key, why=why)
    return _still_editing(request, key, message, why)


def _still_editing(request: Request, key: Key, message: Message, why: str) -> HttpResponse:
    return _composed(request, key, text=request.POST.get("text", ""), edited=message, why=why)
