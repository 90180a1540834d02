"""What a manager does to another's place: seen at once by that person, recorded, and never to the last manager."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from conversations import control
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Mode
from people import access, second_factor, team
from people.models import Deed, PersonEntry, Profile
from sdr_dashboard import beginnings
from tests.people.test_coming_in import with_factor

pytestmark = pytest.mark.django_db
HERE, THERE = "voice_sdr_v4", "another_number"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def text(response: Any) -> str:
    return str(response.content.decode())


def get(client: Client, at: str) -> str:
    return text(client.get(at, headers={"Accept-Language": "en"}))


def group(name: str) -> int:
    return Group.objects.get(name=name).pk


def deeds() -> list[str]:
    return list(PersonEntry.objects.values_list("deed", flat=True))


def test_the_team_is_listed_with_what_each_may_do(for_alice: Client, bob: User, charlie: User) -> None:
    with_factor(bob)

    page = get(for_alice, "/team/")

    assert "Sales rep" in page
    assert "nothing yet" in page
    assert page.count('<span class="chip is-yes">') == 1


def test_whoever_is_invited_becomes_a_rep_unless_somebody_says_otherwise(for_alice: Client) -> None:
    page = get(for_alice, "/team/invite/")

    roles = re.findall(r'name="group" value="(\d+)"[^>]*?( checked)?>', page)
    assert [int(pk) for pk, _ticked in roles] == [group(name) for name in ("Vendedores", "Observadores", "Gestores")]
    assert [pk for pk, ticked in roles if ticked] == [str(group("Vendedores"))]
    assert "<strong>Manager</strong>" in page


def test_every_group_of_a_fresh_database_is_explained() -> None:
    assert set(access.GROUPS) == set(beginnings.GROUPS)


def test_a_change_of_group_counts_at_once_and_is_recorded(
    for_alice: Client, for_olga: Client, alice: User, olga: User
) -> None:
    assert for_olga.get("/team/").status_code == 403

    for_alice.post(f"/team/{olga.pk}/", {"group": group("Gestores")})

    assert for_olga.get("/team/").status_code == 200
    entry = PersonEntry.objects.get()
    assert (entry.deed, entry.by, entry.person, entry.group) == (Deed.ROLE, alice, olga, "Gestores")


def test_numbers_are_given_and_taken(for_alice: Client, bob: User, settings: Settings) -> None:
    settings.EVOLUTION_INSTANCES = (HERE, THERE)

    for_alice.post(f"/team/{bob.pk}/", {"group": group("Vendedores"), "instances": [THERE]})

    assert access.instances_of(User.objects.get(pk=bob.pk)) == (THERE,)
    assert THERE in get(for_alice, "/team/")


def test_who_sees_one_number_can_neither_give_another_nor_change_who_sees_it(
    for_alice: Client, alice: User, bob: User, olga: User, settings: Settings
) -> None:
    settings.EVOLUTION_INSTANCES = (HERE, THERE)
    Profile.objects.create(user=alice, instances=[HERE])
    Profile.objects.create(user=bob, instances=[HERE])

    for_alice.post(f"/team/{bob.pk}/", {"group": group("Vendedores"), "instances": [HERE, THERE]})
    for_alice.post(f"/team/{bob.pk}/", {"group": group("Vendedores")})
    for_alice.post("/team/invite/", {"group": group("Gestores")})

    assert access.instances_of(User.objects.get(pk=bob.pk)) == (HERE,)
    assert for_alice.post(f"/team/{olga.pk}/deactivate/").status_code == 403
    assert deeds() == []


ACTS = ("", "deactivate/", "reactivate/", "new-password/", "sessions/end/", "second-factor/remove/")


@pytest.mark.parametrize("act", ACTS)
def test_nobody_changes_their_own_place_nor_a_manager_an_administrators(
    for_alice: Client, alice: User, act: str
) -> None:
    root = User.objects.create_superuser("root")
    data = {"group": group("Gestores")}

    assert for_alice.post(f"/team/{alice.pk}/{act}", data).status_code == 403
    assert for_alice.post(f"/team/{root.pk}/{act}", data).status_code == 403
    assert deeds() == []


def test_the_last_manager_stays(alice: User, bob: User) -> None:
    """Even an act that comes past the pages: an administrator who is no longer active, two managers at once."""
    with pytest.raises(team.LastManager):
        team.deactivate(alice, bob)
    with pytest.raises(team.LastManager):
        team.change_role(alice, bob, Group.objects.get(name="Vendedores"), ())

    alice.refresh_from_db()
    assert alice.is_active
    assert [one.name for one in alice.groups.all()] == ["Gestores"]
    assert deeds() == []


def test_a_closed_account_is_out_at_once_and_may_be_opened_again(for_alice: Client, for_bob: Client, bob: User) -> None:
    for_alice.post(f"/team/{bob.pk}/deactivate/")
    assert for_bob.get("/").status_code == 302
    again = Client()
    again.post("/login/", {"username": "bob", "password": "segredo"})
    assert again.get("/me/").status_code == 302

    for_alice.post(f"/team/{bob.pk}/reactivate/")
    again.post("/login/", {"username": "bob", "password": "segredo"})
    assert again.get("/me/").status_code == 200
    assert deeds() == [Deed.REACTIVATED, Deed.DEACTIVATED]


def test_what_shuts_somebody_out_asks_first_and_says_what_was_done(
    for_alice: Client, for_bob: Client, bob: User
) -> None:
    with_factor(bob)
    for_bob.get("/me/")

    page = get(for_alice, f"/team/{bob.pk}/")

    for act, question in [
        ("deactivate/", "Deactivate the account of Bob?"),
        ("sessions/end/", "Log Bob out everywhere? They must log in again."),
        ("second-factor/remove/", "Remove the second factor of Bob?"),
    ]:
        menu = page[: page.index(question)].rpartition("<details")[2]
        assert f'action="/team/{bob.pk}/{act}"' in menu
    for act, said in [
        ("second-factor/remove/", "The second factor of Bob is removed: their password alone lets them in."),
        ("deactivate/", "The account of Bob is deactivated: they are logged out everywhere and cannot come in."),
        ("reactivate/", "The account of Bob is active again: they may come in."),
    ]:
        done = for_alice.post(f"/team/{bob.pk}/{act}", follow=True, headers={"Accept-Language": "en"})
        assert said in text(done)


def test_what_they_held_is_listed_and_the_chosen_ones_go_back_to_the_bot(
    for_alice: Client, bob: User, settings: Settings
) -> None:
    settings.TAKEOVER_WAIT_SECONDS = 0
    keys = [Key(HERE, JID(f"55119999900{n}@s.whatsapp.net")) for n in range(10, 13)]
    for key in keys:
        control.take_over(key, bob)
    for_alice.post(f"/team/{bob.pk}/deactivate/")

    page = get(for_alice, f"/team/{bob.pk}/")
    assert "3 conversations are with this person" in page
    assert "+55 11 •••• 0010" in page
    assert "99999" not in page
    rows = [control.current(key) for key in keys]
    for_alice.post(f"/team/{bob.pk}/hand-back/", {"conversation": [rows[0].pk, rows[2].pk]})

    assert [control.current(key).mode for key in keys] == [Mode.BOT, Mode.HUMAN, Mode.BOT]


def test_a_number_one_may_not_see_is_not_handed_back(
    for_alice: Client, alice: User, bob: User, settings: Settings
) -> None:
    settings.EVOLUTION_INSTANCES, settings.TAKEOVER_WAIT_SECONDS = (HERE, THERE), 0
    Profile.objects.create(user=alice, instances=[HERE])
    key = Key(THERE, JID("5511999990001@s.whatsapp.net"))
    control.take_over(key, bob)

    for_alice.post(f"/team/{bob.pk}/hand-back/", {"conversation": [control.current(key).pk]})

    assert control.current(key).mode == Mode.HUMAN


def test_a_link_to_a_new_password_is_shown_once_or_sent(for_alice: Client, bob: User, settings: Settings) -> None:
    shown = for_alice.post(f"/team/{bob.pk}/new-password/")
    link = text(shown).split('data-copy="')[1].split('"')[0]
    assert Client().get(link.removeprefix("http://127.0.0.1:8000"), follow=True).status_code == 200
    assert shown["Cache-Control"] == "no-store, private"

    settings.EMAIL_HOST = "mail.example.com"
    User.objects.filter(pk=bob.pk).update(email="bob@example.com")
    for_alice.post(f"/team/{bob.pk}/new-password/", {"how": "email"})
    assert mail.outbox[0].to == ["bob@example.com"]
    assert deeds() == [Deed.RESET_LINK, Deed.RESET_LINK]


def test_a_manager_helps_who_lost_the_phone(for_alice: Client, bob: User) -> None:
    with_factor(bob)

    for_alice.post(f"/team/{bob.pk}/second-factor/remove/")

    assert not second_factor.is_on(bob)
    assert deeds() == [Deed.FACTOR_OFF]


def test_a_manager_ends_somebodys_sessions(for_alice: Client, for_bob: Client, bob: User) -> None:
    for_alice.post(f"/team/{bob.pk}/sessions/end/")

    assert for_bob.get("/me/").status_code == 302
