"""The frame around every page: who needs a person, how everything is connected, the palette, what is installed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from bot.models import BotSettings
from conversations import control, shown, switches
from conversations.attention import OVERDUE_AFTER
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.inbox import inbox
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Control, Mode, Reason, Sent
from conversations.plain import folded_once
from conversations.sealed import opaque_id
from people.models import Profile
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

MARIANA = Key(INSTANCE, LEAD)
CARLOS = Key(INSTANCE, JID("5511933334444@s.whatsapp.net"))


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """The words of the tests are those of the sources."""
    with translation.override("en"):
        yield


def asked(client: Client, path: str = "/attention/") -> Any:
    return client.get(path, headers={"Accept-Language": "en"})


def counts(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = asked(client).json()
    return found


def waits(key: Key = MARIANA, reason: Reason = Reason.ASKED_FOR_PERSON) -> None:
    Control.objects.create(
        instance=key.instance, conversation=key.conversation, mode=Mode.WAITING, reason=reason,
        changed_at=timezone.now() - timedelta(minutes=2),
    )  # fmt: skip


def wrote(sandbox: Sandbox, minutes_ago: float, key: Key = MARIANA, name: str = "Mariana Souza") -> str:
    at = sandbox.clock() - 60 * minutes_ago
    return sandbox.lead_writes(str(key.conversation), "quanto custa?", name=name, at=at, webhook=False)


# -------------------------------------------------------------------------------------------------------------- who may


@pytest.mark.parametrize("path", ["/attention/", "/connections/"])
def test_only_people_who_may_watch_are_told(client: Client, for_charlie: Client, path: str) -> None:
    assert client.get(path).status_code == 302
    assert for_charlie.get(path).status_code == 403


def test_the_palette_is_for_people_who_may_watch(client: Client, for_charlie: Client) -> None:
    assert client.post("/palette/").status_code == 302
    assert for_charlie.post("/palette/").status_code == 403


def test_a_number_one_may_not_see_does_not_call(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    waits()
    wrote(sandbox, 60)
    Profile.objects.create(user=bob, instances=["another"])

    assert counts(for_bob) == {"waiting": 0, "overdue": 0, "longest": "", "closed": [], "calls": []}
    assert "voice_sdr_v4" not in asked(for_bob, "/connections/?part=1").content.decode()
    assert for_bob.post("/palette/", {"q": ""}).json() == {"conversations": []}


# --------------------------------------------------------------------------------------------------- who needs a person


def test_a_conversation_that_waits_for_a_person_calls_with_its_reason(for_olga: Client) -> None:
    waits()

    found = counts(for_olga)

    assert (found["waiting"], found["overdue"]) == (1, 0)
    assert found["calls"] == [
        {
            "id": opaque_id(MARIANA),
            "url": f"/c/{INSTANCE}/{opaque_id(MARIANA)}/",
            "title": "A conversation waits for a person",
            "words": "Asked for a person · for 2 minutes",
            "is_quiet": False,
        }
    ]


def test_what_calls_says_nothing_of_the_lead(for_bob: Client, sandbox: Sandbox) -> None:
    wrote(sandbox, 30)
    waits(CARLOS)

    told = asked(for_bob).content.decode()

    assert not [word for word in ("Mariana", "quanto", "5511933334444", LEAD.split("@")[0]) if word in told]
    assert asked(for_bob)["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize(("minutes", "is_late"), [(5, False), (15, True), (60 * 20, False)])
def test_a_lead_calls_who_waits_longer_than_the_limit_and_is_not_given_up(
    for_bob: Client, sandbox: Sandbox, minutes: int, is_late: bool
) -> None:
    assert timedelta(minutes=5) < OVERDUE_AFTER < timedelta(minutes=15)
    wrote(sandbox, minutes)

    assert counts(for_bob)["overdue"] == int(is_late)


def test_the_chip_says_how_long_who_is_late_has_waited(for_bob: Client) -> None:
    page = for_bob.get("/queue/", headers={"Accept-Language": "en"}).content.decode()

    chip = page.partition('id="calls"')[2].partition("</a>")[0]
    assert f"leads have waited for more than {OVERDUE_AFTER // timedelta(minutes=1)} min" in chip


def test_the_chip_leads_to_whoever_waits_longest_of_those_it_counts(
    for_bob: Client, for_alice: Client, bob: User, sandbox: Sandbox
) -> None:
    wrote(sandbox, 15, CARLOS, "Carlos")
    wrote(sandbox, 30)
    control.take_over(MARIANA, bob)

    assert (counts(for_bob)["overdue"], counts(for_bob)["longest"]) == (2, shown.address(MARIANA))
    # A colleague's is not hers to answer, however long it waits.
    assert (counts(for_alice)["overdue"], counts(for_alice)["longest"]) == (1, shown.address(CARLOS))


def test_how_long_it_calls_is_the_bots_limit(for_bob: Client, sandbox: Sandbox) -> None:
    BotSettings.load()
    BotSettings.objects.update(answer_within_hours=24)
    wrote(sandbox, 60 * 20)

    assert counts(for_bob)["overdue"] == 1


def test_one_conversation_calls_once(for_bob: Client, sandbox: Sandbox) -> None:
    wrote(sandbox, 30)
    waits()

    assert [counts(for_bob)[name] for name in ("waiting", "overdue")] == [1, 0]


def test_a_pause_is_silence_on_purpose(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    wrote(sandbox, 30)
    control.pause(MARIANA, bob, None)

    assert counts(for_bob)["overdue"] == 0


def test_a_late_answer_calls_whoever_has_the_conversation(
    for_bob: Client, for_alice: Client, bob: User, sandbox: Sandbox
) -> None:
    wrote(sandbox, 30)
    control.take_over(MARIANA, bob)

    assert counts(for_bob)["overdue"] == 1
    assert counts(for_alice)["overdue"] == 0


def test_what_was_left_unanswered_on_purpose_does_not_call(for_bob: Client, sandbox: Sandbox) -> None:
    message_id = wrote(sandbox, 30)
    Control.objects.create(
        instance=INSTANCE, conversation=MARIANA.conversation, settled=message_id, settled_ids=[message_id]
    )

    assert counts(for_bob)["overdue"] == 0


# -------------------------------------------------------------------------------------------------- how it is connected


def test_all_is_well_in_words(for_olga: Client) -> None:
    page = asked(for_olga, "/connections/?part=1").content.decode()

    assert "answers" in page
    assert "connected to WhatsApp" in page
    assert "not connected" not in page


def test_a_number_that_is_not_open_is_told_and_calls(for_olga: Client, sandbox: Sandbox) -> None:
    sandbox.set_state(sandbox.instance(INSTANCE), "close")

    assert counts(for_olga)["closed"] == [INSTANCE]
    assert "not connected to WhatsApp" in asked(for_olga, "/connections/?part=1").content.decode()


def test_a_gateway_that_does_not_answer_is_told_and_calls(for_olga: Client, sandbox: Sandbox) -> None:
    sandbox.failures.add(Failure("/chat/findChats", "refuse", status=500, times=50))
    inbox().refresh()

    assert counts(for_olga)["closed"] == [INSTANCE]
    part = asked(for_olga, "/connections/?part=1").content.decode()
    assert "does not answer since" in part
    assert "<html" not in part


# -------------------------------------------------------------------------------------------------------------- palette


def offered(client: Client, q: str) -> list[str]:
    answer = client.post("/palette/", {"q": q}, headers={"Accept-Language": "en"})
    assert answer["Cache-Control"] == "no-store, private"
    return [one["words"] for one in answer.json()["conversations"]]


@pytest.mark.parametrize("q", ["joao", "JOÃO pe", "pedro", "3333"])
def test_a_conversation_is_found_by_the_beginnings_of_its_name_or_by_its_number(
    for_olga: Client, sandbox: Sandbox, q: str
) -> None:
    wrote(sandbox, 60, CARLOS, "João Pedro")
    wrote(sandbox, 50)

    assert offered(for_olga, q) == ["João Pedro"]


def test_without_words_the_newest_are_offered_and_never_more_than_twenty(for_olga: Client, sandbox: Sandbox) -> None:
    for number in range(25):
        wrote(sandbox, number, Key(INSTANCE, JID(f"55119222200{number:02}@s.whatsapp.net")), f"Lead {number}")

    found = offered(for_olga, "")

    assert found == [f"Lead {number}" for number in range(20)]
    assert offered(for_olga, "nobody") == []


def test_each_letter_that_is_typed_compares_names_that_are_folded_already(for_olga: Client, sandbox: Sandbox) -> None:
    wrote(sandbox, 60, CARLOS, "João Pedro")
    offered(for_olga, "j")
    before = folded_once.cache_info().hits

    assert offered(for_olga, "jo") == ["João Pedro"]
    assert folded_once.cache_info().hits > before


def test_a_name_is_asked_for_in_no_address(for_olga: Client) -> None:
    assert for_olga.get("/palette/?q=Mariana").status_code == 405


# --------------------------------------------------------------------------------------------------- every page's frame


def test_every_page_says_what_an_installed_one_needs(for_olga: Client) -> None:
    page = asked(for_olga, "/").content.decode()

    assert '<link rel="manifest" href="/manifest.webmanifest"' in page
    assert 'data-worker="/service-worker.js"' in page
    assert page.count('name="theme-color"') == 2


@pytest.mark.parametrize(("theme", "colours"), [("system", (1, 1)), ("light", (2, 0)), ("dark", (0, 2))])
def test_the_colour_of_the_window_is_the_persons_choice(
    for_olga: Client, olga: User, theme: str, colours: tuple[int, int]
) -> None:
    Profile.objects.create(user=olga, theme=theme)

    page = asked(for_olga, "/").content.decode()

    assert f'data-theme="{theme}"' in page
    assert (page.count(' content="#ffffff"'), page.count(' content="#171e1b"')) == colours


def test_a_page_is_silent_until_its_person_wants_to_be_called(for_olga: Client, olga: User) -> None:
    assert 'data-sound="0" data-notifications="0"' in asked(for_olga, "/").content.decode()

    Profile.objects.create(user=olga, sound=True)

    assert 'data-sound="1" data-notifications="0"' in asked(for_olga, "/").content.decode()


def test_without_scripts_a_page_says_that_it_is_not_live(for_olga: Client) -> None:
    page = asked(for_olga, "/").content.decode()

    assert "<noscript>" in page
    assert "Scripts are switched off, so this page is not live." in page


# ------------------------------------------------------------------------------------------------------------ installed


def test_the_manifest_names_icons_that_there_are(client: Client) -> None:
    answer = client.get("/manifest.webmanifest", headers={"Accept-Language": "pt-BR"})
    facts = json.loads(answer.content)

    assert answer["Content-Type"] == "application/manifest+json"
    assert facts["name"] == "Voice SDR: as conversas do bot"
    assert facts["display"] == "standalone"
    assert {icon["sizes"] for icon in facts["icons"]} == {"any", "192x192", "512x512"}
    assert [icon["src"] for icon in facts["icons"] if not finders.find(icon["src"].removeprefix("/static/"))] == []


def test_the_service_worker_keeps_the_page_without_connection_and_nothing_else(client: Client) -> None:
    answer = client.get("/service-worker.js")
    script = answer.content.decode()

    assert answer["Content-Type"].startswith("text/javascript")
    assert 'const PAGE = "/offline/"' in script
    # It puts into its cache what it lists, at the installation, and never an answer that went by.
    assert script.count("addAll(FILES)") == 1
    assert "cache.put" not in script


def test_the_page_without_connection_is_the_same_for_everybody(client: Client, for_alice: Client) -> None:
    pages = {one.get("/offline/", headers={"Accept-Language": "en"}).content for one in (client, for_alice)}

    assert len(pages) == 1
    assert b"No connection" in pages.pop()


def test_workers_and_manifests_may_come_from_here_only(client: Client, settings: Settings) -> None:
    policy = client.get("/login/")["Content-Security-Policy"]

    assert "worker-src 'self'" in policy
    assert "manifest-src 'self'" in policy


def test_who_was_told_that_we_are_closed_calls_nobody(for_bob: Client, sandbox: Sandbox) -> None:
    wrote(sandbox, 20)
    word = sandbox.phone_types(str(LEAD), "Estamos fechados.", at=sandbox.clock() - 60 * 19, webhook=False)
    Control.objects.create(instance=INSTANCE, conversation=LEAD)
    Sent.objects.create(
        token=word, instance=INSTANCE, conversation=LEAD, message_id=word, author=Sent.By.BOT, at=timezone.now()
    )

    found = counts(for_bob)

    row = inbox().row(MARIANA)
    assert row is not None
    assert row.waiting_since is not None
    assert found["overdue"] == 0


# --------------------------------------------------------------------------------------------- live, whichever page


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/queue/",
        "/connection/",
        "/bot/",
        "/team/",
        "/audit/",
        "/me/",
        "/new/",
        f"/c/{INSTANCE}/{opaque_id(MARIANA)}/lead/",
    ],
)
def test_every_page_is_live_and_hears_of_the_switch(for_alice: Client, path: str) -> None:
    html = for_alice.get(path).content.decode()

    assert 'sse-connect="/events/?after=' in html
    assert html.count('hx-trigger="sse:switch, sse:gap"') == 1


def test_a_page_for_nobody_who_may_watch_is_not_live(for_charlie: Client) -> None:
    html = for_charlie.get("/me/").content.decode()

    assert "sse-connect" not in html
    assert for_charlie.get("/switches/").status_code == 403


def test_what_is_said_of_the_switches_leads_back_to_the_page_it_stands_on(
    for_alice: Client, for_olga: Client, alice: User
) -> None:
    switches.switch(alice, switches.EVERYTHING, False)
    asks = {"HX-Request": "true", "Accept-Language": "en", "HX-Current-URL": "http://testserver/team/?all=1"}

    told = for_alice.get("/switches/", headers=asks).content.decode()

    assert "The bot is switched off: it answers nobody" in told
    assert '<input type="hidden" name="next" value="/team/">' in told
    read_along = for_olga.get("/switches/", headers=asks).content.decode()
    assert "The bot is switched off: it answers nobody" in read_along
    assert "<form" not in read_along
