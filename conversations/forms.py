"""What people may ask of a conversation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from conversations import attachments, jid, notes
from conversations.jid import JID

#: Source: WhatsApp cuts a text message at 65,536 characters; no person writes one, and the gateway is spared.
LONGEST_TEXT = 20_000
#: Source: WhatsApp Cloud API, media messages: a caption has 1,024 characters at most.
LONGEST_CAPTION = 1024
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


class HandBackForm(forms.Form):
    """What was agreed with the lead, in one line, for the bot to read. It may be nothing."""

    LONGEST = 280

    agreed = forms.CharField(required=False, max_length=LONGEST)

    def clean_agreed(self) -> str:
        """One line."""
        return " ".join(str(self.cleaned_data["agreed"]).split())


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


def as_sent(text: str) -> str:
    """With the line breaks of a message: browsers send two characters for each."""
    return text.replace("\r\n", "\n")


class SendForm(forms.Form):
    """An answer: words, a file with words below it, or a voice note.

    The token is made with the form: what was written into it goes out once, however often it is sent. Other words under
    the same token, written after an answer that got lost, are another message.
    """

    text = forms.CharField(required=False, max_length=LONGEST_TEXT)
    token = forms.CharField()
    quoted_id = forms.CharField(required=False, max_length=128)
    file = forms.FileField(
        required=False, error_messages={"empty": _("This file is empty. Choose another one.")}
    )  # fmt: skip
    voice = forms.FileField(
        required=False, error_messages={"empty": _("Nothing was recorded. Please record it again.")}
    )

    def clean_text(self) -> str:
        """As the lead is to read it."""
        return as_sent(str(self.cleaned_data["text"]))

    def clean_token(self) -> str:
        """Only what we make."""
        token = str(self.cleaned_data["token"])
        if not re.fullmatch(r"[0-9a-f]{32}", token):
            raise forms.ValidationError("not a token of ours")
        return token

    def clean_file(self) -> Any:
        """One that WhatsApp takes."""
        file = _not_too_large(self.cleaned_data["file"])
        if file and attachments.is_program(file.name):
            raise forms.ValidationError(_("WhatsApp does not deliver programs. Send a link to it instead."))
        return file

    def clean_voice(self) -> Any:
        """One that WhatsApp takes, and that can be heard: the gateway would send a picture as a second of silence."""
        voice = _not_too_large(self.cleaned_data["voice"])
        if voice:
            start = voice.read(16)
            voice.seek(0)
            if not attachments.is_sound(start):
                raise forms.ValidationError(_("This is no recording. Record it again, or attach the file instead."))
        return voice

    def clean(self) -> dict[str, Any]:
        """Something to send."""
        given = super().clean() or self.cleaned_data
        if not self.errors and not (given["text"] or given["file"] or given["voice"]):
            self.add_error("text", _("Write something first."))
        if given.get("file") and len(given.get("text", "")) > LONGEST_CAPTION:
            self.add_error(
                "text", _("The words below a file may have 1,024 characters. Send the rest as a message of its own.")
            )
        if not self.errors:
            given["token"] = self._once(given)
        return given

    @staticmethod
    def _once(given: dict[str, Any]) -> str:
        """The ledger's token of this very message. Keyed, and with a token that is kept nowhere: no text is in it."""
        files = (_digest(file) for file in (given["file"], given["voice"]))
        parts = "\0".join([given["token"], given["text"], given["quoted_id"], *files])
        return salted_hmac("conversations.forms.SendForm", parts, algorithm="sha256").hexdigest()[:32]

    @property
    def why(self) -> str:
        """What is wrong with it, for whoever filled it in."""
        words = [str(word) for name in ("text", "file", "voice") for word in self.errors.get(name, [])]
        return " ".join(words) or str(_("This form is no longer good. Please try again."))


def _digest(file: Any) -> str:
    """Of what is in it, "" for none; it is read from its start afterwards."""
    if not file:
        return ""
    digest = hashlib.sha256(b"".join(file.chunks())).hexdigest()
    file.seek(0)
    return digest


