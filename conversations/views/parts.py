"""What each part of the workplace shows: the list, a conversation's head and control, its bubbles, the composer."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from datetime import timezone as timezones
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from conversations import activity, amending, census, control, drawn, history, newer, notes, sealed, seen, shown
from conversations.evolution import EvolutionError
from conversations.forms import PauseForm
from conversations.inbox import Inbox, inbox, lists_groups
from conversations.message import Key, Message
from conversations.models import Note, Sent
from conversations.order import in_order
from conversations.question import Facts, Question, Sort, View, together
from conversations.row import Row
from conversations.templatetags.conversations import phone
from conversations.views import bar
from conversations.views.guard import Request, rep
from people import access

#: Rows on one page of the list.
PAGE = 50
#: A list is read again up to so many pages at once.
_MOST_PAGES = 10
#: How many messages a conversation shows at a time.
LENGTH = 50
#: A page tells how a person's last sends ended. As text, since every opening asks it: composing it takes longer.
_LAST_SENT = (
    "SELECT * FROM conversations_sent WHERE instance = %s AND conversation = %s AND rep_id = %s"
    " AND author = 'rep' ORDER BY at DESC LIMIT 5"
)
#: How long a conversation says that one's last message did not go out.
_LOST_FOR = timedelta(hours=1)


def the_list(request: Request, open_key: Key | None = None) -> dict[str, Any]:
    """What the list shows: the rows that the address asks for, the views with their numbers, the gateway's state."""
    here, me = inbox(), rep(request)
    instances = access.instances_of(me)
    question = Question.of(request.GET, instances)
    rows = _rows(here, instances)
    facts = shown.facts(instances)
    found = question.select(rows, facts, me.pk)
    start, page = _pages(request, found)
    here.want_names(found[start : page.end_index()])
    lines = shown.as_read_by(shown.lines(found[start : page.end_index()], facts), me)
    may_act = me.has_perm("conversations.act")
    path = shown.address(open_key) if open_key else reverse("conversations:inbox")
    for_whom = drawn.reader()
    return {
        "lines": lines,
        "drawn": [drawn.on_page(line, may_act, question, line.row.key == open_key, for_whom) for line in lines],
        "doings": _doings(lines),
        "page": page,
        "total": len(found),
        "question": question,
        "tabs": _tabs(question, _numbers(here, instances, facts, question, me.pk)),
        # Known by now; the frame around the page need not count them in the database.
        "waiting_count": facts.waiting,
        "list_path": path,
        "instances": instances,
        "gateway": shown.trouble(here, instances),
        "is_built": any(here.health()[name].is_built for name in instances if name in here.health()),
        "open_key": open_key,
        "may_act": may_act,
        "lengths": PauseForm.FOR,
        "sorts": [(Sort.LATEST, _("latest first")), (Sort.WAITING, _("longest waiting first"))],
    }


def _doings(lines: Sequence[shown.Line]) -> str:
    """What the bot does in which row at this moment, for the page's script; what follows comes by itself."""
    steps = activity.nows(line.row.key for line in lines)
    return json.dumps({sealed.opaque_id(key): asdict(step) for key, step in steps.items()})


def _rows(here: Inbox, instances: Sequence[str]) -> Sequence[Row]:
    rows = here.rows(groups=lists_groups())
    if len(instances) == len(settings.EVOLUTION_INSTANCES):
        return rows
    return [row for row in rows if row.key.instance in instances]


def _pages(request: Request, found: Sequence[Row]) -> tuple[int, Page[Row]]:
    """The page asked for; with `pages` everything up to it: a list that was scrolled stays as long as it is."""
    paginator = Paginator(found, PAGE)
    upto = request.GET.get("pages", "")
    if upto.isdecimal() and int(upto) > 1:
        return 0, paginator.get_page(min(int(upto), _MOST_PAGES))
    page = paginator.get_page(request.GET.get("page"))
    return max(0, page.start_index() - 1), page


def _numbers(here: Inbox, instances: Sequence[str], facts: Facts, question: Question, me: int) -> dict[str, int]:
    # Of all instances: what was counted for others is known then.
    tallies = census.count(here.rows(groups=lists_groups()), facts)
    wanted = [tally for name, tally in tallies.items() if name in instances and question.instance in ("", name)]
    return together(wanted).seen_by(me)


