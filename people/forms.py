"""What people fill in about themselves and about each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group, User
from django.db.models import Case, When
from django.utils.translation import gettext_lazy as _

from people import access
from people.models import Profile

if TYPE_CHECKING:
    _ProfileForm = forms.ModelForm[Profile]
    _UserForm = BaseUserCreationForm[User]
else:
    _ProfileForm, _UserForm = forms.ModelForm, BaseUserCreationForm

#: The zones of Brazil, by how many people live by them.
_BRAZIL = (
    "America/Sao_Paulo", "America/Bahia", "America/Fortaleza", "America/Recife", "America/Maceio", "America/Belem",
    "America/Araguaina", "America/Santarem", "America/Cuiaba", "America/Campo_Grande", "America/Manaus",
    "America/Porto_Velho", "America/Boa_Vista", "America/Rio_Branco", "America/Eirunepe", "America/Noronha",
)  # fmt: skip

_WITH_ACCENTS = {
    "Sao_Paulo": "São Paulo", "Maceio": "Maceió", "Belem": "Belém", "Araguaina": "Araguaína", "Santarem": "Santarém",
    "Cuiaba": "Cuiabá", "Eirunepe": "Eirunepé", "Noronha": "Fernando de Noronha",
}  # fmt: skip


def time_zones() -> list[tuple[Any, Any]]:
    """Those of Brazil first, then the world's, each under its continent's name alone."""
    known = available_timezones()
    brazil = [(name, _city(name)) for name in _BRAZIL if name in known]
    parts = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    world = sorted(name for name in known if name.startswith(parts) and name not in _BRAZIL)
    return [
        ("", _("Company default: %(name)s") % {"name": _city(settings.TIME_ZONE)}),
        (_("Brazil"), brazil),
        (_("The world"), [(name, name.replace("_", " ")) for name in [*world, "UTC"]]),
    ]


def _city(name: str) -> str:
    city = name.rpartition("/")[2]
    return _WITH_ACCENTS.get(city, city.replace("_", " "))


class MeForm(_ProfileForm):
    """How one likes the screens."""

    name = forms.CharField(label=_("Name"), max_length=150, help_text=_("As colleagues and leads read it."))
    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("For a new password, should you forget yours.")
    )

    class Meta:
        model = Profile
        fields = ["language", "time_zone", "theme", "signs", "sound", "notifications", "shortcuts"]
        widgets = {"theme": forms.RadioSelect}

    field_order = ["name", "email", "language", "time_zone", "theme"]

    def __init__(self, data: Any = None, *, user: User) -> None:
        initial = {"name": user.get_full_name(), "email": user.email}
        super().__init__(data, initial=initial, instance=access.profile_of(user))
        self._user = user
        languages = [("pt-br", "Português (Brasil)"), ("en", "English")]
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), choices=[("", _("As the browser")), *languages], required=False
        )
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"), choices=time_zones(), required=False, initial=self.instance.time_zone
        )

    def ticks(self) -> list[forms.BoundField]:
        """What is on or off."""
        return [field for field in self if isinstance(field.field, forms.BooleanField)]

    def keep(self) -> None:
        """Write it down. For a valid form."""
        name_them(self._user, self.cleaned_data["name"])
        self._user.email = self.cleaned_data["email"]
        self._user.save(update_fields=["first_name", "last_name", "email"])
        self.save()


def name_them(user: User, name: str) -> None:
    """One field for the whole name: not everybody has two."""
    first, _blank, rest = name.strip().partition(" ")
    user.first_name, user.last_name = first[:150], rest.strip()[:150]


class _Place(forms.Form):
    """A group, and the instances to see."""

    group = forms.ModelChoiceField(Group.objects.none(), label=_("What they may do"), widget=forms.RadioSelect)
    instances = forms.MultipleChoiceField(
        label=_("Numbers they see"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: Any = None, *, by: User, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self._sees_everything = access.sees_everything(by)
        group, instances = self.fields["group"], self.fields["instances"]
        assert isinstance(group, forms.ModelChoiceField)
        assert isinstance(instances, forms.MultipleChoiceField)
        known = [When(name=name, then=place) for place, name in enumerate(access.GROUPS)]
        group.queryset = Group.objects.order_by(Case(*known, default=len(known)), "name")
        group.empty_label = None
        group.label_from_instance = access.group_word  # type: ignore[assignment]
        instances.choices = [(name, name) for name in access.instances_of(by)]
        if len(settings.EVOLUTION_INSTANCES) < 2:
            del self.fields["instances"]

    def clean_instances(self) -> list[str]:
        """Whoever does not see all numbers cannot show them to others either."""
        chosen = list(self.cleaned_data["instances"])
        if not chosen and not self._sees_everything:
            raise forms.ValidationError(_("Choose at least one number."))
        return chosen

    def chosen(self) -> Sequence[str]:
        """The chosen ones; none for all. For a valid form."""
        return list(self.cleaned_data.get("instances", []))


class InviteForm(_Place):
    """A place for somebody new."""

    email = forms.EmailField(label=_("E-mail"), required=False)

    def __init__(self, data: Any = None, *, by: User) -> None:
        # Most who come are reps; nobody becomes a manager because somebody looked at the first line only.
        super().__init__(data, by=by, initial={"group": Group.objects.filter(name="Vendedores").first()})

    field_order = ["email", "group", "instances"]


class RoleForm(_Place):
    """Another place for somebody who is here."""


class JoinForm(_UserForm):
    """Who accepts an invitation says who they are."""

    name = forms.CharField(label=_("Your name"), max_length=150)

    class Meta:
        model = User
        fields = ["username"]

    field_order = ["name", "username", "password1", "password2"]

    def newcomer(self) -> User:
        """The person, not saved yet. For a valid form."""
        user: User = self.save(commit=False)
        name_them(user, self.cleaned_data["name"])
        return user


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(max_length=20)
