"""What the settings are tried on: the conversations a person may choose from, and the scene that they make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from bot import rehearsal
from bot.forms import TryForm
from bot.models import BotSettings
from bot.rehearsal import Scene
from conversations import control, history, sealed, switches
from conversations.inbox import inbox
from conversations.message import Author, Key
from conversations.models import Control
from conversations.templatetags.conversations import title
from conversations.views.guard import Request, key_of
from people import access

#: The newest conversations that one may choose from.
_CHOICES = 60
#: How much of a conversation is looked at, if the model does not read more of it: as in `bot/reply.py`.
_WINDOW = 30


def choices(user: Any) -> list[tuple[str, str]]:
    """The newest conversations that `user` may see: their places, and what they are called."""
    if not user.has_perm("conversations.watch"):
        return []
    seen = access.instances_of(user)
    rows = [row for row in inbox().rows() if row.key.instance in seen][:_CHOICES]
    return [(f"{row.key.instance}/{sealed.opaque_id(row.key)}", title(row)) for row in rows]


def scene(request: Request, form: TryForm, settings: BotSettings) -> Scene:
    """The chosen conversation, with what the lead writes now. Raises PermissionDenied, Http404, EvolutionError."""
    words = form.cleaned_data["words"].strip()
    where = form.cleaned_data["conversation"]
    if not where:
        said = [*form.turns(), *([(Author.LEAD, words)] if words else [])]
        return rehearsal.invented(next(iter(access.instances_of(request.user)), ""), said, timezone.now())
    if not request.user.has_perm("conversations.watch"):
        raise PermissionDenied
    instance, _slash, opaque = where.partition("/")
    found = _real(key_of(request.user, instance, opaque), settings)
    if form.cleaned_data["moment"] == "now":
        return rehearsal.with_another(found, words) if words else found
    if not words:
        return rehearsal.at_the_leads_last_word(found)
    fresh = Control(instance=instance, conversation=found.key.conversation)
    return rehearsal.with_another(replace(found, row=fresh, is_on=True, bot_since=None), words)


def _real(key: Key, settings: BotSettings) -> Scene:
    """A conversation as it stands, read from the gateway."""
    state = switches.state()
    return Scene(
        key,
        history.recent(key, max(_WINDOW, settings.history_length)),
        control.current(key),
        timezone.now(),
        state.is_on(key.instance),
        state.bot_since(key.instance),
    )
