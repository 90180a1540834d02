"""The contract of `bot.llm.Model`: the same tests for every SDK, over real HTTP, against `tests.fake_gemini`."""

from __future__ import annotations

import base64
import importlib.util
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest
from pytest_django import Settings

from bot import llm
from bot.llm import Blob, HandoffReason, Model, Request, Turn
from bot.llm.answer import MODEL_REASONS
from tests.fake_gemini import KEY, FakeGemini, Step

MODULES = {"google-generativeai": "google.generativeai", "google-genai": "google.genai"}
SECRET = "segredo do lead"
# Long enough for a machine that is busy, short enough that a hanging test is noticed.
PATIENT_S = 20.0


def is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@pytest.fixture
def fake() -> Iterator[FakeGemini]:
    with FakeGemini() as fake:
        yield fake


@pytest.fixture(params=MODULES)
def sdk(request: pytest.FixtureRequest) -> str:
    sdk = cast("str", request.param)
    if not is_installed(MODULES[sdk]):
        pytest.skip(f"{sdk} is not installed")
    return sdk


@pytest.fixture
def model(sdk: str, fake: FakeGemini) -> Model:
    return llm.build_model(sdk, api_key=KEY, base_url=fake.url)


def question(*turns: Turn, **more: Any) -> Request:
    facts: dict[str, Any] = {"temperature": 0.4, "max_output_tokens": 512, "timeout_s": PATIENT_S, **more}
    return Request(
        model="gemini-2.5-flash",
        system="Você é a Clara, da Acme.",
        turns=turns or (Turn("lead", (f"Oi, {SECRET}",)),),
        **facts,
    )


# ------------------------------------------------------------------------------------------------- what is asked


def test_the_question_carries_the_turns_the_system_instruction_and_the_key(model: Model, fake: FakeGemini) -> None:
    model.generate(question(Turn("lead", ("Oi",)), Turn("us", ("Olá!",)), Turn("lead", ("Quanto custa?", "Alô?"))))

    (asked,) = fake.requests
    assert asked.path == "/v1beta/models/gemini-2.5-flash:generateContent"
    assert asked.headers["x-goog-api-key"] == KEY
    assert asked.system == "Você é a Clara, da Acme."
    assert asked.contents == [
        {"role": "user", "parts": [{"text": "Oi"}]},
        {"role": "model", "parts": [{"text": "Olá!"}]},
        {"role": "user", "parts": [{"text": "Quanto custa?"}, {"text": "Alô?"}]},
    ]


def test_the_answer_is_asked_for_as_json_of_our_schema(model: Model, fake: FakeGemini) -> None:
    model.generate(question())

    wanted = fake.requests[0].body["generationConfig"]
    assert wanted["responseMimeType"] == "application/json"
    assert wanted["maxOutputTokens"] == 512
    assert wanted["temperature"] == pytest.approx(0.4)
    assert set(wanted["responseSchema"]["properties"]) == {"messages", "handoff", "language", "transcripts"}
    reasons = wanted["responseSchema"]["properties"]["handoff"]["properties"]["reason"]["enum"]
    assert reasons == [reason.value for reason in MODEL_REASONS]


def test_a_voice_note_goes_along_as_it_is_without_the_parameters_of_its_type(
    model: Model, fake: FakeGemini, sdk: str
) -> None:
    note = Blob("audio/ogg; codecs=opus", b"OggS\x00\xff")

    model.generate(question(Turn("lead", ("audio-1", note)), listen_to=("3EB0C1",)))

    inline = fake.requests[0].contents[0]["parts"][1]["inlineData"]
    # google-genai writes the URL-safe alphabet, and Google reads both.
    assert base64.b64decode(inline["data"], altchars=b"-_" if sdk == "google-genai" else None) == note.data
    assert (inline.get("mimeType") or inline.get("mime_type")) == "audio/ogg"


