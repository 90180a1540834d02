"""Gemini's REST API on 127.0.0.1, scripted: what both SDKs talk to in the tests, over real HTTP.

In a test: `with FakeGemini() as fake: fake.will_answer("Oi!")`. As a process, for tests that run real workers:
`python -m tests.fake_gemini --port 9300 --latency-ms 300`, scripted over HTTP:

    POST /_fake/next      one step (JSON, the fields of `Step`) or a list of them
    POST /_fake/latency   {"ms": 300}
    POST /_fake/hold      calls are taken in but not answered …
    POST /_fake/release   … until now
    GET  /_fake/requests  what was asked so far, oldest first: [{path, headers, body}]
    GET  /_fake/state     {"requests": n, "held": n, "scripted": n}; ?held=1&timeout=5 waits for that many held calls
    POST /_fake/reset     forget the script and the requests, release what is held

With nothing scripted it answers every question with `Step()`, and with a transcript for each voice note it was given.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "test-key-never-a-real-one"
MODELS = ("gemini-2.5-flash", "gemini-2.5-pro")

# Source: google-ai-generativelanguage 0.6.15, Candidate.FinishReason and PromptFeedback.BlockReason.
FINISH = {"STOP": 1, "MAX_TOKENS": 2, "SAFETY": 3, "RECITATION": 4, "OTHER": 5, "PROHIBITED_CONTENT": 8, "SPII": 9}
BLOCK = {"SAFETY": 1, "OTHER": 2, "BLOCKLIST": 3, "PROHIBITED_CONTENT": 4}
_GRPC = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
_GRPC |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}

#: Nothing here waits longer than this, whatever a test forgets.
_LIMIT_S = 60.0


@dataclass(frozen=True)
class Step:
    """What the next question is answered with."""

    #: 200 answers; anything else fails.
    status: int = 200
    messages: tuple[str, ...] = ("Olá! Como posso ajudar?",)
    #: {"reason": …, "summary": …} or None.
    handoff: Mapping[str, str] | None = None
    language: str = "pt-BR"
    #: In the order of the voice notes; None writes one for each.
    transcripts: tuple[str, ...] | None = None
    #: Sent in place of the JSON that the fields above make.
    text: str | None = None
    #: A thought part in front of the answer.
    thought: str = ""
    finish: str = "STOP"
    #: promptFeedback.blockReason: no candidate at all.
    prompt_block: str = ""
    #: RetryInfo of a failure, in seconds.
    retry_after_s: float | None = None
    #: The failure's Retry-After header.
    retry_after_header: str = ""
    #: The whole body, as it goes over the wire.
    raw: str | None = None
    content_type: str = "application/json; charset=UTF-8"
    #: Wait so long before answering; `dribble_ms` waits between every two bytes instead.
    delay_ms: int = 0
    dribble_ms: int = 0
    #: Close the connection without a word.
    hang_up: bool = False
    #: Keep the question until `release` (or the end of the fake).
    hold: bool = False


@dataclass(frozen=True)
class Asked:
    """A question as it came in."""

    path: str
    query: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] = field(repr=False)

    @property
    def contents(self) -> list[dict[str, Any]]:
        return list(self.body.get("contents", ()))

    @property
    def system(self) -> str:
        """The system instruction's text; "" when there is none."""
        instruction = self.body.get("systemInstruction") or {}
        return "".join(part.get("text", "") for part in instruction.get("parts", ()))

    @property
    def audio_count(self) -> int:
        parts = [part for content in self.contents for part in content.get("parts", ())]
        types = [part.get("inlineData", {}).get("mimeType", "") for part in parts]
        return sum(kind.startswith("audio/") for kind in types)


