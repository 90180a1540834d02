"""Gemini by `google-generativeai`, whose upstream has ended. The only file that imports it.

What it does behind one's back, and what is done about it here (0.8.6, measured):
- its default transport (gRPC) ignores another server's address: REST always;
- its own retry goes on for ten minutes and no timeout bounds it: off, with a deadline of our own around the call;
- `configure()` is global: not used, every adapter has a client of its own;
- its `Part` has no field `thought`, so a model's thoughts come back as if they were the answer: a hook takes them out
  of the HTTP answer before the SDK reads it;
- it warns at import that it has ended: silenced around the import, known to us (docs/adr/0009).
"""

from __future__ import annotations

import json
import warnings
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.llm import answer, deadline, errors
from bot.llm.port import Blob, Draft, Request, Turn
from bot.llm.server import GOOGLE, is_loopback, mime_type, model_path, without_version

with warnings.catch_warnings():
    # google.generativeai says that it has ended; google.api_core that a later release will drop Python 3.10 (and 3.11).
    warnings.simplefilter("ignore", FutureWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    import google.generativeai
    from google.ai import generativelanguage
    from google.api_core import exceptions as google_errors
    from google.api_core.client_options import ClientOptions
    from google.protobuf.json_format import ParseError

if TYPE_CHECKING:
    from requests import Response

# Their types are generated and partly wrong (`retry: None` is refused, though it works); they stop here anyway.
genai: Any = google.generativeai
glm: Any = generativelanguage

#: Connections kept open to the server: more threads than this share them.
_CONNECTIONS = 32
#: The SDK's own limit, past ours: it only ends what nobody waits for any more.
_GRACE_S = 1.0


class GoogleGenerativeAI:
    """The `Model` of this SDK. Makes no call when constructed; safe to share between threads."""

    def __init__(self, api_key: str, *, base_url: str = "", default_model: str = "") -> None:
        self._default_model = default_model
        options = ClientOptions(api_key=api_key, api_endpoint=without_version(base_url) or GOOGLE)
        self._client = glm.GenerativeServiceClient(transport="rest", client_options=options)
        self._models = glm.ModelServiceClient(transport="rest", client_options=options)
        for client in (self._client, self._models):
            _prepare(client.transport._session, is_local=is_loopback(base_url))
            # Connections are closed with the adapter, or when the process ends.
            weakref.finalize(self, client.transport.close)

    def generate(self, request: Request) -> Draft:
        """As `Model.generate`."""
        response = deadline.within(request.timeout_s, lambda: self._ask(request), translate=_translate)
        return answer.read(_answer(response), listen_to=request.listen_to)

    def find(self, model: str, *, timeout_s: float) -> str:
        """The model's full name. Raises LLMError."""
        options = {"timeout": timeout_s + _GRACE_S, "retry": None}
        name = model_path(model or self._default_model)
        found = deadline.within(timeout_s, lambda: self._models.get_model(name=name, **options), translate=_translate)
        return str(found.name)

    def _ask(self, request: Request) -> Any:
        model = genai.GenerativeModel(
            model_path(request.model or self._default_model), system_instruction=request.system
        )
        # The one way past the global client of configure(). The package has ended, so the private name stays.
        model._client = self._client
        return model.generate_content(
            [_content(turn) for turn in request.turns],
            generation_config={
                "temperature": request.temperature,
                "max_output_tokens": request.max_output_tokens,
                "response_mime_type": "application/json",
                "response_schema": answer.schema(),
            },
            request_options={"timeout": request.timeout_s + _GRACE_S, "retry": None},
        )


def without_thoughts(body: Mapping[str, Any]) -> dict[str, Any]:
    """Gemini's answer without thought parts, the tokens of thinking counted with those of the answer."""
    # Source: ai.google.dev/api/generate-content: Part.thought; UsageMetadata.thoughtsTokenCount, billed as output.
    candidates = [_visible(candidate) for candidate in body.get("candidates") or ()]
    usage = dict(body.get("usageMetadata") or {})
    usage["candidatesTokenCount"] = usage.get("candidatesTokenCount", 0) + usage.pop("thoughtsTokenCount", 0)
    return {**body, "candidates": candidates, "usageMetadata": usage}


def _visible(candidate: Mapping[str, Any]) -> dict[str, Any]:
    content = dict(candidate.get("content") or {})
    content["parts"] = [part for part in content.get("parts") or () if not part.get("thought")]
    return {**candidate, "content": content}


def _prepare(session: Any, *, is_local: bool) -> None:
    session.hooks["response"].append(_take_thoughts_out)
    session.get_adapter("https://").init_poolmanager(_CONNECTIONS, _CONNECTIONS)
    session.get_adapter("http://").init_poolmanager(_CONNECTIONS, _CONNECTIONS)
    # It would ask again after a 401, with "refreshed" credentials; a key cannot be refreshed.
    session._refresh_status_codes = ()
    # A proxy from the environment has no business between us and this very machine.
    session.trust_env = not is_local


def _take_thoughts_out(response: Response, *_args: Any, **_kwargs: Any) -> None:
    """`requests` calls this with every answer, before the SDK sees it."""
    if not response.ok or b'"thought' not in response.content:
        return
    try:
        response._content = json.dumps(without_thoughts(response.json())).encode()
    except (ValueError, TypeError, AttributeError):
        # Not the JSON it should be. Left as it is, a thought could slip through: nothing is what we can read of it.
        response._content = b""


def _content(turn: Turn) -> dict[str, Any]:
    role = "user" if turn.role == "lead" else "model"
    return {"role": role, "parts": [_part(part) for part in turn.parts]}


def _part(part: str | Blob) -> Any:
    if isinstance(part, str):
        return {"text": part}
    return {"inline_data": {"mime_type": mime_type(part), "data": part.data}}


def _answer(response: Any) -> answer.Answer:
    # Never response.text: it raises on everything that is not one plain text.
    raw = glm.GenerateContentResponse.pb(response._result)
    first = raw.candidates[0] if raw.candidates else None
    return answer.Answer(
        text="".join(part.text for part in first.content.parts) if first else "",
        finish=_name(glm.Candidate.FinishReason, first.finish_reason) if first else "",
        prompt_block=_name(glm.GenerateContentResponse.PromptFeedback.BlockReason, raw.prompt_feedback.block_reason),
        tokens_in=raw.usage_metadata.prompt_token_count,
        tokens_out=raw.usage_metadata.candidates_token_count,
    )


def _name(kind: Any, value: int) -> str:
    """The name of an enum's value: "" for "unspecified", its digits for one this SDK does not know."""
    if not value:
        return ""
    known: Mapping[int, str] = {int(member): member.name for member in kind}
    return known.get(value, str(value))


def _translate(error: Exception) -> errors.LLMError | None:
    if isinstance(error, google_errors.GoogleAPICallError):
        response = error.response
        body = {"error": {"status": _status_word(response), "details": list(error.details or ())}}
        header = response.headers.get("Retry-After") if response is not None else None
        return errors.from_answer(int(error.code or 500), body, retry_after_header=header)
    if isinstance(error, ParseError):
        return errors.Garbled("the server's answer is not Gemini's JSON")
    # requests' errors are OSErrors: no connection, no name, a connection cut off; time is the deadline's business.
    if isinstance(error, OSError):
        return errors.Unavailable(f"no connection to the model's server ({type(error).__name__})")
    return None


def _status_word(response: Any) -> str:
    try:
        return str(response.json()["error"]["status"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return ""
