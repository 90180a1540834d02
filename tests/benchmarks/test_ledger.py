"""The benchmark's ledger finds what goes wrong: a check that cannot fail would measure nothing."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.ledger import Ledger
from benchmarks.model import open_numbers

ANA, BIA = "5511910000001@s.whatsapp.net", "5511910000002@s.whatsapp.net"


@pytest.fixture
def ledger() -> Ledger:
    """Ana wrote #1, Bia #2, Ana again #3."""
    made = Ledger()
    for number, jid in enumerate((ANA, BIA, ANA), 1):
        assert made.wrote(jid, at=float(number)) == number
    return made


def test_one_answer_to_each_is_all_well(ledger: Ledger) -> None:
    for jid, text in ((ANA, "Sobre #1"), (BIA, "Sobre #2"), (ANA, "Sobre #3")):
        ledger.got(jid, text, at=4.0)

    report = ledger.report(1, 3)

    assert (report.written, report.replies, report.waits_s) == (3, 3, [3.0, 2.0, 1.0])
    assert (report.lost, report.doubled, report.misdirected, report.out_of_order) == (0, 0, 0, 0)


def test_one_reply_may_answer_several_messages(ledger: Ledger) -> None:
    ledger.got(ANA, "Sobre #1 #3", at=4.0)
    ledger.got(BIA, "Sobre #2", at=4.0)

    report = ledger.report(1, 3)

    assert (report.replies, report.lost, report.doubled) == (2, 0, 0)


def test_a_message_without_a_reply_is_lost(ledger: Ledger) -> None:
    ledger.got(ANA, "Sobre #1", at=4.0)
    ledger.got(ANA, "Bom dia!", at=4.0)

    assert ledger.report(1, 3).lost == 2
    assert ledger.unanswered(range(1, 4)) == 2


def test_a_second_reply_to_a_message_is_doubled_and_not_out_of_order(ledger: Ledger) -> None:
    for text in ("Sobre #1", "Sobre #3", "Sobre #1"):
        ledger.got(ANA, text, at=4.0)

    report = ledger.report(1, 3)

    assert (report.doubled, report.out_of_order) == (1, 0)


def test_a_reply_at_another_leads_is_misdirected_and_answers_nothing(ledger: Ledger) -> None:
    ledger.got(BIA, "Sobre #1", at=4.0)

    report = ledger.report(1, 3)

    assert (report.misdirected, report.lost) == (1, 3)


def test_a_reply_to_an_earlier_message_after_one_to_a_later_is_out_of_order(ledger: Ledger) -> None:
    ledger.got(ANA, "Sobre #3", at=4.0)
    ledger.got(ANA, "Sobre #1", at=4.1)

    report = ledger.report(1, 3)

    assert (report.out_of_order, report.doubled) == (1, 0)


def test_only_the_messages_asked_for_are_counted(ledger: Ledger) -> None:
    ledger.got(ANA, "Sobre #1", at=4.0)
    ledger.got(ANA, "Sobre #1", at=4.1)

    assert ledger.report(2, 3).doubled == 0
    assert ledger.report(2, 3).written == 2


def test_the_model_answers_what_no_reply_before_it_answered() -> None:
    said = [_turn("user", "#1"), _turn("user", "#2"), _turn("model", "Sobre #1"), _turn("user", "#3")]

    assert open_numbers(said) == [2, 3]


def test_the_model_that_is_asked_again_answers_the_last_turn_again() -> None:
    assert open_numbers([_turn("user", "#1"), _turn("model", "Sobre #1")]) == [1]


def _turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}
