"""Codes of an authenticator app at the login, and ten recovery codes for the day the phone is lost.

Who has one is logged in only after the code: a session without it does not exist, so that nothing else need ask.
"""

from __future__ import annotations

import re
from base64 import b32encode
from typing import Any

import qrcode
from django.db import transaction
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from people.models import Deed, note

RECOVERY_CODES = 10


def is_on(user: Any) -> bool:
    """They are asked for a code at the login."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def protected(users: Any) -> set[int]:
    """Which of `users` are asked for a code."""
    return set(TOTPDevice.objects.filter(user__in=users, confirmed=True).values_list("user_id", flat=True))


def prepared(user: Any) -> TOTPDevice:
    """The secret they are to put into their app; the same one until it is confirmed."""
    # Not get_or_create: two windows that open the page at once may have made two, of which the first counts.
    unconfirmed = TOTPDevice.objects.filter(user=user, confirmed=False).order_by("pk")
    return unconfirmed.first() or TOTPDevice.objects.create(user=user, confirmed=False, name="app")


def words(device: TOTPDevice) -> str:
    """The secret in groups of four, for who cannot scan it."""
    text = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[n : n + 4] for n in range(0, len(text), 4))


def drawing(device: TOTPDevice) -> SafeString:
    """The QR code of the secret, put into the page itself: it is sent to no other server, and stored nowhere."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(device.config_url)
    rows = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dot in enumerate(row) if dot)
    # Numbers only, from above.
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" aria-hidden="true" focusable="false"><path d="{1}"/></svg>',
        len(rows),
        mark_safe(path),
    )


def confirm(user: Any, code: str) -> list[str]:
    """The app shows the right code: from now on it is asked for. The recovery codes, or none when it was wrong."""
    device = prepared(user)
    if not device.verify_token(_digits(code)):
        return []
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user, confirmed=True).delete()
        device.confirmed = True
        device.save()
        note(Deed.FACTOR_ON, user, user)
        return renew_codes(user)


def renew_codes(user: Any) -> list[str]:
    """Ten new recovery codes; the old ones are no longer good."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="recovery", confirmed=True)
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=code) for code in codes])
    return [f"{code[:4]}-{code[4:]}" for code in codes]


def codes_left(user: Any) -> int:
    """How many recovery codes are unused."""
    return int(StaticToken.objects.filter(device__user=user).count())


def check(user: Any, code: str) -> bool:
    """`code` is the app's present one or an unused recovery code; either is good once.

    Each wrong one makes the next wait longer, and django-axes counts it beside the wrong passwords.
    """
    digits = _digits(code)
    devices = (TOTPDevice if len(digits) == 6 else StaticDevice).objects.filter(user=user, confirmed=True)
    with transaction.atomic():
        return any(device.verify_token(digits) for device in devices.select_for_update())


def remove(user: Any, by: Any) -> None:
    """They are asked for no code any more."""
    with transaction.atomic():
        gone, _each = TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
        if gone:
            note(Deed.FACTOR_OFF, by, user)


def _digits(code: str) -> str:
    """What was typed without the blanks and hyphens that make it readable."""
    return re.sub(r"[\s-]", "", code).lower()
