"""The ways to the pages: at the top, at the bottom of a phone, in the menu of the person."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString

register = template.Library()

_WAITING_COUNT = template.Variable("waiting_count")

#: Each opens one of the ways.
_PERMISSIONS = frozenset((
    "conversations.watch", "bot.view_botsettings", "bot.change_botsettings", "conversations.connect", "people.manage",
    "conversations.view_auditentry",
))  # fmt: skip


@register.simple_tag(takes_context=True)
def nav(context: Context, style: str) -> SafeString:
    """The links in one style; drawn once for all who may go the same ways from the same page."""
    request = context["request"]
    here = request.resolver_match.view_name if request.resolver_match else ""
    may = _PERMISSIONS & request.user.get_all_permissions()
    # As a template reads it, which calls what is not counted yet.
    count = _WAITING_COUNT.resolve(context) if "conversations.watch" in may else 0
    return _nav(translation.get_language(), style, here, "connection" in request.path, may, count)


@lru_cache(maxsize=500)
def _nav(
    language: str | None, style: str, here: str, is_connection: bool, may: frozenset[str], waiting_count: int
) -> SafeString:
    facts = {"style": style, "here": here, "is_connection": is_connection, "may": may, "count": waiting_count}
    return render_to_string("_nav.html", facts)