def test_a_request_without_a_model_asks_the_default_one(sdk: str, fake: FakeGemini) -> None:
    model = llm.build_model(sdk, api_key=KEY, base_url=fake.url, default_model="gemini-2.5-pro")

    model.generate(replace(question(), model=""))

    assert fake.requests[0].path == "/v1beta/models/gemini-2.5-pro:generateContent"


@pytest.mark.parametrize("ending", ["/", "/v1beta", "/v1beta/", "/v1"])
def test_the_address_may_end_as_people_write_it(sdk: str, fake: FakeGemini, ending: str) -> None:
    llm.build_model(sdk, api_key=KEY, base_url=fake.url + ending).generate(question())

    assert fake.requests[0].path == "/v1beta/models/gemini-2.5-flash:generateContent"


# ------------------------------------------------------------------------------------------------- what comes back


def test_an_answer_is_bubbles_and_a_language(model: Model, fake: FakeGemini) -> None:
    fake.will_answer("Olá!", "Como posso ajudar?", language="pt-BR")

    draft = model.generate(question())

    assert draft.messages == ("Olá!", "Como posso ajudar?")
    assert draft.handoff is None
    assert draft.language == "pt-BR"
    assert (draft.tokens_in, draft.tokens_out) == (120, 30)


def test_a_handoff_has_a_reason_of_the_closed_list_and_three_lines(model: Model, fake: FakeGemini) -> None:
    fake.will_answer(handoff={"reason": "qualified", "summary": "Quer 12 licenças.\n\nDecide na sexta.\nMais nada."})

    draft = model.generate(question())

    assert draft.messages == ()
    assert draft.handoff == llm.Handoff(HandoffReason.QUALIFIED, "Quer 12 licenças.\nDecide na sexta.\nMais nada.")


def test_transcripts_come_back_under_the_ids_of_their_messages(model: Model, fake: FakeGemini) -> None:
    fake.will_answer("Ouvi.", transcripts=("bom dia", "quero um orçamento"))
    note = Blob("audio/ogg", b"OggS")

    draft = model.generate(question(Turn("lead", (note, note)), listen_to=("3EB0C1", "3EB0C2")))

    assert draft.transcripts == {"3EB0C1": "bom dia", "3EB0C2": "quero um orçamento"}


def test_thoughts_are_never_part_of_the_answer_but_are_counted(model: Model, fake: FakeGemini) -> None:
    thought = json.dumps({"messages": ["SECRET THOUGHT"], "language": "en"})
    fake.will_answer("Olá!", thought=thought)

    draft = model.generate(question())

    assert draft.messages == ("Olá!",)
    assert draft.tokens_out == 30 + 70


def test_only_thoughts_are_no_answer(model: Model, fake: FakeGemini) -> None:
    fake.will(
        Step(thought=json.dumps({"messages": ["SECRET THOUGHT"], "language": "en"}), text="", finish="MAX_TOKENS")
    )

    with pytest.raises(llm.Truncated):
        model.generate(question())


@pytest.mark.filterwarnings("ignore:.*is not a valid FinishReason:UserWarning")
def test_a_finish_reason_of_tomorrow_does_not_spoil_a_good_answer(model: Model, fake: FakeGemini) -> None:
    fake.will_answer("Olá!", finish="SOMETHING_NEW")

    assert model.generate(question()).messages == ("Olá!",)


def test_a_complete_answer_that_just_fits_is_not_truncated(model: Model, fake: FakeGemini) -> None:
    fake.will_answer("Olá!", finish="MAX_TOKENS")

    assert model.generate(question()).messages == ("Olá!",)


# ------------------------------------------------------------------------------------------------- what goes wrong

