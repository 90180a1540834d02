"""The managers' page about the numbers: their true state, pairing and ending it, and what the doctor finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from bot import heartbeat, numbers
from bot.numbers import Condition
from conversations.evolution import get_client
from conversations.evolution.sandbox import Failure, Sandbox
from people.models import Profile
from tests.bot.conftest import INSTANCE

PAGE = "/connection/"
OF = f"/connection/of/{INSTANCE}/"
HTMX = {"HX-Request": "true", "HX-Target": f"number-{INSTANCE}"}


def panel(client: Client, path: str = "", **more: Any) -> str:
    """The number's panel, read alone, or after an act."""
    ask = client.post if path else client.get
    answer = ask(f"{OF}{path}", more, headers=HTMX)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store, private"
    return str(answer.content.decode())


def close(sandbox: Sandbox) -> None:
    sandbox.log_out(sandbox.instance(INSTANCE))


# ------------------------------------------------------------------------------------------------------ who may what


def test_only_who_may_connect_numbers_comes_in(clients: Callable[..., Client], sandbox: Sandbox) -> None:
    assert Client().get(PAGE).status_code == 302
    rep = clients("Vendedores", name="bob")
    for path in (PAGE, "/connection/checks/", OF):
        assert rep.get(path).status_code == 403, path
    for act in ("pair", "restart", "log-out", "prepare"):
        assert rep.post(f"{OF}{act}/").status_code == 403, act
    assert sandbox.instance(INSTANCE).state == "open"


def test_a_number_that_one_may_not_see_does_not_exist(manager: Client, sandbox: Sandbox) -> None:
    Profile.objects.create(user=User.objects.get(), instances=["another"])

    assert f"number-{INSTANCE}" not in manager.get(PAGE).content.decode()
    assert manager.get(OF, headers=HTMX).status_code == 404
    assert manager.post(f"{OF}log-out/").status_code == 404
    assert INSTANCE not in manager.get("/connection/checks/", headers=HTMX).content.decode()


def test_acts_are_posted(manager: Client) -> None:
    for act in ("pair", "restart", "log-out", "prepare"):
        assert manager.get(f"{OF}{act}/").status_code == 405


# ---------------------------------------------------------------------------------------------------------- the state


def test_a_connected_number_shows_since_when_and_whose_it_is(manager: Client, sandbox: Sandbox) -> None:
    heartbeat.heard(INSTANCE)
    heartbeat.connection_changed(INSTANCE, "open")

    page = manager.get(PAGE).content.decode()

    found = numbers.look(get_client(), INSTANCE)
    assert found.condition is Condition.OPEN
    assert found.phone.startswith("+55 ")
    assert "Connected since" in page
    assert found.phone in page
    assert "Third-party software" in page


def test_open_and_silent_is_not_taken_for_connected(manager: Client, sandbox: Sandbox) -> None:
    assert "Open, but silent" in panel(manager)

    assert numbers._condition("open", timezone.now() - numbers.SILENT_AFTER * 2) is Condition.SILENT


def test_the_same_word_again_does_not_begin_the_state_anew() -> None:
    heartbeat.connection_changed(INSTANCE, "open")
    first = heartbeat.connection_age_s(INSTANCE, "open")
    heartbeat.connection_changed(INSTANCE, "open")
    again = heartbeat.connection_age_s(INSTANCE, "open")

    assert first is not None
    assert again is not None
    assert again >= first
    assert heartbeat.connection_age_s(INSTANCE, "close") is None


def test_a_gateway_that_is_down_is_a_state_of_the_page(manager: Client) -> None:
    page = manager.get(PAGE)

    assert page.status_code == 200
    assert "Gateway out of reach" in page.content.decode()
    assert "Try again" in page.content.decode()
    assert "Nothing listens at port 9" in panel(manager, "restart/")


def test_a_wrong_key_is_told(manager: Client, sandbox: Sandbox, settings: Any) -> None:
    settings.EVOLUTION_API_KEY = "another"

    assert "does not accept the key" in panel(manager)


# ------------------------------------------------------------------------------------------------------------ pairing


def test_from_logged_out_to_paired(manager: Client, sandbox: Sandbox) -> None:
    assert '<p class="done is-warning">Logged out.' in panel(manager, "log-out/")
    closed = panel(manager)
    assert "Show the QR code" in closed
    assert "every 3s" not in closed

    scanned = panel(manager, "pair/")
    assert "data:image/svg+xml;base64," in scanned
    assert "every 3s" in scanned
    assert "was=connecting" in scanned

    sandbox.set_state(sandbox.instance(INSTANCE), "open")
    paired = manager.get(f"{OF}?was=connecting", headers=HTMX).content.decode()
    assert "Paired!" in paired
    assert "every 3s" not in paired
    assert "Paired!" not in panel(manager)


