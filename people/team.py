"""What a manager does to another's place here: what they may do, whether they may come in. Each act is recorded."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import Group, User
from django.db import transaction

from people import access, sessions
from people.models import Deed, Profile, note


class LastManager(Exception):
    """Nobody would be left who may say what others may do."""


def change_role(person: User, by: User, group: Group, instances: Sequence[str]) -> None:
    """From now on `person` may do what `group` may, on `instances` (none: on all). Raises LastManager."""
    with transaction.atomic():
        _lock()
        person.groups.set([group])
        Profile.objects.update_or_create(user=person, defaults={"instances": list(instances)})
        note(Deed.ROLE, by, person, group=group.name, instances=instances)
        _somebody_is_left()


def deactivate(person: User, by: User) -> None:
    """They may not come in any more, and are out at once. Raises LastManager."""
    with transaction.atomic():
        _lock()
        person.is_active = False
        person.save(update_fields=["is_active"])
        sessions.end(person)
        note(Deed.DEACTIVATED, by, person)
        _somebody_is_left()


def reactivate(person: User, by: User) -> None:
    """They may come in again, with what they could do before."""
    with transaction.atomic():
        person.is_active = True
        person.save(update_fields=["is_active"])
        note(Deed.REACTIVATED, by, person)


def _lock() -> None:
    """Two managers who remove each other in the same moment do it one after the other."""
    list(User.objects.filter(pk__in=access.managers().values("pk")).select_for_update())


def _somebody_is_left() -> None:
    if not access.managers().exists():
        raise LastManager
