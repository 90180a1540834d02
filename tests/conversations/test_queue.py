"""The queue of who waits for a person: its order, what a card says, and that each is taken once."""

from __future__ import annotations

import asyncio
import re
import threading
import uuid
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from conversations import briefs, control, live, queue
from conversations.briefs import Brief, Quoted
from conversations.evolution.sandbox import Sandbox
from conversations.frames import Frame
from conversations.jid import JID
from conversations.live import Watcher
from conversations.message import Key
from conversations.models import Act, AuditEntry, Control, Mode, Reason, Sent, Switch
from conversations.sealed import opaque_id
from conversations.templatetags.acting import since
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

MARIANA = Key(INSTANCE, LEAD)
PAGE = f"/c/{INSTANCE}/{opaque_id(MARIANA)}/"
HTMX = {"HX-Request": "true", "HX-Target": "queue"}


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """The words of the tests are those of the sources."""
    with translation.override("en"):
        yield


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Key, int]]:
    """Of which conversations a brief was asked for: nobody makes it."""
    found: list[tuple[Key, int]] = []
    monkeypatch.setattr(briefs, "_make", [lambda key, epoch: found.append((key, epoch))])
    return found


def key(number: int) -> Key:
    return Key(INSTANCE, JID(f"55119222200{number:02}@s.whatsapp.net"))


def waits(one: Key = MARIANA, reason: Reason = Reason.ASKED_FOR_PERSON, heat: int = 1, minutes: float = 2) -> Control:
    return Control.objects.create(
        instance=one.instance, conversation=one.conversation, mode=Mode.WAITING, reason=reason, heat=heat, epoch=1,
        changed_at=timezone.now() - timedelta(minutes=minutes),
    )  # fmt: skip


def get(client: Client, path: str = "/queue/", **headers: str) -> str:
    return " ".join(client.get(path, headers={"Accept-Language": "en", **headers}).content.decode().split())


# ---------------------------------------------------------------------------------------------------------------- order

#: Each is more urgent than the one below it: reason, heat, minutes.
ORDER = [
    (Reason.QUALIFIED, 2, 9),
    (Reason.ASKED_FOR_PERSON, 1, 8),
    (Reason.ANGRY, 0, 7),
    (Reason.QUALIFIED, 1, 6),
    (Reason.OUT_OF_KNOWLEDGE, 2, 1),
    (Reason.ANGRY, 1, 0),
    (Reason.PRICE_OR_DISCOUNT, 1, 60),
    (Reason.LIMIT, 1, 30),
    (Reason.OPT_OUT_UNSURE, 0, 29),
    (Reason.BLOCKED, 1, 1),
    (Reason.MODEL, 2, 600),
    (Reason.GATEWAY, 1, 60),
    (Reason.NOT_STORED, 1, 1),
]


@pytest.mark.parametrize(("sooner", "later"), list(pairwise(ORDER)))
def test_who_asks_complains_or_is_hot_comes_first_then_who_waits_longest_then_what_ends_by_itself(
    sooner: tuple[str, int, int], later: tuple[str, int, int]
) -> None:
    def of(one: tuple[str, int, int]) -> Any:
        return queue.urgency(one[0], one[1], timedelta(minutes=one[2]))

    assert of(sooner) < of(later)


@pytest.mark.parametrize("reason", Reason.values)
def test_every_reason_has_a_place_and_longer_is_sooner(reason: str) -> None:
    assert queue.urgency(reason, 1, timedelta(hours=1)) < queue.urgency(reason, 1, timedelta(minutes=1))


# ------------------------------------------------------------------------------------------------------- what it says


def test_a_card_says_who_why_how_hot_and_what_was_said(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Quero fechar hoje", name="Mariana Souza", webhook=False)
    waits(reason=Reason.QUALIFIED, heat=2)
    briefs.keep(MARIANA, Brief("Wants 12.\nPays now.", "Hi, Mariana!", (Quoted("A1", "Quero fechar hoje"),)))

    page = get(for_bob)

    for words in ("Mariana Souza", "Qualified lead", "Hot lead", "Wants 12.", "Hi, Mariana!", "Take over"):
        assert words in page
    assert f'href="{PAGE}?at=A1#message-A1"' in page
    assert "data-since" in page
    assert ">for 2 min</time>" in page


def test_what_the_summary_says_in_the_leads_words_is_not_quoted_again(for_bob: Client) -> None:
    waits()
    said = "Quero falar com uma pessoa " + "por favor " * 12
    summary = f"The lead asks for a person: “{said[:90]}…”"
    briefs.keep(MARIANA, Brief(summary, "Hi!", (Quoted("A1", said.strip()), Quoted("A2", "Hoje ainda"))))

    page = get(for_bob)

    assert "?at=A1" not in page
    assert "?at=A2" in page


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (59, "just now"), (60, "for 1 min"), (719, "for 11 min"), (3900, "for 1 h 05 min")],
)
def test_how_long_somebody_waits_is_said_in_words(seconds: int, words: str) -> None:
    assert since(timezone.now() - timedelta(seconds=seconds)) == words


