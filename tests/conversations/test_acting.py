"""What people do about who may speak: with whom it is, what it answers, how it is undone, and what it asks before."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from conversations import activity, control, inbox, notes, sending, shown, switches
from conversations.evolution.sandbox import Sandbox
from conversations.jid import JID
from conversations.message import Key
from conversations.models import Act, AuditEntry, Control, Mode, Note, Reason, Sent, Switch
from conversations.sealed import opaque_id
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

OTHER_LEAD = JID("5511999990002@s.whatsapp.net")

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

MARIANA = Key(INSTANCE, LEAD)
ASKS = f"/switch/ask/?instance={INSTANCE}&on=1"
PAGE = f"/c/{INSTANCE}/{opaque_id(MARIANA)}/"
HTMX = {"HX-Request": "true", "HX-Target": "control"}


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """The words of the tests are those of the sources."""
    with translation.override("en"):
        yield


def text(response: Any) -> str:
    """The page, as a person who reads English sees it."""
    return " ".join(response.content.decode().split())


def get(client: Client, path: str = PAGE) -> str:
    return text(client.get(path, headers={"Accept-Language": "en"}))


def post(client: Client, act: str, *, headers: Any = None, **data: Any) -> Any:
    """What a browser with scripts gets."""
    return client.post(
        f"{PAGE}{act}/", data, headers={"Accept-Language": "en", **(HTMX if headers is None else headers)}
    )


def take_from(client: Client, colleague: User) -> Any:
    """*Assumir mesmo assim*, said of `colleague`."""
    data = {"from": str(colleague.pk)}
    return client.post(f"{PAGE}take-over/", data, headers={"Accept-Language": "en", **HTMX})


def offer(response: Any) -> str:
    """What the answer's *Undo* would send."""
    found = re.search(r'name="undo" value="([^"]+)"', text(response))
    assert found, "nothing to undo is offered"
    return found[1]


def now_is() -> tuple[str, int | None]:
    row = control.current(MARIANA)
    return row.mode, row.holder_id


# ------------------------------------------------------------------------------------------------ who may, and answers


@pytest.mark.parametrize("act", ["hold", "opt-in", "undo"])
def test_only_who_may_act_acts(for_olga: Client, for_charlie: Client, client: Client, act: str) -> None:
    assert [post(one, act).status_code for one in (for_olga, for_charlie)] == [403, 403]
    assert client.post(f"{PAGE}{act}/").status_code == 302
    assert not AuditEntry.objects.exists()


def test_an_act_is_answered_by_the_bar_with_who_and_when(for_bob: Client, for_alice: Client) -> None:
    bar = text(post(for_bob, "take-over"))

    assert "You have this conversation." in bar
    assert "Bob took over at " in bar
    assert "Bob has this conversation." in get(for_alice)


def test_taking_over_asks_the_gateway_nothing(for_bob: Client, settings: Settings, sandbox: Sandbox) -> None:
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"

    assert post(for_bob, "take-over").status_code == 200
    assert now_is()[0] == Mode.HUMAN


@pytest.mark.parametrize(
    ("mode", "reason", "holder", "words"),
    [
        (Mode.BOT, "", False, "The bot answers."),
        (Mode.HUMAN, Reason.TOOK_OVER, True, "Bob has this conversation."),
        (Mode.HUMAN, Reason.PHONE, False, "Somebody answers on the phone."),
        (Mode.PAUSED, Reason.PAUSED, False, "Paused."),
        (Mode.WAITING, Reason.ANGRY, False, "Waits for a person."),
    ],
)
def test_each_mode_has_its_words(
    for_alice: Client, bob: User, mode: Mode, reason: str, holder: bool, words: str
) -> None:
    switches.switch(None, INSTANCE, True)
    row = control.ensure(MARIANA)
    Control.objects.filter(pk=row.pk).update(mode=mode, reason=reason, holder=bob if holder else None)

    assert f"<strong>{words}</strong>" in get(for_alice)


@pytest.mark.parametrize("act", list(Act))
def test_every_change_can_be_told(for_alice: Client, act: Act) -> None:
    AuditEntry.objects.create(
        at=timezone.now(), instance=INSTANCE, conversation=LEAD, actor="system", act=act, after=Mode.BOT
    )

    assert timezone.localtime().strftime("%H:") in get(for_alice) or act is Act.OUTBOUND_FIRST


