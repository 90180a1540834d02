"""The list the screens show: a projection in the memory of each web process, kept current by events.

A cache and nothing more: thrown away with the process, rebuilt from the gateway's own list of chats at start, every
minute and after any gap, and of no account for who may speak.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db import connections
from django.utils import timezone

from conversations import history, identity, live
from conversations.evolution import EvolutionError, get_client
from conversations.frames import Frame
from conversations.jid import JID, JIDKind, kind
from conversations.message import Chat, Key, Message, Status
from conversations.row import Row, after, arrived, unanswered_since

log = logging.getLogger(__name__)

#: A page that finds nothing built yet waits so long for it, then says that it is being read.
_FIRST_BUILD_S = 2.0
#: Two reads are at least so far apart: each costs the gateway a scan of all its messages.
_AT_LEAST_S = 10.0
#: How far back a read looks beyond the last good one: clocks differ, and messages come late.
_OVERLAP = timedelta(minutes=10)
#: The gateway's clock may be ahead of ours.
_AHEAD = timedelta(days=1)
#: Everything is read again so often, to lose what the gateway has lost.
_FULL_EVERY = timedelta(hours=1)
#: So many names are looked up in a row, each among so many of the newest messages.
_NAMES_AT_ONCE = 60
_NAME_WITHIN = 10
#: When more rows than this have changed, the screens read the list again.
_MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of one instance."""

    #: The gateway has not answered since; None when it does.
    silent_since: datetime | None = None
    #: The number's connection to WhatsApp in the gateway's word: "open", "connecting", "close"; "" when not known.
    state: str = ""
    #: The chats were read at least once.
    is_built: bool = False