def test_the_order_of_the_cards_is_that_of_their_urgency(for_bob: Client) -> None:
    waits(key(1), Reason.GATEWAY, minutes=90)
    waits(key(2), Reason.PRICE_OR_DISCOUNT, minutes=60)
    waits(key(3), Reason.ANGRY, minutes=1)

    page = get(for_bob)

    places = [page.index(opaque_id(key(number))) for number in (3, 2, 1)]
    assert places == sorted(places)
    assert "comes back by itself" in page


def test_an_empty_queue_smiles(for_olga: Client) -> None:
    assert "Nobody is waiting for a person" in get(for_olga)


def test_who_may_only_watch_sees_it_and_has_no_buttons(for_olga: Client, for_charlie: Client, client: Client) -> None:
    waits()

    page = get(for_olga)

    assert "Asked for a person" in page
    assert "take-over/" not in page
    assert "/queue/next/" not in page
    assert for_olga.post("/queue/next/").status_code == 403
    assert for_charlie.get("/queue/").status_code == 403
    assert client.get("/queue/").status_code == 302


def test_another_numbers_leads_are_not_in_it(for_bob: Client, settings: Settings) -> None:
    waits(Key("another", LEAD))

    assert "Nobody is waiting" in get(for_bob)
    for_bob.post("/queue/next/")
    assert Control.objects.get().mode == Mode.WAITING


def test_it_is_read_again_as_a_part_and_is_kept_nowhere(for_bob: Client) -> None:
    waits()
    response = for_bob.get("/queue/", headers=HTMX)

    assert "<html" not in response.content.decode()
    assert response["Cache-Control"] == "no-store, private"


def test_the_way_to_it_counts(for_bob: Client) -> None:
    waits()
    waits(key(1))

    assert '<span class="number">2</span>' in get(for_bob, "/")


