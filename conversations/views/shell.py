"""What the frame around every page asks for: who needs a person, how everything is connected, where to go."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from conversations import attention, control, sealed, shown
from conversations.attention import Call, Why
from conversations.inbox import inbox, lists_groups
from conversations.models import Control
from conversations.plain import folded, folded_once
from conversations.row import Row
from conversations.templatetags.conversations import control_word, lasting, moment, phone, title, when
from conversations.views.guard import Request, kept_nowhere, may, rep
from people import access

#: The palette offers so many conversations.
OFFERED = 20


@require_GET
@may("watch")
def calls(request: Request) -> HttpResponse:
    """Counts, and of each conversation that needs somebody why and for how long: no name, no word of a message."""
    found = attention.calls(rep(request))
    overdue = [call for call in found if call.is_overdue]
    return kept_nowhere(
        JsonResponse(
            {
                "waiting": sum(call.is_waiting for call in found),
                "overdue": len(overdue),
                # Whoever of them waits longest.
                "longest": shown.address(overdue[0].key) if overdue else "",
                "closed": attention.closed(rep(request)),
                "calls": [_call(call) for call in found],
            }
        )
    )


def _call(call: Call) -> dict[str, str | bool]:
    title, words = _WORDS[call.why]
    said = str(words) % {"reason": call.reason, "time": _span(call)}
    return {
        # One conversation may call again for another reason.
        "id": sealed.opaque_id(call.key) + ("" if call.why in _FIRST_CALLS else f":{call.why.value}"),
        "url": shown.address(call.key),
        "title": str(title),
        "words": said[:1].upper() + said[1:],
        "is_quiet": call.why is Why.PHONE,
    }


def _span(call: Call) -> str:
    return {Why.RETURNS: when, Why.PHONE: moment}.get(call.why, lasting)(call.since)


_FIRST_CALLS = (Why.WAITING, Why.OVERDUE)
_WORDS = {
    Why.WAITING: (gettext_lazy("A conversation waits for a person"), gettext_lazy("%(reason)s · for %(time)s")),
    Why.NOBODY_CAME: (gettext_lazy("Nobody has taken it over yet"), gettext_lazy("%(reason)s · for %(time)s")),
    Why.OVERDUE: (gettext_lazy("A lead waits too long"), gettext_lazy("No answer for %(time)s")),
    Why.PROMISE: (gettext_lazy("You promised to come back to a lead"), gettext_lazy("Overdue for %(time)s")),
    Why.RETURNS: (gettext_lazy("A conversation of yours returns to the bot"), "%(time)s"),
    Why.PHONE: (gettext_lazy("Somebody answers on the phone"), gettext_lazy("Since %(time)s, the bot is quiet there")),
}


@require_GET
@may("watch")
def connections(request: Request) -> HttpResponse:
    """The gateway and each number, in words: a page, or only its part for the panel of the top bar."""
    health = inbox().health()
    numbers = [(name, health[name]) for name in access.instances_of(request.user) if name in health]
    silent = [one.silent_since for _name, one in numbers if one.silent_since]
    part = "part" in request.GET
    context: dict[str, Any] = {
        "numbers": numbers,
        "silent_since": min(silent, default=None),
        "all_silent": bool(numbers) and len(silent) == len(numbers),
        "is_known": any(one.is_built for _name, one in numbers),
    }
    return kept_nowhere(render(request, "_connections.html" if part else "connections.html", context))


@require_POST
@may("watch")
def palette(request: Request) -> HttpResponse:
    """Conversations by name or number. By POST, since a lead's name does not belong into an address."""
    wanted = folded(request.POST.get("q", ""))
    mine = access.instances_of(request.user)
    rows = [row for row in inbox().rows(groups=lists_groups()) if row.key.instance in mine and _is_meant(row, wanted)]
    controls = control.currents(row.key for row in rows[:OFFERED])
    offered = [_offered(row, controls.get(row.key) or Control(instance=row.key.instance)) for row in rows[:OFFERED]]
    return kept_nowhere(JsonResponse({"conversations": offered}))


def _offered(row: Row, held: Control) -> dict[str, str]:
    return {"url": shown.address(row.key), "words": title(row), "hint": f"{phone(row.key)} · {control_word(held)}"}


def _is_meant(row: Row, wanted: str) -> bool:
    """Every word of `wanted` begins a word of the name, or its digits stand in the number."""
    digits = "".join(char for char in wanted if char.isdigit())
    if len(digits) >= 3 and not any(char.isalpha() for char in wanted):
        return digits in row.key.conversation.split("@")[0]
    words = folded_once(title(row)).split()
    return all(any(word.startswith(part) for word in words) for part in wanted.split())
