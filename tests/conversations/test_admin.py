"""The admin: history is read there, the switches are thrown as on the dashboard, and the settings are one row."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bot.admin import BotSettingsAdmin
from bot.models import BotSettings
from conversations import control, identity, switches
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Act, Alias, AuditEntry, Control, QuickAnswer, Sent, Switch
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

pytestmark = pytest.mark.django_db

MARIANA = Key(INSTANCE, LEAD)
HISTORY = [Control, AuditEntry, Sent, Alias]


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password="segredo")


@pytest.fixture
def for_root(root: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(root)
    return client


def _past(rep: User) -> None:
    """One row of each sort."""
    control.take_over(MARIANA, rep)
    identity.learn(INSTANCE, JID("7771@lid"), LEAD)
    Sent.objects.create(
        token="t", instance=INSTANCE, conversation=LEAD, message_id="A1", author="rep", rep=rep, at=timezone.now()
    )


def _address(model: Any, page: str = "changelist", *args: Any) -> str:
    from django.urls import reverse

    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_deleting_quick_answers_is_said_in_good_portuguese_words_of_our_own(for_root: Client) -> None:
    QuickAnswer.objects.create(shortcut="ola", text="Oi!")

    assert "Delete the selected quick answers" in for_root.get(_address(QuickAnswer)).content.decode()


def test_the_notice_stands_in_the_column_of_the_lists(for_root: Client) -> None:
    page = for_root.get("/admin/").content.decode()

    assert page.index('id="content-main"') < page.index('id="evolution-notice"') < page.index('id="content-related"')


@pytest.mark.parametrize("model", HISTORY)
def test_history_is_shown_without_whole_numbers(for_root: Client, root: User, model: Any) -> None:
    _past(root)

    page = for_root.get(_address(model)).content.decode()

    assert "…" in page
    assert "5511999990001" not in page


@pytest.mark.parametrize("model", HISTORY)
def test_history_is_never_changed_by_hand(for_root: Client, root: User, model: Any) -> None:
    _past(root)
    row = model.objects.first()

    assert for_root.get(_address(model, "change", row.pk)).status_code == 200
    assert for_root.post(_address(model, "change", row.pk), {}).status_code == 403
    assert for_root.post(_address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert for_root.get(_address(model, "add")).status_code == 403


def test_a_switch_is_thrown_as_on_the_dashboard(for_root: Client, root: User) -> None:
    for_root.get(_address(Switch))
    row = Switch.objects.get(instance=INSTANCE)

    for_root.post(_address(Switch), {"action": "switch_on", "_selected_action": [row.pk]})

    assert switches.is_on(INSTANCE)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.rep) == (Act.SWITCH_ON, root)

    for_root.post(_address(Switch), {"action": "switch_off", "_selected_action": [row.pk]})

    assert not switches.is_on(INSTANCE)


def test_a_switch_is_no_form(for_root: Client) -> None:
    for_root.get(_address(Switch))
    row = Switch.objects.get(instance=INSTANCE)

    assert for_root.post(_address(Switch, "change", row.pk), {"is_on": "on"}).status_code == 403
    assert not switches.is_on(INSTANCE)


def test_an_administrator_without_the_permission_throws_no_switch(client: Client) -> None:
    from django.contrib.auth.models import Permission

    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_switch"))
    client.force_login(clerk)
    client.get(_address(Switch))
    row = Switch.objects.get(instance=INSTANCE)

    client.post(_address(Switch), {"action": "switch_on", "_selected_action": [row.pk]})

    assert not switches.is_on(INSTANCE)


def test_the_settings_open_directly_and_cannot_be_multiplied(for_root: Client) -> None:
    response = for_root.get(_address(BotSettings), follow=True)

    assert response.redirect_chain == [(_address(BotSettings, "change", 1), 302)]
    assert for_root.get(_address(BotSettings, "add")).status_code == 403
    assert for_root.post(_address(BotSettings, "delete", 1), {"post": "yes"}).status_code == 403


def test_every_setting_has_a_place_in_the_form() -> None:
    form = BotSettingsAdmin(BotSettings, admin.site)
    placed = [name for _title, group in form.fieldsets for name in group["fields"]]
    settable = [field.name for field in BotSettings._meta.fields if field.name not in ("id", "changed_at")]

    assert sorted(placed) == sorted(settable)


def test_settings_that_contradict_themselves_are_refused_in_words(for_root: Client) -> None:
    row = BotSettings.load()
    data = {field.name: getattr(row, field.name) for field in BotSettings._meta.fields if field.editable}
    data = {name: value for name, value in data.items() if value not in (None, False)}

    response = for_root.post(
        _address(BotSettings, "change", 1), {**data, "debounce_idle_seconds": 20, "debounce_cap_seconds": 5}
    )

    assert "Must not be shorter than the wait after the last message." in response.content.decode()
    assert BotSettings.load().debounce_cap_seconds != 5


def test_administrators_see_that_evolution_api_is_used(for_root: Client) -> None:
    assert "Evolution API" in for_root.get("/admin/").content.decode()
