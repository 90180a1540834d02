"""What each part of the workplace shows: the list, a conversation's head and control, its bubbles, the composer."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.utils import timezone

from conversations import briefs, control, history, sealed, sending, shown, switches
from conversations.evolution import EvolutionError
from conversations.forms import PauseForm
from conversations.inbox import inbox, lists_groups
from conversations.message import Key
from conversations.models import Mode, Sent
from conversations.templatetags.conversations import phone
from conversations.views.guard import Request
from people import access

#: Rows on one page of the list.
PAGE = 50
#: How many messages a conversation shows, and how many on demand.
LENGTHS = (50, 200, 500)
#: How long a conversation says that one's last message did not go out.
_LOST_FOR = timedelta(hours=1)


def the_list(request: Request, open_key: Key | None = None) -> dict[str, Any]:
    """What the list shows: one page of rows, and the state of the gateway."""
    here = inbox()
    mine = access.instances_of(request.user)
    rows = [row for row in here.rows(groups=lists_groups()) if row.key.instance in mine]
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    on_page = list(page.object_list)
    here.want_names(on_page)
    return {
        "lines": shown.lines(on_page),
        "page": page,
        "total": len(rows),
        "gateway": shown.trouble(here),
        "is_built": any(health.is_built for health in here.health().values()),
        "open_key": open_key,
    }


def about(request: Request, key: Key, **more: Any) -> dict[str, Any]:
    """What the head of a conversation and its control bar show."""
    row = control.current(key)
    known = inbox().row(key)
    return {
        "key": key,
        "url": shown.address(key),
        "stream_name": f"{key.instance}/{sealed.opaque_id(key)}",
        "name": (known.name if known else "") or phone(key),
        "has_name": bool(known and known.name),
        "control": row,
        "is_on": switches.is_on(key.instance),
        "draft": sending.kept_draft(key) if row.mode_at(timezone.now()) is not Mode.BOT else "",
        "brief": briefs.of(key) if row.mode_at(timezone.now()) is Mode.WAITING else None,
        "lost": _lost(request, key),
        "pauses": PauseForm.FOR,
        **more,
    }


def _lost(request: Request, key: Key) -> Sent | None:
    """The last thing this person sent here, if it turned out not to have gone out, a while ago at most."""
    here = Sent.objects.filter(instance=key.instance, conversation=key.conversation, rep_id=request.user.pk)
    last = here.order_by("-at").first()
    is_lost = last is not None and last.state == Sent.State.NOT_SENT and last.at > timezone.now() - _LOST_FOR
    return last if is_lost else None


def bubbles(request: Request, key: Key) -> dict[str, Any]:
    """The bubbles, oldest first, or why there are none."""
    length = next((number for number in LENGTHS if request.GET.get("n") == str(number)), LENGTHS[0])
    try:
        found = history.recent(key, length)
    except EvolutionError as error:
        return {"bubbles": [], "trouble": shown.why(error), "tried_at": timezone.now()}
    inbox().saw(key, found)
    longer = next((number for number in LENGTHS if number > length), None)
    return {"bubbles": shown.bubbles(found), "longer": longer if len(found) >= length else None, "length": length}


def composer(key: Key, *, text: str = "", **more: Any) -> dict[str, Any]:
    """An empty form, or one with what was written and what became of it. Each has a token of its own."""
    return {"key": key, "url": shown.address(key), "text": text, "token": uuid.uuid4().hex, **more}
