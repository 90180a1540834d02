"""What just happened, told to every screen: publish, one subscription per process, and the SSE frame.

Nothing here is stored or precious. Whoever may have missed something is told so by the event "gap" and reads again. A
page knows where it stands by `position`: a counter that grows with every event, and that begins elsewhere after a wipe.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from conversations import frames
from conversations.frames import Fact, Frame
from conversations.message import Key, Message

log = logging.getLogger(__name__)

CHANNEL = "sdr:live"
_COUNTER = "sdr:live:position"

#: One attempt at Valkey waits so long; there are two. Publishing must not hold up who publishes.
_PATIENCE_S = 0.1
_PING_S = 15.0
#: What happens in a conversation and may call a person, wherever that person stands.
_CALLS = ("control", "brief", "attention")
#: A screen that has not taken so many frames is cut; it comes back and reads again.
_ROOM = 200
#: How long the subscription waits before it tries Valkey again, in seconds; the last one repeats.
_AGAIN_S = (0.1, 0.2, 0.5, 1.0, 2.0)

# Counting and telling are one step, so that everybody hears everything in the order of its position. A counter that is
# new begins at the clock's microseconds: after a wipe no old position comes back.
_PUBLISH = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then
  local t = redis.call('TIME')
  n = redis.call('INCRBY', KEYS[1], string.format('%.0f', t[1] * 1000000 + t[2]))
end
redis.call('PUBLISH', ARGV[1], string.format('%.0f', n) .. ' ' .. ARGV[2])
return n
"""


# ------------------------------------------------------------------------------------------------------- publishing


def publish(
    event: str,
    *,
    instance: str,
    conversation: str = "",
    message: Message | None = None,
    **facts: Fact,
) -> None:
    """Tell the screens. Never raises; waits at most about 0.2 s. What could not be told is a gap, told later."""
    _publisher().tell(Frame(event, instance, conversation, message, facts))


def position() -> str:
    """Where the events stand now, for a page to say what it has seen; "" when nobody knows."""
    try:
        return (_valkey(settings.REDIS_URL).get(_COUNTER) or b"0").decode()
    except (redis.RedisError, OSError):
        return ""


class Publisher:
    """Tells Valkey, and remembers whether something could not be told."""

    def __init__(self, client: redis.Redis) -> None:
        self._tell = client.register_script(_PUBLISH)
        self._is_lost = False

    def tell(self, frame: Frame) -> None:
        """Publish `frame`, after the word that something was missed, if it was."""
        try:
            if self._is_lost:
                self._tell(keys=[_COUNTER], args=[CHANNEL, frames.dump(Frame("gap"))])
            self._tell(keys=[_COUNTER], args=[CHANNEL, frames.dump(frame)])
        except (redis.RedisError, OSError) as error:
            if not self._is_lost:
                log.warning("the screens cannot be told what happens: %s", type(error).__name__)
            self._is_lost = True
        else:
            self._is_lost = False


@lru_cache(maxsize=4)
def _valkey(url: str) -> Any:
    return redis.Redis.from_url(
        url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S, retry=Retry(NoBackoff(), 1)
    )


@lru_cache(maxsize=4)
def _publisher_of(url: str) -> Publisher:
    return Publisher(_valkey(url))


def _publisher() -> Publisher:
    return _publisher_of(settings.REDIS_URL)


# ---------------------------------------------------------------------------------------------------- the SSE frame


def frame(event: str, html: str, id: str = "") -> bytes:
    """One SSE frame. A line break inside `html` becomes a second `data:` line, as the standard asks."""
    lines = [f"id: {id}"] if id else []
    # str.splitlines would also break at form feeds and U+2028, which the standard does not.
    text = html.replace("\r\n", "\n").replace("\r", "\n")
    lines += [f"event: {event}", *(f"data: {line}" for line in text.split("\n"))]
    return ("\n".join(lines) + "\n\n").encode()


# ------------------------------------------------------------------------------------------------------- subscribing


