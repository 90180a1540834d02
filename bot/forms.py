"""The forms of the bot's pages: its settings, what one tries it on, and the number to pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bot.models import BotSettings, SettingsVersion, setting_fields
from bot.sections import EXAMPLES, SECTIONS, Section
from bot.versions import plain
from conversations.message import Author

if TYPE_CHECKING:
    _SettingsForm = forms.ModelForm[BotSettings]
else:
    _SettingsForm = forms.ModelForm

_DAYS = (
    ("1", gettext_lazy("Mon")), ("2", gettext_lazy("Tue")), ("3", gettext_lazy("Wed")), ("4", gettext_lazy("Thu")),
    ("5", gettext_lazy("Fri")), ("6", gettext_lazy("Sat")), ("7", gettext_lazy("Sun")),
)  # fmt: skip
#: The last turns of an invented conversation that are kept, and the longest of them.
_MOST_TURNS, _LONGEST = 40, 4000


class Days(forms.MultipleChoiceField):
    """Business days as boxes to tick; in the model they are the digits 1 to 7."""

    widget = forms.CheckboxSelectMultiple

    def prepare_value(self, value: Any) -> Any:
        """The ticks for "12345"."""
        return list(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        """ "12345" of the ticks."""
        return "".join(sorted(super().clean(value)))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Other days are ticked."""
        return super().has_changed(list(initial or ""), data)


class Plain(forms.NumberInput):
    """Six is 6, and not 6.0."""

    def format_value(self, value: Any) -> str | None:
        """As it is posted back; the browser shows it as the person writes numbers."""
        return None if value in (None, "") else str(plain(value) if isinstance(value, float) else value)


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the form with its fields."""

    section: Section
    fields: list[Any]

    @property
    def is_wrong(self) -> bool:
        """Something in it was not accepted."""
        return any(field.errors for field in self.fields)


class SettingsForm(_SettingsForm):
    """All settings, each with a sentence of its own when it is not accepted."""

    #: The version that the page showed; somebody else may have saved meanwhile.
    based_on = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = BotSettings
        fields = [field.attname for field in setting_fields()]

    def __init__(self, *args: Any, is_read_only: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = self.fields["hours_days"]
        self.fields["hours_days"] = Days(choices=_DAYS, label=days.label, required=False)
        for model_field in setting_fields():
            self._make_friendly(model_field, self.fields[model_field.attname])
        for shown in self.fields.values():
            shown.disabled = is_read_only
        self.last = SettingsVersion.objects.select_related("by").first()
        self.is_overtaken = False

    def _make_friendly(self, model_field: models.Field[Any, Any], shown: forms.Field) -> None:
        """A fitting widget, and the limits told as one sentence."""
        if isinstance(model_field, models.TimeField):
            shown.widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        if isinstance(model_field, models.FloatField):
            shown.widget = Plain(attrs=shown.widget.attrs)
        if isinstance(model_field, models.TextField):
            shown.widget.attrs["rows"] = 8 if model_field.max_length and model_field.max_length > 2000 else 3
        low, high = (_limit(model_field, kind) for kind in (MinValueValidator, MaxValueValidator))
        if high is not None:
            shown.widget.attrs.update(min=low, max=high)
            words = _("Write a number from %(low)s to %(high)s.") % {
                "low": low,
                "high": number_format(high, force_grouping=True),
            }
            shown.error_messages.update(min_value=words, max_value=words, invalid=words)

    def clean(self) -> dict[str, Any]:
        """Refuse to overwrite, unseen, what somebody else saved meanwhile."""
        cleaned = super().clean() or {}
        given = cleaned.get("based_on")
        self.is_overtaken = self.last is not None and given != self.last.pk
        if self.last is not None and self.is_overtaken:
            who = self.last.by.get_full_name() or self.last.by.get_username() if self.last.by else _("the system")
            words = _("%(who)s saved other settings meanwhile. Look at the versions; saving again keeps yours.")
            raise forms.ValidationError(words % {"who": who})
        return cleaned

    @property
    def base(self) -> Any:
        """The version the page stands on. Once the person was told of a newer one it is that: saving again is meant."""
        if not self.is_bound or self.is_overtaken:
            return self.last.pk if self.last else ""
        return self.data.get("based_on", "")

    @property
    def is_unsaved(self) -> bool:
        """A setting differs from what is stored."""
        return any(name != "based_on" for name in self.changed_data)

    @property
    def closes_next_day(self) -> bool:
        """The hours were changed, and close on the day after they open: meant, or the wrong way round."""
        is_changed = not {"hours_open", "hours_close"}.isdisjoint(self.changed_data)
        return is_changed and self.instance.hours_close < self.instance.hours_open

    def parts(self) -> Iterator[Part]:
        """The sections with their fields, bound."""
        for section in SECTIONS:
            yield Part(section, [_with_example(self[name]) for name in section.fields])


def _limit(model_field: models.Field[Any, Any], kind: type[Any]) -> Any:
    return next((getattr(one, "limit_value", None) for one in model_field.validators if type(one) is kind), None)


def _with_example(bound: Any) -> Any:
    bound.example = EXAMPLES.get(bound.name, "")
    return bound


class TryForm(forms.Form):
    """What the bot is tried on: an invented conversation, told turn by turn, or a real one."""

    #: "" for an invented one, else instance/id.
    conversation = forms.CharField(required=False)
    #: "last": as the lead's last message left it. "now": as it stands.
    moment = forms.ChoiceField(choices=[("last", ""), ("now", "")], required=False)
    #: What the lead writes now.
    words = forms.CharField(required=False, max_length=_LONGEST)

    def turns(self) -> list[tuple[Author, str]]:
        """The invented conversation up to now, as the page carries it: "l" or "b", and the words."""
        given = self.data.getlist("turn") if hasattr(self.data, "getlist") else []
        return [
            (Author.LEAD if one[0] == "l" else Author.BOT, one[1 : _LONGEST + 1])
            for one in given[-_MOST_TURNS:]
            if one[:1] in ("l", "b")
        ]


class RulesForm(forms.Form):
    """What holds for the bot on one number."""

    approves = forms.BooleanField(required=False)
    #: A week at most: later nobody thinks of it any more.
    resume_after_minutes = forms.IntegerField(required=False, min_value=0, max_value=7 * 24 * 60)
