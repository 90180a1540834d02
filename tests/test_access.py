"""Every address there is, from the URLconf itself: who is let in. A new view that lets the wrong ones in fails here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path
from pytest_django import Settings

from conversations.jid import JID
from conversations.message import Key
from conversations.models import AuditEntry, Control, Sent
from conversations.sealed import opaque_id
from people.models import PersonEntry, Profile

HERE, THERE = "voice_sdr_v4", "another_number"
LEAD = JID("5511999990001@s.whatsapp.net")

#: Open to everybody, logged in or not: the doors, and what machines ask.
PUBLIC = {
    "healthz", "readyz", "login", "logout", "set_language",
    "people:code", "people:invitation", "people:forgotten", "people:new_password",
    "bot:webhook", "bot:webhook_by_event_bare", "bot:webhook_by_event", "/webhook/evolution",
    # The admin's login, which is only the way to ours.
    "/admin/login/",
    # What a browser asks for to install the dashboard: nobody's data.
    "conversations:manifest", "conversations:service_worker", "conversations:offline",
}  # fmt: skip
#: Open to everybody who is logged in: about themselves alone.
OWN = {
    "people:me", "people:password", "people:end_sessions", "people:second_factor", "people:recovery_codes",
    "people:remove_factor", "prefer",
}  # fmt: skip
#: Not pages: to the login page is no answer there.
STREAMS = {"conversations:events"}
#: Posts that change nothing for others: a watcher may leave word of what they looked at.
HARMLESS_POSTS = {"conversations:seen", "conversations:colleagues", "conversations:palette"}

#: What stands for a part of an address; anything else becomes something that does not exist.
PARTS: dict[str, Any] = {"opaque": opaque_id(Key(HERE, LEAD)), "instance": HERE}


def addresses(
    patterns: list[Any] | None = None, before: str = "/", namespace: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    """Name, route and pattern of every address; the admin is Django's own and looked at below."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                yield from addresses(pattern.url_patterns, route, inner)
        else:
            yield (f"{namespace}{pattern.name}" if pattern.name else route), route, pattern


def address(route: str, pattern: URLPattern, **parts: Any) -> str:
    """The route with something in place of each of its parts."""
    for name, converter in pattern.pattern.converters.items():
        value = {**PARTS, **parts}.get(name, 999_999 if type(converter).__name__ == "IntConverter" else "x" * 22)
        kind = next(prefix for prefix in ("str", "int", "slug", "path", "uuid") if f"<{prefix}:{name}>" in route)
        route = route.replace(f"<{kind}:{name}>", "0" * 32 if kind == "uuid" else str(value))
    return route


ALL = list(addresses())
GUARDED = [one for one in ALL if one[0] not in PUBLIC]
SHUT = [one for one in GUARDED if one[0] not in OWN]
OF_AN_INSTANCE = [one for one in GUARDED if "instance" in one[2].pattern.converters]


def names(found: list[tuple[str, str, URLPattern]]) -> Any:
    """Parameters named by the address."""
    return [pytest.param(route, pattern, id=name) for name, route, pattern in found]


def answers(client: Client, at: str) -> list[int]:
    """What GET and POST are answered."""
    return [client.get(at).status_code, client.post(at).status_code]


def person(name: str, group: str = "", instances: tuple[str, ...] = ()) -> Client:
    """A browser of somebody new."""
    user = User.objects.create_user(f"{name}{User.objects.count()}", password="segredo")
    if group:
        user.groups.add(Group.objects.get(name=group))
    Profile.objects.create(user=user, instances=list(instances))
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return client


def is_untouched() -> bool:
    """Nothing was done to control or to people."""
    return not any(model.objects.exists() for model in (Control, AuditEntry, Sent, PersonEntry))


def test_there_are_addresses_and_each_exception_is_one_of_them() -> None:
    """A name that is misspelt above would except nothing, or a view that comes back under it."""
    assert len(GUARDED) > 20
    assert {name for name, _route, _pattern in OF_AN_INSTANCE} >= {"conversations:conversation", "conversations:send"}
    assert {name for name, _route, _pattern in ALL} >= STREAMS


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "pattern"), names(GUARDED))
def test_nobody_comes_in_without_a_login(client: Client, route: str, pattern: URLPattern) -> None:
    is_stream = route == "/events/"

    for method in (client.get, client.post):
        response = method(address(route, pattern))
        if is_stream:
            assert response.status_code in (403, 405)
        else:
            # 405: the view takes this method from nobody.
            assert response.status_code == 405 or response["Location"].startswith("/login/?next=")
    assert is_untouched()


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "pattern"), names(SHUT))
def test_a_stranger_with_an_account_comes_in_nowhere(route: str, pattern: URLPattern) -> None:
    got = answers(person("charlie"), address(route, pattern))

    assert set(got) <= {403, 405}
    assert 403 in got
    assert is_untouched()


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "pattern"), names([one for one in SHUT if one[0] not in HARMLESS_POSTS]))
def test_who_may_only_watch_does_nothing(route: str, pattern: URLPattern) -> None:
    response = person("olga", "Observadores").post(address(route, pattern))

    assert response.status_code in (403, 405)
    assert is_untouched()


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "pattern"), names(OF_AN_INSTANCE))
def test_another_number_does_not_exist_for_who_may_not_see_it(
    route: str, pattern: URLPattern, settings: Settings
) -> None:
    settings.EVOLUTION_INSTANCES = (HERE, THERE)
    at = address(route, pattern, instance=THERE, opaque=opaque_id(Key(THERE, LEAD)))

    got = answers(person("alice", "Gestores", (HERE,)), at)

    assert set(got) <= {404, 405}
    assert 404 in got
    assert is_untouched()


@pytest.mark.django_db
def test_who_sees_one_number_switches_that_one_only_and_reads_of_no_other(settings: Settings) -> None:
    settings.EVOLUTION_INSTANCES = (HERE, THERE)
    alice = person("alice", "Gestores", (HERE,))

    assert alice.post("/switch/", {"instance": THERE, "on": "1"}).status_code == 404
    assert alice.post("/switch/", {"instance": "", "on": "0"}).status_code == 404
    assert alice.post("/switch/", {"instance": HERE, "on": "1"}).status_code == 302
    assert THERE not in alice.get("/").content.decode()
    assert THERE in person("root", "Gestores").get("/").content.decode()


@pytest.mark.django_db
def test_the_admin_is_for_staff_and_has_no_login_of_its_own(client: Client) -> None:
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/login/?next=%2Fadmin%2F"
    assert person("alice", "Gestores").get("/admin/", follow=True).status_code == 403
    assert client.post("/admin/login/", {"username": "x", "password": "y"}).status_code == 302


def open_to_all(request: HttpRequest, instance: str = "") -> HttpResponse:
    """A view somebody forgot to guard."""
    return HttpResponse("secret")


urlpatterns = [path("forgotten/", open_to_all), path("c/<str:instance>/forgotten/", open_to_all)]


@pytest.mark.django_db
@pytest.mark.urls(__name__)
def test_a_view_that_is_not_guarded_is_caught(client: Client) -> None:
    found = list(addresses())

    assert [name for name, _route, _pattern in found] == ["/forgotten/", "/c/<str:instance>/forgotten/"]
    for _name, route, pattern in found:
        with pytest.raises((AssertionError, KeyError)):
            test_nobody_comes_in_without_a_login(client, route, pattern)
        with pytest.raises(AssertionError):
            test_a_stranger_with_an_account_comes_in_nowhere(route, pattern)
        with pytest.raises(AssertionError):
            test_who_may_only_watch_does_nothing(route, pattern)
