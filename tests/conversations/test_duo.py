"""Several people on one conversation: who is there, handing over, what went out unseen, and the lead beside it."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.utils import timezone as now_is
from django.utils import translation
from pytest_django import Settings

from conversations import colleagues, control, fence, inbox, lead, newer, notes, stream
from conversations.colleagues import Colleague, Sign
from conversations.evolution import get_client
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.frames import Frame
from conversations.message import Author, Key, Referral
from conversations.models import Act, AuditEntry, Mode, Note, Reason, Sent
from conversations.sealed import opaque_id
from people.models import Profile
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD, message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

MARIANA = Key(INSTANCE, LEAD)
PAGE = f"/c/{INSTANCE}/{opaque_id(MARIANA)}/"
HTMX = {"HX-Request": "true", "Accept-Language": "en"}


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """The words of the tests are those of the sources."""
    with translation.override("en"):
        yield


def get(client: Client, path: str, target: str = "") -> str:
    headers = {**HTMX, "HX-Target": target} if target else {"Accept-Language": "en"}
    return str(client.get(f"{PAGE}{path}", headers=headers).content.decode())


def post(client: Client, path: str, *, htmx: bool = False, **data: str) -> Any:
    return client.post(f"{PAGE}{path}", data, headers=HTMX if htmx else {"Accept-Language": "en"})


def answer(client: Client, **data: str) -> str:
    return str(post(client, "send/", htmx=True, **{"text": "Olá", "token": uuid.uuid4().hex, **data}).content.decode())


# ----------------------------------------------------------------------------------------------------- who may come in


@pytest.mark.parametrize("path", ["lead/", "colleagues/"])
def test_reading_needs_the_right_to_watch(client: Client, for_charlie: Client, for_olga: Client, path: str) -> None:
    assert client.get(PAGE + path).status_code == 302
    assert for_charlie.get(PAGE + path).status_code == 403
    assert for_olga.get(PAGE + path).status_code == 200


@pytest.mark.parametrize("path", ["lead/notes/", "lead/notes/1/erase/", "hand-over/"])
def test_writing_needs_the_right_to_act(client: Client, for_olga: Client, for_bob: Client, path: str) -> None:
    assert client.post(PAGE + path).status_code == 302
    assert post(for_olga, path).status_code == 403
    assert for_bob.get(PAGE + path).status_code == 405
    assert not Note.objects.exists()


@pytest.mark.parametrize("path", ["lead/", "lead/notes/", "colleagues/", "hand-over/"])
def test_an_instance_one_may_not_see_does_not_exist(for_bob: Client, bob: User, settings: Settings, path: str) -> None:
    settings.EVOLUTION_INSTANCES = (INSTANCE, "another")
    Profile.objects.create(user=bob, instances=["another"])

    assert for_bob.get(PAGE + path).status_code in (404, 405)
    assert post(for_bob, path).status_code in (404, 405)


# ------------------------------------------------------------------------------------------------------- who is there


def test_one_sees_the_others_and_not_oneself(alice: User, bob: User, olga: User) -> None:
    for person in (alice, bob, olga):
        colleagues.tell(MARIANA, person, Sign.LOOKING)
    colleagues.tell(MARIANA, olga, Sign.WRITING)

    assert colleagues.others(MARIANA, alice) == [Colleague("Olga", True), Colleague("Bob", False)]
    assert colleagues.others(Key(INSTANCE, LEAD[1:]), alice) == []  # type: ignore[arg-type]


def test_who_leaves_or_stops_writing_is_seen_to(alice: User, bob: User) -> None:
    colleagues.tell(MARIANA, bob, Sign.WRITING)
    colleagues.tell(MARIANA, bob, Sign.LOOKING)
    assert colleagues.others(MARIANA, alice) == [Colleague("Bob", False)]

    colleagues.tell(MARIANA, bob, Sign.LEFT)
    assert colleagues.others(MARIANA, alice) == []


def test_no_number_of_a_lead_stands_in_the_cache(bob: User) -> None:
    colleagues.tell(MARIANA, bob, Sign.WRITING)

    assert cache.get(f"writing:{INSTANCE}:{opaque_id(MARIANA)}:{bob.pk}")
    assert LEAD.split("@")[0] not in opaque_id(MARIANA)


def test_a_page_tells_and_asks(for_alice: Client, for_bob: Client, for_olga: Client) -> None:
    assert post(for_bob, "colleagues/", sign="writing").status_code == 204
    assert post(for_olga, "colleagues/", sign="writing").status_code == 204
    assert post(for_bob, "colleagues/", sign="dancing").status_code == 400

    page = get(for_alice, "colleagues/", "colleagues")

    assert "Bob is writing…" in page
    assert page.count("data-writing") == 1, "who may only watch writes to nobody"
    assert "Olga and 1 more person are looking too" not in page
    post(for_bob, "colleagues/", sign="left")
    assert "Olga is looking too" in get(for_alice, "colleagues/", "colleagues")


# -------------------------------------------------------------------------------------------------------- handing over


def test_a_conversation_is_handed_to_a_colleague_with_a_note(for_alice: Client, alice: User, bob: User) -> None:
    response = post(for_alice, "hand-over/", htmx=True, to=str(bob.pk), note="Quer fechar hoje")

    row = control.current(MARIANA)
    assert (row.mode, row.holder, row.reason) == (Mode.HUMAN, bob, Reason.HANDED_OVER)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.rep, entry.receiver) == (Act.HAND_OVER, alice, bob)
    assert [note.text for note in notes.of(MARIANA, Note.Kind.COLLEAGUES)] == ["Quer fechar hoje"]
    assert "Bob has the conversation now." in response.content.decode()
    assert "fechar" not in str(AuditEntry.objects.values().get())


def test_it_goes_only_to_who_may_answer_there(
    for_alice: Client, alice: User, bob: User, olga: User, charlie: User, settings: Settings
) -> None:
    settings.EVOLUTION_INSTANCES = (INSTANCE, "another")
    limited = User.objects.create_user("lia", first_name="Lia")
    limited.groups.add(Group.objects.get(name="Vendedores"))
    Profile.objects.create(user=limited, instances=["another"])
    gone = User.objects.create_user("gil", first_name="Gil", is_active=False)
    gone.groups.add(Group.objects.get(name="Vendedores"))
    page = get(for_alice, "")

    for person in (alice, olga, charlie, limited, gone):
        assert f'name="to" value="{person.pk}"' not in page
        assert "Not handed over" in post(for_alice, "hand-over/", htmx=True, to=str(person.pk)).content.decode()
    assert f'name="to" value="{bob.pk}"' in page
    assert not AuditEntry.objects.exists()


def test_handing_it_to_who_has_it_changes_nothing(alice: User, bob: User) -> None:
    control.take_over(MARIANA, bob)

    assert control.hand_over(MARIANA, alice, bob).control.epoch == 1
    assert not AuditEntry.objects.filter(act=Act.HAND_OVER).exists()


def test_the_receivers_screen_is_told_with_a_name_from_our_own_list(sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", name="Mariana <b>Souza")
    frame = Frame("handed", INSTANCE, facts={"user": 7, "by": "Ana", "opaque": opaque_id(MARIANA)})

    told = dict(stream.shown(frame, "en", None, True))

    assert "Ana handed Mariana &lt;b&gt;Souza to you" in told["handed"]
    assert f'href="{PAGE}"' in told["handed"]
    assert LEAD.split("@")[0] not in told["handed"]


# ------------------------------------------------------------------------------------------- what went out unseen


def sent_by(rep: User | None, id: str, *, at: datetime | None = None, state: str = Sent.State.SENT) -> Sent:
    return Sent.objects.create(
        token=uuid.uuid4().hex, instance=INSTANCE, conversation=LEAD, message_id=id, rep=rep, state=state,
        author=Sent.By.REP if rep else Sent.By.BOT, at=at or now_is.now(),
    )  # fmt: skip


def test_what_a_colleague_or_the_bot_sent_meanwhile_asks_first(for_bob: Client, alice: User, sandbox: Sandbox) -> None:
    seen = newer.of_page()
    sent_by(alice, "A1")

    page = answer(for_bob, seen=seen)

    assert "Something new went out while you were writing." in page
    assert ">Olá</textarea>" in page
    assert sandbox.sent(LEAD) == []
    assert "Something new" not in answer(for_bob, seen=seen, anyway="1")
    assert [one.text for one in sandbox.sent(LEAD)] == ["Olá"]


@pytest.mark.parametrize("scripts", [True, False])
def test_what_a_colleague_has_is_asked_about_and_the_words_stay(
    for_bob: Client, alice: User, bob: User, sandbox: Sandbox, scripts: bool
) -> None:
    control.take_over(MARIANA, alice)
    fields = {"text": "Olá", "token": uuid.uuid4().hex}

    page = post(for_bob, "send/", htmx=scripts, **fields).content.decode()

    assert "Alice has this conversation. Send it anyway? The conversation becomes yours." in page
    assert "Something new" not in page
    assert f'name="from" value="{alice.pk}">Send anyway' in page
    assert ">Olá</textarea>" in page
    assert (sandbox.sent(LEAD), control.current(MARIANA).holder) == ([], alice)
    post(for_bob, "send/", htmx=scripts, **fields, **{"from": str(alice.pk)})
    assert [one.text for one in sandbox.sent(LEAD)] == ["Olá"]
    assert control.current(MARIANA).holder == bob


def test_a_third_person_who_took_it_meanwhile_is_asked_about_anew(
    for_bob: Client, alice: User, olga: User, sandbox: Sandbox
) -> None:
    control.take_over(MARIANA, olga)

    page = answer(for_bob, **{"from": str(alice.pk), "anyway": "1"})

    assert "Olga has this conversation. Send it anyway?" in page
    assert sandbox.sent(LEAD) == []


def test_both_questions_are_asked_at_once_and_answered_by_one_button(
    for_bob: Client, alice: User, sandbox: Sandbox
) -> None:
    control.take_over(MARIANA, alice)
    seen = newer.of_page()
    sent_by(alice, "A1")

    page = answer(for_bob, seen=seen)

    question = page.partition('id="newer"')[2].partition("</div>")[0]
    assert "Something new went out" in question
    assert "Alice has this conversation." in question
    assert f'name="from" value="{alice.pk}"' in question
    assert '<input type="hidden" name="anyway" value="1">' in question
    # Enter in the box sends without the button.
    assert "Alice has this conversation." in answer(for_bob, seen=seen, anyway="1")
    assert sandbox.sent(LEAD) == []


def test_a_file_that_is_asked_about_is_to_be_chosen_again_where_nothing_keeps_it(
    for_bob: Client, alice: User, sandbox: Sandbox
) -> None:
    control.take_over(MARIANA, alice)
    file = SimpleUploadedFile("tabela.csv", b"a;b", "text/csv")

    page = for_bob.post(
        f"{PAGE}send/", {"token": uuid.uuid4().hex, "file": file}, headers={"Accept-Language": "en"}
    ).content.decode()  # fmt: skip

    assert "Choose “tabela.csv” again." in page
    assert sandbox.sent(LEAD) == []


def test_what_went_out_already_is_not_asked_about_though_a_colleague_has_it_now(
    for_bob: Client, alice: User, sandbox: Sandbox
) -> None:
    token = uuid.uuid4().hex
    answer(for_bob, token=token)
    control.take_over(MARIANA, alice)

    page = answer(for_bob, token=token)

    assert "Send anyway" not in page
    assert "data-sent" in page
    assert control.current(MARIANA).holder == alice


@pytest.mark.django_db(transaction=True)
def test_what_went_out_while_ones_own_message_waited_for_it_is_shown_first(
    for_bob: Client, alice: User, bob: User, sandbox: Sandbox, settings: Settings
) -> None:
    settings.TAKEOVER_WAIT_SECONDS = 30
    control.rep_sent(MARIANA, alice)
    alices = fence.claim_for_rep(MARIANA, alice)
    asked = {"text": "O preço é 120", "token": uuid.uuid4().hex, "seen": newer.of_page(), "from": str(alice.pk)}
    answers: list[str] = []

    def send() -> None:
        try:
            answers.append(answer(for_bob, **asked))
        finally:
            connections.close_all()

    bobs = threading.Thread(target=send)
    bobs.start()
    control.waited_until(lambda: control.current(MARIANA).holder_id == bob.pk)
    fence.confirm(alices, "A1")
    bobs.join()

    assert "Something new went out while you were writing." in answers[0]
    assert ">O preço é 120</textarea>" in answers[0]
    assert sandbox.sent(LEAD) == []
    assert [one.token for one in Sent.objects.all()] == [alices]
    assert control.current(MARIANA).sending == ""
    answer(for_bob, **asked, anyway="1")
    assert [one.text for one in sandbox.sent(LEAD)] == ["O preço é 120"]


def test_what_stands_on_the_page_asks_nothing(for_bob: Client, alice: User, sandbox: Sandbox) -> None:
    sent_by(alice, "A1")
    sent_by(None, "B1")

    answer(for_bob, seen=f"{newer.of_page()} A1 B1")

    assert len(sandbox.sent(LEAD)) == 1


def test_what_one_sent_oneself_what_did_not_go_out_and_what_is_old_ask_nothing(alice: User, bob: User) -> None:
    seen = newer.of_page()
    sent_by(bob, "A1")
    sent_by(alice, "A2", state=Sent.State.NOT_SENT)
    sent_by(None, "A3", at=now_is.now() - timedelta(hours=1))

    assert not newer.is_unseen(MARIANA, seen, bob)
    assert newer.is_unseen(MARIANA, seen, alice)


def test_what_was_typed_on_the_phone_asks_first_and_what_the_lead_wrote_does_not(bob: User, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi")
    seen = newer.of_page()
    inbox.inbox().refresh()
    assert not newer.is_unseen(MARIANA, seen, bob)

    typed = sandbox.phone_types(LEAD, "Respondi daqui")
    inbox.inbox().refresh()

    assert newer.is_unseen(MARIANA, seen, bob)
    assert not newer.is_unseen(MARIANA, f"{seen} {typed}", bob)


@pytest.mark.parametrize("text", ["", "yesterday", "12", "1" * 40])
def test_a_form_that_does_not_say_what_it_shows_is_sent(alice: User, bob: User, text: str) -> None:
    sent_by(alice, "A1")

    assert newer.read(text) is None
    assert not newer.is_unseen(MARIANA, text, bob)


def test_the_form_names_what_its_page_shows() -> None:
    seen = newer.read(newer.of_page([message("L1"), message("B1", Author.BOT)]))

    assert seen is not None
    assert seen.ids == {"B1"}


# ------------------------------------------------------------------------------------------------------------ the lead


def test_the_lead_is_told_of_with_counts_and_where_they_came_from(for_olga: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", name="Mariana Souza")
    sandbox.lead_writes(LEAD, "Alguém?", name="Mariana Souza")
    sandbox.phone_types(LEAD, "Oi!")

    page = get(for_olga, "lead/")

    assert "Mariana Souza" in page
    assert 'href="https://wa.me/5511999990001"' in page
    assert 'rel="noopener noreferrer"' in page
    assert "<strong>2</strong> from the lead" in page
    assert "<strong>1</strong> from the phone" in page
    assert "in all" in page
    assert "connected" in page


def test_whether_our_number_is_connected_is_read_again_alone(for_olga: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", name="Mariana Souza")
    inbox.inbox().rows()
    assert get(for_olga, "lead/", "lead-number").endswith('<span class="state is-good">connected</span>\n')

    inbox.inbox().hear(Frame("connection", INSTANCE, facts={"state": "close"}))

    assert "not connected" in get(for_olga, "lead/", "lead-number")
    assert "sse:connection" in get(for_olga, "lead/").partition('id="lead-number"')[2].partition(">")[0]


def test_a_long_conversation_tells_its_first_message_and_the_span_of_the_counts(
    for_olga: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead, "COUNTED", 3)
    start = sandbox.clock() - 86_400 * 30
    for number in range(6):
        sandbox.lead_writes(LEAD, f"mensagem {number}", at=start + number * 60)

    facts = lead.facts(MARIANA)

    assert facts.total == 3
    assert not facts.is_all
    assert facts.first_at == datetime.fromtimestamp(int(start), tz=timezone.utc)
    assert "the last 3, since" in get(for_olga, "lead/")


def test_the_advertisement_is_named() -> None:
    said = [message("A1", referral=Referral(title="Clínicas")), message("A2")]

    assert lead._referral(said) == Referral(title="Clínicas")
    assert lead._referral([message("A1")]) is None


def test_labels_are_shown_where_the_gateway_has_them(for_olga: Client, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi")
    assert lead.labels(MARIANA) == []
    here = sandbox.instance(INSTANCE)
    here.labels.append({"id": "7", "name": "Cliente quente", "color": "3", "predefinedId": ""})
    here.save_chat(LEAD, "Mariana", sandbox.clock())["labels"] = ["7", "8"]

    assert get_client().labels(INSTANCE) == {"7": "Cliente quente"}
    assert "Cliente quente" in get(for_olga, "lead/")


@pytest.mark.parametrize(
    ("tag", "words"), [("pt-BR", "Portuguese (Brazil)"), ("es", "Spanish"), ("en-GB", "British English"),
                       ("de-CH", "German"), ("klingon", ""), ("<b>", ""), ("", "")],
)  # fmt: skip
def test_the_language_the_model_heard_is_named(for_olga: Client, sandbox: Sandbox, tag: str, words: str) -> None:
    sandbox.lead_writes(LEAD, "Oi")

    lead.note_language(MARIANA, tag)

    assert lead.language(MARIANA) == words
    assert (f"<dt>Language</dt><dd>{words}</dd>" in get(for_olga, "lead/")) is bool(words)
    assert ("<dt>Language</dt>" in get(for_olga, "lead/")) is bool(words)


def test_a_silent_gateway_leaves_what_is_our_own(for_bob: Client, bob: User, sandbox: Sandbox) -> None:
    notes.write(MARIANA, Note.Kind.COLLEAGUES, bob, "Ligou ontem")
    sandbox.failures.add(Failure("/chat/findMessages", "refuse", status=500, times=99))

    page = get(for_bob, "lead/")

    assert "cannot be read now" in page
    assert "Ligou ontem" in page


def test_who_had_it_is_told_in_words_newest_first(for_olga: Client, alice: User, bob: User) -> None:
    control.take_over(MARIANA, alice)
    control.hand_over(MARIANA, alice, bob)
    control.pause(MARIANA, bob, None)

    page = get(for_olga, "lead/", "lead-history")

    assert page.index("Bob paused the bot") < page.index("Alice handed it over to Bob") < page.index("Alice took over")
    assert "See all" not in page


def test_a_long_history_is_shown_when_asked_for(for_olga: Client, alice: User, bob: User) -> None:
    for _ in range(6):
        control.take_over(MARIANA, alice)
        control.take_over(MARIANA, bob)

    assert get(for_olga, "lead/", "lead-history").count("<li>") == lead.FIRST
    assert "See all" in get(for_olga, "lead/", "lead-history")
    assert get(for_olga, "lead/?history=all", "lead-history").count("<li>") == 12


@pytest.mark.parametrize("act", Act.values)
def test_every_act_has_words(act: str) -> None:
    told = lead._told(AuditEntry(at=now_is.now(), act=act, actor="system"))

    assert told.words
    assert "%(" not in told.words


# ----------------------------------------------------------------------------------------------------------- notes


def test_a_note_is_written_read_and_erased_without_scripts(for_bob: Client, for_olga: Client) -> None:
    assert post(for_bob, "lead/notes/", text="Ligou <b>ontem").status_code == 302
    note = Note.objects.get()

    page = get(for_olga, "lead/")

    assert "Ligou &lt;b&gt;ontem" in page
    assert "kept for 90 more days" in page
    assert "/erase/" not in page
    assert f"notes/{note.pk}/erase/" in get(for_bob, "lead/")
    post(for_bob, f"lead/notes/{note.pk}/erase/")
    assert not Note.objects.exists()


def test_a_rep_erases_their_own_note_and_a_manager_any(
    for_bob: Client, for_alice: Client, alice: User, bob: User
) -> None:
    hers, his = (notes.write(MARIANA, Note.Kind.COLLEAGUES, one, "Ligou") for one in (alice, bob))

    refused = post(for_bob, f"lead/notes/{hers.id}/erase/", htmx=True).content.decode()
    assert "Only who wrote a note or a manager can erase it." in refused
    assert Note.objects.count() == 2
    post(for_alice, f"lead/notes/{his.id}/erase/", htmx=True)

    assert [note.id for note in notes.of(MARIANA)] == [hers.id]


@pytest.mark.parametrize("written", [" ", "x" * 2001])
def test_a_note_that_cannot_be_kept_comes_back(for_bob: Client, written: str) -> None:
    page = post(for_bob, "lead/notes/", htmx=True, text=written).content.decode()

    assert f">{written}</textarea>" in page
    assert "is-warning" in page
    assert not Note.objects.exists()


def test_the_number_of_notes_stands_on_the_button(for_bob: Client, bob: User) -> None:
    assert 'class="count is-new"' not in get(for_bob, "lead/", "note-count")
    notes.write(MARIANA, Note.Kind.COLLEAGUES, bob, "Ligou")
    notes.write(MARIANA, Note.Kind.COLLEAGUES, bob, "Antiga", lifetime=timedelta(seconds=-1))

    assert '<span class="count is-new" aria-hidden="true">1</span>' in get(for_bob, "lead/", "note-count")
    assert 'id="note-count"' in get(for_bob, "")


def test_a_part_that_changed_costs_the_gateway_nothing(for_bob: Client, sandbox: Sandbox) -> None:
    sandbox.failures.add(Failure("/chat/findMessages", "refuse", status=500, times=99))

    for target in ("notes", "lead-history", "note-count"):
        assert "cannot be read" not in get(for_bob, "lead/", target)
