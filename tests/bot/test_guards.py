"""Reasons to say nothing, before drafting and before sending."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import guards
from bot.llm.port import Draft, Handoff, HandoffReason
from conversations.jid import JID
from conversations.message import Kind, Message
from conversations.silence import Silence
from tests.factories import LEAD, NOON, message

DAY = timedelta(hours=12)
SOON = NOON + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("jid", "waiting", "is_open", "silence"),
    [
        (LEAD, [message("A")], True, None),
        (LEAD, [], True, Silence.NOTHING_NEW),
        (LEAD, [message("A", second=-13 * 3600)], True, Silence.TOO_OLD),
        (LEAD, [message("A", second=-13 * 3600), message("B")], True, None),
        (LEAD, [message("A")], False, Silence.CLOSED),
        (JID("1203630@g.us"), [message("A")], True, Silence.NOT_A_PERSON),
        (JID("status@broadcast"), [message("A")], True, Silence.NOT_A_PERSON),
        (JID("123@newsletter"), [message("A")], True, Silence.NOT_A_PERSON),
        (JID("123@lid"), [message("A")], True, None),
    ],
)
def test_why_silent(jid: JID, waiting: list[Message], is_open: bool, silence: Silence | None) -> None:
    assert guards.why_silent(jid, waiting, now=SOON, answer_within=DAY, is_open=is_open) is silence


def draft(*bubbles: str, handoff: Handoff | None = None) -> Draft:
    return Draft(bubbles, handoff, "pt-BR", {}, 1, 1)


def test_why_withheld() -> None:
    person = Handoff(HandoffReason.ANGRY, "")

    assert guards.why_withheld(draft("oi"), [message("A")]) is None
    assert guards.why_withheld(draft("oi"), []) is Silence.ANSWERED_ALREADY
    assert guards.why_withheld(draft(), [message("A")]) is Silence.EMPTY
    assert guards.why_withheld(draft(handoff=person), [message("A")]) is None


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Quero FALAR com uma pessoa, por favor", True),
        ("quero falar  com   uma pessoa!", True),
        ("me passa pro atendente?", True),
        ("falar com uma pessoal da equipe", False),
        ("oi", False),
    ],
)
def test_words_that_call_a_person_are_found_whatever_case_accents_and_spacing(text: str, asks: bool) -> None:
    assert guards.asks_for_person("falar com uma pessoa\natendênte\n\n", [message("A", text=text)]) is asks


def test_no_words_configured_call_nobody() -> None:
    assert not guards.asks_for_person("", [message("A", text="")])


def test_only_what_cannot_be_opened_at_all_is_asked_for_again() -> None:
    secret = message("A", kind=Kind.VIEW_ONCE, text="")

    assert guards.cannot_open([secret])
    assert not guards.cannot_open([secret, message("B")])


def test_a_draft_is_superseded_by_what_the_lead_wrote_meanwhile_only() -> None:
    assert guards.is_superseded([message("A")], [message("A"), message("B")])
    assert not guards.is_superseded([message("A"), message("B")], [message("B")])