def test_the_list_of_who_waits_leads_to_it(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", webhook=False)
    waits()

    assert "See them as a queue" in get(for_bob, "/?view=waiting")
    assert "See them as a queue" not in get(for_bob, "/")


@pytest.mark.parametrize("event", ["control", "brief", "attention"])
def test_what_happens_anywhere_reaches_it_without_saying_where(event: str) -> None:
    async def heard() -> list[tuple[str, str]]:
        screen = live.Screen(None, Watcher(1, timezone.now(), (INSTANCE,), "en", "", True))
        screen.offer(Frame(event, "another", LEAD))
        assert not screen.news
        screen.offer(Frame(event, INSTANCE, LEAD))
        return [(one.event, one.conversation) for one in screen.news.values()]

    assert asyncio.run(heard()) == [("attention", "")]


# -------------------------------------------------------------------------------------------------------- the next one


def test_next_takes_the_most_urgent_over_opens_it_and_can_be_undone(for_bob: Client, bob: User) -> None:
    waits(key(1), Reason.OUT_OF_KNOWLEDGE, minutes=60)
    waits(reason=Reason.ANGRY)

    response = for_bob.post("/queue/next/")

    assert response["Location"] == PAGE
    row = control.current(MARIANA)
    assert (row.mode, row.holder) == (Mode.HUMAN, bob)
    assert AuditEntry.objects.get().act == Act.TAKE_OVER
    assert "Undo" in get(for_bob, PAGE)


def test_next_says_what_of_the_bot_left_right_before_or_may_still_leave(for_bob: Client, settings: Settings) -> None:
    settings.TAKEOVER_WAIT_SECONDS = 0.1
    row = waits()
    sent = Sent.objects.create(
        token="a" * 32, instance=INSTANCE, conversation=LEAD, author=Sent.By.BOT, state=Sent.State.SENT,
        message_id="BAE5", at=timezone.now() - timedelta(milliseconds=400),
    )  # fmt: skip
    headers = {"Accept-Language": "en"}

    page = for_bob.post("/queue/next/", follow=True, headers=headers).content.decode()
    assert re.search(r"1 message of the bot went out 0\.[4-9] s before\.", page)

    Control.objects.filter(pk=row.pk).update(mode=Mode.WAITING, holder=None, sending=sent.token)
    page = for_bob.post("/queue/next/", follow=True, headers=headers).content.decode()
    assert "One message of the bot was already on its way and may still go out." in page
    assert "From now on the bot sends nothing here." not in page


def test_next_with_nobody_left_says_so(for_bob: Client) -> None:
    response = for_bob.post("/queue/next/", follow=True, headers={"Accept-Language": "en"})

    assert "Nobody is waiting. Well done!" in response.content.decode()
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_people_who_press_at_once_get_different_conversations(django_user_model: Any, settings: Settings) -> None:
    people = [django_user_model.objects.create_user(f"rep{number}") for number in range(4)]
    for number in range(4):
        waits(key(number), minutes=number + 1)
    together = threading.Barrier(len(people))
    got: dict[int, Key | None] = {}

    def press(person: Any) -> None:
        try:
            together.wait()
            taken = queue.take_next(person, (INSTANCE,), timezone.now())
            got[person.pk] = taken[1].control.key if taken else None
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(got.values()) == {key(number) for number in range(4)}
    held = {(row.key, row.holder_id) for row in Control.objects.all()}
    assert held == {(one, pk) for pk, one in got.items()}
    assert AuditEntry.objects.filter(act=Act.TAKE_OVER).count() == 4


@pytest.mark.django_db(transaction=True)
def test_of_two_who_press_for_the_last_one_only_one_gets_it(django_user_model: Any) -> None:
    people = [django_user_model.objects.create_user(f"rep{number}") for number in range(2)]
    waits()
    together = threading.Barrier(2)
    got: list[bool] = []

    def press(person: Any) -> None:
        try:
            together.wait()
            got.append(queue.take_next(person, (INSTANCE,), timezone.now()) is not None)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == [False, True]


def test_the_suggestion_stands_in_the_box_of_the_conversation_taken_over(for_bob: Client, bob: User) -> None:
    waits()
    briefs.keep(MARIANA, Brief("…", "Hi, I am here to help."))

    response = for_bob.post(f"{PAGE}take-over/", {"suggestion": "1"})

    assert response["Location"] == f"{PAGE}?suggestion=1"
    assert "Hi, I am here to help.</textarea>" in get(for_bob, response["Location"])
    assert control.current(MARIANA).holder == bob


def taken(client: Client) -> str:
    """What the bar of the conversation says of it once it is taken over; "" for nothing."""
    bar = get(client, PAGE).partition('id="control"')[2].partition("</section>")[0]
    return bar.partition('id="taken-brief"')[2].partition("</details>")[0]


def test_whoever_takes_it_over_still_reads_why_until_they_have_answered(
    for_bob: Client, for_alice: Client, sandbox: Sandbox
) -> None:
    sandbox.lead_writes(LEAD, "Oi", webhook=False)
    waits()
    briefs.keep(MARIANA, Brief("Wants 12.", "Hi, Mariana!", (Quoted("A1", "Oi"),)))
    assert taken(for_bob) == ""

    for_bob.post("/queue/next/")

    for words in ("Wants 12.", "Hi, Mariana!", "?at=A1", "?suggestion=1#composer"):
        assert words in taken(for_bob)
    assert taken(for_alice) == ""
    token = uuid.uuid4().hex
    for_bob.post(f"{PAGE}send/", {"text": "Hi!", "token": token, "anyway": "1"})
    assert Sent.objects.get().state == Sent.State.SENT
    assert taken(for_bob) == ""


def test_whom_it_is_handed_over_to_reads_it_as_well(for_bob: Client, for_alice: Client, bob: User, alice: User) -> None:
    waits()
    briefs.keep(MARIANA, Brief("Wants 12."))
    control.take_over(MARIANA, bob)

    control.hand_over(MARIANA, bob, alice)

    assert "Wants 12." in taken(for_alice)
    assert taken(for_bob) == ""


def test_a_conversation_that_did_not_wait_has_no_old_brief(for_bob: Client, bob: User) -> None:
    waits()
    briefs.keep(MARIANA, Brief("Wants 12."))
    control.take_over(MARIANA, bob)
    control.hand_back(MARIANA, bob)

    control.take_over(MARIANA, bob)

    assert taken(for_bob) == ""


# ------------------------------------------------------------------------------------------------------- missing briefs


def test_a_missing_brief_is_asked_for_once_for_each_change_of_control(
    for_bob: Client, for_alice: Client, asked: list[tuple[Key, int]]
) -> None:
    waits()
    assert f'hx-get="{PAGE}brief/?queue=1"' in get(for_bob)
    assert asked == []

    for client in (for_bob, for_alice):
        assert "Preparing the summary" in get(client, f"{PAGE}brief/")
    Control.objects.update(epoch=2)
    get(for_bob, f"{PAGE}brief/")

    assert asked == [(MARIANA, 1), (MARIANA, 2)]


def test_once_it_was_made_it_is_shown_and_not_asked_for_again(for_bob: Client, asked: list[tuple[Key, int]]) -> None:
    waits()
    get(for_bob, f"{PAGE}brief/")
    briefs.keep(MARIANA, Brief("Wants 12.", "Hi!"))
    briefs.made(MARIANA, 1)

    assert "Wants 12." in get(for_bob, f"{PAGE}brief/")
    briefs.keep(MARIANA, Brief())
    page = get(for_bob, f"{PAGE}brief/")

    assert "There is no summary" in page
    assert len(asked) == 1


def test_a_brief_of_what_waits_no_more_is_not_asked_for(for_bob: Client, asked: list[tuple[Key, int]]) -> None:
    get(for_bob, f"{PAGE}brief/")

    assert asked == []
    assert not Control.objects.exists()


def test_a_broker_that_is_away_leaves_the_page_standing(for_bob: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(key: Key, epoch: int) -> None:
        raise ConnectionError

    monkeypatch.setattr(briefs, "_make", [away])
    waits()

    assert "There is no summary" in get(for_bob, f"{PAGE}brief/")


def test_the_bar_of_a_waiting_conversation_shows_it_all(for_bob: Client) -> None:
    waits(reason=Reason.LIMIT, heat=0)
    briefs.keep(MARIANA, Brief("Wants 12.", "Hi!", (Quoted("A1", "Oi"),)))

    page = get(for_bob, PAGE)

    for words in (
        "The bot&#x27;s limit is reached",
        "Cold lead",
        "Wants 12.",
        "Hi!",
        "?at=A1",
        "?suggestion=1#composer",
    ):
        assert words in page


# ----------------------------------------------------------------------------------------------- what returns by itself


@pytest.fixture
def held(bob: User) -> Key:
    """Bob has it; this number returns what nobody works on after half an hour."""
    Switch.objects.update_or_create(instance=INSTANCE, defaults={"resume_after_minutes": 30})
    control.take_over(MARIANA, bob)
    return MARIANA


def silent_for(minutes: float) -> None:
    at = timezone.now() - timedelta(minutes=minutes)
    Control.objects.update(last_human_at=at, changed_at=at)


def calls(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/attention/", headers={"Accept-Language": "en"}).json()["calls"]
    return found


def test_only_its_holder_is_warned_and_only_in_the_last_minutes(held: Key, for_bob: Client, for_alice: Client) -> None:
    silent_for(20)
    assert 'id="returns"' not in get(for_bob, PAGE)
    assert calls(for_bob) == []

    silent_for(26)

    assert "Back to the bot in" in get(for_bob, PAGE)
    assert "3:5" in get(for_bob, PAGE)
    assert 'id="returns"' not in get(for_alice, PAGE)
    assert [one["title"] for one in calls(for_bob)] == ["A conversation of yours returns to the bot"]
    assert re.fullmatch(r"(At|Tomorrow at) \d\d:\d\d", calls(for_bob)[0]["words"])
    assert calls(for_alice) == []
    assert "returns to the bot in" in get(for_bob)


def test_where_nothing_returns_by_itself_nothing_is_said(for_bob: Client, bob: User) -> None:
    control.take_over(MARIANA, bob)
    silent_for(600)

    assert 'id="returns"' not in get(for_bob, PAGE)
    assert calls(for_bob) == []


def test_an_hour_more_is_one_click(held: Key, for_bob: Client, for_olga: Client) -> None:
    silent_for(26)
    assert for_olga.post(f"{PAGE}more-time/").status_code == 403

    response = for_bob.post(f"{PAGE}more-time/", headers={"HX-Request": "true", "Accept-Language": "en"})

    assert "another hour" in response.content.decode()
    assert 'id="returns"' not in get(for_bob, PAGE)
    assert AuditEntry.objects.first().act == Act.MORE_TIME  # type: ignore[union-attr]  # it is there


def test_an_hour_more_for_what_nobody_holds_changes_nothing(for_bob: Client) -> None:
    for_bob.post(f"{PAGE}more-time/")

    assert not Control.objects.exists()


def test_writing_counts_as_a_sign_and_is_noted_at_most_now_and_then(held: Key, for_bob: Client) -> None:
    silent_for(26)

    for_bob.post(f"{PAGE}colleagues/", {"sign": "writing"})
    first = control.current(MARIANA).last_human_at
    for_bob.post(f"{PAGE}colleagues/", {"sign": "writing"})

    assert first is not None
    assert first > timezone.now() - timedelta(minutes=1)
    assert control.current(MARIANA).last_human_at == first
    assert 'id="returns"' not in get(for_bob, PAGE)


@pytest.mark.parametrize(("sign", "who"), [("looking", "bob"), ("writing", "olga")])
def test_looking_is_no_sign_nor_is_who_may_not_write(
    held: Key, for_bob: Client, for_olga: Client, sign: str, who: str
) -> None:
    silent_for(26)

    {"bob": for_bob, "olga": for_olga}[who].post(f"{PAGE}colleagues/", {"sign": sign})

    assert 'id="returns"' in get(for_bob, PAGE)


def test_that_it_went_back_is_told_in_the_bar_afterwards(held: Key, for_bob: Client) -> None:
    silent_for(31)
    control.auto_resume(control.current(MARIANA))

    assert "back by itself" in get(for_bob, PAGE)


def test_a_promise_calls_whoever_gave_it_and_says_to_whom(
    held: Key, for_bob: Client, for_alice: Client, sandbox: Sandbox
) -> None:
    sandbox.lead_writes(LEAD, "E aí?", name="Mariana Souza", webhook=False)
    silent_for(31)
    row = Control.objects.get()
    Control.objects.update(rung_epoch=row.epoch)

    assert [one["title"] for one in calls(for_bob)] == ["You promised to come back to a lead"]
    assert "Mariana" not in str(calls(for_bob))
    assert calls(for_alice) == []
    assert "You promised Mariana Souza an answer" in get(for_bob, PAGE)
    assert "You promised Mariana Souza an answer" in get(for_bob)
    control.note_sign(MARIANA)
    assert calls(for_bob) == []


# --------------------------------------------------------------------------------------------- who is rung, the phone


def test_managers_are_rung_once_more_for_what_nobody_takes(for_alice: Client, for_bob: Client) -> None:
    waits()
    first = {one["id"] for one in calls(for_alice)}
    Control.objects.update(rung_epoch=1)

    again = calls(for_alice)

    assert {one["id"] for one in again} != first
    assert again[0]["title"] == "Nobody has taken it over yet"
    assert {one["id"] for one in calls(for_bob)} == first


def test_managers_are_told_of_the_phone_once_and_without_a_sound(
    for_alice: Client, for_bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr(
        live, "publish", lambda event, **facts: told.append(facts["why"]) if event == "attention" else None
    )
    for minutes in (2, 1, 0):
        control.note_phone(MARIANA, timezone.now() - timedelta(minutes=minutes), hold=timedelta(hours=1))

    found = calls(for_alice)

    assert told == ["phone"]
    assert [(one["title"], one["is_quiet"]) for one in found] == [("Somebody answers on the phone", True)]
    assert calls(for_bob) == []


def test_the_phone_has_a_badge_with_its_countdown_on_row_and_bar(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", webhook=False)
    control.note_phone(MARIANA, timezone.now(), hold=timedelta(hours=1))

    row, bar = get(for_bob, "/"), get(for_bob, PAGE)

    assert "chip is-phone" in row
    assert row.count("data-countdown") == 1
    assert "Somebody answers on the phone." in bar
    assert "data-countdown" in bar.partition('id="control"')[2].partition("</section>")[0]


# ------------------------------------------------------------------------------------------------ what was agreed


def test_the_menu_asks_what_was_agreed_only_where_people_had_it(for_bob: Client, bob: User) -> None:
    waits()
    assert "agreed/" not in get(for_bob, PAGE)
    control.take_over(MARIANA, bob)
    assert f'hx-get="{PAGE}agreed/"' in get(for_bob, PAGE)


@pytest.mark.parametrize("found", ["agreed: proposal <b>until Friday</b>", ""])
def test_what_was_agreed_is_proposed_and_nothing_where_nothing_was_found(
    for_bob: Client, monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    monkeypatch.setattr(briefs, "_tell_agreed", [lambda key: found])

    part = get(for_bob, f"{PAGE}agreed/")

    assert ("data-agreed" in part) is bool(found)
    assert "<b>" not in part


def test_without_a_bot_nothing_is_proposed_and_nothing_asked(for_bob: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(briefs, "_tell_agreed", [])
    monkeypatch.setattr(briefs, "_make", [])
    waits()
    cache.clear()

    assert "data-agreed" not in get(for_bob, f"{PAGE}agreed/")
    assert "There is no summary" in get(for_bob, f"{PAGE}brief/")
