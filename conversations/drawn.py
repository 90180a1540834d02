"""Rows of the list as HTML: drawn once for all who see the same, by the pages and by what the screens are told."""

from __future__ import annotations

import threading
from collections import OrderedDict

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from conversations.question import Question
from conversations.shown import Line
from conversations.templatetags.conversations import ago, control_word, lasting, mode

#: Rows that are kept, a few kB each.
_MOST = 4000
_LINK = '<a class="row" href="{}"'
#: By conversation and by how a person reads: what stands in the row, and the row.
_kept: OrderedDict[tuple[object, ...], tuple[tuple[object, ...], SafeString]] = OrderedDict()
_lock = threading.Lock()


def row(line: Line, may_act: bool) -> SafeString:
    """`line` in the language and the time zone of this moment."""
    look = (
        line.row.key, line.unread, may_act, translation.get_language(), timezone.get_current_timezone_name(),
        len(settings.EVOLUTION_INSTANCES),
    )  # fmt: skip
    facts = _facts(line)
    with _lock:
        known = _kept.get(look)
        if known is not None and known[0] == facts:
            _kept.move_to_end(look)
            return known[1]
    html = mark_safe(_draw(line, may_act).strip())
    with _lock:
        _kept[look] = (facts, html)
        _kept.move_to_end(look)
        if len(_kept) > _MOST:
            _kept.popitem(last=False)
    return html


def _draw(line: Line, may_act: bool) -> str:
    return render_to_string("conversations/_row.html", {"line": line, "may_act": may_act})


def _facts(line: Line) -> tuple[object, ...]:
    """All that a row says. Words that change with time are made each time: they are part of it."""
    held, waiting_since = line.control, line.row.waiting_since
    return (
        line.url, line.row, line.last, line.view_names, mode(held), control_word(held), held.holder_id, held.opted_out,
        ago(line.last.sent_at), lasting(waiting_since) if waiting_since else "",
    )  # fmt: skip


def on_page(line: Line, may_act: bool, question: Question, is_open: bool) -> SafeString:
    """The row as it stands in one list: its link keeps what the list was asked, and it may be the open one."""
    html = row(line, may_act)
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
    with _lock:
        _kept.clear()
