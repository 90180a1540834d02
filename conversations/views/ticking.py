"""*É automática*: a text that WhatsApp Business sends by itself stops counting as a person, or counts as one again."""

from __future__ import annotations

from collections.abc import Callable

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

    def do(message: Message) -> Toast:
        before = control.current(key)
        row = automatic.tick(key, message, rep(request))
        if row.epoch == before.epoch:
            return Toast(_("Noted: this text does not count as a person any more."))
        words = _("Noted: this text does not count as a person any more. The bot answers here again.")
        return Toast(words, undoing.of(key, rep(request).pk, before, row))

    return _done(request, key, do)


@require_POST
@may("act")
@of_conversation
def untick(request: Request, key: Key) -> HttpResponse:
    """Whoever sends the text counts as a person again, from the next time on."""

    def do(message: Message) -> Toast:
        automatic.untick(key, message, rep(request))
        return Toast(_("Noted: whoever sends this text counts as a person again."))

    return _done(request, key, do)


def _done(request: Request, key: Key, do: Callable[[Message], Toast]) -> HttpResponse:
    """What became of it, or why there is no message to do it to."""
    found = _found(request, key)
    if isinstance(found, str):
        return acted(request, key, None, warning=found, is_ticked=True)
    return acted(request, key, do(found), is_ticked=True)


def _found(request: Request, key: Key) -> Message | str:
    """The message that was meant, or why there is none."""
    try:
        message = composing.message_of(key, request.POST.get("id", ""))
    except EvolutionError as error:
        return shown.why(error)
    if message is None:
        return _("This message is no longer there.")
    return message if automatic.may_tick(message) else _("Only a text that was sent from the phone can be automatic.")
