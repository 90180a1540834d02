"""What changed in the list, told to the screens as rows: read once and drawn once a process, however many watch.

A row is drawn for each *audience* (language, time zone, what one may do) and for each number of unread messages, which
is all that differs between two people. The numbers of the views are counted once as well.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connections
from django.utils import timezone, translation

from conversations import census, drawn, live, seen, shown
from conversations.frames import Frame
from conversations.inbox import Inbox, inbox, lists_groups
from conversations.live import Hub, Watcher
from conversations.message import Key
from conversations.question import Facts, Tally, together
from conversations.shown import Line

log = logging.getLogger(__name__)

#: What happens within this time is told at once, in seconds: a burst costs one look.
_APART_S = 0.2
#: The numbers of the views cost a look at every row.
_COUNT_APART_S = 1.0
#: Events after which a row may look different although the projection is told nothing.
_OF_CONTROL = ("control", "pending")


class Teller:
    """Tells the screens of one process. Its thread sleeps while nothing happens, and draws only for who watches."""

    def __init__(self, here: Inbox, hub: Hub) -> None:
        self._here = here
        self._hub = hub
        self._changed: set[Key] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._counted_at = 0.0
        here.listen(self.note)
        hub.listen(self.hear)
        threading.Thread(target=self._run, name="teller", daemon=True).start()

    def hear(self, what: Frame) -> None:
        """Who speaks somewhere has changed, or what waits there: the projection does not know."""
        if what.event in _OF_CONTROL and what.key is not None:
            self.note([what.key])

    def note(self, keys: Iterable[Key]) -> None:
        """The rows of `keys` may look different now."""
        with self._lock:
            self._changed.update(keys)
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                keys, self._changed = self._changed, set()
            try:
                self.tell(keys)
            except Exception as error:
                # Its words may quote a message; the page reads the list again within a minute.
                log.error("rows could not be told: %s", type(error).__name__)
            finally:
                connections.close_all()
            time.sleep(_APART_S)

    def tell(self, keys: Iterable[Key]) -> None:
        """Draw the rows of `keys` and the numbers of the views, and offer them to every screen they concern."""
        screens = [screen for screen in self._hub.screens() if screen.watcher is not None]
        if not screens:
            return
        instances = tuple(settings.EVOLUTION_INSTANCES)
        facts = shown.facts(instances)
        groups = lists_groups()
        rows = [row for key in keys if (row := self._here.row(key)) and (groups or not row.is_group)]
        told = _rows(shown.lines(rows, facts), [one.watcher for one in screens if one.watcher])
        numbers = self._numbers(facts, groups)
        self._hub.offer(
            (screen, [*told[screen.watcher], *_counts(screen.watcher, numbers)])
            for screen in screens
            if screen.watcher is not None
        )

    def _numbers(self, facts: Facts, groups: bool) -> Mapping[str, Tally] | None:
        """The tallies by instance, now and then; what came in between is counted the next time."""
        now = time.monotonic()
        if now < self._counted_at + _COUNT_APART_S:
            self._count_later(self._counted_at + _COUNT_APART_S - now)
            return None
        self._counted_at = now
        return census.count(self._here.rows(groups=groups), facts)

    def _count_later(self, in_s: float) -> None:
        timer = threading.Timer(in_s, self._wake.set)
        timer.daemon = True
        timer.start()


#: By watcher, what they are told.
Drawn = dict[Watcher, list[Frame]]


def _rows(lines: Sequence[Line], watchers: Sequence[Watcher]) -> Drawn:
    """Each line as each watcher sees it; the same picture is drawn once."""
    looks = seen.looks((one.user_id for one in watchers), (line.row.key for line in lines)) if lines else {}
    drawings: dict[tuple[object, ...], str] = {}
    found: Drawn = {watcher: [] for watcher in watchers}
    for line in lines:
        key = line.row.key
        for watcher, told in found.items():
            if key.instance not in watcher.instances:
                continue
            unread = line.row.unread_since(looks.get((watcher.user_id, key), watcher.since))
            look = (key, watcher.language, watcher.time_zone, watcher.may_act, unread)
            if look not in drawings:
                drawings[look] = draw(replace(line, unread=unread), watcher)
            told.append(Frame("row", key.instance, key.conversation, facts={"html": drawings[look]}))
    return found


def draw(line: Line, watcher: Watcher) -> str:
    """One row of the list, as on the page."""
    zone = ZoneInfo(watcher.time_zone) if watcher.time_zone else None
    with translation.override(watcher.language), timezone.override(zone):
        return drawn.row(line, watcher.may_act)


def _counts(watcher: Watcher, numbers: Mapping[str, Tally] | None) -> list[Frame]:
    if numbers is None:
        return []
    here = together([tally for name, tally in numbers.items() if name in watcher.instances])
    return [Frame("counts", facts={"numbers": json.dumps(here.seen_by(watcher.user_id))})]


@lru_cache(maxsize=1)
def _teller_of(here: Inbox, hub: Hub) -> Teller:
    return Teller(here, hub)


def begin() -> None:
    """See to it that the screens of this process are told."""
    _teller_of(inbox(), live.hub())
