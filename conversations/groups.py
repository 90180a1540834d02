"""The three groups of people and what each may do. Granted anew after every migration, so a new permission reaches
them."""

from __future__ import annotations

from typing import Any

#: Group -> codenames of permissions on `conversations.Control`.
GROUPS = {
    "Gestores": ("watch", "act", "switch"),
    "Vendedores": ("watch", "act"),
    "Observadores": ("watch",),
}


def grant(**_: Any) -> None:
    """Create the groups and add what they lack; what a manager granted besides is left alone."""
    from django.contrib.auth.models import Group, Permission

    for name, codenames in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.add(
            *Permission.objects.filter(content_type__app_label="conversations", codename__in=codenames)
        )
