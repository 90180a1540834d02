"""What the bot says without the model: the manager's words, or a standard sentence in the house's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings as django_settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from bot import hours
from bot.models import BotSettings
from conversations import switches
from conversations.message import Key
from conversations.models import Control, Due, Mode, Reason


def due(settings: BotSettings, owed: Due, reason: str) -> str:
    """The system message that is owed, for the sweep that sends it after a crash."""
    if owed is Due.OPT_OUT_CONFIRMATION:
        return opted_out()
    if owed is Due.STILL_WAITING:
        return still_waiting(settings)
    return unsure_whether_to_stop(settings) if reason == Reason.OPT_OUT_UNSURE else handoff_notice(settings)


def handoff_notice(settings: BotSettings, said: Sequence[str] = ()) -> str:
    """A person will answer, and when to expect it: what the model `said`, else the manager's words or ours."""
    with override(django_settings.LANGUAGE_CODE):
        back = _when_back(settings)
        word = settings.handoff_notice or _("I'm calling a colleague to help you, who will answer you here.")
        return "\n\n".join([*(said or [word]), *([back] if back else [])])


def still_waiting(settings: BotSettings) -> str:
    """Nobody has come yet, honestly."""
    with override(django_settings.LANGUAGE_CODE):
        back = _when_back(settings)
        word = _("Our team is taking longer than usual, but your message was not forgotten: somebody will answer here.")
        return back or word


def opted_out() -> str:
    """No message will follow; how to change one's mind."""
    with override(django_settings.LANGUAGE_CODE):
        return _("Done: we will not write to you any more. If you need us, just ask for a person here.")


def unsure_whether_to_stop(settings: BotSettings) -> str:
    """Whether the lead wants to be left alone is not clear: a person looks, and the way out is told."""
    with override(django_settings.LANGUAGE_CODE):
        return _("A person of our team will look at this. If you prefer not to get messages from us, answer STOP.")


def state(key: Key, row: Control) -> str:
    """Who speaks in a conversation, for the account's owner; of the number only the end."""
    with override(django_settings.LANGUAGE_CODE):
        who = {
            Mode.BOT: _("the bot answers"), Mode.HUMAN: _("a person has it"), Mode.PAUSED: _("paused"),
            Mode.WAITING: _("waits for a person"),
        }[row.mode_at(timezone.now())]  # fmt: skip
        off = "" if switches.is_on(key.instance) else " " + _("(the bot is switched off)")
        return f"…{key.conversation.partition('@')[0][-4:]}: {who}{off}"


def are_people_there(settings: BotSettings, at: datetime) -> bool:
    """It is within the team's hours; always, where none are given."""
    return not settings.people_in_hours_only or hours.is_open(hours.TeamHours.of(settings), hours.local(at))


def _when_back(settings: BotSettings) -> str:
    """When people are there again, with the offer to note a time; "" while they are, and where no hours are given."""
    if are_people_there(settings, timezone.now()):
        return ""
    local = hours.local(timezone.now())
    team = hours.TeamHours.of(settings)
    opening = hours.next_opening(team, local)
    days = (opening.date() - local.date()).days
    day = {0: _("today"), 1: _("tomorrow")}.get(days) or _("on %(day)s") % {"day": date_format(opening, "l").lower()}
    return _(
        "Our team is back %(day)s at %(time)s. "
        "If you prefer another time, write it here and whoever answers will see it."
    ) % {"day": day, "time": date_format(opening, "H:i")}


def cannot_open(settings: BotSettings) -> str:
    """A message that the bot cannot open."""
    with override(django_settings.LANGUAGE_CODE):
        return settings.cannot_open_text or _("I couldn't open this message here. Could you write it to me?")


def cannot_hear(settings: BotSettings) -> str:
    """An audio that the bot could not hear."""
    with override(django_settings.LANGUAGE_CODE):
        return settings.cannot_hear_text or _("I couldn't hear your audio. Could you write it to me or send it again?")


def closed(settings: BotSettings) -> str:
    """Nobody answers at this hour."""
    with override(django_settings.LANGUAGE_CODE):
        return settings.closed_text or _(
            "Thanks for writing! We are closed right now and will answer in business hours."
        )
