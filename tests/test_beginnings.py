"""What stands in a fresh database."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from conversations.models import Switch
from sdr_dashboard.beginnings import GROUPS

pytestmark = pytest.mark.django_db

EVERY = {codename for codenames in GROUPS.values() for codename in codenames}


@pytest.mark.parametrize("name", GROUPS)
def test_each_group_may_do_what_it_is_for_and_nothing_else(name: str) -> None:
    granted = set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))

    assert granted == set(GROUPS[name])


def test_a_manager_may_edit_the_bot_and_a_rep_may_not() -> None:
    gestor, vendedor = User.objects.create_user("gestor"), User.objects.create_user("vendedor")
    gestor.groups.add(Group.objects.get(name="Gestores"))
    vendedor.groups.add(Group.objects.get(name="Vendedores"))

    assert gestor.has_perms(["bot.change_botsettings", "conversations.switch", "conversations.view_auditentry"])
    assert vendedor.has_perm("conversations.act")
    assert not vendedor.has_perm("bot.change_botsettings")


def test_the_switches_are_there_before_the_first_message() -> None:
    assert {row.instance: row.is_on for row in Switch.objects.all()} == {"": True, "voice_sdr_v4": False}
