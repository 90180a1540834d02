"""What a person may see, and whose place they may change. What they may do are Django's permissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from people.models import Profile
from people.statements import places

_PEOPLE = "SELECT * FROM auth_user WHERE id IN ({})"
_PROFILE = "SELECT * FROM people_profile WHERE user_id = %s"
_LIMITED = "SELECT id, user_id, instances FROM people_profile WHERE instances <> '[]'"

#: The groups of `sdr_dashboard.beginnings`: what one of each is called, and may do; the usual first, who may everything
#: last. Others go by their own names.
GROUPS = {
    "Vendedores": (_("Sales rep"), _("Sees conversations, takes over, pauses, hands back and answers.")),
    "Observadores": (_("Observer"), _("Sees conversations, and changes nothing.")),
    "Gestores": (_("Manager"), _("Everything: conversations, the bot's settings, people and the audit page.")),
}


def group_word(group: Any) -> str:
    """What somebody in a group is called on the screens."""
    return str(GROUPS.get(group.name, (group.name, ""))[0])


def profile_of(user: Any) -> Profile:
    """The person's preferences; the house's, unsaved, for whoever has none."""
    if not user.is_authenticated:
        return Profile()
    known: Profile | None = getattr(user, "_profile_read", None)
    if known is None:
        known = next(iter(Profile.objects.raw(_PROFILE, [user.pk])), None) or Profile(user=user)
        user._profile_read = known
    return known


def who_may(permission: str, instance: str) -> list[User]:
    """The active people who hold `permission` and may see `instance`, by name."""
    people = User.objects.raw(*_holders(permission))
    limits = {one.user_id: one.instances for one in Profile.objects.raw(_LIMITED)}
    found = [person for person in people if person.pk not in limits or instance in limits[person.pk]]
    return sorted(found, key=lambda person: name_of(person).casefold())


@lru_cache(maxsize=16)
def _holders(permission: str) -> tuple[str, tuple[Any, ...]]:
    """The statement that finds the active people who hold `permission`: long to compose, and always the same."""
    people = User.objects.with_perm(permission, backend="django.contrib.auth.backends.ModelBackend")
    return people.query.sql_with_params()


def name_of(person: User) -> str:
    """What colleagues call a person."""
    return person.get_full_name() or person.get_username()


def people(pks: Iterable[int | None]) -> dict[int | None, User]:
    """Who has these numbers, in one query; whoever is gone, and None, is missing."""
    wanted = {pk for pk in pks if pk is not None}
    return {one.pk: one for one in User.objects.raw(_PEOPLE.format(places(wanted)), [*wanted])} if wanted else {}


def person(pk: int | None) -> User | None:
    """Who has this number; None for nobody, or who is gone."""
    return User.objects.filter(pk=pk).first() if pk is not None else None


def instances_of(user: Any) -> tuple[str, ...]:
    """The instances a person may see, in the order of the settings."""
    limited_to = profile_of(user).instances
    return tuple(name for name in settings.EVOLUTION_INSTANCES if not limited_to or name in limited_to)


def sees_everything(user: Any) -> bool:
    """No instance is kept from them."""
    return instances_of(user) == tuple(settings.EVOLUTION_INSTANCES)


def managers() -> QuerySet[User]:
    """Active people who may say what others may do."""
    manage = Permission.objects.filter(codename="manage", content_type__app_label="people")
    holds = Q(is_superuser=True) | Q(groups__permissions__in=manage) | Q(user_permissions__in=manage)
    return User.objects.filter(pk__in=User.objects.filter(holds, is_active=True).values("pk"))


def may_change(manager: Any, person: Any) -> bool:
    """Nobody changes their own place, an administrator's only another one, and nobody's beyond what they see."""
    if manager.pk == person.pk or (person.is_superuser and not manager.is_superuser):
        return False
    return sees_everything(manager) or _is_within(profile_of(person).instances, instances_of(manager))


def _is_within(theirs: list[str], mine: tuple[str, ...]) -> bool:
    return bool(theirs) and set(theirs) <= set(mine)


@contextmanager
def as_seen_by(user: Any) -> Iterator[None]:
    """Words and times as `user` reads them."""
    profile = profile_of(user)
    language = profile.language or translation.get_language()
    with translation.override(language), timezone.override(profile.time_zone or None):
        yield
