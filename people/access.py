"""What a person may see. What they may do are Django's permissions, checked by each view."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from people.models import Profile


def profile_of(user: Any) -> Profile:
    """The person's preferences; the house's, unsaved, for whoever has none."""
    if not user.is_authenticated:
        return Profile()
    known: Profile | None = getattr(user, "_profile_read", None)
    if known is None:
        known = Profile.objects.filter(user=user).first() or Profile(user=user)
        user._profile_read = known
    return known


def who_may(permission: str, instance: str) -> list[User]:
    """The active people who hold `permission` and may see `instance`, by name."""
    people = User.objects.with_perm(permission, backend="django.contrib.auth.backends.ModelBackend")
    limits = dict(Profile.objects.exclude(instances=[]).values_list("user_id", "instances"))
    found = [person for person in people if person.pk not in limits or instance in limits[person.pk]]
    return sorted(found, key=lambda person: name_of(person).casefold())


def name_of(person: User) -> str:
    """What colleagues call a person."""
    return person.get_full_name() or person.get_username()


def instances_of(user: Any) -> tuple[str, ...]:
    """The instances a person may see, in the order of the settings."""
    limited_to = profile_of(user).instances
    return tuple(name for name in settings.EVOLUTION_INSTANCES if not limited_to or name in limited_to)
