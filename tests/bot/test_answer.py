"""How the model's JSON becomes a draft, and how a reply is cut into bubbles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.llm import Garbled, Handoff, HandoffReason
from bot.llm.answer import Answer, read
from bot.llm.bubbles import LENGTH, fit


def answer(**content: Any) -> Answer:
    return Answer(text=json.dumps({"messages": ["Oi"], "language": "pt-BR", **content}, ensure_ascii=False))


@pytest.mark.parametrize(
    "text",
    [
        '{"messages": ["Oi"]}',
        ' \n{"messages": ["Oi"]}\n ',
        '```json\n{"messages": ["Oi"]}\n```',
        '```\n{"messages": ["Oi"]}\n```',
        '```JSON {"messages": ["Oi"]} ```',
        '{"messages": "Oi"}',
        '{"messages": ["", "  Oi ", null, 7, "   "]}',
    ],
)
def test_what_is_clearly_meant_is_read(text: str) -> None:
    assert read(Answer(text)).messages == ("Oi",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Oi",
        '"Oi"',
        "null",
        '{"messages": ["Oi"]',
        '{"messages": ["Oi"]}}',
        '{"messages": ["Oi"]} Espero ter ajudado!',
        'Claro: {"messages": ["Oi"]}',
        '{"reply": "Oi"}',
        '{"messages": {"0": "Oi"}}',
        "[" * 100_000,
    ],
)
def test_what_is_not_is_garbled(text: str) -> None:
    with pytest.raises(Garbled):
        read(Answer(text))


def test_a_draft_may_say_nothing() -> None:
    assert read(answer(messages=[])).messages == ()


@pytest.mark.parametrize(
    ("given", "handoff"),
    [
        (None, None),
        ({}, None),
        ({"reason": "angry", "summary": "  Quer cancelar. "}, Handoff(HandoffReason.ANGRY, "Quer cancelar.")),
        ({"reason": "ANGRY", "summary": ""}, Handoff(HandoffReason.ANGRY, "")),
        ("qualified", Handoff(HandoffReason.QUALIFIED, "")),
        ({"reason": "other", "summary": "1\n\n2\n3"}, Handoff(HandoffReason.OTHER, "1\n2\n3")),
    ],
)
def test_a_handoff_has_a_reason_of_ours_however_the_model_writes_it(given: object, handoff: Handoff | None) -> None:
    assert read(answer(handoff=given)).handoff == handoff


@pytest.mark.parametrize("given", [{"reason": "bored", "summary": "?"}, {"reason": None}, "because"])
def test_a_handoff_for_a_reason_that_is_not_on_the_list_is_refused(given: object) -> None:
    with pytest.raises(Garbled):
        read(answer(handoff=given))


def test_transcripts_are_found_by_label_and_by_id_and_nothing_else() -> None:
    heard = [
        {"id": "audio-2", "text": " dois "},
        {"id": "3EB0A", "text": "um"},
        {"id": "audio-3", "text": "não havia"},
        {"id": "audio-0", "text": "não havia"},
        {"id": "3EB0Z", "text": "de outra pessoa"},
        "audio-1",
        {"text": "sem id"},
    ]

    draft = read(answer(transcripts=heard), listen_to=("3EB0A", "3EB0B"))

    assert draft.transcripts == {"3EB0A": "um", "3EB0B": "dois"}


# ------------------------------------------------------------------------------------------------- bubbles


def test_bubbles_within_the_limits_are_left_alone() -> None:
    said = ("Custa R$ 1.200,00. Posso explicar?", "a" * LENGTH, "https://acme.com.br/planos?a=1&b=2")

    assert fit(said) == said


def test_a_bubble_too_many_joins_the_one_before() -> None:
    assert fit(["um", "dois", "três", "quatro"]) == ("um", "dois", "três\n\nquatro")
    assert fit(["um", "dois", "três"], limit=1) == ("um\n\ndois\n\ntrês",)


def test_a_long_bubble_is_cut_at_a_sentences_end() -> None:
    sentence = "Esta frase tem exatamente cinquenta letras, confira. "

    pieces = fit([(sentence * 30).strip()])

    assert len(pieces) == 2
    assert all(len(piece) <= LENGTH for piece in pieces)
    assert all(piece.endswith("confira.") for piece in pieces)
    assert " ".join(pieces) == (sentence * 30).strip()


def test_what_is_beyond_three_full_bubbles_is_left_out_by_whole_sentences() -> None:
    pieces = fit(["Uma frase inteira de teste. " * 200])

    assert len(pieces) == 3
    assert all(piece.endswith("teste.") for piece in pieces)


UNBREAKABLE = [
    "R$ 1.234.567,89",
    "R$ 2 mil",
    "12x de R$ 99,90",
    "US$ 49.90",
    "https://acme.com.br/planos/anual?plano=1.2&x=(y)",
    "www.acme.com.br/a-b_c",
    "acme.com.br/planos",
    "maria.souza@acme.com.br",
    "Av. Paulista, nº 1.000, 3º andar",
    "Rua das Flores, 123, São Paulo",
    "Rodovia dos Bandeirantes km 45",
    "(11) 98765-4321",
    "12.05.2026",
    "Dr. Silva",
]


@pytest.mark.parametrize("whole", UNBREAKABLE)
@pytest.mark.parametrize("offset", range(0, 40, 3))
def test_a_price_a_link_or_an_address_is_never_cut(whole: str, offset: int) -> None:
    """Wherever it lies around the limit, it arrives in one bubble; no sentence ends near it."""
    text = f"{'palavra ' * 140}"[: LENGTH - offset] + f" {whole} {'depois ' * 30}"

    pieces = fit([text])

    assert any(whole in piece for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_one_word_longer_than_a_bubble_stays_whole() -> None:
    link = "https://acme.com.br/" + "a" * 1200

    assert fit([f"Veja {link} e me diga."]) == ("Veja", link, "e me diga.")
