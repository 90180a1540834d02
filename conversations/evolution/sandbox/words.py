"""The sandbox's small vocabulary: JSON, one HTTP request and answer, and how a call ends without one. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

JSON = Any
JSONDict = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP. `body` is JSON unless `content_type` says otherwise (then it is bytes)."""

    status: int
    body: JSON
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and bytes."""
        content = self.body if isinstance(self.body, bytes) else dumps(self.body)
        return self.status, {"Content-Type": self.content_type, **self.headers}, content


class Refusal(Exception):
    """The gateway says no; becomes its ordinary error body.

    `message` is not uniform there: a string, a list of strings, a list of lists, or a list with one object.
    Source: evolution-api 2.3.6, seen on a running server for each of these forms.
    """

    def __init__(self, status: int, message: JSON) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message

    def answer(self) -> Answer:
        """The error body of 2.3.6."""
        reason = HTTPStatus(self.status).phrase
        return Answer(self.status, {"status": self.status, "error": reason, "response": {"message": self.message}})


class ConnectionDropped(Exception):
    """The gateway closes the connection without an answer (a failure switch)."""


class NeverAnswers(Exception):
    """The gateway holds the connection open for `seconds` and then closes it (a failure switch)."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class MalformedJSON(Exception):
    """The request's body is not JSON; `str()` is the parser's complaint."""


@dataclass(frozen=True)
class Request:
    """One HTTP request, read."""

    method: str
    #: Path and query as they came.
    target: str
    path: str
    #: The parts of the path, unquoted.
    parts: tuple[str, ...]
    query: Mapping[str, str]
    #: Header names in lower case.
    headers: Mapping[str, str]
    body: JSON

    @property
    def route(self) -> str:
        """The first two parts of the path: "/chat/findMessages"."""
        return "/" + "/".join(self.parts[:2])

    @property
    def fields(self) -> JSONDict:
        """The body where it is an object, else {}."""
        return self.body if isinstance(self.body, dict) else {}


def read_request(method: str, target: str, headers: Mapping[str, str], content: bytes) -> Request:
    """Read one request. Raises MalformedJSON."""
    split = urlsplit(target)
    lowered = {name.lower(): value for name, value in headers.items()}
    return Request(
        method=method.upper(),
        target=target,
        path=split.path,
        parts=tuple(unquote(part) for part in split.path.split("/") if part),
        query=dict(parse_qsl(split.query, keep_blank_values=True)),
        headers=lowered,
        body=_body(lowered, content),
    )


def _body(headers: Mapping[str, str], content: bytes) -> JSON:
    # Source: evolution-api 2.3.6, express.json(): other content types leave the body empty.
    if not content or "json" not in headers.get("content-type", ""):
        return {}
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedJSON("Unexpected end of JSON input") from error


def dumps(value: JSON) -> bytes:
    """Compact UTF-8 JSON, as Node writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
