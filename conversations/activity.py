"""What the bot is doing in a conversation at this moment, for whoever looks on. No word of what it reads or writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from conversations import live, sealed
from conversations.message import Key

#: A step that nobody ended (a worker died over it) is believed for so long, in seconds; the pages wait as long.
_LASTS_S = 90


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a reply."""

    #: "listening", "thinking" or "typing".
    doing: str
    #: Of "typing": which bubble of how many; 0 otherwise.
    number: int = 0
    of: int = 0


def announce(key: Key, doing: str, *, number: int = 0, of: int = 0) -> None:
    """The bot is `doing` this now: told to the screens, and kept for those that are opened in the middle of it."""
    sealed.put(_name(key), f"{doing} {number} {of}", _LASTS_S)
    live.publish("bot", instance=key.instance, conversation=key.conversation, doing=doing, number=number, of=of)


def end(key: Key) -> None:
    """Nothing any more, if there was something."""
    if now(key) is not None:
        sealed.drop(_name(key))
        live.publish("bot", instance=key.instance, conversation=key.conversation, doing="")


@contextmanager
def ending(key: Key) -> Iterator[None]:
    """However the block ends, the bot does nothing in `key` afterwards."""
    try:
        yield
    finally:
        end(key)


def now(key: Key) -> Step | None:
    """What it is doing, None when nothing."""
    return _step(sealed.get(_name(key)))


def nows(keys: Iterable[Key]) -> dict[Key, Step]:
    """What it is doing in each of `keys` where it does something; for a whole list at once."""
    wanted = {_name(key): key for key in keys}
    found = {wanted[name]: _step(text) for name, text in sealed.get_all(wanted).items()}
    return {key: step for key, step in found.items() if step is not None}


def _step(text: str | None) -> Step | None:
    if not text:
        return None
    doing, number, of = text.split()
    return Step(doing, int(number), int(of))


def _name(key: Key) -> str:
    return f"activity:{key.instance}:{key.conversation}"
