"""What is sent by e-mail, where e-mail is set up; elsewhere a manager passes the link on."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)


def are_possible() -> bool:
    """E-mail is set up."""
    return bool(settings.EMAIL_HOST)


def reset_link(user: Any) -> str:
    """Where they choose a new password: good once and for three days, and only while the old one is the present one."""
    uid, token = urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)
    return settings.PUBLIC_URL + reverse("people:new_password", args=[uid, token])


def send_reset(user: Any) -> bool:
    """Send them the link to a new password; False when it did not go out."""
    return _send(_("A new password for Voice SDR"), "reset", user.email, link=reset_link(user), person=user)


def send_invitation(email: str, link: str, by: Any) -> bool:
    """Send the link of an invitation; False when it did not go out."""
    return _send(_("Your account at Voice SDR"), "invitation", email, link=link, by=by)


def _send(subject: str, letter: str, to: str, **facts: Any) -> bool:
    if not are_possible() or not to:
        return False
    try:
        return send_mail(subject, render_to_string(f"people/letters/{letter}.txt", facts), None, [to]) == 1
    except (SMTPException, OSError) as error:
        log.warning("an e-mail did not go out: %s", type(error).__name__)
        return False