def _not_too_large(file: Any) -> Any:
    if file and file.size > attachments.LARGEST_FILE:
        raise forms.ValidationError(_("This file is too large: 16 MB at most. Choose a smaller one or send a link."))
    return file


class EditForm(forms.Form):
    """Other words for a message that has left."""

    message_id = forms.CharField(max_length=128)
    text = forms.CharField(max_length=LONGEST_TEXT, error_messages={"required": _("Write something first.")})

    def clean_text(self) -> str:
        """As the lead is to read it."""
        return as_sent(str(self.cleaned_data["text"]))


class NumberForm(forms.Form):
    """Whom to write to first, and from which of our numbers."""

    number = forms.CharField(max_length=40, error_messages={"required": _("Write the number, with its area code.")})
    instance = forms.CharField(max_length=100)

    def __init__(self, *args: Any, instances: Sequence[str], **more: Any) -> None:
        """`instances` are those the person may see."""
        super().__init__(*args, **more)
        self._instances = instances

    def clean_number(self) -> JID:
        """Its address, as far as one can tell without asking WhatsApp."""
        found = jid.from_phone(str(self.cleaned_data["number"]))
        if found is None:
            raise forms.ValidationError(
                _("This is no phone number. Write it with its area code, for example (11) 91234-5678.")
            )
        return found

    def clean_instance(self) -> str:
        """One they may see."""
        instance = str(self.cleaned_data["instance"])
        if instance not in self._instances:
            raise forms.ValidationError(_("Choose from which number to write."))
        return instance


class HandOverForm(forms.Form):
    """To whom a conversation goes, and a word to them."""

    to = forms.IntegerField()
    note = forms.CharField(required=False, max_length=notes.LONGEST)


class NoteForm(forms.Form):
    """A note to colleagues."""

    text = forms.CharField(max_length=notes.LONGEST, error_messages={"required": _("Write something first.")})


class ApproveForm(forms.Form):
    """An answer of the bot that waits, with other words where a person changed it."""

    LONGEST = 8000
    #: Nobody reads more at once, and a mistaken paste does not become thirty messages.
    MOST = 6

    id = forms.CharField(max_length=64)
    text = forms.CharField(required=False, max_length=LONGEST)

    def clean_text(self) -> str:
        """Not emptied, and not too many messages."""
        text = as_sent(str(self.cleaned_data["text"])).strip()
        if "text" in self.data and not text:
            raise forms.ValidationError(_("Nothing was sent: there is no text. To send nothing, discard the answer."))
        if len(_apart(text)) > self.MOST:
            raise forms.ValidationError(
                _("Nothing was sent: these are more than %(n)d messages. Take some blank lines out.") % {"n": self.MOST}
            )
        return text

    def bubbles(self) -> tuple[str, ...]:
        """What goes out; () as it was offered. For a valid form."""
        return _apart(self.cleaned_data["text"])


def _apart(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"\n\s*\n", text) if part.strip())


class WhisperForm(forms.Form):
    """An instruction to the bot, and for how many of its answers."""

    LONGEST = 500

    text = forms.CharField(max_length=LONGEST, error_messages={"required": _("Write something first.")})
    turns = forms.IntegerField(min_value=1, max_value=10)

    def clean_text(self) -> str:
        """With one sort of line break."""
        return as_sent(str(self.cleaned_data["text"]))


class SwitchForm(forms.Form):
    """The bot on or off, for one instance or (instance "") for everything."""

    instance = forms.CharField(required=False)
    on = forms.ChoiceField(choices=[("1", _("on")), ("0", _("off"))])
    #: Whether leads who have been waiting are answered once it is on.
    waiting = forms.ChoiceField(required=False, choices=[("answer", "answer"), ("leave", "leave")])

    def clean_instance(self) -> str:
        """One of ours."""
        instance = str(self.cleaned_data["instance"])
        if instance and instance not in settings.EVOLUTION_INSTANCES:
            raise forms.ValidationError("not an instance of ours")
        return instance
