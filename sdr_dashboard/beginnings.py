"""What stands in a fresh database: the three groups of people with what each may do, and the switches.

Granted anew after every migration, so that a new permission reaches the groups.
"""

from __future__ import annotations

from typing import Any

#: Group -> codenames of permissions. Managers also have the bot's settings, and read in the admin who did what.
GROUPS = {
    "Gestores": (
        "watch", "act", "switch", "connect", "manage", "view_botsettings", "change_botsettings",
        "view_control", "view_auditentry", "view_sent", "view_alias", "view_switch",
        "view_quickanswer", "add_quickanswer", "change_quickanswer", "delete_quickanswer",
    ),
    "Vendedores": ("watch", "act"),
    "Observadores": ("watch",),
}  # fmt: skip


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
            *Permission.objects.filter(
                content_type__app_label__in=("people", "conversations", "bot"), codename__in=codenames
            )
        )