def test_looking_at_a_closed_number_does_not_open_it(manager: Client, sandbox: Sandbox) -> None:
    close(sandbox)

    manager.get(PAGE)
    panel(manager)

    assert sandbox.instance(INSTANCE).state == "close"


def test_a_new_code_is_shown_as_it_comes(manager: Client, sandbox: Sandbox) -> None:
    close(sandbox)
    first = panel(manager, "pair/")
    sandbox.instance(INSTANCE).qr_at -= 60

    assert panel(manager) != first


def test_a_code_to_type_instead(manager: Client, sandbox: Sandbox) -> None:
    close(sandbox)

    page = panel(manager, "pair/", phone="+55 (11) 91234-5678")

    code = sandbox.instance(INSTANCE).pairing_code
    assert code
    assert f"{code[:4]}-{code[4:]}" in page
    assert "phone number with country code" in panel(manager, "pair/", phone="123")


def test_once_a_qr_code_was_shown_there_is_no_code_to_type(manager: Client, sandbox: Sandbox) -> None:
    close(sandbox)
    panel(manager, "pair/")

    assert "There is no code to type" in panel(manager, "pair/", phone="+55 11 91234-5678")


def test_reconnecting_and_logging_out_twice(manager: Client, sandbox: Sandbox) -> None:
    assert "being reopened" in panel(manager, "restart/")
    panel(manager, "log-out/")
    assert "not connected any more" in panel(manager, "log-out/")


def test_without_scripts_each_act_leads_back_to_the_page(manager: Client, sandbox: Sandbox) -> None:
    answer = manager.post(f"{OF}log-out/", follow=True)

    assert answer.redirect_chain == [(PAGE, 302)]
    assert "Logged out." in answer.content.decode()
    assert "Show the QR code" in answer.content.decode()
    assert manager.get(OF).headers["Location"] == PAGE


# ----------------------------------------------------------------------------------------------------- setting it up


def test_the_webhook_is_set_by_one_button_and_then_nothing_is_left_to_do(manager: Client, sandbox: Sandbox) -> None:
    assert "http://127.0.0.1:8000/webhook/evolution/" in panel(manager, "prepare/")

    webhook = sandbox.instance(INSTANCE).webhook
    assert webhook is not None
    assert webhook["url"] == "http://127.0.0.1:8000/webhook/evolution/"
    assert "Everything was set right already." in panel(manager, "prepare/")


def test_an_instance_that_is_not_there_is_made(manager: Client, sandbox: Sandbox, settings: Any) -> None:
    settings.EVOLUTION_INSTANCES = [INSTANCE, "vendas"]
    page = manager.get(PAGE).content.decode()
    assert "Make the instance" in page

    answer = manager.post("/connection/of/vendas/prepare/", headers={"HX-Request": "true"}).content.decode()

    assert "The instance was made." in answer
    assert "Show the QR code" in answer
    assert sandbox.instance("vendas").webhook is not None


@pytest.fixture
def another_address(live_server: LiveServer) -> str:
    """Our receiver, by a name that is not PUBLIC_URL."""
    return f"{live_server.url}/webhook/evolution/"


@pytest.mark.django_db(transaction=True)
def test_an_address_that_is_ours_by_another_name_is_kept(sandbox: Sandbox, settings: Any, another_address: str) -> None:
    client = get_client()
    ours, strange = {"X-Webhook-Secret": settings.WEBHOOK_SECRET}, {"X-Webhook-Secret": "another"}

    client.set_webhook(INSTANCE, another_address, headers=ours)
    assert numbers.address_for(client, INSTANCE) == another_address
    client.set_webhook(INSTANCE, another_address, headers=strange)
    assert numbers.address_for(client, INSTANCE) == "http://127.0.0.1:8000/webhook/evolution/"
    client.set_webhook(INSTANCE, "http://127.0.0.1:9/webhook/evolution/", headers=ours)
    assert numbers.address_for(client, INSTANCE) == "http://127.0.0.1:8000/webhook/evolution/"


def test_a_refusal_of_the_gateway_is_told(manager: Client, sandbox: Sandbox) -> None:
    sandbox.failures.add(Failure("/instance/restart", status=500))

    assert "error of its own (500)" in panel(manager, "restart/")


# ------------------------------------------------------------------------------------------------------------- checks


def test_the_doctors_findings_come_with_remedies_and_a_button_where_one_helps(
    manager: Client, sandbox: Sandbox
) -> None:
    close(sandbox)

    found = manager.get("/connection/checks/", headers={"HX-Request": "true"}).content.decode()

    assert "There is no webhook" in found
    assert "Set it up now" in found
    assert "It is not connected" in found
    assert found.count("finding is-") > 15


def test_without_scripts_the_checks_are_on_the_page(manager: Client, sandbox: Sandbox) -> None:
    answer = manager.get("/connection/checks/", follow=True)

    assert answer.redirect_chain[0][0].startswith("/connection/?checks=1")
    assert "finding is-" in answer.content.decode()
