"""What a JID, WhatsApp's address, is and how it is shown. Pure.

A JID is `user@server`, sometimes `user:device@server`. It is kept exactly as the gateway gave it: replies go to that
very string. Only a PERSON's user part is a phone number; a LID is an opaque id that WhatsApp uses to hide it.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NewType

import phonenumbers

JID = NewType("JID", str)

#: Where a number without a country code is taken to be from.
HOME_REGION = "BR"
BRAZIL = "55"


class JIDKind(Enum):
    """What stands behind an address."""

    PERSON = "person"
    LID = "lid"
    GROUP = "group"
    #: Broadcast lists and `status@broadcast`.
    BROADCAST = "broadcast"
    NEWSLETTER = "newsletter"
    OTHER = "other"


# Source: evolution-api 2.3.6 / Baileys 7, WABinary/jid-utils. c.us is the older spelling of s.whatsapp.net.
_KIND_OF_SERVER = {
    "s.whatsapp.net": JIDKind.PERSON,
    "c.us": JIDKind.PERSON,
    "lid": JIDKind.LID,
    "g.us": JIDKind.GROUP,
    "broadcast": JIDKind.BROADCAST,
    "newsletter": JIDKind.NEWSLETTER,
}
_PERSON_SERVER = "s.whatsapp.net"

# A Brazilian mobile as it is today (area, 9, eight digits) and as it was before the ninth digit; landlines begin with
# 2 to 5.
_WITH_NINTH_DIGIT = re.compile(r"55([1-9]\d)9(\d{8})")
_WITHOUT_NINTH_DIGIT = re.compile(r"55([1-9]\d)([6-9]\d{7})")

# At least eight digits, written as one number or as a phone number is written.
_LONG_NUMBER = re.compile(r"\+?\(?\d(?:[\s().-]{0,2}\d){7,}")


def kind(jid: str) -> JIDKind:
    """What stands behind `jid`; OTHER for a server we do not know and for a bare number."""
    return _KIND_OF_SERVER.get(jid.rpartition("@")[2], JIDKind.OTHER) if "@" in jid else JIDKind.OTHER


def is_person(jid: str) -> bool:
    """One human being, by phone number or by LID."""
    return kind(jid) in (JIDKind.PERSON, JIDKind.LID)


def is_group(jid: str) -> bool:
    """Several people; asked of ten thousand at once, and so without looking further."""
    return jid.endswith("@g.us")


def user_part(jid: str) -> str:
    """What stands before the `@`, without the device."""
    return jid.partition("@")[0].partition(":")[0]


def without_device(jid: str) -> JID:
    """The same address for whatever device of its owner."""
    user, at, server = jid.partition("@")
    return JID(user.partition(":")[0] + at + server)


def phone(jid: str) -> str | None:
    """The digits of a person's number, country code first; None for anything that is not known by its number."""
    digits = user_part(jid)
    return digits if kind(jid) is JIDKind.PERSON and digits.isascii() and digits.isdigit() else None


def from_phone(text: str) -> JID | None:
    """The address of a number as somebody writes it, Brazilian when it has no country code; None when it is no number.

    WhatsApp may know a Brazilian mobile without its ninth digit: see `twins`.
    """
    typed = text.strip()
    digits = "".join(re.findall(r"[0-9]", typed))
    if re.search(r"[^\d\s()+./-]", typed, re.ASCII) or not 8 <= len(digits) <= 15:
        return None
    spellings = [f"+{digits}"] if typed.startswith("+") else [digits, f"+{digits}"]
    for spelling in spellings:
        if number := _full_number(spelling):
            return JID(f"{number}@{_PERSON_SERVER}")
    return None


def _full_number(spelling: str) -> str | None:
    """Digits with the country code, when it is a number that exists or a Brazilian mobile of the old length."""
    try:
        parsed = phonenumbers.parse(spelling, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    number = f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
    if phonenumbers.is_valid_number(parsed) or _WITHOUT_NINTH_DIGIT.fullmatch(number):
        return number
    return None


def display(jid: str, *, unnamed: str = "contato") -> str:
    """How a person reads the address: `+55 11 99999-0001`, or `contato …2345` where there is no number.

    `unnamed` is the (translated) word for somebody whose number is not known.
    """
    digits = phone(jid)
    if digits is None:
        return f"{unnamed} …{user_part(jid)[-4:]}"
    if old := _WITHOUT_NINTH_DIGIT.fullmatch(digits):
        # Not a number of today's plan, but how WhatsApp knows many Brazilians; phonenumbers would not group it.
        return f"+{BRAZIL} {old[1]} {old[2][:4]}-{old[2][4:]}"
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return f"+{digits}"
    if not phonenumbers.is_possible_number(parsed):
        return f"+{digits}"
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def twins(jid: str) -> tuple[JID, ...]:
    """`jid` and, for a Brazilian mobile, the same number with or without its ninth digit; `jid` itself first.

    A number of eight digits that begins with 2 to 5 may be a landline and has no twin.
    """
    # Source: evolution-api 2.3.6, createJid: the ninth digit is removed for area codes from 31 on, and the answer's
    # remoteJid may lack it where the number asked for had it.
    digits = phone(jid)
    if digits is None:
        return (JID(jid),)
    server = jid.partition("@")[2]
    if new := _WITH_NINTH_DIGIT.fullmatch(digits):
        return (JID(jid), JID(f"{BRAZIL}{new[1]}{new[2]}@{server}"))
    if old := _WITHOUT_NINTH_DIGIT.fullmatch(digits):
        return (JID(jid), JID(f"{BRAZIL}{old[1]}9{old[2]}@{server}"))
    return (JID(jid),)


def masked(jid: str) -> str:
    """The address for a log line: enough to tell two apart, never the whole number."""
    user, at, server = jid.partition("@")
    return _short(user.partition(":")[0]) + at + server


def mask_numbers(text: str) -> str:
    """`text` with every number long enough to be a phone shortened as in `masked`."""
    return _LONG_NUMBER.sub(lambda found: _short("".join(re.findall(r"\d", found[0]))), text)


def _short(number: str) -> str:
    return f"{number[:4]}…{number[-4:]}" if len(number) >= 12 else f"…{number[-2:]}"
