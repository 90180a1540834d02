"""Words for the people who take over or give back: made from history, never sent to the lead."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.core.cache import cache

from bot import brief
from bot.models import BotSettings
from bot.turns import Outcome
from conversations import briefs, control
from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

Turn = Callable[..., Outcome]
KEY = Key("voice_sdr_v4", LEAD)


def texts(sandbox: Sandbox) -> list[str]:
    return [sent.text for sent in sandbox.sent(LEAD, by="api")]


def test_a_handoff_brings_summary_suggestion_heat_and_the_leads_own_words(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    gemini.will_answer(
        "Já chamo.",
        handoff={
            "reason": "qualified",
            "summary": "Quer 12.\nPaga à vista.\nFalta prazo.",
            "suggestion": "Oi!",
            "heat": "hot",
        },
    )

    asked = sandbox.lead_writes(LEAD, "Quero fechar hoje")
    turn(asked)

    found = briefs.of(KEY)
    assert found is not None
    assert found.summary.count("\n") == 2
    assert found.suggestion == "Oi!"
    assert [(quote.message_id, quote.words) for quote in found.quotes] == [(asked, "Quero fechar hoje")]
    assert control.current(KEY).heat == 2


def test_words_that_call_a_person_bring_the_leads_own_words(turn: Turn, sandbox: Sandbox) -> None:
    BotSettings.objects.update(handoff_phrases="atendente")

    turn(sandbox.lead_writes(LEAD, "quero um atendente"))

    found = briefs.of(KEY)
    assert found is not None
    assert [quote.words for quote in found.quotes] == ["quero um atendente"]


def test_a_lost_brief_is_made_again_from_history_and_nothing_is_sent(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    BotSettings.objects.update(handoff_phrases="atendente")
    turn(sandbox.lead_writes(LEAD, "quero um atendente"))
    cache.clear()
    gemini.will_answer(text=json.dumps(
        {"messages": [], "handoff": {"reason": "asked_for_person", "summary": "Pede gente."}, "language": "pt-BR"}
    ))  # fmt: skip

    made = brief.make(KEY)

    assert made == briefs.of(KEY)
    assert (made.summary, [quote.words for quote in made.quotes]) == ("Pede gente.", ["quero um atendente"])
    assert len(texts(sandbox)) == 1


def test_what_people_agreed_is_one_line_and_nothing_where_no_person_spoke(
    bot: BotSettings, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    sandbox.lead_writes(LEAD, "Fecha por 100?")
    assert brief.agreed(KEY) == ""
    assert gemini.requests == []
    sandbox.phone_types(LEAD, "Fechado, mando a proposta até sexta")
    gemini.will_answer("combinado: proposta\naté sexta")

    assert brief.agreed(KEY) == "combinado: proposta até sexta"
    assert texts(sandbox) == []


@pytest.mark.usefixtures("bot")
def test_the_stand_in_for_the_model_does_both(sandbox: Sandbox, settings: object) -> None:
    settings.GEMINI_API_KEY = ""  # type: ignore[attr-defined]  # pytest-django's
    sandbox.lead_writes(LEAD, "Quero falar com uma pessoa")
    sandbox.phone_types(LEAD, "mando a proposta até sexta")

    assert brief.agreed(KEY) == "combinado: mando a proposta até sexta"
    assert brief.make(KEY).suggestion
