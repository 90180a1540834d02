"""Messages of one second, and what an answer leaves waiting."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from conversations.message import Author, Key, Message
from conversations.order import in_order
from conversations.row import Row, after, unanswered_since
from tests.factories import LEAD, message

MARIANA = Key("voice_sdr_v4", LEAD)

ASKED = message("asked", second=0)
WENT_ON = message("went on", second=5)
FIRST_AND_SECOND = [message("first", second=5), message("second", second=5)]


def bot(id: str, *answers: str, second: float = 5) -> Message:
    return message(id, Author.BOT, second=second, answers=answers)


def ids(messages: Sequence[Message]) -> list[str]:
    return [one.id for one in messages]


def row_of(*messages: Message) -> Row:
    row = None
    for one in messages:
        row = after(row, MARIANA, one, "", heard_at=one.sent_at)
    assert row is not None
    return row


@pytest.mark.parametrize("came", list(permutations([bot("answer", "asked"), WENT_ON, ASKED])))
def test_an_answer_stands_before_what_it_does_not_answer(came: tuple[Message, ...]) -> None:
    assert ids(in_order(came)) == ["asked", "answer", "went on"]


@pytest.mark.parametrize("came", list(permutations([bot("answer", "first", "second"), *FIRST_AND_SECOND])))
def test_an_answer_stands_after_all_that_it_answers(came: tuple[Message, ...]) -> None:
    assert ids(in_order(came))[-1] == "answer"


def test_of_two_leads_messages_in_the_second_of_an_answer_the_one_it_answers_comes_first() -> None:
    crossed, answered = message("crossed", second=5), message("answered", second=5)

    assert ids(in_order([crossed, answered, bot("answer", "answered")])) == ["answered", "answer", "crossed"]


@pytest.mark.parametrize("answers", [None, ()])
def test_where_nobody_knows_what_it_answers_the_lead_comes_first(answers: tuple[str, ...] | None) -> None:
    ours = message("ours", Author.PHONE, second=5, answers=answers)

    assert ids(in_order([ours, WENT_ON])) == ["went on", "ours"]


@pytest.mark.parametrize("second", [4, 5, 6])
@pytest.mark.parametrize("is_heard_first", [True, False])
def test_what_the_lead_wrote_while_the_bot_was_sending_goes_on_waiting(second: float, is_heard_first: bool) -> None:
    answer = bot("answer", "asked", second=second)
    heard = [WENT_ON, answer] if is_heard_first else [answer, WENT_ON]

    row = row_of(ASKED, *heard)

    assert row.waiting_since == WENT_ON.sent_at
    assert row.last.id == in_order(heard)[-1].id
    assert unanswered_since(in_order([ASKED, *heard])) == WENT_ON.sent_at


def test_a_later_bubble_of_an_answer_answers_no_more_than_the_first() -> None:
    said = [ASKED, bot("one", "asked", second=1), WENT_ON, bot("two", "asked", second=6)]

    assert row_of(*said).waiting_since == unanswered_since(said) == WENT_ON.sent_at


def test_what_answers_everything_ends_the_wait() -> None:
    said = [ASKED, WENT_ON, bot("answer", "asked", "went on", second=5)]

    assert row_of(*said).waiting_since is unanswered_since(said) is None
    assert row_of(*said, WENT_ON).waiting_since is None  # the gateway lists it once more


def test_a_word_that_answers_nothing_leaves_the_lead_waiting() -> None:
    said = [ASKED, bot("word", second=9)]

    assert row_of(*said).waiting_since == unanswered_since(said) == ASKED.sent_at
    assert row_of(said[1]).waiting_since == said[1].sent_at  # all that a new process sees of it
    assert row_of(*said, message("rep", Author.REP, second=20)).waiting_since is None


def test_an_answered_message_that_is_edited_waits_no_more() -> None:
    edited = message("asked", second=30, is_edited=True)

    assert row_of(ASKED, bot("answer", "asked", second=9), edited).waiting_since is None
