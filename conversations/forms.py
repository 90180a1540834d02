"""What people may ask of a conversation."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: Source: WhatsApp cuts a text message at 65,536 characters; no person writes one, and the gateway is spared.
LONGEST_TEXT = 20_000
#: A pause "until tomorrow" ends as the day begins.
_MORNING = 8


class PauseForm(forms.Form):
    """For how long the bot keeps quiet."""

    FOR = [
        ("30", _("30 minutes")),
        ("60", _("1 hour")),
        ("240", _("4 hours")),
        ("tomorrow", _("Until tomorrow at 8:00")),
        ("always", pgettext_lazy("pause", "Until someone resumes it")),
    ]

    length = forms.ChoiceField(choices=FOR)

    def until(self) -> datetime | None:
        """When the pause ends; None: not by itself. For a valid form."""
        length = self.cleaned_data["length"]
        if length == "always":
            return None
        if length == "tomorrow":
            tomorrow = timezone.localtime() + timedelta(days=1)
            return tomorrow.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
        return timezone.now() + timedelta(minutes=int(length))


class _Places(forms.MultipleChoiceField):
    """Any number of conversations; which of them are this person's, the view finds out."""

    def valid_value(self, value: str) -> bool:
        """Nobody chooses more than a list of pages holds."""
        return len(value) <= 400


class SeveralForm(PauseForm):
    """What is done to the conversations that were chosen (`c`, each instance/id)."""

    length = forms.ChoiceField(choices=PauseForm.FOR, required=False)
    act = forms.ChoiceField(choices=[(name, name) for name in ("pause", "hand-back", "answer")], required=False)
    c = _Places(required=False)

    def clean(self) -> dict[str, Any]:
        """A length alone means to pause: each is a button of its own."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["act"] = "pause" if cleaned.get("length") else cleaned.get("act")
        if not cleaned["act"] or (cleaned["act"] == "pause" and not cleaned.get("length")):
            raise forms.ValidationError("nothing that could be done")
        return cleaned


class SendForm(forms.Form):
    """An answer. The token is made with the form and good for one send, however often it is clicked."""

    text = forms.CharField(max_length=LONGEST_TEXT, error_messages={"required": _("Write something first.")})
    token = forms.CharField()
    quoted_id = forms.CharField(required=False, max_length=128)

    def clean_text(self) -> str:
        """With the line breaks of a message: browsers send two characters for each."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")

    def clean_token(self) -> str:
        """Only what we make: it becomes the ledger's own token."""
        token = str(self.cleaned_data["token"])
        if not re.fullmatch(r"[0-9a-f]{32}", token):
            raise forms.ValidationError("not a token of ours")
        return token


class SwitchForm(forms.Form):
    """The bot on or off, for one instance or (instance "") for everything."""

    instance = forms.CharField(required=False)
    on = forms.ChoiceField(choices=[("1", _("on")), ("0", _("off"))])

    def clean_instance(self) -> str:
        """One of ours."""
        instance = str(self.cleaned_data["instance"])
        if instance and instance not in settings.EVOLUTION_INSTANCES:
            raise forms.ValidationError("not an instance of ours")
        return instance
