"""What may be done to a message: change it, take it back, call it automatic. What is offered too long is refused."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from urllib.parse import quote

from django import template
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from conversations import amending, automatic
from conversations.message import Author, Message

register = template.Library()


#: Stand in a drawing for what differs; letters and digits, so that nothing is escaped in them.
_ID, _OWN = "IDOFTHEMESSAGE", "NAMEOFITSAUTHOR"


@register.simple_tag
def acts(message: Message) -> SafeString:
    """What may be done to `message`; drawn once for each language and each set of acts."""
    drawn = _acts(translation.get_language(), may_edit(message), may_delete(message), automatic.may_tick(message))
    # Both are escaped, the id for an address first.
    whole = drawn.replace(_ID, escape(quote(message.id, safe="/"))).replace(_OWN, escape(message.author_name))
    return mark_safe(whole)


@lru_cache(maxsize=64)
def _acts(language: str | None, may_edit: bool, may_delete: bool, may_tick: bool) -> str:
    facts = {"id": _ID, "own": _OWN, "may_edit": may_edit, "may_delete": may_delete, "may_tick": may_tick}
    return render_to_string("conversations/_message_acts.html", facts).strip()


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