def test_a_pause_says_when_it_ends_and_counts(for_bob: Client) -> None:
    bar = text(post(for_bob, "pause", length="30"))

    until = control.current(MARIANA).until
    assert until
    assert f'<time datetime="{timezone.localtime(until).isoformat()}"' in bar
    assert "data-countdown>30 min</time>" in bar


def test_a_pause_that_is_longer_already_says_so(for_bob: Client) -> None:
    post(for_bob, "pause", length="always")

    again = post(for_bob, "pause", length="30")

    assert "It is paused for longer already." in text(again)
    assert 'name="undo"' not in text(again)


def test_where_a_lead_waits_for_a_person_a_pause_says_that_the_bot_is_quiet_already(for_bob: Client) -> None:
    row = control.ensure(MARIANA)
    Control.objects.filter(pk=row.pk).update(mode=Mode.WAITING, reason=Reason.ANGRY)

    assert "The lead waits for a person: the bot is quiet here already." in text(post(for_bob, "pause", length="30"))


@pytest.mark.parametrize(("reason", "offers"), [(Reason.ASKED_FOR_PERSON, False), (Reason.MODEL, True)])
def test_no_pause_is_offered_where_a_lead_waits_for_a_person(for_bob: Client, reason: Reason, offers: bool) -> None:
    control.hand_off(MARIANA, reason, epoch=0)

    assert ('id="pause-menu"' in get(for_bob)) is offers


# ------------------------------------------------------------------------------------------------------------- undoing


@pytest.mark.parametrize(
    ("before", "act", "fields"),
    [
        ((), "take-over", {}),
        ((), "pause", {"length": "60"}),
        (("pause",), "resume", {}),
        (("pause",), "take-over", {}),
        (("take-over",), "hand-back", {"agreed": "proposta até sexta"}),
        (("take-over",), "pause", {"length": "60"}),
    ],
)
def test_what_was_done_can_be_undone(
    for_bob: Client, bob: User, before: tuple[str, ...], act: str, fields: dict[str, str]
) -> None:
    for one in before:
        post(for_bob, one, length="240")
    row = control.current(MARIANA)
    was = control.state_of(row)
    done = post(for_bob, act, **fields)
    assert control.state_of(control.current(MARIANA)) != was

    undone = post(for_bob, "undo", undo=offer(done))

    assert "Undone." in text(undone)
    assert control.state_of(control.current(MARIANA)) == was
    assert row.changed_at in (None, control.current(MARIANA).changed_at), "it waits since then, not since the undo"
    last = control.changes(MARIANA, 1)[0]
    assert (last.act, last.rep) == (Act.UNDO, bob)
    assert notes.of(MARIANA, Note.Kind.AGREED) == []


def test_a_pause_that_would_be_over_by_now_comes_back_as_over(for_bob: Client) -> None:
    post(for_bob, "pause", length="30")
    Control.objects.update(until=timezone.now() + timedelta(milliseconds=50))
    done = post(for_bob, "take-over")
    while timezone.now() < control.changes(MARIANA, 1)[0].at + timedelta(milliseconds=50):
        pass

    post(for_bob, "undo", undo=offer(done))

    assert now_is() == (Mode.BOT, None)


def test_nothing_is_undone_once_something_else_changed(for_bob: Client, for_alice: Client, alice: User) -> None:
    done = post(for_bob, "pause", length="30")
    post(for_alice, "take-over")

    refused = post(for_bob, "undo", undo=offer(done))

    assert "Not undone: something else changed meanwhile." in text(refused)
    assert now_is() == (Mode.HUMAN, alice.pk)


def test_an_offer_is_good_for_one_person_and_one_conversation(for_bob: Client, for_alice: Client) -> None:
    token = offer(post(for_bob, "pause", length="30"))
    elsewhere = f"/c/{INSTANCE}/{opaque_id(Key(INSTANCE, OTHER_LEAD))}/undo/"

    assert "Not undone" in text(post(for_alice, "undo", undo=token))
    assert "Not undone" in text(for_bob.post(elsewhere, {"undo": token}, headers={**HTMX, "Accept-Language": "en"}))
    assert "Not undone" in text(post(for_bob, "undo", undo=token[:-2]))
    assert now_is()[0] == Mode.PAUSED