class Hub:
    """The one subscription of this process. A thread listens; functions and screens are told in the order of events.

    Told besides what was published: "deaf" when Valkey is lost, and "gap" when it is back or something was missed.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._listeners: list[Callable[[Frame], None]] = []
        self._screens: dict[asyncio.AbstractEventLoop, set[Screen]] = {}
        self._ended = threading.Event()
        #: Subscribed at this moment.
        self.hears = threading.Event()
        #: Something may have been missed before the next subscription.
        self._is_gap = False
        self._position = 0

    def listen(self, listener: Callable[[Frame], None]) -> None:
        """Call `listener` in the hub's thread with every frame; it must be quick."""
        with self._lock:
            self._listeners.append(listener)
            self._start()

    def add(self, screen: Screen) -> None:
        """Offer every frame to `screen`, in its own event loop."""
        with self._lock:
            self._screens.setdefault(screen.loop, set()).add(screen)
            self._start()

    def remove(self, screen: Screen) -> None:
        """Offer it no more."""
        with self._lock:
            screens = self._screens.get(screen.loop, set())
            screens.discard(screen)
            if not screens:
                self._screens.pop(screen.loop, None)

    def end(self) -> None:
        """Stop listening and wait for the thread; for tests, a process simply ends."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(10)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="live", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        failures = 0
        while not self._ended.is_set():
            try:
                self._hear()
                failures = 0
            except (redis.RedisError, OSError) as error:
                failures = 1 if self.hears.is_set() else failures + 1
                self.hears.clear()
                self._is_gap = True
                if failures == 1:
                    log.warning("the screens hear nothing: %s", type(error).__name__)
                    self._tell(Frame("deaf"))
                self._ended.wait(_AGAIN_S[min(failures, len(_AGAIN_S)) - 1])

    def _hear(self) -> None:
        # The health check notices a connection that is dead but does not say so.
        client = redis.Redis.from_url(
            self._url, socket_timeout=5, socket_connect_timeout=2, health_check_interval=5, retry=Retry(NoBackoff(), 0)
        )
        with client, client.pubsub() as subscription:  # type: ignore[no-untyped-call]  # redis 8 leaves it untyped
            subscription.subscribe(CHANNEL)
            while not self._ended.is_set():
                found = subscription.get_message(timeout=1.0)
                if found is None:
                    continue
                if found["type"] == "subscribe":
                    self.hears.set()
                    self._position = 0
                    if self._is_gap:
                        self._tell(Frame("gap"))
                    self._is_gap = True
                elif found["type"] == "message":
                    self._receive(found["data"])

    def _receive(self, data: bytes) -> None:
        number, _, text = data.decode().partition(" ")
        try:
            received = frames.load(text, int(number))
        except ValueError as error:
            log.warning("an event was not understood: %s", error)
            return
        if self._position and received.position != self._position + 1:
            self._tell(Frame("gap", position=received.position - 1))
        self._position = received.position
        self._tell(received)

    def _tell(self, what: Frame) -> None:
        with self._lock:
            listeners, screens = list(self._listeners), [(loop, list(here)) for loop, here in self._screens.items()]
        for listener in listeners:
            try:
                listener(what)
            except Exception:
                log.exception("a listener failed at %s", what.event)
        for loop, here in screens:
            try:
                loop.call_soon_threadsafe(_offer, here, what)
            except RuntimeError:  # the loop has ended, and its screens with it
                with self._lock:
                    self._screens.pop(loop, None)

    def screens(self) -> list[Screen]:
        """Every open page of this process."""
        with self._lock:
            return [screen for here in self._screens.values() for screen in here]

    def offer(self, told: Iterable[tuple[Screen, Sequence[Frame]]]) -> None:
        """Offer each screen its frames of the list, in the screen's own event loop."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Screen, Sequence[Frame]]]] = {}
        for screen, frames_of_it in told:
            by_loop.setdefault(screen.loop, []).append((screen, frames_of_it))
        for loop, here in by_loop.items():
            with suppress(RuntimeError):  # the loop has ended, and its screens with it
                loop.call_soon_threadsafe(_offer_news, here)


