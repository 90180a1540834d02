"""The JSON we ask the model for, and how we read what comes back. Pure, and the same for every SDK."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.llm import bubbles
from bot.llm.errors import Blocked, Garbled, Truncated
from bot.llm.port import Draft, Handoff, HandoffReason

# Source: ai.google.dev/api/generate-content, FinishReason and BlockReason. Words both SDKs may show; an unknown one is
# judged by whether the text can be read.
_STOPPED_BY_A_FILTER = frozenset(
    {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT"}
)
_TOO_LONG = "MAX_TOKENS"

#: A summary is three lines on the rep's card.
_SUMMARY_LIMIT = 400
_SUGGESTION_LIMIT = 300
#: The reasons that the model may give.
MODEL_REASONS = tuple(one for one in HandoffReason if one not in (HandoffReason.OPT_OUT_UNSURE, HandoffReason.LIMIT))
_HEATS = ("cold", "warm", "hot")
_FENCED = re.compile(r"\A```(?:json)?\s*(.*?)\s*```\Z", re.DOTALL | re.IGNORECASE)
_LABEL = re.compile(r"audio-(\d{1,3})", re.IGNORECASE)


def schema() -> dict[str, Any]:
    """The answer's form in the OpenAPI subset both SDKs take. New each time: google-genai writes into what it is given.

    What was heard stands before what is answered, since a model writes in order. No additionalProperties:
    google-generativeai 0.8.6 refuses it (ValueError).
    """
    return {
        "type": "OBJECT",
        "properties": {
            "transcripts": {
                "type": "ARRAY",
                "items": {
                    "type": "OBJECT",
                    "properties": {"id": {"type": "STRING"}, "text": {"type": "STRING"}},
                    "required": ["id", "text"],
                },
            },
            "messages": {"type": "ARRAY", "items": {"type": "STRING"}, "max_items": bubbles.LIMIT},
            "handoff": {
                "type": "OBJECT",
                "nullable": True,
                "properties": {
                    "reason": {"type": "STRING", "format": "enum", "enum": [reason.value for reason in MODEL_REASONS]},
                    "summary": {"type": "STRING"},
                    "suggestion": {"type": "STRING"},
                    "heat": {"type": "STRING", "format": "enum", "enum": list(_HEATS)},
                },
                "required": ["reason", "summary"],
            },
            "language": {"type": "STRING"},
        },
        "required": ["messages", "language"],
    }


def audio_label(number: int) -> str:
    """What a voice note is called in prompt and answer, from 1 on: a model copies "audio-1" without a slip."""
    return f"audio-{number}"


@dataclass(frozen=True)
class Answer:
    """What an SDK told us, in words of our own, before it is read."""

    #: The visible parts joined, thoughts left out.
    text: str
    #: Gemini's finishReason by name; "" when absent or unknown.
    finish: str = ""
    #: Gemini's promptFeedback.blockReason by name; "" when the prompt passed.
    prompt_block: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


def read(answer: Answer, *, listen_to: Sequence[str] = ()) -> Draft:
    """The draft in `answer`. Raises Blocked, Truncated (cut off before the JSON was complete) or Garbled."""
    if answer.prompt_block:
        raise Blocked(f"prompt blocked: {answer.prompt_block}")
    if answer.finish in _STOPPED_BY_A_FILTER:
        raise Blocked(f"answer blocked: {answer.finish}")
    content = _json_object(answer)
    return Draft(
        messages=bubbles.fit(_words(content.get("messages"))),
        handoff=_handoff(content.get("handoff")),
        language=_text(content.get("language"))[:35],
        transcripts=_transcripts(content.get("transcripts"), listen_to),
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
    )


def _json_object(answer: Answer) -> Mapping[str, Any]:
    text = answer.text.strip()
    fenced = _FENCED.match(text)
    try:
        content = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and content.keys() & {"messages", "handoff"}:
        return content
    if answer.finish == _TOO_LONG:
        raise Truncated("the answer hit max_output_tokens before it was complete")
    raise Garbled(
        "an answer that is not our JSON" if text else f"an empty answer (finish {answer.finish or 'unknown'})"
    )


def _words(value: object) -> list[str]:
    """The bubbles in `value`: a list of strings, or one string from a model that forgot the list."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise Garbled("messages is not a list")
    return [item for item in value if isinstance(item, str)]


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _handoff(value: object) -> Handoff | None:
    if not value:
        return None
    named = value if isinstance(value, dict) else {"reason": value}
    lines = [line.strip() for line in _text(named.get("summary")).splitlines() if line.strip()]
    return Handoff(
        reason=_reason(named.get("reason")),
        summary="\n".join(lines[:3])[:_SUMMARY_LIMIT],
        suggestion=" ".join(_text(named.get("suggestion")).split())[:_SUGGESTION_LIMIT],
        heat=_heat(named.get("heat")),
    )


def _heat(value: object) -> int:
    """How near the lead is to buying; in the middle when the model does not say. Raises Garbled for another word."""
    if value is None:
        return _HEATS.index("warm")
    if not isinstance(value, str) or value.lower() not in _HEATS:
        raise Garbled("a heat that is not on the list")
    return _HEATS.index(value.lower())


def _reason(value: object) -> HandoffReason:
    """The closed list's reason. Raises Garbled for one that it does not have: the contract is the list."""
    try:
        reason = HandoffReason(_text(value).lower())
    except ValueError:
        reason = None
    if reason not in MODEL_REASONS:
        raise Garbled("a reason for a person that is not on the list")
    return reason


def _transcripts(value: object, listen_to: Sequence[str]) -> dict[str, str]:
    """What was heard, by message id; entries for notes that were not asked about are dropped."""
    heard: dict[str, str] = {}
    for item in value if isinstance(value, list) else ():
        name = _text(item.get("id")) if isinstance(item, dict) else ""
        message_id = _listened(name, listen_to)
        if message_id is not None:
            heard[message_id] = _text(item.get("text"))
    return heard


def _listened(name: str, listen_to: Sequence[str]) -> str | None:
    """The id of the note called `name`: its label in the prompt, or the id itself."""
    labelled = _LABEL.fullmatch(name)
    if labelled and 1 <= int(labelled[1]) <= len(listen_to):
        return listen_to[int(labelled[1]) - 1]
    return name if name in listen_to else None
