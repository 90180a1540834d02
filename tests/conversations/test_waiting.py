"""Which of the lead's messages wait for an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from conversations.message import Author, Kind, Reaction
from conversations.waiting import unanswered
from tests.factories import NOON, message


@dataclass(frozen=True)
class Remembered:
    """What control remembers."""

    settled_at: datetime | None = None
    settled_ids: tuple[str, ...] = ()


NOTHING = Remembered()


def ids(messages: list, settled: Remembered = NOTHING, since: datetime | None = None) -> list[str]:  # type: ignore[type-arg]
    return [one.id for one in unanswered(messages, settled, since=since)]


def test_where_nothing_was_settled_the_last_word_decides() -> None:
    assert ids([message("A"), message("b", Author.BOT, second=1), message("C", second=2)]) == ["C"]
    assert ids([message("A"), message("b", Author.OTHER, second=1)]) == []


def test_a_burst_waits_as_a_whole() -> None:
    assert ids([message("A"), message("B"), message("C", second=1)]) == ["A", "B", "C"]


def test_a_message_that_came_before_the_last_bubble_still_waits() -> None:
    settled = Remembered(NOON, ("A",))

    history = [
        message("A"),
        message("b1", Author.BOT, second=1),
        message("B", second=2),
        message("b2", Author.BOT, second=3),
    ]

    assert ids(history, settled) == ["B"]


def test_a_message_of_the_settled_second_waits_unless_it_is_settled_itself() -> None:
    settled = Remembered(NOON, ("A", "B"))

    assert ids([message("A"), message("B"), message("C")], settled) == ["C"]


def test_an_edit_of_a_settled_message_reopens_nothing_and_hides_nothing() -> None:
    settled = Remembered(NOON, ("A",))

    history = [message("B", second=5), message("A", second=9, is_edited=True)]

    assert ids(history, settled) == ["B"]


def test_an_unanswered_message_that_was_edited_still_waits() -> None:
    assert ids([message("B", second=9, is_edited=True)], Remembered(NOON, ("A",))) == ["B"]


def test_deleted_messages_and_reactions_wait_for_nothing() -> None:
    reaction = message("R", second=2, kind=Kind.REACTION, reaction=Reaction("A", "👍"))

    assert ids([message("A", is_deleted=True), reaction]) == []


def test_a_person_answers_everything_before() -> None:
    settled = Remembered(NOON, ("A",))

    for person in (Author.REP, Author.PHONE):
        history = [message("A"), message("B", second=1), message("p", person, second=2)]
        assert ids(history, settled) == []
        assert ids([*history, message("C", second=3)], settled) == ["C"]


def test_a_reaction_of_ours_is_no_answer() -> None:
    thumb = message("r", Author.PHONE, second=1, kind=Kind.REACTION, reaction=Reaction("A", "👍"))

    assert ids([message("A"), thumb]) == ["A"]


def test_nothing_older_than_the_bot_waits_and_the_second_it_began_counts() -> None:
    began = NOON + timedelta(seconds=10, milliseconds=400)

    history = [message("A", second=9), message("B", second=10)]

    assert ids(history, since=began) == ["B"]


def test_a_message_older_than_the_settled_one_is_over_even_when_its_id_is_forgotten() -> None:
    assert ids([replace(message("old"), sent_at=NOON - timedelta(days=1))], Remembered(NOON, ("A",))) == []


def test_a_command_typed_on_the_phone_answers_nobody() -> None:
    for settled in (NOTHING, Remembered(NOON, ("x",))):
        asked = message("A", second=1)
        assert ids([asked, message("b", Author.PHONE, second=5, text="#bot")], settled) == ["A"]
        assert ids([asked, message("b", Author.PHONE, second=5, text="Pode ser #bot")], settled) == []
