"""*É automática*: a text that WhatsApp Business sends by itself stops counting as a person, or counts as one again."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import automatic, control, shown
from conversations.evolution import EvolutionError
from conversations.message import Key, Message
from conversations.views import composing, undoing
from conversations.views.control import acted
from conversations.views.guard import Request, may, of_conversation, rep
from conversations.views.undoing import Toast


@require_POST
@may("act")
@of_conversation
def tick(request: Request, key: Key) -> HttpResponse:
    """The text counts as nobody's on this number; where it took the conversation, the bot has it again."""
    found = _found(request, key)
    if isinstance(found, str):
        return acted(request, key, None, warning=found, is_ticked=True)
    before = control.current(key)
    row = automatic.tick(key, found, rep(request))
    if row.epoch == before.epoch:
        words = _("Noted: this text does not count as a person any more.")
        return acted(request, key, Toast(words), is_ticked=True)
    words = _("Noted: this text does not count as a person any more. The bot answers here again.")
    return acted(request, key, Toast(words, undoing.of(key, rep(request).pk, before, row)), is_ticked=True)


@require_POST
@may("act")
@of_conversation
def untick(request: Request, key: Key) -> HttpResponse:
    """Whoever sends the text counts as a person again, from the next time on."""
    found = _found(request, key)
    if isinstance(found, str):
        return acted(request, key, None, warning=found, is_ticked=True)
    automatic.untick(key, found, rep(request))
    return acted(request, key, Toast(_("Noted: whoever sends this text counts as a person again.")), is_ticked=True)


def _found(request: Request, key: Key) -> Message | str:
    """The message that was meant, or why there is none."""
    try:
        message = composing.message_of(key, request.POST.get("id", ""))
    except EvolutionError as error:
        return shown.why(error)
    if message is None:
        return _("This message is no longer there.")
    return message if automatic.may_tick(message) else _("Only a text that was sent from the phone can be automatic.")
