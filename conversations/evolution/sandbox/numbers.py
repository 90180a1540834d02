"""From a number as a caller writes it to the JID the gateway makes of it. Pure."""

from __future__ import annotations

import re

_SUFFIXES = ("@g.us", "@s.whatsapp.net", "@lid", "@broadcast", "@newsletter")


def jid_of(number: str) -> str:
    """The JID for `number`: digits with country code, formatted or plain, or a whole JID, which stays as it is."""
    # Source: evolution-api 2.3.6, createJid.
    if number.endswith(_SUFFIXES):
        return number
    digits = re.sub(r"\D", "", number.split("@")[0].split(":")[0])
    if len(digits) >= 18:
        return f"{digits}@g.us"
    return f"{_brazilian(_mexican_or_argentine(digits))}@s.whatsapp.net"


def _brazilian(digits: str) -> str:
    """Without the ninth digit where WhatsApp has it so: area codes from 31 on."""
    match = re.fullmatch(r"(55)(\d{2})\d(\d{8})", digits)
    if match is None or int(match[3][0]) < 7 or int(match[2]) < 31:
        return digits
    return match[1] + match[2] + match[3]


def _mexican_or_argentine(digits: str) -> str:
    """Without the mobile digit after the country code."""
    if digits[:2] in ("52", "54") and len(digits) == 13:
        return digits[:2] + digits[3:]
    return digits


def is_on_whatsapp(jid: str) -> bool:
    """Whether somebody is there. In the sandbox every number is, but those that end in seven zeros."""
    # Source: evolution-api 2.3.6: any @lid is said to exist; groups are not asked.
    return not jid.removesuffix("@s.whatsapp.net").endswith("0000000")
