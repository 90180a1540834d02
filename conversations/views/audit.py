"""Who did what, to control and to people: filtered by the address, in sentences, and as a table to take along."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.wsgi import WSGIRequest
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from conversations import audit
from conversations.audit_form import AuditForm
from conversations.views.guard import Request, kept_nowhere, may
from people import access

#: Lines on one page.
PAGE = 50
#: Lines of the table that are read, and sent, at once.
_AT_ONCE = 500
#: A lead's number with its middle hidden (`jid.veiled`): it begins as a formula does, and can be none.
_VEILED = re.compile(r"\+[\d ]*•+[\d ]*")


@require_GET
@may("view_auditentry")
def show(request: Request) -> HttpResponse:
    """The newest first."""
    mine = access.instances_of(request.user)
    form = AuditForm(request.GET, mine=mine)
    page = Paginator(audit.found(form.wanted(), mine), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    lines = audit.lines(list(page.object_list), request.user)
    facts = {
        "form": form, "page": page, "lines": lines, "query": query.urlencode(),
        "periods": _periods(request), "is_filtered": any(query.values()),
    }  # fmt: skip
    return kept_nowhere(render(request, "conversations/audit.html", facts))


def _periods(request: Request) -> list[tuple[str, str, bool]]:
    """The days people ask for most: word, query, and whether they are shown now."""
    today, found = timezone.localdate(), []
    for word, days in ((_("Everything"), None), (_("Today"), 0), (_("7 days"), 6), (_("30 days"), 29)):
        query = request.GET.copy()
        for name in ("page", "since", "until"):
            query.pop(name, None)
        since = "" if days is None else str(today - timedelta(days=days))
        if since:
            query["since"] = since
        is_open = request.GET.get("since", "") == since and not request.GET.get("until")
        found.append((word, query.urlencode(), is_open))
    return found


@require_GET
@may("view_auditentry")
def export(request: Request) -> StreamingHttpResponse:
    """The same lines as CSV, sent while they are read. No name of a lead and no whole number is in it."""
    mine = access.instances_of(request.user)
    found = audit.found(AuditForm(request.GET, mine=mine).wanted(), mine)
    parts = _table(request.user, found, translation.get_language())
    answer = StreamingHttpResponse(
        parts if isinstance(request, WSGIRequest) else _one_by_one(parts), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="audit-{timezone.localdate():%Y-%m-%d}.csv"'
    answer["Cache-Control"] = "no-store, private"
    return answer


class _Echo:
    """A file for `csv` that keeps nothing."""

    def write(self, text: str) -> str:
        return text


def _table(user: Any, found: Any, language: str | None) -> Iterator[str]:
    """The table in parts. Each is made in the `language` of the page and the time of `user`: the request is over."""
    with _as_read(user, language):
        # Where the comma stands in numbers, Excel takes a semicolon to stand between cells.
        table = csv.writer(_Echo(), delimiter=";" if get_format("DECIMAL_SEPARATOR") == "," else ",")
        # Excel takes a file without this mark for one in an old encoding.
        head = "\ufeff" + table.writerow([str(column) for column in audit.COLUMNS])
    yield head
    for start in range(0, found.count(), _AT_ONCE):
        with _as_read(user, language):
            lines = audit.lines(list(found[start : start + _AT_ONCE]), user)
            part = "".join(table.writerow([harmless(cell) for cell in line.cells]) for line in lines)
        yield part


@contextmanager
def _as_read(user: Any, language: str | None) -> Iterator[None]:
    with translation.override(language), access.as_seen_by(user):
        yield


async def _one_by_one(parts: Iterator[str]) -> AsyncIterator[str]:
    """`parts` for a server that must not be held up by the database."""
    while part := await sync_to_async(_next)(parts):
        yield part


def _next(parts: Iterator[str]) -> str:
    return next(parts, "")


def harmless(cell: str) -> str:
    """`cell` so that no spreadsheet takes it for a formula."""
    is_formula = cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _VEILED.fullmatch(cell)
    return f"'{cell}" if is_formula else cell
