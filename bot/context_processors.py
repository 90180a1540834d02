"""What every page says about the bot: whether it is on, and which parts of this stand are stand-ins."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from bot import hours, llm
from bot.models import BotSettings
from conversations import shown, switches
from conversations.switches import Switches
from people import access


def bot(request: HttpRequest) -> dict[str, Any]:
    """`stand_ins`, and for people who are logged in `switches` (read when a page shows them)."""
    found: dict[str, Any] = {"stand_ins": stand_ins()}
    if request.user.is_authenticated:
        found["switches"] = SimpleLazyObject(lambda: _of(request.user))
        found["switch_questions"] = lambda: shown.questions(found["switches"], answer_since)
        found["off"] = SimpleLazyObject(lambda: off(found["switches"]))
    return found


def answer_since() -> datetime:
    """Who wrote before this moment is not answered any more."""
    settings = BotSettings.load()
    return hours.waits_since(settings, timezone.localtime(), timedelta(hours=settings.answer_within_hours))


def _of(user: Any) -> Switches:
    """The switches of the numbers that `user` may see."""
    state, mine = switches.state(), access.instances_of(user)
    return Switches(state.everything, {name: one for name, one in state.instances.items() if name in mine})


def stand_ins() -> list[str]:
    """The parts that are not the real thing: "sandbox" for the gateway, "bot" for the language model."""
    # Who starts the sandbox says so; nothing here asks the gateway what it is.
    return [*settings.STAND_INS, "bot"] if llm.is_stand_in() else list(settings.STAND_INS)


def off(state: Switches) -> list[str]:
    """The instances on which the bot is off; [""] when it is off as a whole, or everywhere."""
    here = [name for name in state.instances if not state.is_on(name)]
    return [""] if here and len(here) == len(state.instances) else here
