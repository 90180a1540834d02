"""The queue: who waits for a person and why, in the order in which people should come, and the next one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages as flash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations import attention, briefs, control, live, queue, shown
from conversations.attention import Why
from conversations.briefs import Brief
from conversations.inbox import inbox
from conversations.message import Key
from conversations.models import TECHNICAL, Control, Mode
from conversations.templatetags.conversations import phone
from conversations.views import left, undoing
from conversations.views.guard import Request, fragment, kept_nowhere, may, of_conversation, rep
from conversations.views.undoing import Toast
from people import access

#: Nobody reads more cards than that; the others come up as these are taken.
MOST = 50


@dataclass(frozen=True, slots=True)
class Card:
    """One conversation of the queue."""

    control: Control
    name: str
    url: str
    picture_url: str
    brief: Brief | None

    @property
    def key(self) -> Key:
        """Which one."""
        return self.control.key

    @property
    def lacks_summary(self) -> bool:
        """Somebody is still to be asked for it."""
        return not (self.brief and self.brief.summary)

    @property
    def is_technical(self) -> bool:
        """It ends by itself."""
        return self.control.reason in TECHNICAL


@require_GET
@may("watch")
def show(request: Request) -> HttpResponse:
    """The whole queue of the numbers one may see, and what one promised oneself."""
    position = live.position()
    now = timezone.now()
    rows = queue.waiting(access.instances_of(request.user), now)
    context = {
        "cards": [_card(row) for row in rows[:MOST]],
        "total": len(rows),
        "mine": _mine(request),
        "may_act": request.user.has_perm("conversations.act"),
        "position": position,
    }
    return fragment(request, "conversations/queue.html", {"queue": "conversations/_queue.html"}, context)


def _card(row: Control) -> Card:
    known = inbox().row(row.key)
    name = (known.name if known else "") or phone(row.key)
    return Card(row, name, shown.address(row.key), known.picture_url if known else "", briefs.of(row.key))


def _mine(request: Request) -> list[dict[str, Any]]:
    """What the person holds and should come back to."""
    calls = [call for call in attention.calls(rep(request)) if call.why in (Why.PROMISE, Why.RETURNS)]
    return [
        {
            "name": _name(call.key), "url": shown.address(call.key), "at": call.since,
            "is_promise": call.why is Why.PROMISE,
        }
        for call in calls
    ]  # fmt: skip


def _name(key: Key) -> str:
    row = inbox().row(key)
    return (row.name if row else "") or phone(key)


@require_POST
@may("act")
def take_next(request: Request) -> HttpResponse:
    """*Próximo da fila*: the most urgent one is taken over and opened, one that nobody else got."""
    taken = queue.take_next(rep(request), access.instances_of(request.user), timezone.now())
    if taken is None:
        flash.success(request, _("Nobody is waiting. Well done!"))
        return redirect("conversations:queue")
    before, how = taken
    words = _("The conversation is yours. From now on the bot sends nothing here.")
    if how.may_still_leave:
        words = _("The conversation is yours.")
    if got_through := left.told(how):
        flash.warning(request, got_through)
    undoing.keep(request.session, Toast(words, undoing.of(how.control.key, rep(request).pk, before, how.control)))
    return redirect(shown.address(how.control.key))


@require_GET
@may("watch")
@of_conversation
def brief(request: Request, key: Key) -> HttpResponse:
    """The brief of one that waits; where it is missing, somebody is asked to make it, and it appears by itself."""
    found = brief_of(key, control.current(key), asks=True) | {"in_queue": "queue" in request.GET}
    return kept_nowhere(render(request, "conversations/_brief.html", found))


@require_GET
@may("act")
@of_conversation
def agreed(request: Request, key: Key) -> HttpResponse:
    """What people agreed with the lead, as a proposal for the word one hands back with."""
    return kept_nowhere(render(request, "conversations/_agreed.html", {"found": briefs.agreed(key)}))


def brief_after(key: Key, row: Control, reader: int | None) -> dict[str, Any]:
    """For `_brief.html`, for whoever holds what waited until then, as long as nobody of ours has answered."""
    if row.holder_id is None or row.holder_id != reader:
        return {}
    found = briefs.of(key)
    if found is None or found.is_empty or not control.waited_until_taken(key):
        return {}
    return {"brief": found}


def brief_of(key: Key, row: Control, *, asks: bool = False) -> dict[str, Any]:
    """For `_brief.html`."""
    found = briefs.of(key) if row.mode == Mode.WAITING else None
    is_missing = row.mode == Mode.WAITING and not (found and found.summary)
    is_coming = is_missing and asks and briefs.ask(key, row.epoch)
    if is_missing and asks and not is_coming:
        found = briefs.of(key)
    return {"brief": found, "url": shown.address(key), "is_coming": is_coming, "loads": is_missing and not asks}