def _tabs(question: Question, numbers: dict[str, int]) -> list[dict[str, Any]]:
    words = {
        View.ALL: _("All"), View.BOT: pgettext("view", "Bot"), View.WAITING: _("Waiting for a person"),
        View.MINE: pgettext("view", "Mine"), View.PAUSED: pgettext("view", "Paused"),
        View.UNANSWERED: _("Unanswered"), View.MISSED: pgettext("view", "Missed"),
    }  # fmt: skip
    return [
        {
            "view": view.value,
            "words": words[view],
            "number": numbers[view.value],
            "query": question.but(view=view).query,
            "is_open": view is question.view,
        }
        for view in View
    ]


def look(request: Request, key: Key) -> None:
    """What is in the conversation by now is no news to this person any more."""
    row = inbox().row(key)
    seen.mark(rep(request), key, row.arrivals[-1].at if row and row.arrivals else None)


def name_of(key: Key) -> str:
    """What the lead is called; "" when nobody knows."""
    known = inbox().row(key)
    return known.name if known else ""


def about(request: Request, key: Key, **more: Any) -> dict[str, Any]:
    """What the head of a conversation and its control bar show."""
    row, name, written, mine = control.current(key), name_of(key), notes.counts(key), _sent_by(request, key)
    return {
        "key": key,
        "url": shown.address(key),
        "stream_name": f"{key.instance}/{sealed.opaque_id(key)}",
        "name": name or phone(key),
        "has_name": bool(name),
        "lost": _lost(mine),
        # How each ended, for what the page still keeps of it.
        "fates": " ".join(f"{one.token}:{one.state}" for one in mine),
        **bar.facts(request, key, row, has_whispers=Note.Kind.WHISPER in written),
        # Read only by a template that offers them.
        "receivers": lambda: [one for one in access.who_may("conversations.act", key.instance) if one != request.user],
        "note_count": sum(written.values()),
        **more,
    }


def _sent_by(request: Request, key: Key) -> Sequence[Sent]:
    """The last things this person sent here, the newest first."""
    return list(Sent.objects.raw(_LAST_SENT, [key.instance, key.conversation, request.user.pk]))


def _lost(mine: Sequence[Sent]) -> Sent | None:
    """The last of them, if it turned out not to have gone out, a while ago at most."""
    last = mine[0] if mine else None
    is_lost = last is not None and last.state == Sent.State.NOT_SENT and last.at > timezone.now() - _LOST_FOR
    return last if is_lost else None


def bubbles(request: Request, key: Key) -> dict[str, Any]:
    """The bubbles, oldest first, or why there are none: the newest, or those up to `before`, or to the message `at`."""
    until = _moment(request.GET.get("before", ""))
    try:
        found = history.page_with(key, LENGTH, request.GET["at"]) if "at" in request.GET else None
        is_past = found is not None or until is not None
        found = found or history.page(key, LENGTH, until)
    except EvolutionError as error:
        return {"bubbles": [], "trouble": shown.why(error), "tried_at": timezone.now()}
    if not is_past:
        inbox().saw(key, found.messages)
    seen_at = None if is_past or request.htmx else _seen_at(request, key)
    messages = _with_gone(key, found, until, is_past=is_past)
    return {
        "bubbles": _drawn(request, key, shown.bubbles(messages, seen_at)),
        "older": found.older,
        "is_past": is_past,
        "seen": newer.of_page(messages),
    }


def _with_gone(key: Key, page: history.Page, until: datetime | None, *, is_past: bool) -> list[Message]:
    """The messages of `page`, and a place for each that was taken back between them: the gateway keeps none."""
    first = page.messages[0].sent_at if page.older and page.messages else None
    last = until or (page.messages[-1].sent_at if is_past and page.messages else None)
    gone = amending.gone(key, first, last + timedelta(seconds=1) if last else None)
    return in_order([*page.messages, *gone]) if gone else page.messages


def _drawn(request: Request, key: Key, said: Sequence[shown.Bubble]) -> list[str]:
    url, name, may_act = shown.address(key), name_of(key) or phone(key), rep(request).has_perm("conversations.act")
    for_whom = drawn.reader()
    return [drawn.bubble(one, url, name, offers_acts=may_act, for_whom=for_whom) for one in said]


def _moment(seconds: str) -> datetime | None:
    """What `before` in an address means; None for nonsense."""
    # Twelve digits reach beyond the year 9999, which `datetime` does not know.
    return (
        datetime.fromtimestamp(int(seconds), tz=timezones.utc) if re.fullmatch(r"\d{1,11}", seconds, re.ASCII) else None
    )


def _seen_at(request: Request, key: Key) -> datetime | None:
    """When this person last looked here; None when never."""
    me = rep(request).pk
    return seen.looks([me], [key]).get((me, key))
