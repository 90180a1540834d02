"""One click, one preference."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from people.models import Profile

pytestmark = pytest.mark.django_db
SCRIPT = {"Accept": "application/json"}


@pytest.fixture
def carla() -> User:
    return User.objects.create_user("carla", password="segredo")


@pytest.fixture
def for_carla(carla: User, client: Client) -> Client:
    client.force_login(carla)
    return client


def test_a_choice_is_kept_and_the_others_stay(for_carla: Client, carla: User) -> None:
    for chosen in ({"theme": "dark"}, {"sound": "1"}, {"shortcuts": "0"}):
        assert for_carla.post("/prefer/", chosen, headers=SCRIPT).status_code == 204

    profile = Profile.objects.get(user=carla)
    assert (profile.theme, profile.sound, profile.notifications, profile.shortcuts) == ("dark", True, False, False)


@pytest.mark.parametrize("chosen", [{}, {"theme": "pink"}, {"sound": "yes"}, {"instances": "1"}, {"signs": "1"}])
def test_anything_else_is_refused(for_carla: Client, chosen: dict[str, str]) -> None:
    assert for_carla.post("/prefer/", chosen).status_code == 400
    assert not Profile.objects.exists()


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        ("http://testserver/c/a/b/", "http://testserver/c/a/b/"),
        ("https://elsewhere.example/", "/"),
        ("", "/"),
    ],
)
def test_a_form_comes_back_to_its_page_and_never_elsewhere(for_carla: Client, came_from: str, back: str) -> None:
    answer = for_carla.post("/prefer/", {"theme": "light"}, headers={"Referer": came_from, "Accept": "text/html"})

    assert (answer.status_code, answer["Location"]) == (302, back)


def test_it_needs_a_login_and_a_post(client: Client, for_carla: Client) -> None:
    assert for_carla.get("/prefer/").status_code == 405
    assert Client().post("/prefer/", {"theme": "dark"}).status_code == 302
