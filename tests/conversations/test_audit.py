"""The audit page: every act in a sentence, found again by its filters, and safe to take along."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, Permission, User
from django.test import AsyncClient, Client
from django.utils import translation
from pytest_django import Settings

from bot.models import BotSettings, SettingsVersion
from conversations import control, inbox, switches
from conversations.audit import _CONTROL, _PEOPLE
from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from conversations.models import Act, Actor, AuditEntry, Mode, Reason
from conversations.sealed import opaque_id
from conversations.views.audit import harmless
from people import invitations, team
from people.models import Deed, Profile
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

pytestmark = pytest.mark.django_db
MARIANA = Key(INSTANCE, LEAD)


@pytest.fixture(autouse=True)
def _in_english(settings: Settings) -> Iterator[None]:
    settings.TAKEOVER_WAIT_SECONDS = 0
    with translation.override("en"):
        yield


def page(client: Client, query: str = "") -> str:
    return str(client.get(f"/audit/{query}", headers={"Accept-Language": "en"}).content.decode())


def rows(client: Client, query: str = "") -> list[list[str]]:
    """The exported table."""
    answer: Any = client.get(f"/audit/export/{query}", headers={"Accept-Language": "en"})
    written = answer.getvalue().decode()
    assert written.startswith("\ufeff")
    return list(csv.reader(io.StringIO(written.removeprefix("\ufeff"))))


def test_the_table_opens_in_the_readers_own_excel(for_alice: Client, alice: User, bob: User) -> None:
    """In Portuguese numbers have a comma, and a semicolon stands between the cells."""
    control.take_over(MARIANA, bob)

    def written(language: str) -> str:
        answer: Any = for_alice.get("/audit/export/", headers={"Accept-Language": language})
        return str(answer.getvalue().decode())

    assert written("pt-br").startswith("\ufeffQuando;Quem;")
    assert written("en").startswith("\ufeffWhen,Who,")
    Profile.objects.update_or_create(user=alice, defaults={"language": "pt-br"})
    assert written("en").startswith("\ufeffQuando;Quem;")


def entry(at: datetime, act: Act = Act.PAUSE, rep: User | None = None, instance: str = INSTANCE) -> AuditEntry:
    actor = Actor.REP if rep else Actor.SYSTEM
    return AuditEntry.objects.create(at=at, instance=instance, conversation=LEAD, actor=actor, rep=rep, act=act)


def test_an_act_is_a_sentence_with_a_link_and_without_the_number(for_alice: Client, bob: User) -> None:
    control.take_over(MARIANA, bob)

    shown = page(for_alice)

    link = f'<a href="/c/{INSTANCE}/{opaque_id(MARIANA)}/">+55 11 •••• 0001</a>'
    assert f"<strong>Bob</strong> took over the conversation with {link}" in shown
    assert "99999" not in shown


def test_a_lead_is_called_by_the_name_the_list_knows_and_only_on_the_page(
    for_alice: Client, alice: User, bob: User, sandbox: Sandbox
) -> None:
    sandbox.lead_writes(LEAD, "oi", name="Mariana Lopes", webhook=False)
    inbox.inbox().refresh()
    control.take_over(MARIANA, bob)

    link = f'<a href="/c/{INSTANCE}/{opaque_id(MARIANA)}/" title="+55 11 •••• 0001" dir="auto">Mariana Lopes</a>'
    assert f"took over the conversation with {link}" in page(for_alice)
    assert rows(for_alice)[1][4] == "+55 11 •••• 0001"
    assert not AuditEntry.objects.filter(conversation__contains="Mariana").exists()


def test_who_may_not_watch_reads_no_name_and_finds_no_way(bob: User, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "oi", name="Mariana Lopes", webhook=False)
    inbox.inbox().refresh()
    control.take_over(MARIANA, bob)
    reader = User.objects.create_user("rita")
    reader.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    client = Client()
    client.force_login(reader)

    shown = page(client).split('class="acts"')[1]

    assert "+55 11 •••• 0001" in shown
    assert "Mariana" not in shown
    assert opaque_id(MARIANA) not in shown


def test_who_answered_is_said_of_the_takeover_alone(for_alice: Client, alice: User) -> None:
    key = Key(INSTANCE, LEAD)
    control.rep_sent(key, alice)
    control.note_opt_out(key, alice)
    control.opt_in(key, alice)

    said = page(for_alice)

    assert said.count("answered from the dashboard") == 1


def test_handing_over_says_to_whom_and_is_found_by_either(for_alice: Client, alice: User, bob: User) -> None:
    control.hand_over(MARIANA, alice, bob)

    assert "to <strong>Bob</strong>" in page(for_alice, f"?person={bob.pk}")
    assert rows(for_alice)[1][5] == "Bob"
    AuditEntry.objects.update(receiver=None)
    assert "to a colleague" in page(for_alice)


def test_days_the_wrong_way_round_are_told(for_alice: Client, bob: User) -> None:
    control.take_over(MARIANA, bob)

    assert "wrong way round" in page(for_alice, "?since=2026-11-20&until=2026-11-19")
    assert "wrong way round" not in page(for_alice, "?since=2026-11-20&until=2026-11-20")


def test_a_change_of_the_bots_settings_stands_there_with_the_way_to_it(for_alice: Client, alice: User) -> None:
    settings = BotSettings.load()
    settings.changed_by, settings.company = alice, "Dental Sorriso"
    settings.save()
    first = SettingsVersion.objects.get(by=alice)
    settings.changed_by, settings.company = None, "Outra"
    settings.save()
    again = first.settings()
    again.changed_by, again.restores = alice, first
    again.save()

    shown = page(for_alice)

    way = f'<a href="/bot/versions/{first.pk}/">See what changed</a>'
    assert f"<strong>Alice</strong> changed the bot's settings · {way}" in shown
    assert f"restored version {first.pk} of the bot's settings" in shown
    assert shown.count("act-line") == page(for_alice, "?act=settings").count("act-line") == 3
    assert page(for_alice, "?act=pause").count("act-line") == 0
    assert page(for_alice, f"?person={alice.pk}").count("act-line") == 2
    changed = "changed the bot's settings"
    told = [row[2] for row in rows(for_alice, "?act=settings")[1:]]
    assert told == [f"restored version {first.pk} of the bot's settings", changed, changed]


def test_the_switch_and_people_stand_there_too(for_alice: Client, alice: User, bob: User) -> None:
    switches.switch(alice, INSTANCE, True)
    team.change_role(bob, alice, Group.objects.get(name="Observadores"), ())
    invitations.invite(alice, Group.objects.get(name="Vendedores"), (INSTANCE,))

    shown = page(for_alice)

    assert f"<strong>Alice</strong> switched the bot on: {INSTANCE}" in shown
    assert "changed what <strong>Bob</strong> may do: Observer" in shown
    assert f"invited a person: Sales rep, {INSTANCE}" in shown


@pytest.mark.parametrize("act", Act)
def test_every_act_has_its_sentence(for_alice: Client, act: Act) -> None:
    assert act in _CONTROL
    made = entry(datetime.now(timezone.utc), act)
    made.reason, made.before, made.after = Reason.ANGRY, Mode.BOT, Mode.WAITING
    made.save()

    assert "{" not in page(for_alice).split('class="acts"')[1]
    assert len(rows(for_alice)) == 2


def test_every_deed_has_its_sentence() -> None:
    assert set(_PEOPLE) == set(Deed)


def test_filters_stand_in_the_address(for_alice: Client, alice: User, bob: User) -> None:
    now = datetime.now(timezone.utc)
    entry(now - timedelta(minutes=1), Act.PAUSE, bob)
    entry(now - timedelta(minutes=2), Act.TAKE_OVER, alice)
    entry(now - timedelta(days=20), Act.HAND_BACK, bob)
    team.deactivate(bob, alice)

    def count(query: str) -> int:
        assert (found := page(for_alice, query).count("act-line")) == len(rows(for_alice, query)) - 1
        return found

    assert count("") == 4
    assert count(f"?person={bob.pk}") == 3, "what he did, and what was done to him"
    assert count("?act=pause") == 1
    assert count("?act=deactivated") == 1
    assert count(f"?since={(now - timedelta(days=7)).date()}") == 3
    assert count(f"?until={(now - timedelta(days=7)).date()}") == 1
    assert count("?person=nobody&act=pause&since=yesterday") == 1, "what is not understood filters nothing"
    assert "Clear the filters" in page(for_alice, "?act=merge")


def test_days_begin_by_the_readers_clock(for_alice: Client, alice: User) -> None:
    """23:30 in Manaus is the next day in São Paulo."""
    entry(datetime(2026, 11, 3, 3, 30, tzinfo=timezone.utc))
    for zone, day in (("America/Manaus", "2026-11-02"), ("America/Sao_Paulo", "2026-11-03")):
        Profile.objects.update_or_create(user=alice, defaults={"time_zone": zone})
        assert page(for_alice, f"?since={day}&until={day}").count("act-line") == 1
        assert rows(for_alice)[1][0].startswith(day)


def test_another_number_is_neither_listed_nor_exported(for_alice: Client, alice: User, settings: Settings) -> None:
    settings.EVOLUTION_INSTANCES = (INSTANCE, "another")
    Profile.objects.create(user=alice, instances=[INSTANCE])
    entry(datetime.now(timezone.utc), instance="another")

    assert "act-line" not in page(for_alice)
    assert "act-line" not in page(for_alice, "?instance=another")
    assert len(rows(for_alice)) == 1


def test_pages_follow_each_other_and_keep_the_filter(for_alice: Client) -> None:
    for n in range(60):
        entry(datetime.now(timezone.utc) - timedelta(minutes=n + 1))

    first = page(for_alice, "?act=pause")

    assert first.count("act-line") == 50
    assert 'href="?act=pause&amp;page=2"' in first
    assert page(for_alice, "?act=pause&page=2").count("act-line") == 10


def test_the_table_holds_no_number_and_nothing_a_spreadsheet_would_run(for_alice: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(first_name='=HYPERLINK("http://evil")')
    control.take_over(MARIANA, User.objects.get(pk=bob.pk))

    head, row = rows(for_alice)

    assert head[:5] == ["When", "Who", "What", "Number", "Lead"]
    assert row[1] == '\'=HYPERLINK("http://evil")'
    assert row[4] == "+55 11 •••• 0001"
    assert "99999" not in "".join(row)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_formula_is_only_words(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless("Ana") == "Ana"


@pytest.mark.parametrize("cell", ["+55 11 •••• 0001", "+351 •••• 0001"])
def test_a_veiled_number_needs_no_apostrophe(cell: str) -> None:
    assert harmless(cell) == cell
    assert harmless(f"{cell}+cmd|' /C calc'!A0").startswith("'")


@pytest.mark.django_db(transaction=True)
def test_the_table_is_sent_in_parts_by_the_real_server_too(alice: User) -> None:
    client = AsyncClient()
    client.force_login(alice)

    async def fetch() -> bytes:
        answer: Any = await client.get("/audit/export/")
        return b"".join([part async for part in answer.streaming_content])

    assert async_to_sync(fetch)().startswith("\ufeff".encode())