class Inbox:
    """The projection. Safe between threads; reads of the gateway run one at a time."""

    def __init__(self, instances: Iterable[str]) -> None:
        self._instances = tuple(instances)
        self._rows: dict[Key, Row] = {}
        self._newest_first: list[Row] | None = None
        self._without_groups: list[Row] = []
        self._health = {instance: Health() for instance in self._instances}
        self._read_at: dict[str, datetime] = {}
        self._full_at: dict[str, datetime] = {}
        #: Each account's own address: a chat with oneself is nobody's conversation.
        self._owners: dict[str, JID] = {}
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        #: The list may have missed something.
        self._is_stale = False
        #: Conversations to be looked into: on somebody's screen without a name, or an edited message stands last there.
        #: And those that were already.
        self._to_read: set[Key] = set()
        self._asked: set[Key] = set()
        self._was_tried = threading.Event()
        self._listeners: list[Callable[[list[Key]], None]] = []

    # -------------------------------------------------------------------------------------------------- looking

    def rows(self, *, groups: bool = False) -> Sequence[Row]:
        """Every conversation, newest first; groups only when they are wanted."""
        with self._lock:
            if self._newest_first is None:
                self._newest_first = sorted(self._rows.values(), key=lambda row: row.last.sent_at, reverse=True)
                self._without_groups = [row for row in self._newest_first if not row.is_group]
            return self._newest_first if groups else self._without_groups

    def row(self, key: Key) -> Row | None:
        """One conversation, None when the list does not have it."""
        return self._rows.get(key)

    def want_names(self, rows: Iterable[Row]) -> None:
        """Look up, soon and once, what the leads of `rows` call themselves, where it is not known.

        evolution-api 2.3.6 often lists a chat without a name, and its last message tells one only if it is the lead's.
        """
        wanted = {row.key for row in rows if not row.name and not row.is_group} - self._asked
        if wanted:
            self._to_read |= wanted
            self._wake.set()

    def saw(self, key: Key, messages: Sequence[Message]) -> None:
        """Learn from a conversation's newest messages, oldest first, that were read for another purpose."""
        if not messages or key.instance not in self._health:
            return
        names = [message.push_name for message in messages if message.is_from_lead and message.push_name]
        with self._lock:
            known = self._rows.get(key)
            self._put(key, messages[-1], (known.name if known else "") or (names[-1] if names else ""))
            row = self._rows.get(key)
            if row is not None and row.last.id == messages[-1].id:
                arrivals = arrived(row.arrivals, messages)
                row = self._rows[key] = replace(row, waiting_since=unanswered_since(messages), arrivals=arrivals)
            if row != known:
                self._newest_first = None
        if row != known:
            self._tell([key])

    def health(self) -> dict[str, Health]:
        """What is known of each instance."""
        return dict(self._health)

    def listen(self, listener: Callable[[list[Key]], None]) -> None:
        """Call `listener` with the conversations whose rows have changed; it must be quick."""
        self._listeners.append(listener)

    def _tell(self, keys: list[Key]) -> None:
        for listener in self._listeners:
            listener(keys)

    def _see(self, key: Key, picture_url: str) -> None:
        row = self._rows.get(key)
        if row is not None and picture_url and row.picture_url != picture_url:
            self._rows[key] = replace(row, picture_url=picture_url)

    # ---------------------------------------------------------------------------------------------- keeping current

    def keep_current(self) -> None:
        """See to it that the list is built and stays current; waits a moment for the first build."""
        if not settings.INBOX_REFRESH_SECONDS:
            if not self._was_tried.is_set():
                self.refresh()
            return
        with self._lock:
            if self._thread is None:
                live.hub().listen(self.hear)
                self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
                self._thread.start()
        self._was_tried.wait(_FIRST_BUILD_S)

    def _run(self) -> None:
        read_at = 0.0
        while True:
            now = time.monotonic()
            try:
                if self._is_stale or now >= read_at + settings.INBOX_REFRESH_SECONDS:
                    self._is_stale, read_at = False, now
                    self.refresh()
                self.look_into()
            except Exception:
                log.exception("the list could not be read")
            finally:
                connections.close_all()
            self._sleep(read_at)

    def _sleep(self, read_at: float) -> None:
        """Until the next read is due, or somebody wants something."""
        self._wake.wait(max(0.0, read_at + settings.INBOX_REFRESH_SECONDS - time.monotonic()))
        self._wake.clear()
        if self._is_stale and not self._to_read:
            time.sleep(max(0.0, read_at + _AT_LEAST_S - time.monotonic()))

    def refresh(self) -> None:
        """Read the gateway's list of chats: all of it at first, then what is new."""
        with self._reading:
            for instance in self._instances:
                self._refresh(instance)
            self._was_tried.set()

    def look_into(self) -> None:
        """Read the conversations that somebody wants to know more of: a name, or what stands last there."""
        wanted, self._to_read = self._to_read - self._asked, set()
        for key in list(wanted)[:_NAMES_AT_ONCE]:
            self._asked.add(key)
            try:
                self.saw(key, history.recent(key, _NAME_WITHIN))
            except EvolutionError:
                return

    def _refresh(self, instance: str) -> None:
        now = timezone.now()
        full_at, read_at = self._full_at.get(instance), self._read_at.get(instance)
        is_full = full_at is None or read_at is None or full_at < now - _FULL_EVERY
        client = get_client()
        try:
            if is_full or read_at is None:
                chats = client.chats(instance)
            else:
                chats = client.chats(instance, since=read_at - _OVERLAP, until=now + _AHEAD)
            state = client.connection_state(instance)
            owner = self._owner(instance) if is_full else None
        except EvolutionError as error:
            log.warning("the chats of %s cannot be read: %s", instance, error)
            known = self._health[instance]
            self._health[instance] = replace(known, silent_since=known.silent_since or now)
            return
        self._read_at[instance] = now
        if owner is not None:
            self._forget_own(instance, owner)
        if is_full:
            self._full_at[instance] = now
        changed = self._take(instance, chats, dropping_before=now if is_full else None)
        health = Health(state=state, is_built=True)
        if health != self._health[instance] or len(changed) > _MOST_TOLD:
            self._health[instance] = health
            live.publish("list", instance=instance)
        else:
            self._tell(changed)

    def _owner(self, instance: str) -> JID | None:
        """The account's own address, None while the gateway does not tell it."""
        return next((one.owner for one in get_client().instances() if one.name == instance), None)

    def _forget_own(self, instance: str, owner: JID) -> None:
        """From now on the account's chat with itself is not listed."""
        with self._lock:
            self._owners[instance] = owner
            self._rows.pop(Key(instance, owner), None)
            self._newest_first = None

    def _take(self, instance: str, chats: list[Chat], *, dropping_before: datetime | None) -> list[Key]:
        """Merge what the gateway lists; rows from before `dropping_before` that it does not list go. What changed."""
        keys = identity.resolve_all(instance, [chat.jid for chat in chats])
        last = self._as_sent(instance, [chat.last_message for chat in chats if chat.last_message is not None])
        # An edit of ours made it the last one: what was said since is read from the conversation itself.
        moved: set[Key] = set()
        with self._lock:
            before = dict(self._rows)
            if dropping_before is not None:
                listed = set(keys.values())
                gone = [
                    key for key, row in before.items()
                    if key.instance == instance and key not in listed and row.last.sent_at < dropping_before
                ]  # fmt: skip
                for key in gone:
                    del self._rows[key]
            for chat in chats:
                if chat.last_message is not None:
                    said = last.get(chat.last_message.id, chat.last_message)
                    self._put(keys[chat.jid], said, chat.name)
                    self._see(keys[chat.jid], chat.picture_url)
                    if said.sent_at < chat.last_message.sent_at:
                        moved.add(keys[chat.jid])
            self._newest_first = None
            self._asked -= moved
            self._to_read |= moved
            return [key for key in {*before, *self._rows} if before.get(key) != self._rows.get(key)]

    def _as_sent(self, instance: str, messages: Sequence[Message]) -> dict[str, Message]:
        """Those of ours by their ids, with what the ledger knows."""
        return {one.id: one for one in history.as_sent(instance, [one for one in messages if one.from_me])}

    def hear(self, what: Frame) -> None:
        """Take in what just happened; called in the order of events."""
        if what.event in ("gap", "edited"):
            # An edit travels without its text, and what was missed is not known at all: the gateway has both.
            self._is_stale = True
            self._wake.set()
        if what.event == "connection" and what.instance in self._health:
            self._health[what.instance] = replace(self._health[what.instance], state=str(what.facts.get("state") or ""))
        key = what.key
        if key is None or key.instance not in self._health:
            return
        with self._lock:
            if what.event == "message" and what.message is not None:
                self._put(key, what.message, heard_at=timezone.now())
                self._forget_others(key, what.message)
            elif what.event in ("status", "deleted"):
                self._change(key, what)
            else:
                return
            self._newest_first = None
        self._tell([key])

    def _put(self, key: Key, message: Message, name: str = "", heard_at: datetime | None = None) -> None:
        """Make `message` the row's last one, unless a newer one is known."""
        if kind(key.conversation) in (JIDKind.BROADCAST, JIDKind.NEWSLETTER):
            return
        if key.conversation == self._owners.get(key.instance):
            return
        row = self._rows.get(key)
        name = name or ("" if kind(key.conversation) is JIDKind.GROUP else message.push_name)
        self._rows[key] = after(row, key, message, name or (row.name if row else ""), heard_at)

    def _forget_others(self, key: Key, message: Message) -> None:
        """Two addresses of a lead turned out to be one conversation: only that one is listed."""
        for address in (message.jid, message.alt_jid):
            if address is not None and address != key.conversation:
                self._rows.pop(Key(key.instance, address), None)

    def _change(self, key: Key, what: Frame) -> None:
        row = self._rows.get(key)
        if row is None or row.last.id != what.facts.get("message_id"):
            return
        if what.event == "deleted":
            self._rows[key] = replace(row, last=replace(row.last, is_deleted=True))
        elif status := _status(what.facts.get("status")):
            newer = row.last.status is None or status.rank > row.last.status.rank
            self._rows[key] = replace(row, last=replace(row.last, status=status)) if newer else row


def _status(word: object) -> Status | None:
    try:
        return Status(word)
    except ValueError:
        return None


# -------------------------------------------------------------------------------------------------- this process's own


@lru_cache(maxsize=4)
def _inbox_of(instances: tuple[str, ...], gateway: str) -> Inbox:
    return Inbox(instances)


def inbox() -> Inbox:
    """This process's projection, built and kept current."""
    found = _inbox_of(tuple(settings.EVOLUTION_INSTANCES), settings.EVOLUTION_API_URL)
    found.keep_current()
    return found


def forget() -> None:
    """Begin anew at the next look; for tests."""
    _inbox_of.cache_clear()


#: Whether groups are listed; whoever has settings says so (`bot/apps.py`).
_lists_groups: list[Callable[[], bool]] = []


def list_groups_if(answer: Callable[[], bool]) -> None:
    """Have `answer` decide whether groups are listed."""
    _lists_groups[:] = [answer]


def lists_groups() -> bool:
    """Groups are wanted in the list."""
    return any(answer() for answer in _lists_groups)