FAILURES = {
    "429": (Step(status=429), llm.RateLimited),
    "500": (Step(status=500), llm.Unavailable),
    "502 in HTML": (Step(status=502, raw="<html>bad gateway</html>", content_type="text/html"), llm.Unavailable),
    "503": (Step(status=503), llm.Unavailable),
    "504": (Step(status=504), llm.TimedOut),
    "400": (Step(status=400), llm.Refused),
    "401": (Step(status=401), llm.Refused),
    "403": (Step(status=403), llm.Refused),
    "404": (Step(status=404), llm.Refused),
    "hung up": (Step(hang_up=True), llm.Unavailable),
    "prompt blocked": (Step(prompt_block="SAFETY"), llm.Blocked),
    "prompt prohibited": (Step(prompt_block="PROHIBITED_CONTENT"), llm.Blocked),
    "candidate blocked": (Step(finish="SAFETY", text=""), llm.Blocked),
    "candidate blocked half way": (Step(finish="SAFETY"), llm.Blocked),
    "recitation": (Step(finish="RECITATION", text=""), llm.Blocked),
    "truncated": (Step(finish="MAX_TOKENS", text='{"messages": ["Olá, tudo'), llm.Truncated),
    "truncated before a word": (Step(finish="MAX_TOKENS", text=""), llm.Truncated),
    "empty": (Step(text=""), llm.Garbled),
    "garbage": (Step(text="Claro! Aqui está."), llm.Garbled),
    "other JSON": (Step(text='["Olá"]'), llm.Garbled),
    "junk behind the JSON": (Step(text='{"messages": ["Oi"], "language": "pt"} ok?'), llm.Garbled),
    "not Gemini": (Step(raw="<html>captive portal</html>", content_type="text/html"), llm.Garbled),
    "an empty object": (Step(raw="{}"), llm.Garbled),
    "broken thoughts": (Step(raw='{"candidates": [{"content": {"parts": ["thought"]}}], "thought": 1}'), llm.Garbled),
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_is_one_of_our_errors_and_tells_no_secret(model: Model, fake: FakeGemini, name: str) -> None:
    step, expected = FAILURES[name]
    fake.will(step)

    with pytest.raises(llm.LLMError) as caught:
        model.generate(question())

    assert type(caught.value) is expected
    assert KEY not in str(caught.value)
    assert SECRET not in str(caught.value)
    # Nothing that a traceback in a log would print either.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert len(fake.requests) == 1, "retrying belongs to the turn, not to an adapter"


@pytest.mark.parametrize(
    ("error", "is_passing"),
    [
        (llm.RateLimited, True),
        (llm.Unavailable, True),
        (llm.TimedOut, True),
        (llm.Blocked, False),
        (llm.Truncated, False),
        (llm.Garbled, False),
        (llm.Refused, False),
    ],
)
def test_an_error_says_whether_waiting_helps(error: type[llm.LLMError], is_passing: bool) -> None:
    assert error("words").is_passing is is_passing


@pytest.mark.parametrize(
    ("step", "wait"),
    [
        (Step(status=429, retry_after_s=1.5), 1.5),
        (Step(status=429, retry_after_s=38), 38.0),
        (Step(status=429, retry_after_header="7"), 7.0),
        (Step(status=429, retry_after_header="Wed, 21 Oct 2026 07:28:00 GMT"), None),
        (Step(status=429), None),
    ],
)
def test_a_rate_limit_tells_how_long_to_wait(model: Model, fake: FakeGemini, step: Step, wait: float | None) -> None:
    fake.will(step)

    with pytest.raises(llm.RateLimited) as caught:
        model.generate(question())

    assert caught.value.retry_after_s == wait


def test_a_wrong_key_is_named_by_googles_code(sdk: str, fake: FakeGemini) -> None:
    model = llm.build_model(sdk, api_key="wrong", base_url=fake.url)

    with pytest.raises(llm.Refused, match="400 INVALID_ARGUMENT API_KEY_INVALID"):
        model.generate(question())


@pytest.mark.parametrize("step", [Step(delay_ms=30_000), Step(dribble_ms=200)], ids=["silent", "dribbling"])
def test_a_slow_answer_is_given_up_in_time(model: Model, fake: FakeGemini, step: Step) -> None:
    """The fake would need half a minute; a dribbling server defeats the timeouts of both HTTP libraries."""
    model.generate(question())
    fake.will(step)
    answered = threading.Event()

    def ask() -> None:
        with pytest.raises(llm.TimedOut):
            model.generate(question(timeout_s=0.5))
        answered.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()

    assert answered.wait(5)


def test_a_server_that_is_not_there_is_unavailable(sdk: str, fake: FakeGemini) -> None:
    fake.close()

    with pytest.raises(llm.Unavailable):
        llm.build_model(sdk, api_key=KEY, base_url=fake.url).generate(question())


def test_threads_share_one_model_and_each_gets_its_own_answer(model: Model, fake: FakeGemini) -> None:
    fake.will(*(Step(messages=(f"resposta {number}",)) for number in range(24)))

    with ThreadPoolExecutor(8) as pool:
        drafts = list(pool.map(lambda _: model.generate(question()), range(24)))

    assert {draft.messages for draft in drafts} == {(f"resposta {number}",) for number in range(24)}


def test_two_models_with_different_keys_and_servers_do_not_mix(sdk: str, fake: FakeGemini) -> None:
    with FakeGemini(key="other-key") as other:
        models = [llm.build_model(sdk, api_key=KEY, base_url=fake.url)] * 4
        models += [llm.build_model(sdk, api_key="other-key", base_url=other.url)] * 4

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda model: model.generate(question()), models))

        assert (len(fake.requests), len(other.requests)) == (4, 4)


