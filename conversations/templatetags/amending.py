"""Which messages offer to be changed or taken back. What is offered too long, the view refuses with a word."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils import timezone

from conversations import amending
from conversations.message import Author, Message

register = template.Library()


@register.filter
def may_edit(message: Message) -> bool:
    """Young enough, ours, and with words."""
    return amending.has_words(message) and _is_ours_and_young(message, amending.EDITABLE_FOR)


@register.filter
def may_delete(message: Message) -> bool:
    """Young enough, and ours."""
    return _is_ours_and_young(message, amending.DELETABLE_FOR)


def _is_ours_and_young(message: Message, limit: timedelta) -> bool:
    is_ours = message.author in (Author.BOT, Author.REP) and not message.is_deleted
    return is_ours and timezone.now() - message.sent_at < limit
