"""What the bot says without the model: the manager's words, or a standard sentence in the house's language."""

from __future__ import annotations

from django.conf import settings as django_settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from bot.models import BotSettings


def handoff_notice(settings: BotSettings) -> str:
    """A person will answer."""
    with override(django_settings.LANGUAGE_CODE):
        return settings.handoff_notice or _("I'm calling a colleague to help you. They will answer here shortly.")


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
