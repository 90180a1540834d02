"""How people come in: by invitation, by name and password, by a second factor, by a link to a new password."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from people import invitations, letters, second_factor
from people.models import Deed, Invitation, PersonEntry, Profile, SessionFacts

pytestmark = pytest.mark.django_db
ENGLISH = {"Accept-Language": "en"}
LONG = "uma frase bem comprida 42"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


def text(response: Any) -> str:
    return str(response.content.decode())


def post(client: Client, at: str, **data: Any) -> Any:
    return client.post(at, data, headers=ENGLISH)


def log_in(client: Client, name: str, password: str = "segredo", **more: str) -> Any:
    return post(client, "/login/", username=name, password=password, **more)


def with_factor(user: User) -> TOTPDevice:
    """`user` has an app whose codes are asked for."""
    device = TOTPDevice.objects.create(user=user, confirmed=True)
    second_factor.renew_codes(user)
    return device


def code(device: TOTPDevice, *, steps: int = 0) -> str:
    """What the app shows now, or `steps` half minutes later."""
    totp = TOTP(device.bin_key)
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06}"


def is_in(client: Client) -> bool:
    return client.get("/me/").status_code == 200


# ------------------------------------------------------------------------------------------------------- invitations


def invite(by: User, group: str = "Vendedores", *instances: str, email: str = "") -> str:
    """The path of a fresh invitation."""
    _made, link = invitations.invite(by, Group.objects.get(name=group), instances, email)
    return link.removeprefix("http://127.0.0.1:8000")


def join(client: Client, at: str, username: str = "nina") -> Any:
    return post(client, at, name="Nina Souza", username=username, password1=LONG, password2=LONG)


def test_an_invited_person_chooses_a_name_and_is_in_with_the_given_place(client: Client, alice: User) -> None:
    at = invite(alice, "Vendedores", "voice_sdr_v4", email="nina@example.com")

    assert "You come in as: Sales rep." in text(client.get(at, headers=ENGLISH))
    assert join(client, at)["Location"] == "/"

    nina = User.objects.get(username="nina")
    assert (nina.get_full_name(), nina.email) == ("Nina Souza", "nina@example.com")
    assert [group.name for group in nina.groups.all()] == ["Vendedores"]
    assert Profile.objects.get(user=nina).instances == ["voice_sdr_v4"]
    assert is_in(client)
    assert list(PersonEntry.objects.values_list("deed", flat=True)) == [Deed.JOINED, Deed.INVITED]


def test_an_invitation_is_good_once(client: Client, alice: User) -> None:
    at = invite(alice)
    join(Client(), at)

    assert client.get(at).status_code == 410
    assert join(client, at, "another").status_code == 410
    assert not User.objects.filter(username="another").exists()


def test_an_invitation_is_good_for_a_week_and_until_it_is_withdrawn(client: Client, alice: User) -> None:
    old, gone, open_one = invite(alice), invite(alice), invite(alice)
    first, second = Invitation.objects.order_by("pk")[:2]
    Invitation.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    invitations.withdraw(second, alice)

    assert [client.get(at).status_code for at in (old, gone, open_one)] == [410, 410, 200]
    assert open_one.split("/")[2] not in str(list(Invitation.objects.values()))
    assert first.expires_at - first.made_at == timedelta(days=7)


def test_a_manager_copies_the_link_where_there_is_no_e_mail(for_alice: Client) -> None:
    seller = Group.objects.get(name="Vendedores")

    shown = post(for_alice, "/team/invite/", group=seller.pk, email="nina@example.com")

    assert "No e-mail went out to nina@example.com" in text(shown)
    link = text(shown).split('data-copy="')[1].split('"')[0]
    assert Client().get(link.removeprefix("http://127.0.0.1:8000")).status_code == 200
    assert shown["Cache-Control"] == "no-store, private"
    assert mail.outbox == []


def test_with_e_mail_the_link_is_sent(for_alice: Client, settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    seller = Group.objects.get(name="Vendedores")

    shown = post(for_alice, "/team/invite/", group=seller.pk, email="nina@example.com")

    assert "Sent to nina@example.com" in text(shown)
    assert mail.outbox[0].to == ["nina@example.com"]
    assert "http://127.0.0.1:8000/invitation/" in mail.outbox[0].body


# ----------------------------------------------------------------------------------------------------- second factor


def test_after_a_wrong_password_one_types_the_password_again(client: Client, bob: User) -> None:
    first, again = text(client.get("/login/")), text(log_in(client, "bob", "errada"))

    assert re.findall(r'id="(\w+)"[^>]* autofocus', first) == ["id_username"]
    assert re.findall(r'id="(\w+)"[^>]* autofocus', again) == ["id_password"]


def test_without_a_second_factor_the_password_leads_where_they_wanted(client: Client, bob: User) -> None:
    assert log_in(client, "bob", next="/me/")["Location"] == "/me/"
    assert is_in(client)


def test_next_never_leads_to_another_site(client: Client, bob: User) -> None:
    with_factor(bob)
    log_in(client, "bob", next="https://evil.example.com/")

    assert client.session["owes_code"]["next"] == "/"


def test_the_password_alone_opens_nothing_where_there_is_a_second_factor(client: Client, bob: User) -> None:
    device = with_factor(bob)

    assert log_in(client, "bob", next="/me/")["Location"] == "/login/code/"
    assert not is_in(client)
    assert not SessionFacts.objects.exists()

    assert post(client, "/login/code/", code=code(device))["Location"] == "/me/"
    assert is_in(client)


def test_the_admin_cannot_be_entered_past_the_second_factor(client: Client) -> None:
    with_factor(User.objects.create_superuser("root", password="segredo"))

    client.post("/admin/login/?next=/admin/", {"username": "root", "password": "segredo"})
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    log_in(client, "root", next="/admin/")
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


def test_a_code_is_good_once(client: Client, bob: User) -> None:
    device = with_factor(bob)
    used = code(device)
    log_in(client, "bob")
    post(client, "/login/code/", code=used)

    again = Client()
    log_in(again, "bob")

    assert "not right" in text(post(again, "/login/code/", code=used))
    assert not is_in(again)


def test_a_recovery_code_is_good_once_and_however_it_is_typed(client: Client, bob: User) -> None:
    with_factor(bob)
    saved = second_factor.renew_codes(bob)[0]
    for browser, expected in ((client, True), (Client(), False)):
        log_in(browser, "bob")
        post(browser, "/login/code/", code=saved.upper().replace("-", " "))
        assert is_in(browser) is expected
    assert second_factor.codes_left(bob) == 9


def test_wrong_codes_lock_as_wrong_passwords_do_and_giving_the_password_again_does_not_help(
    client: Client, bob: User
) -> None:
    device = with_factor(bob)
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        for _ in range(5):
            log_in(client, "bob")
            answer = post(client, "/login/code/", code="000000" if code(device) != "000000" else "111111")
            clock.shift(40)
        assert answer.status_code == 429
        assert "locked here for fifteen minutes" in text(answer)
        assert log_in(client, "bob").status_code == 429
        post(client, "/login/code/", code=code(device))
        assert not is_in(client)


def test_after_a_wrong_code_the_next_must_wait(client: Client, bob: User) -> None:
    device = with_factor(bob)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        log_in(client, "bob")
        post(client, "/login/code/", code="12345")
        post(client, "/login/code/", code="000001" if code(device) != "000001" else "000002")
        assert "Wait a moment" in text(post(client, "/login/code/", code=code(device)))
        clock.shift(10)
        post(client, "/login/code/", code=code(device))
        assert is_in(client)


def test_the_second_step_is_for_who_gave_the_password_just_now(client: Client, bob: User) -> None:
    device = with_factor(bob)
    assert client.get("/login/code/")["Location"] == "/login/"

    log_in(client, "bob")
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert post(client, "/login/code/", code=code(device))["Location"] == "/login/"

    log_in(client, "bob")
    bob.set_password("outra")
    bob.save()
    assert post(client, "/login/code/", code=code(device))["Location"] == "/login/"
    assert not is_in(client)


def test_setting_it_up_needs_the_right_code_and_shows_ten_recovery_codes_once(for_bob: Client, bob: User) -> None:
    page = text(for_bob.get("/me/second-factor/", headers=ENGLISH))
    device = TOTPDevice.objects.get(user=bob)
    assert "<svg" in page
    assert second_factor.words(device) in page
    assert not second_factor.is_on(bob)

    assert "not right" in text(post(for_bob, "/me/second-factor/", code="nonsense"))
    with time_machine.travel(timezone.now() + timedelta(seconds=5)):
        done = post(for_bob, "/me/second-factor/", code=code(device))

    assert text(done).split('class="codes"')[1].count("<li>") == 10
    assert done["Cache-Control"] == "no-store, private"
    assert second_factor.is_on(bob)
    assert for_bob.get("/me/second-factor/").status_code == 302


@pytest.mark.parametrize("password", ["segredo", "wrong"])
def test_taking_it_away_needs_the_password(for_bob: Client, bob: User, password: str) -> None:
    with_factor(bob)

    post(for_bob, "/me/second-factor/remove/", password=password)

    assert second_factor.is_on(bob) is (password == "wrong")


def test_new_recovery_codes_need_the_password_and_end_the_old_ones(for_bob: Client, bob: User) -> None:
    with_factor(bob)
    old = second_factor.renew_codes(bob)[0]

    assert post(for_bob, "/me/second-factor/codes/", password="wrong").status_code == 302
    assert "Recovery codes" in text(post(for_bob, "/me/second-factor/codes/", password="segredo"))

    assert not second_factor.check(bob, old)
    assert second_factor.codes_left(bob) == 10


# -------------------------------------------------------------------------------------------------------- passwords


def test_five_wrong_passwords_lock_in_clear_words(client: Client, bob: User) -> None:
    answers = [log_in(client, "bob", "wrong") for _ in range(5)]

    assert answers[-1].status_code == 429
    assert "locked here for fifteen minutes" in text(answers[-1])


def test_without_e_mail_a_forgotten_password_is_a_managers_business(client: Client) -> None:
    assert "Ask a manager for a new link" in text(client.get("/password/", headers=ENGLISH))
    assert "Ask a manager" in text(post(client, "/password/", email="bob@example.com"))
    assert mail.outbox == []


def test_with_e_mail_the_link_comes_and_the_page_does_not_tell_who_has_an_account(
    client: Client, bob: User, settings: Settings
) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    User.objects.filter(pk=bob.pk).update(email="bob@example.com")

    known, again, unknown = (post(client, "/password/", email=to) for to in ("bob@example.com",) * 2 + ("x@y.com",))

    assert len(mail.outbox) == 1, "asked for twice, and written to once"
    assert text(known).count("on its way") == text(again).count("on its way") == text(unknown).count("on its way") == 1


def test_a_new_password_counts_once_and_ends_every_session(for_bob: Client, bob: User) -> None:
    link = letters.reset_link(bob).removeprefix("http://127.0.0.1:8000")
    browser = Client()
    form = browser.get(link, follow=True)
    assert link.split("/")[3] not in form.redirect_chain[-1][0]

    post(browser, form.redirect_chain[-1][0], new_password1=LONG, new_password2=LONG)

    assert not is_in(for_bob)
    assert "no longer good" in text(Client().get(link, follow=True, headers=ENGLISH))
    log_in(browser, "bob", LONG)
    assert is_in(browser)


def test_changing_it_oneself_ends_the_other_sessions_and_keeps_this_one(client: Client, bob: User) -> None:
    other = Client()
    log_in(other, "bob")
    log_in(client, "bob")

    post(client, "/me/password/", old_password="segredo", new_password1=LONG, new_password2=LONG)

    assert (is_in(client), is_in(other)) == (True, False)
    assert SessionFacts.objects.filter(user=bob).count() == 1


def test_the_language_is_switched_on_the_login_page(client: Client) -> None:
    assert "Entrar" in text(client.get("/login/?next=/me/", headers={"Accept-Language": "pt-BR"}))

    back = client.post("/language/", {"language": "en", "next": "/login/?next=/me/"})

    assert back["Location"] == "/login/?next=/me/"
    assert "I forgot my password" in text(client.get("/login/?next=/me/", headers={"Accept-Language": "pt-BR"}))
