"""A stand-in for Gemini's REST API that answers with the numbers of the messages it was asked about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.ledger import numbers_in

_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_NAME = "gemini-2.5-flash"


class Model:
    """Answers `POST /v1beta/models/<name>:generateContent` and `GET /v1beta/models/<name>`."""

    def __init__(self) -> None:
        #: Seconds until each answer.
        self.latency_s = 0.0
        #: Fails with this HTTP status; 200 answers.
        self.status = 200
        self.asked = 0

    def answer(self, method: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body; the latency is the server's business."""
        if method == "GET":
            return 200, _JSON, json.dumps({"name": f"models/{_NAME}", "version": "001"}).encode()
        self.asked += 1
        if self.status != 200:
            error = {"code": self.status, "message": "The model is overloaded.", "status": "UNAVAILABLE"}
            return self.status, _JSON, json.dumps({"error": error}).encode()
        asked = json.loads(body)
        return 200, _JSON, json.dumps(_answer(_words(asked)), ensure_ascii=False).encode()


def _words(asked: Mapping[str, Any]) -> str:
    """What the model says: as the JSON that was asked for, or plainly."""
    numbers = open_numbers(asked.get("contents") or ())
    text = f"Sobre {' '.join(f'#{number}' for number in numbers)}: claro, posso ajudar com isso agora mesmo."
    config = asked.get("generationConfig") or {}
    if config.get("responseMimeType") != "application/json":
        return text
    answer = {"transcripts": [], "messages": [text], "handoff": None, "language": "pt-BR"}
    return json.dumps(answer, ensure_ascii=False)


def open_numbers(contents: Sequence[Mapping[str, Any]]) -> list[int]:
    """The numbers that leads wrote and no answer in `contents` names; when all are named, the last lead turn's."""
    answered = {number for text in _texts(contents, "model") for number in numbers_in(text)}
    asked = [number for text in _texts(contents, "user") for number in numbers_in(text)]
    if waiting := [number for number in asked if number not in answered]:
        return waiting
    turns = [numbers for turn in contents if (numbers := numbers_in(" ".join(_texts([turn], "user"))))]
    return turns[-1] if turns else []


def _texts(contents: Sequence[Mapping[str, Any]], role: str) -> Iterator[str]:
    for turn in contents:
        # A turn without a role is the user's.
        if turn.get("role", "user") == role:
            yield from (part["text"] for part in turn.get("parts") or () if "text" in part)


def _answer(text: str) -> dict[str, Any]:
    usage = {"promptTokenCount": 120, "candidatesTokenCount": 30, "totalTokenCount": 150}
    # 1 is STOP: google-generativeai asks for enums as numbers and understands nothing else.
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": 1, "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": _NAME}