def test_without_scripts_the_page_offers_to_undo_once(for_bob: Client) -> None:
    back = post(for_bob, "pause", headers={}, length="30")
    assert back["Location"] == PAGE

    page = get(for_bob)

    assert "Paused. The bot is quiet here." in page
    found = re.search(r'name="undo" value="([^"]+)"', page)
    assert found
    assert 'name="undo"' not in get(for_bob)
    post(for_bob, "undo", headers={}, undo=found[1])
    assert now_is()[0] == Mode.BOT


# --------------------------------------------------------------------------------------------- taking from a colleague


def test_taking_from_a_colleague_asks_first(for_bob: Client, for_alice: Client, alice: User, bob: User) -> None:
    post(for_alice, "take-over")

    asked = post(for_bob, "take-over")

    assert now_is() == (Mode.HUMAN, alice.pk)
    assert "Alice has this conversation. Take it over anyway?" in text(asked)
    assert '<details class="menu asks" id="take-menu" open>' in text(asked)
    take_from(for_bob, alice)
    assert now_is() == (Mode.HUMAN, bob.pk)
    assert [entry.rep for entry in control.changes(MARIANA, 2)] == [bob, alice]


def test_whose_conversation_was_taken_is_told_so(for_bob: Client, for_alice: Client, alice: User) -> None:
    post(for_alice, "take-over")
    take_from(for_bob, alice)

    assert "Bob took over this conversation, which was yours" in get(for_alice)
    assert "which was yours" not in get(for_bob)


def test_a_question_answered_about_somebody_else_is_asked_again(
    for_bob: Client, for_alice: Client, bob: User, alice: User
) -> None:
    post(for_alice, "take-over")

    take_from(for_bob, bob)

    assert now_is() == (Mode.HUMAN, alice.pk)


