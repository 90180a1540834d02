"""The list: its views and their numbers, the search, the order, what is new to whom, and several at once."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from conversations import activity, control, identity, pictures, seen, switches
from conversations.evolution.sandbox import Sandbox
from conversations.inbox import inbox
from conversations.jid import JID
from conversations.message import Key
from conversations.models import AuditEntry, Control, Mode, Reason, Seen, Sent
from conversations.sealed import opaque_id
from conversations.views import undoing
from people.models import Profile
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

PEDRO = JID("5511999990002@s.whatsapp.net")
#: As WhatsApp knows many Brazilians: without the ninth digit.
JOANA = JID("553188880003@s.whatsapp.net")
MARIANA_KEY, PEDRO_KEY, JOANA_KEY = (Key(INSTANCE, jid) for jid in (LEAD, PEDRO, JOANA))
HTMX = {"HX-Request": "true", "HX-Target": "list"}


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def leads(sandbox: Sandbox) -> Sandbox:
    """Three leads: Pedro wrote last, Mariana has waited longest, Joana was answered."""
    now = sandbox.clock()
    sandbox.lead_writes(LEAD, "Quanto custa a limpeza?", name="Mariana Souza", at=now - 7200)
    sandbox.lead_writes(JOANA, "Obrigada", name="Joana D'Ávila", at=now - 3600)
    sandbox.phone_types(JOANA, "De nada!", at=now - 3000)
    sandbox.lead_writes(PEDRO, "Oi", name="Pedro", at=now - 60)
    # The gateway lists a chat without a name where the last word is ours.
    inbox().want_names(inbox().rows())
    inbox().look_into()
    return sandbox


def text(response: Any) -> str:
    return str(response.content.decode())


def get(client: Client, path: str = "/", **headers: str) -> str:
    return text(client.get(path, headers={"Accept-Language": "en", **headers}))


def names(page: str) -> list[str]:
    found = re.findall(r'class="row-name"[^>]*>([^<]*)<', page)
    return [name.replace("&#x27;", "'").split()[0] for name in found]


def numbers(page: str) -> dict[str, int]:
    """What stands beside each view."""
    found = re.findall(r'data-view="(\w+)" href.*?<span class="count[^"]*">(\d+)</span>', page)
    return {view: int(number) for view, number in found}


def place(key: Key) -> str:
    return f"{key.instance}/{opaque_id(key)}"


def act(client: Client, *keys: Key, **data: Any) -> Any:
    headers = {"Accept-Language": "en"}
    return client.post("/several/", {"c": [place(key) for key in keys], **data}, headers=headers, follow=True)


# ----------------------------------------------------------------------------------------------------------- views


def test_each_view_shows_its_conversations_and_their_number(
    for_bob: Client, bob: User, alice: User, leads: Any
) -> None:
    control.take_over(MARIANA_KEY, bob)
    control.take_over(JOANA_KEY, alice)
    control.pause(PEDRO_KEY, bob, None)

    page = get(for_bob)

    assert numbers(page) == {
        "all": 3, "bot": 0, "waiting": 0, "mine": 1, "paused": 1, "unanswered": 2, "missed": 0,
    }  # fmt: skip
    assert names(get(for_bob, "/?view=mine")) == ["Mariana"]
    assert names(get(for_bob, "/?view=paused")) == ["Pedro"]
    assert names(get(for_bob, "/?view=unanswered")) == ["Pedro", "Mariana"]


def test_who_waits_for_a_person_is_found(for_bob: Client, leads: Any) -> None:
    row = control.ensure(MARIANA_KEY)
    control.hand_off(MARIANA_KEY, Reason.ASKED_FOR_PERSON, epoch=row.epoch)

    page = get(for_bob, "/?view=waiting")

    assert names(page) == ["Mariana"]
    assert numbers(page)["waiting"] == 1


def test_a_pause_that_is_over_counts_as_the_bots(for_bob: Client, bob: User, leads: Any) -> None:
    control.pause(PEDRO_KEY, bob, timezone.now() + timedelta(minutes=1))
    Control.objects.update(until=timezone.now() - timedelta(seconds=1))

    assert "Pedro" in names(get(for_bob, "/?view=bot"))
    assert names(get(for_bob, "/?view=paused")) == []


def test_missed_is_whom_the_bot_owes_an_answer_and_will_not_give_it(
    for_bob: Client, bob: User, sandbox: Sandbox
) -> None:
    switches.switch(None, INSTANCE, True)
    since = timezone.now() - timedelta(days=2)
    switches.state().instances[INSTANCE].__class__.objects.update(bot_since=since)
    for jid, name, hours in ((LEAD, "Mariana", 13), (PEDRO, "Pedro", 11), (JOANA, "Joana", 72)):
        sandbox.lead_writes(jid, "Oi?", name=name, at=sandbox.clock() - hours * 3600)

    page = get(for_bob, "/?view=missed")

    assert names(page) == ["Mariana"]
    assert "Answer now" in page
    control.take_over(MARIANA_KEY, bob)
    assert names(get(for_bob, "/?view=missed")) == []


def test_who_may_only_watch_is_offered_no_acts(for_olga: Client, leads: Any) -> None:
    page = get(for_olga, "/?select=1")

    assert 'type="checkbox"' not in page
    assert "/several/" not in page
    assert act(for_olga, MARIANA_KEY, act="hand-back").status_code == 403


@pytest.mark.parametrize(
    ("view", "words"),
    [("waiting", "Nobody waits for a person"), ("mine", "You have no conversation"), ("missed", "No lead was left")],
)
def test_an_empty_view_speaks_to_a_person(for_bob: Client, leads: Any, view: str, words: str) -> None:
    assert words in get(for_bob, f"/?view={view}")


@pytest.mark.parametrize(
    "query", ["view=nonsense", "sort=sideways", "instance=another", "page=99", "pages=x", "pages=999"]
)
def test_what_an_address_asks_in_vain_is_not_asked(for_bob: Client, leads: Any, query: str) -> None:
    assert names(get(for_bob, f"/?{query}")) == ["Pedro", "Joana", "Mariana"]


# ----------------------------------------------------------------------------------------------------- order, search


def test_the_longest_waiting_come_first_when_asked(for_bob: Client, leads: Any) -> None:
    assert names(get(for_bob, "/?sort=waiting")) == ["Mariana", "Pedro", "Joana"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("mariana", ["Mariana"]),
        ("LIMPEZA", ["Mariana"]),
        ("davila", []),
        ("d'avila", ["Joana"]),
        ("souza mariana", ["Mariana"]),
        ("+55 (11) 99999-0002", ["Pedro"]),
        ("0001", ["Mariana"]),
        ("31 98888-0003", ["Joana"]),
        ("31 8888", ["Joana"]),
        ("ninguém", []),
    ],
)
def test_the_search_finds_names_numbers_and_last_messages(
    for_bob: Client, leads: Any, typed: str, found: list[str]
) -> None:
    response = for_bob.get("/", {"q": typed}, headers={"Accept-Language": "en"})

    assert names(text(response)) == found


def test_the_page_says_what_cannot_be_searched(for_bob: Client, leads: Any) -> None:
    assert "does not search older text" in get(for_bob)


def test_what_was_typed_comes_back_as_text(for_bob: Client, leads: Any) -> None:
    page = text(for_bob.get("/", {"q": '"><b>x'}))

    assert "<b>x" not in page
    assert "&quot;&gt;&lt;b&gt;x" in page


def test_everything_asked_stays_in_the_links(for_bob: Client, sandbox: Sandbox) -> None:
    for number in range(51):
        sandbox.lead_writes(f"55119999{number:05}@s.whatsapp.net", "Oi", name=f"Lead {number}")
    conversation = f"/c/{place(Key(INSTANCE, JID('5511999900000@s.whatsapp.net')))}/"

    page = get(for_bob, "/?view=bot&sort=waiting&q=lead")

    assert page.count('/?view=bot&amp;sort=waiting&amp;q=lead" id="row-') == 50
    assert 'href="/?view=bot&amp;sort=waiting&amp;q=lead&amp;page=2"' in page
    assert 'href="/?view=paused&amp;sort=waiting&amp;q=lead"' in page
    assert f'href="{conversation}?view=paused&amp;q=lead"' in get(for_bob, f"{conversation}?view=bot&q=lead")


def test_the_next_page_is_rows_alone_and_a_long_list_is_read_again_as_long(for_bob: Client, sandbox: Sandbox) -> None:
    for number in range(120):
        sandbox.lead_writes(f"55119999{number:05}@s.whatsapp.net", "Oi", name=f"Lead {number}")

    more = get(for_bob, "/?page=2", **{"HX-Request": "true", "HX-Target": "more"})
    again = get(for_bob, "/?pages=2", **HTMX)

    assert more.lstrip().startswith('<li class="row-item"')
    assert (len(names(more)), len(names(again))) == (50, 100)
    assert 'data-page="3"' in more


# ------------------------------------------------------------------------------------------------------- instances


def test_an_instance_that_one_may_not_see_is_not_in_the_list(for_bob: Client, bob: User, leads: Any) -> None:
    Profile.objects.create(user=bob, instances=["another"])

    page = get(for_bob)

    assert names(page) == []
    assert set(numbers(page).values()) == {0}
    assert for_bob.post("/several/", {"c": place(MARIANA_KEY), "act": "hand-back"}).status_code == 404
    assert for_bob.post(f"/c/{place(MARIANA_KEY)}/seen/").status_code == 404
    assert for_bob.get(f"/c/{place(MARIANA_KEY)}/picture/").status_code == 404


# ------------------------------------------------------------------------------------------------------- what is new


def unread(page: str) -> list[str]:
    return re.findall(r'class="count is-new">([^<]*)<', page)


def test_what_came_since_one_looked_is_counted_for_each_person(
    for_bob: Client, for_alice: Client, bob: User, sandbox: Sandbox
) -> None:
    for number in range(3):
        sandbox.lead_writes(LEAD, f"Oi {number}", name="Mariana", at=sandbox.clock() + 1 + number)
        inbox().refresh()

    assert unread(get(for_bob)) == unread(get(for_alice)) == ["3"]
    get(for_bob, f"/c/{place(MARIANA_KEY)}/")

    assert unread(get(for_bob)) == []
    assert unread(get(for_alice)) == ["3"]
    assert Seen.objects.get().user == bob


def test_what_was_there_before_a_person_came_is_no_news(for_bob: Client, leads: Any) -> None:
    assert unread(get(for_bob)) == []


def test_more_than_can_be_read_is_a_round_number(for_bob: Client, sandbox: Sandbox) -> None:
    for number in range(120):
        sandbox.lead_writes(LEAD, "Oi", name="Mariana", at=sandbox.clock() + 1 + number)
    get(for_bob)
    inbox().saw(MARIANA_KEY, _history(120))

    assert unread(get(for_bob)) == ["99+"]


def _history(number: int) -> list[Any]:
    from conversations.evolution import get_client

    return get_client().messages(INSTANCE, LEAD, limit=number)


def test_a_conversation_on_the_screen_is_marked_as_it_grows(for_bob: Client, bob: User) -> None:
    assert for_bob.post(f"/c/{place(MARIANA_KEY)}/seen/").status_code == 204
    assert (bob.pk, MARIANA_KEY) in seen.looks([bob.pk], [MARIANA_KEY])
    assert for_bob.get(f"/c/{place(MARIANA_KEY)}/seen/").status_code == 405


def test_a_list_opened_in_the_middle_of_an_answer_knows_where_the_bot_is_at_work(for_bob: Client, leads: Any) -> None:
    activity.announce(MARIANA_KEY, "typing", number=1, of=2)

    found = re.search('data-doings="([^"]*)"', get(for_bob))
    assert found
    assert json.loads(html.unescape(found[1])) == {opaque_id(MARIANA_KEY): {"doing": "typing", "number": 1, "of": 2}}

    activity.end(MARIANA_KEY)
    assert 'data-doings="{}"' in get(for_bob)


def test_two_addresses_that_become_one_lead_are_looked_at_anew(bob: User) -> None:
    lid = Key(INSTANCE, JID("777@lid"))
    seen.mark(bob, lid)

    identity.learn(INSTANCE, lid.conversation, LEAD)

    assert not Seen.objects.filter(conversation=lid.conversation).exists()


# --------------------------------------------------------------------------------------------------- several at once


def test_several_are_paused_for_the_time_chosen(for_bob: Client, leads: Any) -> None:
    response = act(for_bob, MARIANA_KEY, PEDRO_KEY, length="60", back="/?view=bot")

    assert response.redirect_chain == [("/?view=bot", 302)]
    assert "2 conversations are paused." in text(response)
    assert {row.mode for row in Control.objects.all()} == {Mode.PAUSED}
    assert AuditEntry.objects.count() == 2


def test_who_waits_for_a_person_is_not_said_to_be_paused(for_bob: Client, leads: Any) -> None:
    row = control.ensure(PEDRO_KEY)
    Control.objects.filter(pk=row.pk).update(mode=Mode.WAITING, reason=Reason.ANGRY)

    said = text(act(for_bob, MARIANA_KEY, PEDRO_KEY, length="60"))

    assert "1 conversation is paused." in said
    assert "1 conversation was left as it is: it is not in a state for that." in said


def test_once_it_is_done_the_boxes_are_gone(for_bob: Client, leads: Any) -> None:
    page = get(for_bob, "/?view=bot&select=1")

    assert 'name="back" value="/?view=bot"' in page
    assert "is-selecting" in page


def test_several_go_back_to_the_bot_whatever_they_were(for_bob: Client, bob: User, leads: Any) -> None:
    control.take_over(MARIANA_KEY, bob)
    control.pause(PEDRO_KEY, bob, None)

    response = act(for_bob, MARIANA_KEY, PEDRO_KEY, JOANA_KEY, act="hand-back")

    assert "2 conversations are the bot&#x27;s again." in text(response)
    assert "1 conversation was left as it is" in text(response)
    assert {control.current(key).mode for key in (MARIANA_KEY, PEDRO_KEY)} == {Mode.BOT}


@pytest.mark.parametrize("fields", [{"length": "60"}, {"act": "hand-back"}])
def test_what_a_colleague_has_stays_theirs(
    for_bob: Client, bob: User, alice: User, leads: Any, fields: dict[str, str]
) -> None:
    control.take_over(MARIANA_KEY, bob)
    control.take_over(PEDRO_KEY, alice)
    control.take_over(JOANA_KEY, alice)

    said = text(act(for_bob, MARIANA_KEY, PEDRO_KEY, JOANA_KEY, **fields))

    assert "2 conversations were left as they are: a colleague has them." in said
    assert "not in a state for that" not in said
    assert control.current(MARIANA_KEY).mode == (Mode.PAUSED if "length" in fields else Mode.BOT)
    assert [control.current(key).holder for key in (PEDRO_KEY, JOANA_KEY)] == [alice, alice]


def test_paused_several_it_says_how_many_messages_may_still_go_out(
    for_bob: Client, settings: Settings, leads: Any
) -> None:
    settings.TAKEOVER_WAIT_SECONDS = 0.1
    for number, key in enumerate((MARIANA_KEY, PEDRO_KEY, JOANA_KEY)):
        row = control.ensure(key)
        sent = Sent.objects.create(
            token=f"{number}" * 32, instance=key.instance, conversation=key.conversation, author=Sent.By.BOT,
            at=timezone.now(),
        )  # fmt: skip
        Control.objects.filter(pk=row.pk).update(sending=sent.token)

    said = text(act(for_bob, MARIANA_KEY, PEDRO_KEY, length="60"))

    assert "2 messages of the bot were already on their way and may still go out." in said


def undo_of(page: str) -> str:
    """What the button in the toast posts."""
    found = re.search(r'action="/several/undo/".*?name="undo" value="([^"]+)"', page, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def undo(client: Client, token: str, back: str = "/") -> Any:
    headers = {"Accept-Language": "en"}
    return client.post("/several/undo/", {"undo": token, "back": back}, headers=headers, follow=True)


def test_a_pause_of_several_is_undone_but_where_something_else_changed(
    for_bob: Client, bob: User, alice: User, leads: Any
) -> None:
    control.take_over(PEDRO_KEY, bob)
    token = undo_of(text(act(for_bob, MARIANA_KEY, PEDRO_KEY, JOANA_KEY, length="60")))
    control.take_over(JOANA_KEY, alice)

    response = undo(for_bob, token, "/?view=paused")

    assert response.redirect_chain == [("/?view=paused", 302)]
    assert "Undone: 2 conversations are as they were." in text(response)
    assert "1 conversation was left as it is: something else changed there meanwhile." in text(response)
    rows = [control.current(key) for key in (MARIANA_KEY, PEDRO_KEY, JOANA_KEY)]
    assert [(row.mode, row.holder) for row in rows] == [(Mode.BOT, None), (Mode.HUMAN, bob), (Mode.HUMAN, alice)]
    assert "2 conversations were left as they are" not in text(response)


def test_several_that_went_back_to_the_bot_are_taken_again(for_bob: Client, bob: User, leads: Any) -> None:
    control.take_over(MARIANA_KEY, bob)
    since = control.pause(PEDRO_KEY, bob, None).changed_at
    token = undo_of(text(act(for_bob, MARIANA_KEY, PEDRO_KEY, act="hand-back")))

    undo(for_bob, token)

    assert control.current(PEDRO_KEY).changed_at == since

    assert [control.current(key).mode for key in (MARIANA_KEY, PEDRO_KEY)] == [Mode.HUMAN, Mode.PAUSED]


def test_only_who_did_it_undoes_it_and_only_for_a_while(
    for_bob: Client, for_alice: Client, leads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = undo_of(text(act(for_bob, MARIANA_KEY, length="60")))

    for client, given in ((for_alice, token), (for_bob, "nonsense"), (for_bob, "")):
        assert "Not undone: it is too long ago." in text(undo(client, given))
    monkeypatch.setattr(undoing, "_GOOD_FOR_S", -1)
    assert "Not undone" in text(undo(for_bob, token))
    assert control.current(MARIANA_KEY).mode == Mode.PAUSED


def test_what_changed_nothing_offers_nothing_to_undo(for_bob: Client, bob: User, leads: Any) -> None:
    control.pause(MARIANA_KEY, bob, None)

    page = text(act(for_bob, MARIANA_KEY, length="60"))

    assert "1 conversation is paused." in page
    assert undo_of(page) == ""


def test_a_part_of_the_page_takes_no_toast_away(for_bob: Client, leads: Any) -> None:
    for_bob.post("/several/", {"c": [place(MARIANA_KEY)], "length": "60"})

    for_bob.get("/", headers={"HX-Request": "true", "HX-Target": "list"})

    assert undo_of(get(for_bob))
    assert not undo_of(get(for_bob))


def test_nothing_chosen_is_said(for_bob: Client) -> None:
    assert "Choose at least one conversation first." in text(act(for_bob, act="hand-back"))


@pytest.mark.parametrize("data", [{}, {"act": "explode"}, {"act": "pause"}, {"length": "eternity"}])
def test_nonsense_is_refused(for_bob: Client, data: dict[str, str]) -> None:
    assert act(for_bob, MARIANA_KEY, **data).status_code == 400
    assert not Control.objects.exists()


@pytest.mark.parametrize("back", ["https://example.com/", "//example.com/", "javascript:alert(1)", ""])
def test_one_is_led_nowhere_else(for_bob: Client, back: str) -> None:
    assert act(for_bob, MARIANA_KEY, length="30", back=back).redirect_chain == [("/", 302)]


# ---------------------------------------------------------------------------------------------------------- pictures


def test_without_a_picture_there_are_the_initials(for_bob: Client, leads: Any, settings: Settings) -> None:
    pictures.forget()

    assert "<img" not in get(for_bob).partition('id="list"')[2]
    assert for_bob.get(f"/c/{place(MARIANA_KEY)}/picture/").status_code == 404


class _Gateway(BaseHTTPRequestHandler):
    """Knows one picture, and says where it lies."""

    picture = b"\x89PNG\r\n\x1a\n and so on"
    url = "/me.png"
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        host = f"http://{self.headers['Host']}"
        self._answer(json.dumps({"profilePictureUrl": self.url.replace("/me", f"{host}/me")}).encode())

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["apikey"]))
        self._answer(self.picture)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def gateway(settings: Settings) -> Iterator[type[_Gateway]]:
    pictures.forget()
    handler = type("Gateway", (_Gateway,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        settings.EVOLUTION_API_URL = f"http://127.0.0.1:{server.server_address[1]}"
        yield handler
        server.shutdown()
    pictures.forget()


def test_a_picture_comes_through_us_once_without_the_key_and_is_kept_by_no_browser(
    for_bob: Client, gateway: type[_Gateway]
) -> None:
    first, second = (for_bob.get(f"/c/{place(MARIANA_KEY)}/picture/") for _ in range(2))

    assert first.content == second.content == gateway.picture
    assert first["Content-Type"] == "image/png"
    assert first["Cache-Control"] == "private, no-store"
    assert first["X-Content-Type-Options"] == "nosniff"
    assert gateway.asked == [("/me.png", None)]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"picture": b"<svg onload=alert(1)>"}, "no picture"),
        ({"url": "http://169.254.169.254/me.png"}, "leads elsewhere"),
        ({"url": "https://pps.whatsapp.net.example.com/me.png"}, "leads elsewhere"),
        ({"url": ""}, "there is none"),
        ({"picture": b"\xff\xd8\xff" + bytes(300_000)}, "too large"),
    ],
)
def test_what_is_no_picture_of_whatsapp_is_not_shown(
    for_bob: Client, gateway: type[_Gateway], facts: dict[str, Any], why: str
) -> None:
    for name, value in facts.items():
        setattr(gateway, name, value)

    assert for_bob.get(f"/c/{place(MARIANA_KEY)}/picture/").status_code == 404, why
    assert gateway.asked == [] or "picture" in facts


def test_who_waits_for_a_person_waits_whatever_the_system_said_since(for_bob: Client, leads: Any) -> None:
    Control.objects.create(
        instance=INSTANCE, conversation=JOANA, mode=Mode.WAITING, changed_at=timezone.now() - timedelta(minutes=50)
    )

    page = get(for_bob, "/?view=unanswered&sort=waiting")

    assert names(page) == ["Mariana", "Joana", "Pedro"]
    assert "unanswered for 50 minutes" in re.sub(r"\s", " ", page)
    assert numbers(page)["unanswered"] == 3
