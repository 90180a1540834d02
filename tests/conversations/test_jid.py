"""What an address is, how it is shown, and that a log line never holds a whole number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import jid
from conversations.jid import JIDKind


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("5511999990001@s.whatsapp.net", JIDKind.PERSON),
        ("5511999990001:12@s.whatsapp.net", JIDKind.PERSON),
        ("5511999990001@c.us", JIDKind.PERSON),
        ("123456789012345@lid", JIDKind.LID),
        ("120363000000000001@g.us", JIDKind.GROUP),
        ("status@broadcast", JIDKind.BROADCAST),
        ("1234567@broadcast", JIDKind.BROADCAST),
        ("120363000000000009@newsletter", JIDKind.NEWSLETTER),
        ("5511999990001", JIDKind.OTHER),
        ("5511999990001@example.com", JIDKind.OTHER),
        ("s.whatsapp.net", JIDKind.OTHER),
        ("", JIDKind.OTHER),
    ],
)
def test_the_server_says_what_stands_behind_an_address(address: str, expected: JIDKind) -> None:
    assert jid.kind(address) is expected
    assert jid.is_person(address) is (expected in (JIDKind.PERSON, JIDKind.LID))


def test_the_device_is_not_part_of_the_user() -> None:
    assert jid.user_part("5511999990001:12@s.whatsapp.net") == "5511999990001"
    assert jid.without_device("5511999990001:12@s.whatsapp.net") == "5511999990001@s.whatsapp.net"


@pytest.mark.parametrize(
    ("address", "digits"),
    [
        ("5511999990001:12@s.whatsapp.net", "5511999990001"),
        ("123456789012345@lid", None),
        ("120363000000000001@g.us", None),
        ("status@broadcast", None),
        ("someone@s.whatsapp.net", None),
        ("٥٥١١@s.whatsapp.net", None),
    ],
)
def test_only_a_person_known_by_number_has_a_phone(address: str, digits: str | None) -> None:
    assert jid.phone(address) == digits


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("+55 (11) 99999-0001", "5511999990001@s.whatsapp.net"),
        ("5511999990001", "5511999990001@s.whatsapp.net"),
        ("(11) 99999-0001", "5511999990001@s.whatsapp.net"),
        ("11 99999.0001", "5511999990001@s.whatsapp.net"),
        ("011 99999-0001", "5511999990001@s.whatsapp.net"),
        ("553188887777", "553188887777@s.whatsapp.net"),
        ("(11) 3333-4444", "551133334444@s.whatsapp.net"),
        ("+1 415-555-2671", "14155552671@s.whatsapp.net"),
        ("351 912 345 678", "351912345678@s.whatsapp.net"),
    ],
)
def test_a_number_is_understood_as_people_write_it(typed: str, address: str) -> None:
    assert jid.from_phone(typed) == address


@pytest.mark.parametrize("typed", ["", "12345", "me ligue", "call 11999990001", "+999 1234 5678", "1" * 30])
def test_what_is_no_number_has_no_address(typed: str) -> None:
    assert jid.from_phone(typed) is None


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("5511999990001@s.whatsapp.net", "+55 11 99999-0001"),
        ("553188887777@s.whatsapp.net", "+55 31 8888-7777"),
        ("551133334444@s.whatsapp.net", "+55 11 3333-4444"),
        ("14155552671@s.whatsapp.net", "+1 415-555-2671"),
        ("351912345678@s.whatsapp.net", "+351 912 345 678"),
        ("99@s.whatsapp.net", "+99"),
        ("123456789012345@lid", "contato …2345"),
    ],
)
def test_an_address_is_shown_as_people_read_it(address: str, shown: str) -> None:
    assert jid.display(address) == shown


def test_the_word_for_an_unknown_number_can_be_translated() -> None:
    assert jid.display("123456789012345@lid", unnamed="contact") == "contact …2345"


@pytest.mark.parametrize(
    ("address", "others"),
    [
        ("5531988887777@s.whatsapp.net", ["553188887777@s.whatsapp.net"]),
        ("553188887777@s.whatsapp.net", ["5531988887777@s.whatsapp.net"]),
        ("553133334444@s.whatsapp.net", []),
        ("14155552671@s.whatsapp.net", []),
        ("553188887777@lid", []),
        ("120363000000000001@g.us", []),
    ],
)
def test_a_brazilian_mobile_has_a_twin_and_nothing_else_does(address: str, others: list[str]) -> None:
    assert list(jid.twins(address)) == [address, *others]


@given(area=st.integers(11, 99), rest=st.from_regex(r"[6-9][0-9]{7}", fullmatch=True))
def test_twins_of_one_mobile_are_each_other_s(area: int, rest: str) -> None:
    one, other = jid.twins(f"55{area}9{rest}@s.whatsapp.net")

    assert jid.twins(other) == (other, one)


def test_a_log_line_holds_no_whole_number() -> None:
    assert jid.masked("5511999990001:3@s.whatsapp.net") == "5511…0001@s.whatsapp.net"
    assert jid.masked("14155552671@s.whatsapp.net") == "…71@s.whatsapp.net"
    assert jid.masked("status@broadcast") == "…us@broadcast"


@given(
    st.from_regex(r"\+?[0-9]{8,15}", fullmatch=True),
    st.sampled_from(["", "@s.whatsapp.net", "@lid", " foi recusado", "-x"]),
)
def test_no_long_number_survives_in_words(number: str, after: str) -> None:
    digits = number.lstrip("+")

    words = jid.mask_numbers(f"o número {number}{after}")

    assert digits not in words
    assert "…" in words


def test_numbers_are_masked_however_they_are_written() -> None:
    assert jid.mask_numbers("to +55 (11) 99999-0001, not 42") == "to 5511…0001, not 42"


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("5511999990001@s.whatsapp.net", "+55 11 •••• 0001"),
        ("551188887777@s.whatsapp.net", "+55 11 •••• 7777"),
        ("12125550123@s.whatsapp.net", "+1 •••• 0123"),
        ("123456789012345@lid", "lead …2345"),
    ],
)
def test_a_veiled_number_tells_leads_apart_and_cannot_be_dialled(address: str, written: str) -> None:
    assert jid.veiled(address, unnamed="lead") == written
