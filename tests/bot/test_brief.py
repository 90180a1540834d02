"""Words for the people who take over or give back: made from history, never sent to the lead."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from bot import brief
from bot.models import BotSettings
from bot.turns import Outcome
from conversations import briefs, control
from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from conversations.models import Control, Reason
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


@pytest.mark.parametrize(
    ("said", "agreed"),
    [
        ("Oi Bruno", ""),
        ("Oi, Bruno! Aqui é a Helena. Como posso te ajudar hoje?", ""),
        ("Combinado!", ""),
        ("Oi Tiago, o anual tem 10% de desconto. Quer que eu mande?", "combinado: o anual tem 10% de desconto"),
        ("Bom dia, Ana! Nossos planos começam em R$ 2.149,90 por mês.",
         "combinado: Nossos planos começam em R$ 2.149,90 por mês"),
        ("*Helena Duarte:*\nVou confirmar com o financeiro.", "combinado: Vou confirmar com o financeiro"),
        ("Ligo quinta às 15h. Obrigada!", "combinado: Ligo quinta às 15h"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("bot")
def test_the_stand_in_proposes_a_promise_a_price_a_date_or_a_condition_and_no_greeting(
    sandbox: Sandbox, settings: object, said: str, agreed: str
) -> None:
    settings.GEMINI_API_KEY = ""  # type: ignore[attr-defined]  # pytest-django's
    sandbox.lead_writes(LEAD, "Quanto fica?")
    sandbox.phone_types(LEAD, said)

    assert brief.agreed(KEY) == agreed


@pytest.mark.parametrize("said", ["", "combinado: nada", "Nada foi combinado.", "combinado: nenhum acordo ainda", "–"])
def test_a_model_that_says_nothing_was_agreed_proposes_nothing(
    bot: BotSettings, sandbox: Sandbox, gemini: FakeGemini, said: str
) -> None:
    sandbox.phone_types(LEAD, "Oi Bruno")
    gemini.will_answer(*[said][: bool(said)])

    assert brief.agreed(KEY) == ""


# ------------------------------------------------------------------------------------------------ as the screens ask


@pytest.fixture
def waits(turn: Turn, sandbox: Sandbox) -> int:
    """A lead asked for a person by words that stand in the settings; the epoch."""
    BotSettings.objects.update(handoff_phrases="atendente")
    turn(sandbox.lead_writes(LEAD, "quero um atendente"))
    return control.current(KEY).epoch


def handed(summary: str) -> str:
    return json.dumps(
        {"messages": [], "handoff": {"reason": "asked_for_person", "summary": summary}, "language": "pt-BR"}
    )


def test_a_brief_that_is_missing_is_the_workers_and_carries_ids_alone(
    waits: int, queue: Callable[[], list[list[object]]]
) -> None:
    assert briefs.ask(KEY, waits)
    assert briefs.ask(KEY, waits)

    assert queue() == [[KEY.instance, LEAD, waits]]


def test_a_screen_that_misses_a_summary_has_it_made_once(
    waits: int, gemini: FakeGemini, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(briefs, "_make", [brief.prepare])
    gemini.will_answer(text=handed("Pede gente."))

    assert not briefs.ask(KEY, waits), "whoever makes it is done at once"

    found = briefs.of(KEY)
    assert found is not None
    assert found.summary == "Pede gente."
    asked = len(gemini.requests)
    briefs.ask(KEY, waits)
    assert len(gemini.requests) == asked


@pytest.mark.parametrize("trouble", [503, 400])
def test_a_model_that_fails_leaves_the_leads_own_words(waits: int, gemini: FakeGemini, trouble: int) -> None:
    cache.clear()
    gemini.will_fail(trouble)

    brief.prepare(KEY, waits)

    found = briefs.of(KEY)
    assert found is not None
    assert (found.summary, [one.words for one in found.quotes]) == ("", ["quero um atendente"])
    assert not briefs.ask(KEY, waits)


@pytest.mark.parametrize("reason", [Reason.LIMIT, Reason.MODEL, Reason.BLOCKED])
def test_where_the_model_is_the_reason_it_is_not_asked(waits: int, gemini: FakeGemini, reason: Reason) -> None:
    cache.clear()
    Control.objects.update(reason=reason)
    before = len(gemini.requests)

    brief.prepare(KEY, waits)

    assert len(gemini.requests) == before
    assert briefs.of(KEY) is not None


def test_what_was_taken_over_meanwhile_costs_nothing(waits: int, gemini: FakeGemini, ana: User) -> None:
    control.take_over(KEY, ana)
    before = len(gemini.requests)

    brief.prepare(KEY, waits)

    assert len(gemini.requests) == before


def test_what_people_agreed_before_the_stretch_that_is_theirs_now_is_not_proposed_again(
    bot: BotSettings, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    sandbox.lead_writes(LEAD, "Fecha por 100?", at=sandbox.clock() - 900)
    sandbox.phone_types(LEAD, "Fechado, até sexta", at=sandbox.clock() - 800)
    control.take_over(KEY, ana)

    assert brief.agreed(KEY) == ""
    assert gemini.requests == []
    sandbox.phone_types(LEAD, "Mando segunda")
    gemini.will_answer("combinado: segunda")
    assert brief.offer_agreed(KEY) == "combinado: segunda"
    asked = str(gemini.requests[-1].contents)
    assert "Mando segunda" in asked
    assert "Fechado" not in asked


def test_an_error_proposes_nothing(bot: BotSettings, sandbox: Sandbox, gemini: FakeGemini) -> None:
    sandbox.phone_types(LEAD, "Mando segunda")
    gemini.will_fail(503)

    assert brief.offer_agreed(KEY) == ""
