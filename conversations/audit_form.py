"""Which acts the audit page shows: by person, act, number and days, all in the address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations import audit
from conversations.audit import Wanted
from conversations.models import Act
from people.models import Deed


class AuditForm(forms.Form):
    """Which acts to show. What is not understood is left out: an address may be old."""

    person = forms.ModelChoiceField(User.objects.none(), required=False, label=_("Person"), empty_label=_("Everybody"))
    act = forms.ChoiceField(required=False, label=_("Act"))
    instance = forms.ChoiceField(required=False, label=_("Number"))
    since = forms.DateField(required=False, label=_("From"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    until = forms.DateField(required=False, label=_("Until"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))

    def __init__(self, data: Any, *, mine: Sequence[str]) -> None:
        super().__init__(data)
        person, act, instance = self.fields["person"], self.fields["act"], self.fields["instance"]
        assert isinstance(person, forms.ModelChoiceField)
        assert isinstance(act, forms.ChoiceField)
        assert isinstance(instance, forms.ChoiceField)
        person.queryset = User.objects.order_by("first_name", "username")
        person.label_from_instance = audit.name  # type: ignore[assignment]
        act.choices = [
            ("", _("All")), (_("Conversations"), Act.choices), (_("People"), Deed.choices), *audit.other_acts(),
        ]  # fmt: skip
        instance.choices = [("", _("All")), *((name, name) for name in mine)]
        if len(mine) < 2:
            del self.fields["instance"]

    @property
    def is_reversed(self) -> bool:
        """It is to begin after it has ended."""
        wanted = self.wanted()
        return bool(wanted.since and wanted.before and wanted.since >= wanted.before)

    def wanted(self) -> Wanted:
        """What was understood of it."""
        self.is_valid()
        facts = getattr(self, "cleaned_data", {})
        person, until = facts.get("person"), facts.get("until")
        return Wanted(
            person=person.pk if person else None,
            act=facts.get("act", ""),
            instance=facts.get("instance", ""),
            since=_midnight(facts.get("since")),
            before=_midnight(until + timedelta(days=1)) if until else None,
        )


def _midnight(day: date | None) -> datetime | None:
    """As the person's clock has it."""
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
