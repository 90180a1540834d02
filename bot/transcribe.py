"""Listening and looking: the files of the messages that wait, fetched for the model; only their words are kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.llm import Blob
from bot.models import BotSettings
from conversations import activity, history, live
from conversations.evolution import get_client
from conversations.evolution.errors import EvolutionError
from conversations.message import Key, Kind, Message

log = logging.getLogger(__name__)

#: What Gemini takes as it is, by the beginning of the MIME type.
_READABLE = {Kind.AUDIO: ("audio/",), Kind.IMAGE: ("image/",), Kind.DOCUMENT: ("application/pdf",)}
#: So many voice notes of before are heard beside those that wait.
_EARLIER = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """The files of the waiting messages, by message id."""

    #: Files for the model.
    blobs: Mapping[str, Blob] = field(repr=False)
    #: Voice notes that could not be fetched, or are too long or too large.
    unreadable: frozenset[str]

    def is_deaf_to(self, waiting: Sequence[Message]) -> bool:
        """All that waits is audio, and none of it could be heard."""
        return bool(self.unreadable) and all(message.id in self.unreadable for message in waiting)


def worth_hearing(messages: Sequence[Message], waiting: Sequence[Message], settings: BotSettings) -> list[Message]:
    """What waits, behind the last voice notes before it whose words nobody knows: a person had the conversation then,
    or the cache was lost. `messages` are the newest, oldest first; the model reads `history_length` of them."""
    ids = {message.id for message in waiting}
    read = messages[-settings.history_length :]
    unheard = [one for one in read if one.is_from_lead and one.id not in ids and one.kind is Kind.AUDIO]
    return [*[one for one in unheard if _wanted(one) and not one.is_deleted][-_EARLIER:], *waiting]


def fetch(key: Key, waiting: Sequence[Message], settings: BotSettings, *, quietly: bool = False) -> Heard:
    """Fetch what the waiting messages brought. A file that fails twice is unreadable; nothing is raised for it.

    The screens are told that the bot listens, unless it does so `quietly`.
    """
    blobs: dict[str, Blob] = {}
    unreadable: set[str] = set()
    for message in waiting:
        if not _wanted(message):
            continue
        if message.kind is Kind.AUDIO:
            activity.announce(key, "listening")
        blob = None if _too_much(message, settings) else _fetch(key.instance, message, settings)
        if blob is not None:
            blobs[message.id] = blob
        elif message.kind is Kind.AUDIO:
            unreadable.add(message.id)
    return Heard(blobs, frozenset(unreadable))


def remember(key: Key, transcripts: Mapping[str, str]) -> None:
    """Keep the words of voice notes, and tell the screens."""
    for message_id, words in transcripts.items():
        history.keep_transcript(key.instance, message_id, words)
        live.publish("edited", instance=key.instance, conversation=key.conversation, message_id=message_id)


def _wanted(message: Message) -> bool:
    """A file that the model can take and whose words are not known yet."""
    if message.media is None or message.kind not in _READABLE:
        return False
    if message.kind is Kind.AUDIO:
        return not message.text
    return message.media.mime_type.startswith(_READABLE[message.kind])


def _too_much(message: Message, settings: BotSettings) -> bool:
    media = message.media
    assert media is not None
    return (media.seconds or 0) > settings.audio_max_seconds or (media.size or 0) > settings.audio_max_megabytes * 2**20


def _fetch(instance: str, message: Message, settings: BotSettings) -> Blob | None:
    """The file of `message`; asked for twice, since WhatsApp's media servers fail now and then."""
    for _ in range(2):
        try:
            file = get_client().media(instance, message.id, limit=settings.audio_max_megabytes * 2**20)
        except EvolutionError as error:
            log.warning("the file of %s could not be fetched: %s", message.id, error)
            continue
        if len(file.data) > settings.audio_max_megabytes * 2**20 or not file.data:
            return None
        return Blob(file.mime_type or (message.media.mime_type if message.media else ""), file.data)
    return None
