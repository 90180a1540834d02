"""The same contract against Google's own server. By hand only, since it costs tokens and needs a key:

    REAL_GEMINI_API_KEY=… python -m pytest tests/verification/test_real_gemini.py

It proves what the fake cannot: that Google takes our schema, our system instruction and our audio, and that its
refusals are what we read.
"""

from __future__ import annotations

import importlib.util
import io
import os
import wave
from datetime import datetime, timedelta, timezone
from typing import cast

import pytest

from bot import llm, prompt
from bot.llm import Blob, HandoffReason, Request
from conversations.message import Kind
from tests.bot.test_prompt import Facts, said

KEY = os.environ.get("REAL_GEMINI_API_KEY", "")
MODEL = os.environ.get("REAL_GEMINI_MODEL", "gemini-2.5-flash")
NOW = datetime.now(tz=timezone(timedelta(hours=-3)))

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(not KEY, reason="needs REAL_GEMINI_API_KEY: it asks Google's own server"),
]


@pytest.fixture(params=["google-generativeai", "google-genai"])
def sdk(request: pytest.FixtureRequest) -> str:
    sdk = cast("str", request.param)
    if importlib.util.find_spec("google") is None or importlib.util.find_spec(sdk.replace("-", ".", 1)) is None:
        pytest.skip(f"{sdk} is not installed")
    return sdk


def request_for(text: str, *, max_output_tokens: int = 4096) -> Request:
    facts = Facts(model=MODEL, max_output_tokens=max_output_tokens, model_timeout_seconds=60)
    return prompt.build(facts, [said("1", text)], now=NOW, media={}, transcripts={})


def silence() -> Blob:
    """Two seconds of nothing, as WAV."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(b"\0\0" * 32_000)
    return Blob("audio/wav", buffer.getvalue())


def test_a_lead_is_answered_in_portuguese(sdk: str) -> None:
    draft = llm.build_model(sdk, api_key=KEY).generate(request_for("Oi, vi o anúncio de vocês. O que vocês vendem?"))

    assert 1 <= len(draft.messages) <= 3
    assert draft.language.lower().startswith("pt")
    assert draft.tokens_in > 0
    assert draft.tokens_out > 0
    assert not any(prompt.leaks_prompt(bubble) for bubble in draft.messages)


def test_a_wish_for_a_person_is_a_handoff(sdk: str) -> None:
    draft = llm.build_model(sdk, api_key=KEY).generate(request_for("Quero falar com uma pessoa, por favor."))

    assert draft.handoff is not None
    assert draft.handoff.reason is HandoffReason.ASKED_FOR_PERSON


def test_a_voice_note_comes_back_with_a_transcript_entry(sdk: str) -> None:
    facts = Facts(model=MODEL, max_output_tokens=4096, model_timeout_seconds=60)
    request = prompt.build(facts, [said("A", kind=Kind.AUDIO)], now=NOW, media={"A": silence()}, transcripts={})

    draft = llm.build_model(sdk, api_key=KEY).generate(request)

    assert set(draft.transcripts) <= {"A"}
    assert draft.messages or draft.handoff


def test_an_answer_without_room_is_truncated(sdk: str) -> None:
    with pytest.raises(llm.Truncated):
        llm.build_model(sdk, api_key=KEY).generate(request_for("Conte tudo sobre a oferta.", max_output_tokens=8))


def test_a_wrong_key_and_an_unknown_model_are_refused(sdk: str) -> None:
    with pytest.raises(llm.Refused, match="API_KEY_INVALID"):
        llm.build_model(sdk, api_key="not-a-key").find(MODEL, timeout_s=20)
    with pytest.raises(llm.Refused, match="404"):
        llm.build_model(sdk, api_key=KEY).find("gemini-0-nonexistent", timeout_s=20)
    assert llm.build_model(sdk, api_key=KEY).find(MODEL, timeout_s=20) == f"models/{MODEL}"
