"""What the house asks of a language model and what it gets back. Pure: no SDK, no Django, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Protocol


@dataclass(frozen=True)
class Blob:
    """A file that goes to the model as it is: a voice note, an image, a PDF."""

    #: As the sender's phone gave it; parameters ("; codecs=opus") are cut off on the way out.
    mime_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Turn:
    """What one side said before the other spoke again."""

    role: Literal["lead", "us"]
    #: In the order they were said. Not shown in a repr: it is what people wrote.
    parts: tuple[str | Blob, ...] = field(repr=False)


@dataclass(frozen=True)
class Request:
    """One question to the model, complete: nothing else is read from settings."""

    model: str
    system: str = field(repr=False)
    #: Oldest first, roles alternating, the last one the lead's.
    turns: tuple[Turn, ...]
    temperature: float
    #: Thinking counts too on models that think.
    max_output_tokens: int
    #: For everything, from the connection to the answer's last byte.
    timeout_s: float
    #: Ids of the voice notes whose transcripts are wanted, in the order of their blobs.
    listen_to: tuple[str, ...] = ()


class HandoffReason(str, Enum):
    """Why the bot asks for a person."""

    ASKED_FOR_PERSON = "asked_for_person"
    ANGRY = "angry"
    PRICE_OR_DISCOUNT = "price_or_discount"
    OUT_OF_KNOWLEDGE = "out_of_knowledge"
    QUALIFIED = "qualified"
    UNINTELLIGIBLE = "unintelligible"
    SENSITIVE = "sensitive"
    #: Found by us, never by the model.
    OPT_OUT_UNSURE = "opt_out_unsure"
    LIMIT = "limit"
    OTHER = "other"


@dataclass(frozen=True)
class Handoff:
    """The bot's wish that a person takes the conversation."""

    reason: HandoffReason
    #: For the rep, at most three lines; "" when the model gave none.
    summary: str = field(default="", repr=False)
    #: A first sentence the rep could write; "" when the model gave none.
    suggestion: str = field(default="", repr=False)
    #: How near the lead is to buying: 0 cold, 1 warm, 2 hot.
    heat: int = 1


@dataclass(frozen=True)
class Draft:
    """What the model proposes. Nothing of it has been sent, and none of it is trusted."""

    #: The bubbles, none empty, at most three. None at all means that the model would rather say nothing.
    messages: tuple[str, ...] = field(repr=False)
    handoff: Handoff | None
    #: The lead's language as a tag, "pt-BR"; "" when the model did not say.
    language: str
    #: What was heard, by the ids of `Request.listen_to`; an id may be missing.
    transcripts: Mapping[str, str] = field(repr=False)
    tokens_in: int
    #: Thinking included, as it is billed.
    tokens_out: int


class Model(Protocol):
    """A language model."""

    def generate(self, request: Request) -> Draft:
        """The draft for `request`. Raises LLMError; never retries; several threads may call at once."""
