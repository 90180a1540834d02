"""What we know of the people who work here beyond Django users: how each likes the screens, and what each may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
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


class Invitation(models.Model):
    """A place kept for somebody who is to work here. The link is good once; the database holds only its hash."""

    hashed = models.CharField(max_length=64, unique=True)
    email = models.EmailField(_("e-mail"), blank=True, default="")
    group = models.ForeignKey("auth.Group", on_delete=models.CASCADE, related_name="+", verbose_name=_("group"))
    #: As in `Profile`: empty for all.
    instances = models.JSONField(_("instances"), default=list, blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by")
    )
    made_at = models.DateTimeField(_("at"))
    expires_at = models.DateTimeField(_("until"))
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.group}, {self.made_at:%Y-%m-%d %H:%M}"


class SessionFacts(models.Model):
    """Where a person is logged in, as they would say it. No address of the network: it would tell where they are."""

    session = models.OneToOneField("sessions.Session", on_delete=models.CASCADE, primary_key=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    #: "Firefox", "Linux"; "" when they do not say.
    browser = models.CharField(max_length=40, blank=True, default="")
    system = models.CharField(max_length=40, blank=True, default="")
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.browser}, {self.system}"

    @property
    def public_id(self) -> str:
        """Its name in a page: the key itself would let whoever reads it in."""
        return salted_hmac("people.sessions", self.session_id).hexdigest()[:20]


class Deed(models.TextChoices):
    """What somebody did to who may do what."""

    INVITED = "invited", _("invited a person")
    WITHDREW = "withdrew", _("withdrew an invitation")
    JOINED = "joined", _("accepted an invitation")
    ROLE = "role", _("changed what a person may do")
    DEACTIVATED = "deactivated", _("deactivated an account")
    REACTIVATED = "reactivated", _("reactivated an account")
    RESET_LINK = "reset_link", _("made a link for a new password")
    PASSWORD = "password", _("chose a new password")
    FACTOR_ON = "factor_on", _("set up a second factor")
    FACTOR_OFF = "factor_off", _("removed a second factor")
    SESSIONS_ENDED = "sessions_ended", _("ended sessions")


class PersonEntry(models.Model):
    """One change of who may do what: who did it, to whom, when. Beside the changes of control on the audit page."""

    at = models.DateTimeField(_("at"), db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("who")
    )
    #: Whom it concerns; nobody yet for an invitation.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("person")
    )
    deed = models.CharField(_("what"), max_length=16, choices=Deed.choices)
    #: The group it ends in, "" where none is meant.
    group = models.CharField(_("group"), max_length=150, blank=True, default="")
    #: The instances it ends in; empty for all.
    instances = models.JSONField(_("instances"), default=list, blank=True)

    class Meta:
        verbose_name = _("change of people")
        verbose_name_plural = _("changes of people")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_deed_display()}"


def note(deed: Deed, by: Any, person: Any = None, *, group: str = "", instances: Sequence[str] = ()) -> PersonEntry:
    """Write down that `by` did `deed` to `person`."""
    return PersonEntry.objects.create(
        at=timezone.now(), by=by, person=person, deed=deed, group=group, instances=list(instances)
    )