@lru_cache(maxsize=4)
def _hub_of(url: str) -> Hub:
    return Hub(url)


def hub() -> Hub:
    """This process's subscription."""
    return _hub_of(settings.REDIS_URL)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who looks at a screen, as far as it decides what stands there."""

    user_id: int
    #: What was there before does not count as new.
    since: datetime
    instances: tuple[str, ...]
    language: str
    #: "" for the house's.
    time_zone: str
    may_act: bool


class Screen:
    """One open page: what it is still to be told. Lives in one event loop."""

    def __init__(self, key: Key | None, watcher: Watcher | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self.key = key
        self.watcher = watcher
        self.waiting: deque[Frame] = deque()
        #: Of the list: by what it is about, only the newest counts.
        self.news: dict[tuple[str, Key | None], Frame] = {}
        self.wake = asyncio.Event()
        self.is_cut = False
        #: Of the newest frame that was offered.
        self.position = 0

    def offer(self, what: Frame) -> None:
        """Keep `what` for the page if it concerns it and its person may know."""
        self.position = what.position or self.position
        if what.instance and self.watcher is not None and what.instance not in self.watcher.instances:
            return
        if what.conversation and what.key != self.key:
            if what.event in _CALLS:
                # Without saying which: whoever waits for a person concerns everybody who may see it.
                self.hear([Frame("attention", what.instance)])
            if what.event == "bot":
                self.hear([what])
            return
        self.is_cut = self.is_cut or len(self.waiting) >= _ROOM
        self.waiting.append(what)
        self.wake.set()

    def hear(self, news: Iterable[Frame]) -> None:
        """Keep what the list is to show."""
        for what in news:
            self.news[what.event, what.key] = what
        self.wake.set()

    def take(self) -> Frame:
        """The next thing to tell. Where the page stands is said with the last one: until then it has not heard all."""
        what = self.waiting.popleft() if self.waiting else self.news.pop(next(iter(self.news)))
        return replace(what, position=0 if self.waiting or self.news else self.position)


def _offer(screens: list[Screen], what: Frame) -> None:
    for screen in screens:
        screen.offer(what)


def _offer_news(told: Sequence[tuple[Screen, Sequence[Frame]]]) -> None:
    for screen, news in told:
        screen.hear(news)


async def stream(key: Key | None, after: str = "", watcher: Watcher | None = None) -> AsyncGenerator[Frame, None]:
    """What happens from now on: frames of the conversation `key` and of none, and what changes in the list.

    `after` is the position the page stands at: when it is still the present one the first frame is "ping", else "gap".
    With a `watcher` only what that person may see. "ping" comes every 15 s as well, or "deaf" for as long as nothing is
    heard. Ends when the page is too slow to follow: it comes back and reads again.
    """
    screen = Screen(key, watcher)
    here = hub()
    here.add(screen)
    try:
        await _until_heard(here)
        now_at = await sync_to_async(position, thread_sensitive=False)()
        screen.position = screen.position or int(now_at or 0)
        is_deaf = not here.hears.is_set()
        yield Frame("ping" if after and after == now_at else "gap", position=screen.position)
        if is_deaf:
            yield Frame("deaf")
        ping_at = time.monotonic()
        while not screen.is_cut:
            await _woken(screen, ping_at + _PING_S)
            while (screen.waiting or screen.news) and not screen.is_cut:
                yield screen.take()
            now = time.monotonic()
            if now >= ping_at + _PING_S and not screen.is_cut:
                ping_at = now
                yield Frame("ping" if here.hears.is_set() else "deaf", position=screen.position)
    finally:
        here.remove(screen)


async def _until_heard(here: Hub) -> None:
    """Wait until the subscription stands, at most a second."""
    for _ in range(50):
        if here.hears.is_set():
            return
        await asyncio.sleep(0.02)


async def _woken(screen: Screen, due: float) -> None:
    """Wait until there is something for `screen`, or until `due` (monotonic)."""
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(screen.wake.wait(), max(0.0, due - time.monotonic()))
    screen.wake.clear()