def test_from_the_phone_it_is_taken_without_a_question(for_bob: Client, bob: User) -> None:
    control.note_phone(MARIANA, timezone.now(), hold=timedelta(hours=1))

    post(for_bob, "take-over")

    assert now_is() == (Mode.HUMAN, bob.pk)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_it_over_in_the_same_moment_the_second_is_asked(for_alice: Client, for_bob: Client) -> None:
    for number in range(12):
        page = f"/c/{INSTANCE}/{opaque_id(Key(INSTANCE, JID(f'55119222200{number:02}@s.whatsapp.net')))}/"
        together = threading.Barrier(2)
        answers: list[str] = []

        def press(client: Client, page: str = page, together: Any = together, answers: list[str] = answers) -> None:
            try:
                together.wait()
                answers.append(
                    text(client.post(f"{page}take-over/", headers={"Accept-Language": "en", **HTMX}))
                )  # fmt: skip
            finally:
                connections.close_all()

        threads = [threading.Thread(target=press, args=(client,)) for client in (for_alice, for_bob)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sum('id="take-menu" open' in one for one in answers) == 1
        assert sum("The conversation is yours." in one for one in answers) == 1


def test_it_is_taken_only_from_whom_one_was_asked_about(alice: User, bob: User, olga: User) -> None:
    control.take_over(MARIANA, alice, taken_from=())
    control.take_over(MARIANA, alice, taken_from=())

    for taken_from in ((), (olga.pk,)):
        with pytest.raises(control.Held) as held:
            control.take_over(MARIANA, bob, taken_from=taken_from)
        assert held.value.row.holder == alice
    assert AuditEntry.objects.count() == 1

    control.take_over(MARIANA, bob, taken_from=(alice.pk,))
    assert now_is() == (Mode.HUMAN, bob.pk)


#: What one may do to a conversation that a colleague has, the menu it is chosen in, and what was written there.
DONE_TO_ANOTHERS = [
    ("pause", {"length": "60"}, "pause-menu"),
    ("hand-back", {"agreed": "proposta até sexta"}, "hand-back-menu"),
    ("hand-over", {"to": "bob", "note": "proposta até sexta"}, "hand-over-menu"),
    ("resume", {}, ""),
]


@pytest.mark.parametrize(("act", "fields", "menu"), DONE_TO_ANOTHERS)
def test_what_a_colleague_took_since_the_page_was_made_is_left_and_the_menu_asks(
    for_bob: Client, alice: User, bob: User, act: str, fields: dict[str, str], menu: str
) -> None:
    dora = User.objects.create_user("dora", first_name="Dora")
    dora.groups.add(*bob.groups.all())
    fields = {**fields, **({"to": str(dora.pk)} if "to" in fields else {})}
    control.take_over(MARIANA, alice)

    asked = text(post(for_bob, act, **fields))

    assert now_is() == (Mode.HUMAN, alice.pk)
    assert "Alice has this conversation now. Nothing was changed yet." in asked
    assert AuditEntry.objects.count() == 1
    assert not Note.objects.exists()
    if menu:
        opened = asked.partition(f'id="{menu}" open>')[2].partition("</details>")[0]
        assert f'name="from" value="{alice.pk}"' in opened
        assert "Alice has this conversation." in opened
        assert ("proposta até sexta</textarea>" in opened) == ("proposta até sexta" in fields.values())
        post(for_bob, act, **fields, **{"from": str(alice.pk)})
        assert now_is() != (Mode.HUMAN, alice.pk)


def test_without_scripts_one_is_told_whose_it_is_and_nothing_is_done(for_bob: Client, alice: User) -> None:
    control.take_over(MARIANA, alice)

    back = post(for_bob, "pause", headers={}, length="60")

    assert "Alice has this conversation now. Nothing was changed yet." in get(for_bob, back["Location"])
    assert now_is() == (Mode.HUMAN, alice.pk)


def test_the_menus_and_the_box_say_whose_conversation_it_is(for_bob: Client, for_alice: Client, alice: User) -> None:
    control.take_over(MARIANA, alice)

    bobs, own = get(for_bob), get(for_alice)

    assert bobs.count(f'<input type="hidden" name="from" value="{alice.pk}">') == 4
    assert "Sending takes the conversation over from Alice." in bobs
    assert 'name="from"' not in own
    assert "Sending takes" not in own


# ------------------------------------------------------------------------------------------------- what the bot does


def test_a_page_opened_in_the_middle_shows_what_the_bot_does(for_bob: Client) -> None:
    switches.switch(None, INSTANCE, True)
    activity.announce(MARIANA, "typing", number=2, of=3)

    assert "The bot is typing (2 of 3)…" in get(for_bob)

    activity.end(MARIANA)
    assert "The bot is typing" not in get(for_bob)


def test_in_a_conversation_that_is_not_the_bots_it_does_nothing(for_bob: Client) -> None:
    switches.switch(None, INSTANCE, True)
    activity.announce(MARIANA, "thinking")

    bar = text(post(for_bob, "hold"))

    assert "The bot is thinking" not in bar
    assert activity.now(MARIANA) is None
    assert "data-held" in bar


def test_what_was_held_back_is_offered_and_forgotten_with_the_hand_back(for_bob: Client) -> None:
    post(for_bob, "hold")
    sending.keep_draft(MARIANA, ["Temos dois planos.", "Qual prefere?"])

    assert 'id="draft-text" dir="auto">Temos dois planos. Qual prefere?</p>' in get(for_bob)

    post(for_bob, "hand-back")
    assert sending.kept_draft(MARIANA) == ""


def test_without_scripts_a_held_reply_is_a_draft_in_the_box(for_bob: Client) -> None:
    sending.keep_draft(MARIANA, ["Temos dois planos."])

    back = post(for_bob, "hold", headers={})

    assert back["Location"] == f"{PAGE}?draft=1"
    assert "Temos dois planos.</textarea>" in get(for_bob, back["Location"])


def test_who_only_watches_sees_no_draft_and_no_button(for_olga: Client, bob: User) -> None:
    control.take_over(MARIANA, bob)
    sending.keep_draft(MARIANA, ["Temos dois planos."])

    page = get(for_olga)

    assert "Temos dois planos." not in page
    assert "act-hold" not in page


def test_a_message_that_left_just_before_is_told_with_how_long_before(for_bob: Client) -> None:
    Sent.objects.create(
        token="a" * 32, instance=INSTANCE, conversation=LEAD, author=Sent.By.BOT, state=Sent.State.SENT,
        message_id="BAE5", at=timezone.now() - timedelta(milliseconds=400),
    )  # fmt: skip

    bar = text(post(for_bob, "take-over"))

    assert re.search(r"1 message of the bot went out 0\.[4-9] s before\.", bar)
    assert '<a href="#message-BAE5">' in bar


def test_what_left_long_before_or_by_a_rep_is_not_told(for_bob: Client) -> None:
    for number, (by, seconds) in enumerate([(Sent.By.BOT, 20), (Sent.By.REP, 1)]):
        Sent.objects.create(
            token=f"{number}" * 32, instance=INSTANCE, conversation=LEAD, author=by, state=Sent.State.SENT,
            message_id=f"m{number}", at=timezone.now() - timedelta(seconds=seconds),
        )  # fmt: skip

    assert "went out" not in text(post(for_bob, "take-over"))


@pytest.fixture
def on_its_way(settings: Settings) -> Sent:
    """A message of the bot whose POST does not answer."""
    settings.TAKEOVER_WAIT_SECONDS = 0.1
    sent = Sent.objects.create(
        token="c" * 32, instance=INSTANCE, conversation=LEAD, author=Sent.By.BOT, at=timezone.now()
    )
    row = control.ensure(MARIANA)
    Control.objects.filter(pk=row.pk).update(sending=sent.token, sending_at=sent.at)
    return sent


MAY_LEAVE = "One message of the bot was already on its way and may still go out."


@pytest.mark.parametrize(
    ("act", "fields", "done"),
    [
        ("take-over", {}, "The conversation is yours."),
        ("pause", {"length": "60"}, "Paused."),
        ("lead/opt-out", {"out": "1"}, "Noted: the bot writes nothing here any more."),
        ("send", {"text": "Olá", "token": "d" * 32}, ""),
    ],
)
@pytest.mark.parametrize("headers", [HTMX, {}])
def test_whoever_makes_the_bot_quiet_is_told_what_may_still_go_out(
    for_bob: Client, on_its_way: Sent, act: str, fields: dict[str, str], done: str, headers: dict[str, str]
) -> None:
    said = post(for_bob, act, headers=headers, **fields)
    page = text(said) if headers else get(for_bob, said["Location"])

    assert MAY_LEAVE in page
    assert done in page
    assert "Paused. The bot is quiet here." not in page


@pytest.mark.parametrize(
    ("act", "fields"), [("pause", {"length": "60"}), ("lead/opt-out", {"out": "1"}), ("send", {"text": "Olá"})]
)
def test_where_nothing_was_on_its_way_nothing_is_feared(for_bob: Client, act: str, fields: dict[str, str]) -> None:
    assert MAY_LEAVE not in text(post(for_bob, act, token="d" * 32, **fields))


def test_switched_off_it_says_how_many_messages_may_still_go_out(for_alice: Client, on_its_way: Sent) -> None:
    words = "1 message of the bot was already on its way and may still go out."
    for instance in (INSTANCE, ""):
        switches.switch(None, instance, True)
        data = {"instance": instance, "on": "0", "next": "/"}
        assert words in text(for_alice.post("/switch/", data, headers={"Accept-Language": "en"}, follow=True))
    Control.objects.update(sending="")
    switches.switch(None, INSTANCE, True)

    off = for_alice.post("/switch/", {"instance": INSTANCE, "on": "0"}, headers={"Accept-Language": "en"}, follow=True)

    assert "on its way" not in text(off)


def test_a_colleague_is_handed_a_conversation_where_the_bot_just_spoke_and_it_is_told(
    for_alice: Client, bob: User
) -> None:
    Sent.objects.create(
        token="a" * 32, instance=INSTANCE, conversation=LEAD, author=Sent.By.BOT, state=Sent.State.SENT,
        message_id="BAE5", at=timezone.now() - timedelta(milliseconds=400),
    )  # fmt: skip

    bar = text(post(for_alice, "hand-over", to=str(bob.pk)))

    assert re.search(r"1 message of the bot went out 0\.[4-9] s before\.", bar)
    assert '<a href="#message-BAE5">' in bar


# ------------------------------------------------------------------------------------------------------- handing back


def test_what_was_agreed_is_kept_for_the_bot_in_one_line(for_bob: Client) -> None:
    post(for_bob, "take-over")

    bar = text(post(for_bob, "hand-back", agreed="  proposta\naté sexta "))

    assert "Handed back with your note." in bar
    assert [note.text for note in notes.of(MARIANA, Note.Kind.AGREED)] == ["proposta até sexta"]
    assert [len(one) for one in control.stretches(MARIANA)] == [2]


def test_a_note_without_a_hand_back_is_none(for_bob: Client) -> None:
    post(for_bob, "hand-back", agreed="proposta até sexta")

    assert notes.of(MARIANA, Note.Kind.AGREED) == []


def test_a_note_that_is_too_long_is_refused_and_nothing_changes(for_bob: Client, bob: User) -> None:
    post(for_bob, "take-over")

    assert post(for_bob, "hand-back", agreed="x" * 281).status_code == 400
    assert now_is() == (Mode.HUMAN, bob.pk)


def test_the_stretches_of_people_are_told_from_the_audit(bob: User) -> None:
    control.take_over(MARIANA, bob)
    control.pause(MARIANA, bob, None)
    control.hand_back(MARIANA, bob)
    control.pause(MARIANA, bob, None)
    control.resume(MARIANA, bob)
    control.take_over(MARIANA, bob)

    entries = list(AuditEntry.objects.order_by("pk"))
    assert control.stretches(MARIANA) == [(entries[0].at, entries[2].at)]


# ------------------------------------------------------------------------------------------------------------ opt-out


def test_a_pause_promises_no_bot_to_who_wants_no_messages(for_bob: Client, bob: User) -> None:
    row = control.pause(MARIANA, bob, timezone.now() + timedelta(minutes=20))
    assert "The bot is back in" in get(for_bob)

    Control.objects.filter(pk=row.pk).update(opted_out=True)

    assert "The bot is back in" not in get(for_bob)
    assert "Ends in" in get(for_bob)


def test_who_wants_no_messages_is_seen_and_let_write_again(for_bob: Client, for_olga: Client) -> None:
    row = control.ensure(MARIANA)
    Control.objects.filter(pk=row.pk).update(opted_out=True)
    assert "The lead wants no messages." in get(for_olga)
    assert "Allow messages" not in get(for_olga)
    assert "Yes, allow messages" in get(for_bob)
    listed = for_bob.get("/", headers={"Accept-Language": "en"}).content.decode()
    assert 'class="chip is-bot"' not in listed

    post(for_bob, "opt-in")

    assert not control.current(MARIANA).opted_out
    assert control.changes(MARIANA, 1)[0].act == Act.OPT_IN


# ----------------------------------------------------------------------------------------------------------- switches


def waiting_lead(sandbox: Sandbox, jid: str = LEAD) -> None:
    """A lead who waits, as this process's list knows it."""
    sandbox.lead_writes(jid, "Alguém aí?", name="Mariana")
    inbox.inbox().refresh()


def test_switching_asks_before(for_alice: Client, for_bob: Client) -> None:
    assert "Switch the bot on for voice_sdr_v4?" in get(for_alice, "/")
    assert "Switch the bot off for every number?" in get(for_alice, "/")
    assert "Switch the bot" not in get(for_bob, "/")


def test_without_dialogs_a_page_asks(for_alice: Client, for_bob: Client) -> None:
    address = f"/switch/ask/?instance={INSTANCE}&on=1"

    page = get(for_alice, address)

    assert page.count("Switch the bot on for voice_sdr_v4?") >= 1
    assert '<a class="button" href="/">Cancel</a>' in page
    assert for_bob.get(address).status_code == 403
    assert for_alice.get("/switch/ask/?instance=nobody&on=1").status_code == 400
    assert for_alice.get(f"/switch/ask/?instance={INSTANCE}&on=0")["Location"] == "/"


@pytest.mark.parametrize(("instance", "name"), [(INSTANCE, INSTANCE), ("", "everything")])
def test_leads_who_wait_are_left_to_people_when_one_says_so(for_alice: Client, instance: str, name: str) -> None:
    switches.switch(None, INSTANCE, True)
    Switch.objects.filter(instance=INSTANCE).update(bot_since=timezone.now() - timedelta(days=3))
    switches.switch(None, instance, False)
    at = timezone.now()

    for_alice.post("/switch/", {"instance": instance, "on": "1", "waiting": "leave"})

    since = switches.state().bot_since(INSTANCE)
    assert since
    assert since >= at


def test_the_question_counts_who_waits_for_the_bot(for_alice: Client, sandbox: Sandbox, bob: User) -> None:
    switches.switch(None, INSTANCE, True)
    switches.switch(None, INSTANCE, False)
    earliest = timezone.now() - timedelta(hours=12)
    waiting_lead(sandbox)
    assert shown.waiting_for_bot(INSTANCE, earliest) == 1
    assert "Answer the 1 lead who waits?" in get(for_alice, ASKS)

    control.take_over(MARIANA, bob)
    assert shown.waiting_for_bot(INSTANCE, earliest) == 0
    assert "Nobody is waiting." in get(for_alice, ASKS)


def test_a_dialog_counts_who_waits_as_it_opens(for_alice: Client, sandbox: Sandbox) -> None:
    switches.switch(None, INSTANCE, True)
    switches.switch(None, INSTANCE, False)
    assert "Nobody is waiting." not in get(for_alice, "/")
    htmx = {"Accept-Language": "en", "HX-Request": "true", "HX-Target": "switch-asked"}
    assert "Nobody is waiting." in for_alice.get(ASKS, headers=htmx).content.decode()

    waiting_lead(sandbox)

    asked = for_alice.get(ASKS, headers=htmx).content.decode()
    assert "Answer the 1 lead who waits?" in asked
    assert "<html" not in asked


def test_who_was_left_unanswered_on_purpose_does_not_wait_for_the_bot(sandbox: Sandbox) -> None:
    switches.switch(None, INSTANCE, True)
    earliest = timezone.now() - timedelta(hours=12)
    waiting_lead(sandbox)
    row = inbox.inbox().row(MARIANA)
    assert row is not None

    Control.objects.create(instance=INSTANCE, conversation=LEAD, settled_ids=[row.last.id])

    assert shown.waiting_for_bot(INSTANCE, earliest) == 0


def test_who_wrote_before_the_bot_or_too_long_ago_does_not_wait_for_it(sandbox: Sandbox) -> None:
    waiting_lead(sandbox)
    assert shown.waiting_for_bot(INSTANCE, timezone.now() - timedelta(hours=12)) == 0

    Switch.objects.filter(instance=INSTANCE).update(bot_since=timezone.now() - timedelta(days=3))
    assert shown.waiting_for_bot(INSTANCE, timezone.now() - timedelta(hours=12)) == 1
    assert shown.waiting_for_bot(INSTANCE, timezone.now() + timedelta(seconds=5)) == 0


def test_who_has_waited_since_before_the_bot_and_writes_again_waits_for_it(sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", name="Mariana", at=sandbox.clock() - 3 * 86_400)
    inbox.inbox().refresh()
    switches.switch(None, INSTANCE, True)
    earliest = timezone.now() - timedelta(hours=12)
    assert shown.waiting_for_bot(INSTANCE, earliest) == 0

    waiting_lead(sandbox)

    assert shown.waiting_for_bot(INSTANCE, earliest) == 1


def test_a_list_that_is_not_read_yet_counts_nobody_and_asks_all_the_same(for_alice: Client, settings: Settings) -> None:
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"

    assert shown.waiting_for_bot(INSTANCE, timezone.now()) is None
    assert "Answer the leads who wait?" in get(for_alice, "/")


def test_leads_who_wait_are_answered_when_one_says_so(for_alice: Client) -> None:
    switches.switch(None, INSTANCE, True)
    before = switches.state().bot_since(INSTANCE)
    switches.switch(None, INSTANCE, False)

    for_alice.post("/switch/", {"instance": INSTANCE, "on": "1", "waiting": "answer"})

    assert switches.state().bot_since(INSTANCE) == before


def test_a_switch_leads_back_to_where_it_was_thrown_but_not_out_of_the_house(for_alice: Client) -> None:
    data = {"instance": INSTANCE, "on": "1"}

    assert for_alice.post("/switch/", {**data, "next": PAGE})["Location"] == PAGE
    assert for_alice.post("/switch/", {**data, "next": "https://example.com/"})["Location"] == "/"
    assert for_alice.post("/switch/", {**data, "next": "//example.com/"})["Location"] == "/"


def test_while_it_is_off_everybody_is_told_who_did_it_and_managers_may_end_it(
    for_alice: Client, for_bob: Client
) -> None:
    switches.switch(None, INSTANCE, True)
    for_alice.post("/switch/", {"instance": "", "on": "0"})

    assert "Everything: Alice, " in get(for_bob)
    assert "Switch on…" in get(for_alice)
    assert "Switch on…" not in get(for_bob)
