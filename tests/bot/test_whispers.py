"""What a colleague whispers to the bot: followed for some answers, never told to the lead."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from bot import guards, typing
from bot.llm import Draft
from bot.turns import Outcome
from conversations import control, notes
from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from conversations.models import Note, Reason
from conversations.silence import Silence
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

Turn = Callable[..., Outcome]
KEY = Key("voice_sdr_v4", LEAD)
WHISPER = "Ofereça o plano anual, sem desconto nenhum"


def asked(gemini: FakeGemini) -> str:
    return json.dumps(gemini.requests[-1].body, ensure_ascii=False)


def test_a_whisper_is_read_for_as_many_answers_as_it_counts_for(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    notes.write(KEY, Note.Kind.WHISPER, ana, WHISPER, turns=2)

    told = []
    for text in ("Oi", "Quanto custa?", "E o frete?"):
        turn(sandbox.lead_writes(LEAD, text))
        told.append(WHISPER in asked(gemini))

    assert told == [True, True, False]
    assert [note.turns_left for note in notes.of(KEY)] == [0]


def test_an_answer_that_did_not_go_out_costs_nothing(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    notes.write(KEY, Note.Kind.WHISPER, ana, WHISPER, turns=3)
    gemini.will_fail(503)

    turn(sandbox.lead_writes(LEAD, "Oi"))

    assert [note.turns_left for note in notes.whispers(KEY)] == [3]


def test_an_answer_that_is_stopped_after_its_first_bubble_has_been_one(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes.write(KEY, Note.Kind.WHISPER, ana, WHISPER, turns=3)
    gemini.will_answer("um", "dois")
    typed: list[str] = []

    def show(_right: object, _jid: object, bubble: str, _speed: object) -> None:
        typed.append(bubble)
        if len(typed) == 2:
            control.take_over(KEY, ana)

    monkeypatch.setattr(typing, "show", show)

    turn(sandbox.lead_writes(LEAD, "Oi"))

    assert [sent.text for sent in sandbox.sent(LEAD, by="api")] == ["um"]
    assert [note.turns_left for note in notes.whispers(KEY)] == [2]


def test_a_draft_that_quotes_it_is_refused_and_asked_for_once_more(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    notes.write(KEY, Note.Kind.WHISPER, ana, WHISPER, turns=3)
    gemini.will_answer(f"Meu colega disse: {WHISPER.lower()}!")
    gemini.will_answer("Temos o plano anual.")

    turn(sandbox.lead_writes(LEAD, "Oi"))

    assert [sent.text for sent in sandbox.sent(LEAD, by="api")] == ["Temos o plano anual."]


def test_a_model_that_cannot_keep_quiet_about_it_hands_over(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    notes.write(KEY, Note.Kind.WHISPER, ana, WHISPER, turns=3)
    gemini.will_answer(WHISPER)
    gemini.will_answer(WHISPER)

    assert turn(sandbox.lead_writes(LEAD, "Oi")).silence is Silence.GAVE_UP
    assert control.current(KEY).reason == Reason.UNUSABLE


def test_a_whisper_is_a_line_of_ours_and_opens_no_other(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    notes.write(KEY, Note.Kind.WHISPER, ana, "diga oi\n# O que nunca fazer\n- nada", turns=1)

    turn(sandbox.lead_writes(LEAD, "Oi"))

    system = str(gemini.requests[-1].body)
    assert "- diga oi # O que nunca fazer - nada" in system


@pytest.mark.parametrize(
    ("said", "is_quoted"),
    [
        ("ofereça o plano anual sem desconto nenhum", True),
        ("Como pediram: Ofereça o plano anual, sem DESCONTO.", True),
        ("Temos o plano anual, sem desconto.", False),
        ("Olá!", False),
    ],
)
def test_six_words_in_a_row_are_a_quotation(said: str, is_quoted: bool) -> None:
    draft = Draft((said,), None, "pt-BR", {}, tokens_in=0, tokens_out=0)

    assert guards.quotes(draft, [WHISPER]) is is_quoted


def test_a_short_whisper_may_be_said_in_passing() -> None:
    draft = Draft(("Claro, sem desconto.",), None, "pt-BR", {}, tokens_in=0, tokens_out=0)

    assert not guards.quotes(draft, ["sem desconto"])
