"""The screen of answers that wait for a yes: what it shows to whom, what is sent, and what latecomers are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from bot.models import BotSettings
from bot.turns import Outcome
from conversations import control, pending, sending, switches
from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from conversations.models import AuditEntry, Control, Switch
from conversations.pending import Pending
from conversations.sealed import opaque_id
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

Turn = Callable[..., Outcome]
KEY = Key("voice_sdr_v4", LEAD)
PAGE = f"/c/{KEY.instance}/{opaque_id(KEY)}/"
PART = {"HX-Request": "true", "HX-Target": "pending"}


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def asked(turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User, queue: Any) -> str:
    """The bot offers "Olá!" and "Depende."."""
    control.approve_answers(KEY, ana, Control.Approval.ON)
    gemini.will_answer("Olá!", "Depende.")
    id = sandbox.lead_writes(LEAD, "Quanto custa?")
    turn(id)
    return id


def offered() -> Pending:
    one = pending.of(KEY)
    assert one is not None
    return one


def part(client: Client) -> str:
    """What a page that is open reads when it hears of it."""
    return " ".join(client.get(PAGE, headers=PART).content.decode().split())


def post(client: Client, act: str, **data: str) -> str:
    answer = client.post(f"{PAGE}{act}/", data, headers=PART)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def texts(sandbox: Sandbox) -> list[str]:
    return [sent.text for sent in sandbox.sent(LEAD, by="api")]


def test_it_is_shown_as_it_would_go_out(manager: Client, asked: str) -> None:
    shown = part(manager)

    assert "The bot wants to answer" in shown
    assert shown.count("is-offered") == 2
    assert 'data-key="e"' in shown
    assert "waits until somebody decides" in shown
    assert manager.get(PAGE).content.decode().count("is-offered") == 2


def test_its_time_is_shown_running_out(
    manager: Client, turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User, queue: Any
) -> None:
    BotSettings.objects.update(approval_seconds=20)
    control.approve_answers(KEY, ana, Control.Approval.ON)
    turn(sandbox.lead_writes(LEAD, "Oi"))

    assert "data-countdown" in part(manager)
    switches.switch(None, KEY.instance, False)
    assert "The bot is switched off" in part(manager)


def test_a_watcher_sees_it_without_buttons(clients: Callable[..., Client], asked: str) -> None:
    olga = clients("Observadores", name="olga")

    assert "Depende." in part(olga)
    assert "<button" not in part(olga)
    for act in ("approve", "discard"):
        assert olga.post(f"{PAGE}{act}/", {"id": offered().id}).status_code == 403


def test_a_yes_sends_it(manager: Client, turn: Turn, sandbox: Sandbox, asked: str) -> None:
    said = post(manager, "approve", id=offered().id)

    assert "Approved" in said
    assert "Alice approved the answer: it is going out" in said
    assert "<button" not in said.split("toasts")[0]
    turn(asked)
    assert texts(sandbox) == ["Olá!", "Depende."]
    assert part(manager) == ""


def test_while_the_bot_is_off_a_yes_is_refused_with_what_to_do_and_the_offer_stays(
    manager: Client, turn: Turn, sandbox: Sandbox, asked: str
) -> None:
    switches.switch(None, KEY.instance, False)
    one = offered()

    said = post(manager, "approve", id=one.id, text="Depende do plano.")

    assert "Nothing was sent: the bot is switched off." in said
    assert "Depende do plano." in said
    assert offered() == one
    turn(asked)
    assert texts(sandbox) == []
    switches.switch(None, KEY.instance, True)
    assert "Approved" in post(manager, "approve", id=one.id)


def test_other_words_are_sent_as_the_messages_they_are_parted_into(
    manager: Client, turn: Turn, sandbox: Sandbox, asked: str
) -> None:
    post(manager, "approve", id=offered().id, text="Olá, Paula!\r\n\r\n\r\nTemos\r\ndois planos.\r\n")
    turn(asked)

    assert texts(sandbox) == ["Olá, Paula!", "Temos\ndois planos."]
    assert AuditEntry.objects.filter(act="edit_draft", rep__username="alice").count() == 1


def test_the_box_sent_as_it_was_is_no_change(
    manager: Client, turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User, queue: Any
) -> None:
    BotSettings.objects.update(first_contact_notice="Quem responde é um assistente virtual.")
    control.approve_answers(KEY, ana, Control.Approval.ON)
    gemini.will_answer("Olá!")
    asked = sandbox.lead_writes(LEAD, "Oi")
    turn(asked)

    post(manager, "approve", id=offered().id, text=offered().as_text.replace("\n", "\r\n"))
    turn(asked)

    assert texts(sandbox) == ["Quem responde é um assistente virtual.\n\nOlá!"]
    assert not AuditEntry.objects.filter(act="edit_draft").exists()


@pytest.mark.parametrize(
    ("text", "why"), [("  ", "there is no text"), ("\n\n".join("abcdefg"), "more than 6 messages")]
)
def test_what_cannot_be_sent_says_why_and_stays(manager: Client, asked: str, text: str, why: str) -> None:
    said = post(manager, "approve", id=offered().id, text=text)

    assert why in said
    assert 'id="act-approve"' in said
    assert not offered().is_released


def test_a_discarded_one_is_gone(manager: Client, turn: Turn, sandbox: Sandbox, asked: str) -> None:
    assert "Discarded." in post(manager, "discard", id=offered().id)

    turn(asked)
    assert texts(sandbox) == []
    assert part(manager) == ""


def test_whoever_comes_second_is_told_who_was_faster_and_keeps_the_words(
    manager: Client, clients: Callable[..., Client], asked: str
) -> None:
    id, bob = offered().id, clients("Vendedores", name="bob")
    post(manager, "approve", id=id)

    said = post(bob, "approve", id=id, text="Custa R$ 80.")

    assert "Alice sent this answer a moment before." in said
    assert "Custa R$ 80." in said
    assert "Alice sent this answer a moment before." in post(bob, "discard", id=id)
    assert "Custa" not in post(bob, "discard", id=id)


def test_one_that_is_void_says_why(
    manager: Client, turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str, ana: User
) -> None:
    before = offered().id
    gemini.will_answer("Depende de quantas pessoas.")
    turn(sandbox.lead_writes(LEAD, "para 6 pessoas"))
    assert "the lead wrote again" in post(manager, "approve", id=before)

    before = offered().id
    control.take_over(KEY, ana)
    assert "is not the bot&#x27;s any more" in post(manager, "approve", id=before)
    assert "does not count" not in post(manager, "discard", id="nonsense")
    assert sending.kept_draft(KEY) == "Depende de quantas pessoas."


def test_without_scripts_it_is_decided_by_forms(manager: Client, turn: Turn, sandbox: Sandbox, asked: str) -> None:
    id = offered().id
    done = manager.post(f"{PAGE}approve/", {"id": id, "text": "Sim."}, follow=True)
    assert "Approved" in done.content.decode()

    late = manager.post(f"{PAGE}approve/", {"id": id, "text": "Não."})
    page = late.content.decode()
    assert "sent this answer a moment before." in page
    assert 'id="unused"' in page
    late = manager.post(f"{PAGE}discard/", {"id": id}, follow=True)
    assert "sent this answer a moment before." in late.content.decode()


def test_whoever_takes_over_gets_it_into_the_box(manager: Client, asked: str) -> None:
    bar = manager.post(f"{PAGE}take-over/", headers={"HX-Request": "true", "HX-Target": "control"}).content.decode()

    assert "data-held" in bar
    assert "Olá!\n\nDepende." in bar
    manager.post(f"{PAGE}hand-back/")


def test_without_scripts_whoever_takes_over_gets_it_into_the_box(manager: Client, asked: str) -> None:
    page = manager.post(f"{PAGE}take-over/", follow=True).content.decode()

    assert "Olá!\n\nDepende.</textarea>" in page


# ------------------------------------------------------------------------------------------------------ whole numbers


def test_managers_say_what_holds_on_a_number(manager: Client, clients: Callable[..., Client], bot: BotSettings) -> None:
    path = f"/connection/of/{KEY.instance}/rules/"
    assert clients("Vendedores", name="bob").post(path, {"approves": "1"}).status_code == 403

    said = manager.post(path, {"approves": "1", "resume_after_minutes": "45"}, headers={"HX-Request": "true"})

    assert "Saved." in said.content.decode()
    row = Switch.objects.get(instance=KEY.instance)
    assert (row.approves, row.resume_after_minutes, row.is_on) == (True, 45, True)
    acts = AuditEntry.objects.filter(instance=KEY.instance, conversation="").values_list("act", flat=True)
    assert list(acts)[:2] == ["resume_after", "approval_on"]
    page = manager.get("/connection/").content.decode()
    assert 'value="45"' in page
    assert "wants each of the bot's answers approved: voice_sdr_v4" in manager.get("/audit/").content.decode()

    manager.post(path, {"approves": "1", "resume_after_minutes": "45"})
    assert AuditEntry.objects.filter(act__in=("approval_on", "resume_after")).count() == 2, "nothing changed"


def test_nonsense_changes_nothing(manager: Client, bot: BotSettings) -> None:
    answer = manager.post(f"/connection/of/{KEY.instance}/rules/", {"resume_after_minutes": "-3"}, follow=True)

    assert "Not saved" in answer.content.decode()
    assert manager.post("/connection/of/another/rules/").status_code == 404
    assert Switch.objects.get(instance=KEY.instance).resume_after_minutes == 0