# ------------------------------------------------------------------------------------------------- the port


def test_finding_a_model_costs_no_token(sdk: str, fake: FakeGemini) -> None:
    model = llm.build_model(sdk, api_key=KEY, base_url=fake.url)

    assert model.find("gemini-2.5-flash", timeout_s=PATIENT_S) == "models/gemini-2.5-flash"
    assert fake.requests == []


def test_finding_a_model_that_does_not_exist_or_with_a_wrong_key_is_refused(sdk: str, fake: FakeGemini) -> None:
    with pytest.raises(llm.Refused, match="404"):
        llm.build_model(sdk, api_key=KEY, base_url=fake.url).find("gemini-0", timeout_s=PATIENT_S)
    with pytest.raises(llm.Refused, match="API_KEY_INVALID"):
        llm.build_model(sdk, api_key="wrong", base_url=fake.url).find("gemini-2.5-flash", timeout_s=PATIENT_S)


@pytest.fixture
def gemini_settings(settings: Settings, fake: FakeGemini) -> Settings:
    settings.GEMINI_API_KEY = KEY
    settings.GEMINI_SDK = "google-generativeai"
    settings.GEMINI_BASE_URL = fake.url
    settings.GEMINI_MODEL = "gemini-2.5-pro"
    return settings


def test_the_settings_choose_the_model(gemini_settings: Settings, fake: FakeGemini, sdk: str) -> None:
    gemini_settings.GEMINI_SDK = sdk
    fake.will_answer("Olá!")

    draft = llm.get_model().generate(replace(question(), model=""))

    assert draft.messages == ("Olá!",)
    assert fake.requests[0].path.endswith("/gemini-2.5-pro:generateContent")
    assert llm.get_model() is llm.get_model()
    assert not llm.is_stand_in()
    assert llm.check_key("") == "models/gemini-2.5-pro"


def test_without_a_key_the_offline_bot_stands_in_and_says_so(gemini_settings: Settings) -> None:
    gemini_settings.GEMINI_API_KEY = ""

    assert llm.is_stand_in()
    assert llm.name_of_sdk() == "offline"
    assert llm.check_key("gemini-2.5-flash") == "offline"
    assert llm.get_model().generate(question()).messages


def test_an_unknown_sdk_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="must be one of google-generativeai, google-genai, offline"):
        llm.build_model("openai")
