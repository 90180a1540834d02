"""Voice notes and files: fetched from the gateway when somebody wants to hear or see them, passed on, never kept.

What was fetched stays in this process's memory for a moment, so that seeking in a recording does not fetch it again;
never on a disk. What could not be fetched is remembered for a few seconds, so that a page does not ask twice.
"""

from __future__ import annotations

import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from conversations import identity
from conversations.evolution import EvolutionError, Unreachable, get_client
from conversations.message import Key, Kind, Message

#: Shown in the page: a browser runs nothing in these. Everything else is only downloaded.
_SHOWN = {
    Kind.IMAGE: ("image/jpeg", "image/png", "image/webp", "image/gif"),
    Kind.STICKER: ("image/webp", "image/png", "image/gif"),
    Kind.AUDIO: ("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/wav", "audio/webm",
                 "audio/opus", "audio/x-m4a"),
    Kind.VIDEO: ("video/mp4", "video/webm", "video/3gpp", "video/quicktime"),
}  # fmt: skip
#: Downloaded under their own name, so that a phone knows what to open them with.
_DOWNLOADED = frozenset({
    "application/pdf", "application/zip", "application/msword", "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
})  # fmt: skip
_UNKNOWN = "application/octet-stream"

#: Seconds a file stays in memory after it was last wanted, and a failure before it is asked again.
FILE_LASTS_S = 120.0
FAILURE_LASTS_S = 5.0
#: Bytes of all files in memory.
ROOM = 48 * 1024 * 1024
#: Each fetch holds its file a few times over while it is decoded.
_FETCHES = threading.BoundedSemaphore(4)
_FETCH_WAITS_S = 30.0


class NoSuchFileError(Exception):
    """The conversation has no such message, or the message has no file."""


@dataclass(frozen=True, slots=True)
class File:
    """What is passed on."""

    data: bytes = field(repr=False)
    #: From a fixed list, never the sender's own word.
    content_type: str
    #: What the sender called it, made harmless; "" when they did not.
    given: str
    #: A page may show it; otherwise it is only downloaded.
    is_shown: bool
    kind: Kind
    ending: str
    sent_at: datetime

    @property
    def name(self) -> str:
        """What it is called on the disk of whoever downloads it, by the clock of their place."""
        return self.given or f"{self.kind.value}-{timezone.localtime(self.sent_at):%Y%m%d-%H%M%S}.{self.ending}"


@dataclass(slots=True)
class _Kept:
    what: File | EvolutionError
    until: float

    @property
    def size(self) -> int:
        return len(self.what.data) if isinstance(self.what, File) else 0


class Shelf:
    """What was just fetched, bounded in bytes and in time; the longest unused goes first."""

    def __init__(self, room: int = ROOM, clock: Callable[[], float] = time.monotonic) -> None:
        self._room = room
        self._clock = clock
        self._kept: OrderedDict[tuple[Key, str], _Kept] = OrderedDict()
        self._fetching: dict[tuple[Key, str], tuple[threading.Lock, int]] = {}
        self._lock = threading.Lock()

    def get(self, name: tuple[Key, str]) -> File | EvolutionError | None:
        """What is kept under `name`; a file stays longer by it."""
        with self._lock:
            self._drop_old()
            kept = self._kept.get(name)
            if kept is None:
                return None
            if isinstance(kept.what, File):
                kept.until = self._clock() + FILE_LASTS_S
                self._kept.move_to_end(name)
            return kept.what

    def put(self, name: tuple[Key, str], what: File | EvolutionError) -> None:
        """Keep it for its time, if there is room for it at all."""
        lasts = FILE_LASTS_S if isinstance(what, File) else FAILURE_LASTS_S
        with self._lock:
            self._kept.pop(name, None)
            self._kept[name] = _Kept(what, self._clock() + lasts)
            while sum(kept.size for kept in self._kept.values()) > self._room:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()

    @contextmanager
    def one_at_a_time(self, name: tuple[Key, str]) -> Iterator[None]:
        """Whoever wants the same file waits for the one who fetches it."""
        with self._lock:
            lock, users = self._fetching.get(name, (threading.Lock(), 0))
            self._fetching[name] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._fetching.pop(name)
                if users > 1:
                    self._fetching[name] = lock, users - 1

    def _drop_old(self) -> None:
        now = self._clock()
        for name in [name for name, kept in self._kept.items() if kept.until <= now]:
            del self._kept[name]


shelf = Shelf()


def fetch(key: Key, message_id: str, *, again: bool = False) -> File:
    """The file of a message of this conversation; `again` asks the gateway although it just failed.

    Raises NoSuchFileError, and EvolutionError when the gateway does not give it: Refused for what WhatsApp has dropped.
    """
    name = (key, message_id)
    with shelf.one_at_a_time(name):
        found = shelf.get(name)
        if found is None or (again and isinstance(found, EvolutionError)):
            found = _asked(key, message_id)
            shelf.put(name, found)
    if isinstance(found, EvolutionError):
        raise found
    return found


def _asked(key: Key, message_id: str) -> File | EvolutionError:
    if not _FETCHES.acquire(timeout=_FETCH_WAITS_S):
        return Unreachable("too many files are being fetched")
    try:
        said = _message(key, message_id)
        return _file(said, get_client().media(key.instance, message_id).data)
    except EvolutionError as error:
        return error
    finally:
        _FETCHES.release()


def _message(key: Key, message_id: str) -> Message:
    """The message, if it is one of this conversation and has a file that may be seen."""
    said = get_client().message(key.instance, message_id)
    if said is None or said.jid not in identity.jids(key) or said.media is None or said.is_deleted:
        raise NoSuchFileError
    return said


def _file(said: Message, data: bytes) -> File:
    assert said.media is not None
    mime = said.media.mime_type.partition(";")[0].strip().lower()
    is_shown = mime in _SHOWN.get(said.kind, ())
    content_type = mime if is_shown or mime in _DOWNLOADED else _UNKNOWN
    return File(data, content_type, _given(said), is_shown, said.kind, _ENDINGS.get(mime, "bin"), said.sent_at)


_ENDINGS = {
    "audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/mp4": "m4a", "image/jpeg": "jpg", "image/png": "png",
    "image/webp": "webp", "image/gif": "gif", "video/mp4": "mp4", "application/pdf": "pdf",
}  # fmt: skip


def _given(said: Message) -> str:
    """The name that came with the file: no path, and nothing that turns the text around."""
    given = said.media.file_name if said.media else ""
    safe = "".join(
        "_" if letter in '/\\:*?"<>|' or unicodedata.category(letter).startswith("C") else letter for letter in given
    ).strip(". ")
    return safe[-120:]
