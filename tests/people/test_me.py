"""One's own page: what is written there counts on the next page, and sessions are shown and ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone, translation

from people import sessions
from people.forms import time_zones
from people.models import Profile, SessionFacts

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
EDGE = f"{CHROME} Edg/130.0.0.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"
PIXEL = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def save(client: Client, **changed: Any) -> Any:
    return client.post("/me/", {"name": "Bob Silva", "theme": "system", **changed}, follow=True)


def text(response: Any) -> str:
    return str(response.content.decode())


def browser(agent: str) -> Client:
    client = Client(headers={"user-agent": agent, "Accept-Language": "en"})
    client.post("/login/", {"username": "bob", "password": "segredo"})
    return client


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (CHROME, ("Chrome", "Windows")),
        (EDGE, ("Edge", "Windows")),
        (IPHONE, ("Safari", "iPhone")),
        (PIXEL, ("Chrome", "Android")),
        ("curl/8", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_browser_is_named_as_people_call_it(agent: str, words: tuple[str, str]) -> None:
    assert sessions.read(agent) == words


def test_the_chosen_language_counts_from_the_answer_on_whatever_the_browser_asks_for(for_bob: Client) -> None:
    assert '<html lang="en"' in text(save(for_bob, language="en"))
    assert '<html lang="pt-br"' in text(save(for_bob, language="pt-br"))
    assert "Minha conta" in text(for_bob.get("/me/", headers={"Accept-Language": "en"}))


def test_times_are_shown_in_the_persons_time_zone(for_bob: Client) -> None:
    SessionFacts.objects.update(began_at=timezone.now().replace(hour=15, minute=0))

    save(for_bob, language="en", time_zone="America/Manaus")
    assert "11:00" in text(for_bob.get("/me/"))
    save(for_bob, language="en", time_zone="America/Noronha")
    assert "13:00" in text(for_bob.get("/me/"))


def test_name_appearance_and_signature_are_kept(for_bob: Client, bob: User) -> None:
    page = save(for_bob, name="Roberto da Silva", theme="dark", signs="on", sound="on", email="bob@example.com")

    bob.refresh_from_db()
    kept = Profile.objects.get(user=bob)
    assert (bob.first_name, bob.last_name, bob.email) == ("Roberto", "da Silva", "bob@example.com")
    assert (kept.theme, kept.signs, kept.sound, kept.notifications) == ("dark", True, True, False)
    assert 'data-theme="dark"' in text(page)


def test_nobody_gives_themselves_another_number_to_see(for_bob: Client, bob: User) -> None:
    Profile.objects.create(user=bob, instances=["voice_sdr_v4"])

    save(for_bob, instances="", group="Gestores")

    assert Profile.objects.get(user=bob).instances == ["voice_sdr_v4"]
    assert [group.name for group in bob.groups.all()] == ["Vendedores"]


@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Olympus"}, {"language": "fr"}, {"theme": "pink"}, {"name": ""}])
def test_nonsense_is_refused(for_bob: Client, wrong: dict[str, str]) -> None:
    assert 'class="errorlist"' in text(for_bob.post("/me/", {"name": "Bob", "theme": "system", **wrong}))
    assert not Profile.objects.exists()


def test_the_zones_of_brazil_come_first() -> None:
    assert time_zones()[1][1][0] == ("America/Sao_Paulo", "São Paulo")
    world = dict(time_zones()[2][1])
    assert "Europe/Lisbon" in world
    assert "America/Sao_Paulo" not in world


def test_sessions_are_named_and_this_one_is_marked(bob: User) -> None:
    here, _there = browser(FIREFOX), browser(IPHONE)

    page = text(here.get("/me/"))

    assert "Firefox · Linux" in page
    assert "Safari · iPhone" in page
    assert page.count("this browser") == 1
    assert page.index("Firefox · Linux") < page.index("this browser") < page.index("Safari · iPhone"), "it comes first"
    for key in SessionFacts.objects.values_list("session_id", flat=True):
        assert key not in page


def test_one_other_session_is_ended_or_all_of_them_and_never_this_one(bob: User) -> None:
    here, one, another = browser(FIREFOX), browser(IPHONE), browser(CHROME)
    of_one = SessionFacts.objects.get(session_id=one.session.session_key)
    mine = SessionFacts.objects.get(session_id=here.session.session_key)

    here.post("/me/sessions/end/", {"session": of_one.public_id})
    assert [client.get("/me/").status_code for client in (here, one, another)] == [200, 302, 200]
    here.post("/me/sessions/end/", {"session": mine.public_id})
    here.post("/me/sessions/end/")
    assert [client.get("/me/").status_code for client in (here, another)] == [200, 302]


def test_nobody_ends_another_persons_session(for_alice: Client, bob: User) -> None:
    his = browser(FIREFOX)
    for_alice.post("/me/sessions/end/", {"session": SessionFacts.objects.get(user=bob).public_id})

    assert his.get("/me/").status_code == 200


def test_a_session_says_when_it_was_last_used_but_not_at_every_click(bob: User) -> None:
    here = browser(FIREFOX)
    long_ago, just_now = timezone.now() - timedelta(hours=3), timezone.now() - timedelta(minutes=2)
    for before, is_newer in ((long_ago, True), (just_now, False)):
        SessionFacts.objects.update(seen_at=before)
        here.get("/me/")
        assert (SessionFacts.objects.get(user=bob).seen_at > before) is is_newer


def test_a_session_leaves_no_trace_after_a_log_out(bob: User) -> None:
    here = browser(FIREFOX)
    here.post("/logout/")

    assert not SessionFacts.objects.exists()


def test_a_session_that_ran_out_is_forgotten_at_the_next_login(bob: User) -> None:
    old = browser(FIREFOX).session.session_key
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))

    browser(IPHONE)

    assert not Session.objects.filter(session_key=old).exists()
    assert [one.browser for one in SessionFacts.objects.all()] == ["Safari"]
