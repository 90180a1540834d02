"""Reading back: findMessages and findChats with the filters, the paging and the surprises of 2.3.6."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Literal

from . import records
from .memory import Instance
from .numbers import jid_of
from .records import Row
from .words import JSON, JSONDict, Refusal

#: How rows with the same second are ordered: anew with every call, or the same for the same page.
Ties = Literal["per_call", "per_page"]

#: Source: evolution-api 2.3.6, the enum of the column; any other word is an error of the database layer.
SOURCES = ("ios", "android", "web", "unknown", "desktop")
_DATABASE_DUMP = (
    "\nInvalid `prisma.message.find()` invocation in\n/evolution/src/file.ts:1:1\n\n"
    "(several lines of the server's own code and of its query, cut here)\n"
)

Test = Callable[[Row], bool]


def database_error() -> Refusal:
    """What every query that the database layer rejects becomes."""
    return Refusal(500, _DATABASE_DUMP)


def _object(value: JSON) -> JSONDict:
    return value if isinstance(value, dict) else {}


# -------------------------------------------------------------------------------------------------------- messages


def find_messages(instance: Instance, body: JSONDict, *, now: float, call: int, ties: Ties) -> JSONDict:
    """The answer of findMessages: newest first, `offset` is the page size, rows of one second in no fixed order."""
    where = _object(body.get("where"))
    page, size = body.get("page"), body.get("offset")
    skip, take = _page(page, size)
    tests, jid = _tests(where)
    rows = [row for row in _candidates(instance, where, jid, now) if all(test(row) for test in tests)]
    rows.sort(key=_newest_first(_shuffle(call, skip, take, ties)))
    return {
        "messages": {
            "total": len(rows),
            "pages": math.ceil(len(rows) / take),
            "currentPage": page or 1,
            "records": [records.record(row) for row in rows[skip : skip + take]],
        }
    }


def _candidates(instance: Instance, where: JSONDict, jid: str | None, now: float) -> list[Row]:
    """The rows that the conditions are held against, by the narrowest index."""
    key = _object(where.get("key"))
    if key.get("id"):
        same_id = instance.by_key_id.get(str(key["id"]), [])
        return [row for row in same_id if row.visible_at <= now and jid in (None, row.jid)]
    return instance.visible(now, jid)


def _page(page: JSON, size: JSON) -> tuple[int, int]:
    """Rows to skip and to take."""
    # Source: evolution-api 2.3.6: page "2" works, offset "5" does not; 0 and null count as absent; negative is a 500.
    take = size or 50
    if isinstance(take, bool) or not isinstance(take, int) or take < 0:
        raise database_error()
    try:
        number = int(page or 1)
    except (TypeError, ValueError):
        raise database_error() from None
    if number < 1:
        raise database_error()
    return take * (number - 1), take


def _shuffle(call: int, skip: int, take: int, ties: Ties) -> int:
    """What decides the order of rows of one second; 0 is newest first."""
    # Source: evolution-api 2.3.6: ORDER BY the second alone, so pages over ties lose and repeat rows
    # (60 rows in pages of 10 gave 55 distinct ones).
    return call if ties == "per_call" else skip * 31 + take if skip else 0


def _newest_first(shuffle: int) -> Callable[[Row], tuple[int, int]]:
    if not shuffle:
        return lambda row: (-row.timestamp, -row.number)
    return lambda row: (-row.timestamp, _mixed(row.number * 0x9E3779B1 + shuffle * 0x85EBCA77))


def _mixed(number: int) -> int:
    number &= 0xFFFFFFFF
    number = (number ^ number >> 15) * 0x2C1B3C6D & 0xFFFFFFFF
    return number ^ number >> 12


def _tests(where: JSONDict) -> tuple[list[Test], str | None]:
    """The conditions that count, and the chat where one is named; everything else in `where` is ignored."""
    key = _object(where.get("key"))
    jid = key.get("remoteJid")
    if jid == "":
        raise Refusal(400, [["The property cannot be empty"]])
    tests: list[Test] = []
    for name in ("id", "participant") if jid else ("id", "participant", "remoteJidAlt"):
        if key.get(name):
            tests.append(_key_is(name, key[name]))
    # Source: evolution-api 2.3.6: fromMe false is a truth test that fails, so it filters nothing.
    if key.get("fromMe"):
        tests.append(lambda row: row.is_from_me)
    tests += _column_tests(where)
    if window := _window(where.get("messageTimestamp")):
        first, last = window
        tests.append(lambda row: first <= row.timestamp <= last)
    return tests, str(jid) if jid else None


def _key_is(name: str, wanted: JSON) -> Test:
    return lambda row: row.key.get(name) == wanted


_COLUMNS: dict[str, Callable[[Row], str]] = {
    "id": lambda row: row.id,
    "source": lambda row: row.source,
    "messageType": lambda row: row.type_name,
}


def _column_tests(where: JSONDict) -> list[Test]:
    tests = []
    for name, read in _COLUMNS.items():
        if not (wanted := where.get(name)):
            continue
        conditions = wanted if isinstance(wanted, dict) else {"equals": wanted}
        tests += [_condition(read, operator, value, name) for operator, value in conditions.items()]
    return tests


#: Source: evolution-api 2.3.6: the operators of the database layer leak through on these columns.
_OPERATORS: dict[str, Callable[[str, JSON], bool]] = {
    "equals": lambda have, value: have == value,
    "not": lambda have, value: have != value,
    "in": lambda have, value: have in value,
    "notIn": lambda have, value: have not in value,
    "contains": lambda have, value: str(value) in have,
    "startsWith": lambda have, value: have.startswith(str(value)),
    "endsWith": lambda have, value: have.endswith(str(value)),
}


def _condition(read: Callable[[Row], str], operator: str, value: JSON, column: str) -> Test:
    words = value if isinstance(value, list) else [value]
    if operator not in _OPERATORS or (column == "source" and not all(word in SOURCES for word in words)):
        raise database_error()
    compare = _OPERATORS[operator]
    return lambda row: compare(read(row), value)


def _window(bounds: JSON) -> tuple[int, int] | None:
    """First and last second; None unless both bounds are there."""
    if not isinstance(bounds, dict) or not bounds.get("gte") or not bounds.get("lte"):
        return None
    return _seconds(bounds["gte"]), _seconds(bounds["lte"])


def _seconds(value: JSON) -> int:
    """A bound as JavaScript's Date reads it: a number is milliseconds, a string ISO 8601."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return math.floor(value / 1000)
    try:
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise database_error() from None
    return math.floor((at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp())


# ----------------------------------------------------------------------------------------------------------- chats


def find_chats(instance: Instance, body: JSON, *, now: float) -> list[JSONDict]:
    """The answer of findChats: one row per chat that has a message in the window, newest first."""
    fields = body if isinstance(body, dict) else {}
    where = _object(fields.get("where"))
    window = _window(where.get("messageTimestamp"))
    wanted = where.get("remoteJid")
    jids = [jid_of(str(wanted))] if wanted else list(instance.rows)
    last = [row for jid in jids if (row := _last(instance, jid, window, now))]
    last.sort(key=lambda row: (-row.timestamp, -row.number))
    skip, take = _count(fields.get("skip")) or 0, _count(fields.get("take"))
    chosen = last[skip:] if take is None else last[skip : skip + take]
    return [records.chat(instance, row, now) for row in chosen]


def _last(instance: Instance, jid: str, window: tuple[int, int] | None, now: float) -> Row | None:
    first, final = window or (0, 1 << 60)
    rows = (row for row in instance.rows.get(jid, ()) if first <= row.timestamp <= final and row.visible_at <= now)
    return max(rows, key=lambda row: (row.timestamp, row.number), default=None)


def _count(value: JSON) -> int | None:
    # Source: evolution-api 2.3.6: take and skip work as numbers and as numeric strings.
    try:
        return int(value) if value else None
    except (TypeError, ValueError):
        raise database_error() from None


def find_contacts(instance: Instance, body: JSONDict) -> list[JSONDict]:
    """The answer of findContacts; only where.remoteJid filters, `page` and `offset` page."""
    where = _object(body.get("where"))
    wanted = where.get("remoteJid")
    rows = [row for jid, row in instance.contacts.items() if not wanted or jid == jid_of(str(wanted))]
    if body.get("offset") or body.get("page"):
        skip, take = _page(body.get("page"), body.get("offset"))
        rows = rows[skip : skip + take]
    return [records.contact(row, instance.id) for row in rows]


def find_statuses(instance: Instance, body: JSONDict) -> list[JSONDict]:
    """The answer of findStatusMessage: the MessageUpdate rows, by message id, by chat, or all."""
    where = _object(body.get("where"))
    wanted, jid = where.get("id"), where.get("remoteJid")
    rows = (
        instance.by_key_id.get(str(wanted), []) if wanted else [row for chat in instance.rows.values() for row in chat]
    )
    found = [update for row in rows if not jid or row.jid == jid for update in records.status_rows(row)]
    skip, take = _page(body.get("page"), body.get("offset"))
    return found[skip : skip + take]