class FakeGemini:
    """The server and its script. Safe to use from the test's thread while questions come in on others."""

    def __init__(self, port: int = 0, *, key: str = KEY, latency_ms: int = 0) -> None:
        self.key = key
        self.latency_ms = latency_ms
        self.requests: list[Asked] = []
        self._script: deque[Step] = deque()
        self._changed = threading.Condition()
        self._held = 0
        self._releases = 0
        self._is_holding = False
        self._is_closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _handler_for(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """For GEMINI_BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Answer nothing more; what is held or delayed is let go."""
        self._is_closing.set()
        with self._changed:
            self._script.clear()
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> FakeGemini:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def serve_until_killed(self) -> None:
        self._server.serve_forever(0.5)

    # ------------------------------------------------------------------------------------------------- the script

    def will(self, *steps: Step) -> None:
        """The next questions get these answers, in this order."""
        with self._changed:
            self._script.extend(steps)

    def will_answer(self, *messages: str, **more: Any) -> None:
        """The next question is answered with these bubbles; `more` are fields of `Step`."""
        self.will(Step(messages=messages, **more))

    def will_fail(self, status: int, retry_after_s: float | None = None, **more: Any) -> None:
        """The next question fails with this HTTP status."""
        self.will(Step(status=status, retry_after_s=retry_after_s, **more))

    def hold(self) -> None:
        """From now on questions are taken in and not answered, until `release`."""
        with self._changed:
            self._is_holding = True

    def release(self) -> None:
        """Answer what is held."""
        with self._changed:
            self._is_holding = False
            self._releases += 1
            self._held = 0
            self._changed.notify_all()

    def reset(self) -> None:
        """Forget the script and the questions."""
        self.release()
        with self._changed:
            self._script.clear()
            self.requests.clear()
            self.latency_ms = 0

    def wait_until_held(self, count: int = 1, *, timeout_s: float = 10.0) -> bool:
        """True as soon as `count` questions are held; False when they were not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._held >= count, min(timeout_s, _LIMIT_S))

    @property
    def state(self) -> dict[str, int]:
        with self._changed:
            return {"requests": len(self.requests), "held": self._held, "scripted": len(self._script)}

    # ------------------------------------------------------------------------------------------------- the answers

    def next_step(self, asked: Asked) -> Step:
        """The step for `asked`, after whatever holding and waiting it was told to do."""
        with self._changed:
            self.requests.append(asked)
            step = self._script.popleft() if self._script else Step()
            if step.hold or self._is_holding:
                self._wait_for_release()
        self._is_closing.wait(min((step.delay_ms + self.latency_ms) / 1000, _LIMIT_S))
        return step

    def pause(self, ms: int) -> bool:
        """Wait between two bytes; True when the fake is closing."""
        return self._is_closing.wait(ms / 1000)

    def _wait_for_release(self) -> None:
        releases = self._releases
        self._held += 1
        self._changed.notify_all()
        if not self._changed.wait_for(lambda: self._releases != releases, _LIMIT_S):
            self._held -= 1


def body_of(step: Step, asked: Asked, *, enums_as_numbers: bool) -> dict[str, Any]:
    """Gemini's JSON for `step`. Enums go out as numbers where `$alt=json;enum-encoding=int` asks for it."""
    if step.status != 200:
        return {"error": _error(step)}
    usage = {"promptTokenCount": 120, "candidatesTokenCount": 30, "totalTokenCount": 150}
    if step.prompt_block:
        reason = BLOCK[step.prompt_block] if enums_as_numbers else step.prompt_block
        return {"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 120}}
    parts: list[dict[str, Any]] = []
    if step.thought:
        parts.append({"text": step.thought, "thought": True})
        usage["thoughtsTokenCount"] = 70
    if text := _text(step, asked):
        parts.append({"text": text, "thoughtSignature": "c2ln"} if step.thought else {"text": text})
    finish: str | int = FINISH.get(step.finish, step.finish) if enums_as_numbers else step.finish
    content = {"role": "model", **({"parts": parts} if parts else {})}
    candidate = {"content": content, "finishReason": finish, "index": 0}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": MODELS[0], "responseId": "r1"}


def _text(step: Step, asked: Asked) -> str:
    if step.text is not None:
        return step.text
    heard: Sequence[str] = step.transcripts or ()
    if step.transcripts is None:
        heard = [f"transcrição do áudio {number}" for number in range(1, asked.audio_count + 1)]
    transcripts = [{"id": f"audio-{number}", "text": text} for number, text in enumerate(heard, 1)]
    answer = {"messages": step.messages, "handoff": step.handoff, "language": step.language, "transcripts": transcripts}
    return json.dumps(answer, ensure_ascii=False)


def _error(step: Step) -> dict[str, Any]:
    status = _GRPC.get(step.status, "UNKNOWN")
    details: list[dict[str, Any]] = []
    if step.status == 400:
        info = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", **info})
    if step.retry_after_s is not None:
        info = {"retryDelay": f"{step.retry_after_s:g}s"}
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", **info})
    # Google's message may repeat the question: what is logged must not come from here.
    message = f"no good: {KEY}, <lead>segredo do lead</lead>"
    return {"code": step.status, "message": message, "status": status, "details": details}


# ----------------------------------------------------------------------------------------------------------- the wire


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is no news."""


def _handler_for(fake: FakeGemini) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        gemini = fake

    return Handler


class _Handler(BaseHTTPRequestHandler):
    gemini: FakeGemini
    protocol_version = "HTTP/1.1"
    # Unbuffered writes with Nagle's algorithm on cost 44 ms per answer.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/_fake/requests":
            return self._json(200, [asdict(asked) for asked in list(self.gemini.requests)])
        if url.path == "/_fake/state":
            return self._state(parse_qs(url.query))
        name = re.fullmatch(r"/v1(?:beta)?/models/([^/:]+)", url.path)
        if not name:
            return self._fail(404)
        if self._is_refused():
            return None
        if name[1] not in MODELS:
            return self._fail(404)
        return self._json(200, {"name": f"models/{name[1]}", "displayName": name[1], "version": "001"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        if url.path.startswith("/_fake/"):
            return self._control(url.path.removeprefix("/_fake/"), json.loads(body or b"null"))
        name = re.fullmatch(r"/v1(?:beta)?/models/([^/:]+):generateContent", url.path)
        if not name:
            return self._fail(404)
        if self._is_refused():
            return None
        asked = Asked(url.path, url.query, dict(self.headers.items()), json.loads(body))
        if name[1] not in MODELS:
            return self._fail(404)
        return self._answer(self.gemini.next_step(asked), asked)

    def _is_refused(self) -> bool:
        """Answer as Google does to a key that is missing (403) or wrong (400)."""
        given = self.headers.get("x-goog-api-key")
        if given == self.gemini.key:
            return False
        self._fail(400 if given else 403)
        return True

    def _answer(self, step: Step, asked: Asked) -> None:
        if step.hang_up:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        as_numbers = "enum-encoding=int" in asked.query or "enum-encoding%3Dint" in asked.query
        raw = step.raw
        if raw is None:
            raw = json.dumps(body_of(step, asked, enums_as_numbers=as_numbers), ensure_ascii=False)
        headers = {"Retry-After": step.retry_after_header} if step.retry_after_header else {}
        return self._send(step.status, raw.encode(), step.content_type, headers=headers, dribble_ms=step.dribble_ms)

    def _control(self, verb: str, body: Any) -> None:
        if verb == "next":
            steps = body if isinstance(body, list) else [body]
            self.gemini.will(*(step_of(step) for step in steps))
        elif verb == "latency":
            self.gemini.latency_ms = int(body["ms"])
        elif verb in ("hold", "release", "reset"):
            getattr(self.gemini, verb)()
        else:
            return self._fail(404)
        return self._json(200, self.gemini.state)

    def _state(self, query: Mapping[str, Sequence[str]]) -> None:
        if "held" in query:
            timeout_s = float(query.get("timeout", ["10"])[0])
            self.gemini.wait_until_held(int(query["held"][0]), timeout_s=timeout_s)
        self._json(200, self.gemini.state)

    def _fail(self, status: int) -> None:
        self._json(status, {"error": _error(Step(status=status))})

    def _json(self, status: int, content: Any) -> None:
        self._send(status, json.dumps(content, ensure_ascii=False).encode(), "application/json; charset=UTF-8")

    def _send(
        self,
        status: int,
        body: bytes,
        kind: str,
        *,
        headers: Mapping[str, str] | None = None,
        dribble_ms: int = 0,
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        for chunk in self._chunks(body, dribble_ms):
            self.wfile.write(chunk)
            self.wfile.flush()

    def _chunks(self, body: bytes, dribble_ms: int) -> Iterable[bytes]:
        if not dribble_ms:
            yield body
            return
        for byte in body:
            if self.gemini.pause(dribble_ms):
                return
            yield bytes([byte])


def step_of(content: Mapping[str, Any]) -> Step:
    """A step from JSON; an unknown field is a TypeError, so that a typing slip in a test is seen."""
    tuples = {name: tuple(value) for name, value in content.items() if isinstance(value, list)}
    return Step(**{**content, **tuples})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9300)
    parser.add_argument("--key", default=KEY, help="the only key it accepts")
    parser.add_argument("--latency-ms", type=int, default=0)
    arguments = parser.parse_args()
    fake = FakeGemini(arguments.port, key=arguments.key, latency_ms=arguments.latency_ms)
    print(f"fake Gemini on {fake.url}", flush=True)
    fake.serve_until_killed()


if __name__ == "__main__":
    main()
