"""What stands in a fresh database: the three groups of people with what each may do, and the switches.

Granted anew after every migration, so that a new permission reaches the groups.
"""

from __future__ import annotations

from typing import Any

#: Group -> codenames of permissions on `conversations.Control`.
GROUPS = {
    "Gestores": ("watch", "act", "switch"),
    "Vendedores": ("watch", "act"),
    "Observadores": ("watch",),
}


def begin(**_: Any) -> None:
    """Note from when on the bot answers, where it is preset to be on: from the set-up, not from its first message."""
    from conversations import switches

    switches.state()


def grant(**_: Any) -> None:
    """Create the groups and add what they lack; what a manager granted besides is left alone."""
    from django.contrib.auth.models import Group, Permission

    for name, codenames in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.add(
            *Permission.objects.filter(content_type__app_label="conversations", codename__in=codenames)
        )
