"""Rows and bubbles as HTML: drawn once for all who see the same, by the pages and by what the screens are told.

What is kept is compared with what is to be shown each time: a drawing that says something else is never used. It stays
in this process's memory, a few thousand pieces, and a bubble not longer than minutes.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from conversations.question import Question
from conversations.shown import Bubble, Line
from conversations.templatetags.acting import remaining
from conversations.templatetags.amending import may_delete, may_edit
from conversations.templatetags.conversations import ago, control_word, lasting, mode

_LINK = '<a class="row" href="{}"'


class Drawings:
    """The last ones that were made: by what they show and to whom, each with all the facts that it says."""

    def __init__(self, most: int, lasts_s: float) -> None:
        self._most = most
        self._lasts_s = lasts_s
        self._kept: OrderedDict[tuple[object, ...], tuple[float, tuple[object, ...], SafeString]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, look: tuple[object, ...], facts: tuple[object, ...], draw: Callable[[], str]) -> SafeString:
        """The drawing for `look` that says `facts`; made by `draw`, a template, when there is none."""
        now = time.monotonic()
        with self._lock:
            drawn_at, said, html = self._kept.get(look, (0.0, None, SafeString("")))
        if said == facts and now < drawn_at + self._lasts_s:
            return html
        html = mark_safe(draw().strip())
        with self._lock:
            self._kept[look] = (now, facts, html)
            self._kept.move_to_end(look)
            self._drop(now)
        return html

    def _drop(self, now: float) -> None:
        """The oldest stand in front."""
        while self._kept:
            look, (drawn_at, _facts, _html) = next(iter(self._kept.items()))
            if len(self._kept) <= self._most and now < drawn_at + self._lasts_s:
                return
            del self._kept[look]

    def clear(self) -> None:
        """Draw everything anew."""
        with self._lock:
            self._kept.clear()


_rows = Drawings(most=4000, lasts_s=3600)
_bubbles = Drawings(most=3000, lasts_s=600)
_hears: list[Callable[[], bool]] = []

#: How the person reads for whom is drawn: the language, the time zone, the day it is there, whether anybody listens.
Reader = tuple[object, ...]


def are_heard_if(hears: Callable[[], bool]) -> None:
    """Have `hears` tell whether anybody listens to voice notes here."""
    _hears[:] = [hears]


def _is_deaf() -> bool:
    return bool(_hears) and not _hears[0]()


def reader() -> Reader:
    """Of this moment; asked once for all that one page draws."""
    return translation.get_language(), timezone.get_current_timezone_name(), timezone.localdate(), _is_deaf()


def row(line: Line, may_act: bool, for_whom: Reader | None = None) -> SafeString:
    """`line` as it is read at this moment."""
    look = (line.row.key, line.unread, may_act, len(settings.EVOLUTION_INSTANCES), *(for_whom or reader()))
    return _rows.get(look, _facts(line), lambda: _draw(line, may_act))


def bubble(one: Bubble, url: str, name: str = "", *, offers_acts: bool, for_whom: Reader | None = None) -> SafeString:
    """A message of the conversation at `url`, whose lead is called `name`; with what may be done to it."""
    said = one.message
    # Photos and days say "today"; what is offered ends with a message's youth.
    look = (url, said.id, offers_acts, *(for_whom or reader()))
    facts = (one, name if said.quote else "", may_edit(said), may_delete(said))
    context = {"bubble": one, "url": url, "name": name, "offers_acts": offers_acts, "is_deaf": _is_deaf}
    return _bubbles.get(look, facts, lambda: render_to_string("conversations/_message.html", context))


def _draw(line: Line, may_act: bool) -> str:
    return render_to_string("conversations/_row.html", {"line": line, "may_act": may_act})


def _facts(line: Line) -> tuple[object, ...]:
    """All that a row says. Words that change with time are made each time: they are part of it."""
    held, waiting_since = line.control, line.waiting_since
    return (
        line.id, line.row, line.last, line.view_names, mode(held), control_word(held), held.holder_id, held.opted_out,
        ago(line.last.sent_at), waiting_since, lasting(waiting_since) if waiting_since else "", line.is_missed,
        bool(held.pending), held.until, remaining(held.until) if held.until else "",
    )  # fmt: skip


def on_page(line: Line, may_act: bool, question: Question, is_open: bool, for_whom: Reader | None = None) -> SafeString:
    """The row as it stands in one list: its link keeps what the list was asked, and it may be the open one."""
    html = row(line, may_act, for_whom)
    if not question.query and not is_open:
        return html
    plain = _LINK.format(escape(line.url))
    link = plain.replace('class="row"', 'class="row is-open" aria-current="page"') if is_open else plain
    if question.query:
        link = f'{link[:-1]}?{escape(question.query)}"'
    # What was put in is escaped above; the rest was drawn by the template.
    return mark_safe(html.replace(plain, link, 1))


def forget() -> None:
    """Draw everything anew; for tests and measurements."""
    _rows.clear()
    _bubbles.clear()
