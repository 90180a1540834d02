"""What we know of the people who work here beyond Django users: how each likes the screens, and what each may see."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    """Light or dark."""

    SYSTEM = "system", _("as the device")
    LIGHT = "light", _("light")
    DARK = "dark", _("dark")


def is_time_zone(name: str) -> None:
    """Raise ValidationError for what is not on the IANA list."""
    if name not in available_timezones():
        raise ValidationError(_("There is no such time zone."))


class Profile(models.Model):
    """One person's preferences and limits. Without a row everything is as the house has it (`of`)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("person"))
    #: "" for the house's.
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True, default="")
    #: "" for the house's.
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="", validators=[is_time_zone])
    theme = models.CharField(_("appearance"), max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    #: Their name stands under what they send to leads.
    signs = models.BooleanField(_("sign my messages with my name"), default=False)
    sound = models.BooleanField(_("play a sound"), default=False)
    notifications = models.BooleanField(_("show notifications of the browser"), default=False)
    #: Keys without Ctrl or Alt act; whoever dictates or types elsewhere may want none of that (WCAG 2.1.4).
    shortcuts = models.BooleanField(_("shortcuts of a single key"), default=True)
    #: Names of the instances they may see; empty for all.
    instances = models.JSONField(_("instances"), default=list, blank=True)

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        permissions = [("manage", _("May invite people and say what they may do"))]

    def __str__(self) -> str:
        return str(self.user)
