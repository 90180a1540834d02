"""What a rep sends to a lead. Sending is taking over; nothing that was written is lost when it does not go out."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import fence, live, newer, sending, shown
from conversations.evolution import EvolutionError, Unconfirmed
from conversations.forms import SendForm
from conversations.message import Key, Message
from conversations.models import Sent
from conversations.views import parts
from conversations.views.guard import Request, may, of_conversation, rep


@require_POST
@may("act")
@of_conversation
def send(request: Request, key: Key) -> HttpResponse:
    """Send an answer; sending is taking over. What was written comes back with the reason when it did not go out."""
    form = SendForm(request.POST)
    written = request.POST.get("text", "")
    if not form.is_valid():
        words = form.errors.get("text", [_("This form is no longer good. Please try again.")])
        return _not_sent(request, key, written, " ".join(str(word) for word in words))
    if "anyway" not in request.POST and newer.is_unseen(key, request.POST.get("seen", ""), rep(request)):
        return _composed(request, key, parts.composer(key, text=written, is_newer=True))
    text, token = form.cleaned_data["text"], form.cleaned_data["token"]
    try:
        message = sending.send_as_rep(key, text, rep(request), form.cleaned_data["quoted_id"], token)
    except fence.Spent:
        return _again(request, key, written, token)
    except Unconfirmed:
        return _unconfirmed(request, key, text)
    except EvolutionError as error:
        return _not_sent(request, key, written, _("Not sent. %(why)s") % {"why": shown.why(error)})
    sending.drop_draft(key)
    return _sent(request, key, message)


def _sent(request: Request, key: Key, message: Message | None) -> HttpResponse:
    if request.htmx:
        context = {**parts.about(request, key), **parts.composer(key), "is_sent": True}
        return render(
            request, "conversations/_sent.html", {**context, "bubble": shown.Bubble(message) if message else None}
        )
    return redirect(f"{shown.address(key)}#end")


def _not_sent(request: Request, key: Key, written: str, why: str) -> HttpResponse:
    return _composed(request, key, parts.composer(key, text=written, why=why))


def _unconfirmed(request: Request, key: Key, text: str) -> HttpResponse:
    """It may be out: the words are shown to be copied, but not put back into the box, to be sent by habit."""
    return _composed(request, key, parts.composer(key, unconfirmed=text))


def _again(request: Request, key: Key, written: str, token: str) -> HttpResponse:
    """The same form once more, by a double click or a reload: say how its one send ended."""
    sent = Sent.objects.filter(token=token, rep=rep(request)).first()
    if sent is None or sent.state == Sent.State.NOT_SENT:
        return _not_sent(request, key, written, _("Not sent. Please try again."))
    if sent.state == Sent.State.UNCONFIRMED:
        return _unconfirmed(request, key, written)
    return _sent(request, key, None)


def _composed(request: Request, key: Key, composer: dict[str, Any]) -> HttpResponse:
    """The form as it stands; without scripts in its page."""
    if request.htmx:
        return render(request, "conversations/_composed.html", {**parts.about(request, key), **composer})
    context = {
        **parts.about(request, key),
        **parts.bubbles(request, key),
        **parts.the_list(request, open_key=key),
        **composer,
    }
    return render(request, "conversations/conversation.html", {**context, "position": live.position()})
