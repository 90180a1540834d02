"""Gemini by `google-genai`, the successor SDK. The only file that imports it; works with 2.x and 3.x."""

from __future__ import annotations

import weakref
from typing import Any

from google import genai
from google.genai import errors as genai_errors
from google.genai import types

from bot.llm import answer, deadline, errors
from bot.llm.port import Blob, Draft, Request, Turn
from bot.llm.server import GOOGLE, is_loopback, mime_type, model_path, without_version

#: The SDK's own limit, past ours: it only ends what nobody waits for any more.
_GRACE_S = 1.0


class GoogleGenAI:
    """The `Model` of this SDK. Makes no call when constructed; safe to share between threads."""

    def __init__(self, api_key: str, *, base_url: str = "", default_model: str = "") -> None:
        self._default_model = default_model
        options = types.HttpOptions(
            base_url=without_version(base_url) or GOOGLE,
            # 3.x defaults to v1, which knows neither system instruction nor response schema in every model.
            api_version="v1beta",
            # A proxy from the environment has no business between us and this very machine.
            client_args={"trust_env": not is_loopback(base_url)},
        )
        # `vertexai` is said aloud: GOOGLE_GENAI_USE_VERTEXAI in the environment would otherwise decide.
        self._client = genai.Client(api_key=api_key, vertexai=False, http_options=options)
        # Connections are closed with the adapter, or when the process ends.
        weakref.finalize(self, self._client.close)

    def generate(self, request: Request) -> Draft:
        """As `Model.generate`."""
        response = deadline.within(request.timeout_s, lambda: self._ask(request), translate=_translate)
        return answer.read(_answer(response), listen_to=request.listen_to)

    def find(self, model: str, *, timeout_s: float) -> str:
        """The model's full name. Raises LLMError."""
        config = types.GetModelConfig(http_options=_timeout(timeout_s))
        found = deadline.within(
            timeout_s,
            lambda: self._client.models.get(model=model_path(model or self._default_model), config=config),
            translate=_translate,
        )
        return str(found.name)

    def _ask(self, request: Request) -> types.GenerateContentResponse:
        return self._client.models.generate_content(
            model=model_path(request.model or self._default_model),
            contents=[_content(turn) for turn in request.turns],
            config=types.GenerateContentConfig(
                system_instruction=request.system,
                temperature=request.temperature,
                max_output_tokens=request.max_output_tokens,
                response_mime_type="application/json",
                response_schema=answer.schema(),
                # No tool is reachable from a chat turn, not by this SDK's automatic calling either.
                automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
                http_options=_timeout(request.timeout_s),
            ),
        )


def _timeout(timeout_s: float) -> types.HttpOptions:
    return types.HttpOptions(timeout=int((timeout_s + _GRACE_S) * 1000))


def _content(turn: Turn) -> types.Content:
    role = "user" if turn.role == "lead" else "model"
    return types.Content(role=role, parts=[_part(part) for part in turn.parts])


def _part(part: str | Blob) -> types.Part:
    if isinstance(part, str):
        return types.Part(text=part)
    return types.Part(inline_data=types.Blob(mime_type=mime_type(part), data=part.data))


def _answer(response: types.GenerateContentResponse) -> answer.Answer:
    first = response.candidates[0] if response.candidates else None
    parts = (first.content.parts if first and first.content else None) or []
    usage = response.usage_metadata
    feedback = response.prompt_feedback
    return answer.Answer(
        text="".join(part.text or "" for part in parts if not part.thought),
        finish=_name(first.finish_reason) if first else "",
        prompt_block=_name(feedback.block_reason) if feedback else "",
        tokens_in=(usage.prompt_token_count or 0) if usage else 0,
        tokens_out=((usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)) if usage else 0,
    )


def _name(value: Any) -> str:
    """The word of an enum's value, also of one this SDK does not know; "" for none and "unspecified"."""
    word = str(getattr(value, "value", value) or "")
    return "" if word.endswith("_UNSPECIFIED") else word


def _translate(error: Exception) -> errors.LLMError | None:
    if isinstance(error, genai_errors.APIError):
        header = getattr(error.response, "headers", {}).get("Retry-After")
        return errors.from_answer(int(error.code or 500), error.details, retry_after_header=header)
    # The SDK lets its HTTP library's errors through: httpx up to 2.x, httpx2 from 3.0. Time is the deadline's business.
    if type(error).__module__.partition(".")[0] in ("httpx", "httpx2"):
        return errors.Unavailable(f"no connection to the model's server ({type(error).__name__})")
    # JSON that is none or not Gemini's: pydantic's errors are ValueErrors too, and the SDK indexes whatever came.
    if isinstance(error, (ValueError, TypeError, KeyError, AttributeError)):
        return errors.Garbled("the server's answer is not Gemini's JSON")
    return None
