"""Answers that wait for a person's yes: offered, sent, changed, discarded, sent by themselves, never twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone, translation

from bot import reconcile, tasks
from bot.models import BotSettings
from bot.turns import Outcome
from conversations import control, fence, history, notes, pending, sending
from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from conversations.models import AuditEntry, Control, Mode, Sent, Switch
from conversations.pending import Decisions, Pending
from conversations.silence import Silence
from conversations.templatetags.conversations import author
from people import access
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

Turn = Callable[..., Outcome]
Queue = Callable[[], list[list[Any]]]
KEY = Key("voice_sdr_v4", LEAD)


@pytest.fixture
def asked(turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User, queue: Queue) -> str:
    """The lead asked, and the bot offers "Olá!" and "Depende."."""
    control.approve_answers(KEY, ana, Control.Approval.ON)
    gemini.will_answer("Olá!", "Depende.")
    id = sandbox.lead_writes(LEAD, "Quanto custa?")
    assert turn(id).silence is Silence.AWAITING_APPROVAL
    return id


def offered() -> Pending:
    one = pending.of(KEY)
    assert one is not None
    return one


def texts(sandbox: Sandbox) -> list[str]:
    return [sent.text for sent in sandbox.sent(LEAD, by="api")]


def acts() -> list[str]:
    return list(AuditEntry.objects.exclude(conversation="").order_by("pk").values_list("act", flat=True))


def test_nothing_goes_out_before_a_person_says_yes(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str
) -> None:
    assert turn(asked).silence is Silence.AWAITING_APPROVAL
    assert texts(sandbox) == []
    assert len(gemini.requests) == 1
    assert offered().bubbles == ("Olá!", "Depende.")


def test_a_person_is_called_in_words_that_somebody_has_approved(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    BotSettings.objects.update(handoff_notice="Vou chamar alguém da equipe.")
    control.approve_answers(KEY, ana, Control.Approval.ON)
    gemini.will_answer(
        "Te dou 20% de desconto, só confirmar!", handoff={"reason": "angry", "summary": "", "heat": "warm"}
    )

    turn(sandbox.lead_writes(LEAD, "Isso é um absurdo"))

    assert control.current(KEY).mode == Mode.WAITING
    assert texts(sandbox) == ["Vou chamar alguém da equipe."]


def test_a_yes_sends_it_as_the_bots_and_once(turn: Turn, sandbox: Sandbox, asked: str, ana: User) -> None:
    assert pending.release(KEY, offered().id, ana)
    assert not pending.release(KEY, offered().id, ana)

    assert turn(asked).sent == 2
    assert turn(asked).silence is Silence.ANSWERED_ALREADY
    assert texts(sandbox) == ["Olá!", "Depende."]
    assert acts() == ["approval_on", "approve"]


def test_who_said_yes_stands_beside_the_bots_name(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str, ana: User
) -> None:
    pending.release(KEY, offered().id, ana, ["Olá, Paula!"])
    turn(asked)
    control.approve_answers(KEY, ana, Control.Approval.OFF)
    gemini.will_answer("Por nada.")
    turn(sandbox.lead_writes(LEAD, "Obrigada"))

    with translation.override("en"):
        said = {one.text: author(one) for one in history.recent(KEY, 10) if one.from_me}
    assert said == {"Olá, Paula!": f"Bot · reviewed by {access.name_of(ana)}", "Por nada.": "Bot"}
    assert list(Sent.objects.order_by("pk").values_list("author", "rep")) == [("bot", ana.pk), ("bot", None)]


def test_who_said_yes_may_be_gone_meanwhile(turn: Turn, sandbox: Sandbox, asked: str, ana: User) -> None:
    pending.release(KEY, offered().id, ana)
    ana.delete()

    assert turn(asked).sent == 2


def test_a_changed_answer_goes_out_as_changed(turn: Turn, sandbox: Sandbox, asked: str, ana: User) -> None:
    pending.release(KEY, offered().id, ana, ["Olá, Paula!"])

    turn(asked)

    assert texts(sandbox) == ["Olá, Paula!"]
    assert acts()[-1] == "edit_draft"


def test_what_a_person_said_yes_to_goes_out_though_the_lead_wrote_on(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str, ana: User
) -> None:
    """And what came since is looked at next."""
    pending.release(KEY, offered().id, ana, ["Olá, Paula!"])
    newer = sandbox.lead_writes(LEAD, "Tem desconto?")

    outcome = turn(newer)

    assert texts(sandbox) == ["Olá, Paula!"]
    assert (outcome.sent, outcome.again_in_s) == (1, 0)
    gemini.will_answer("À vista, sim.")
    assert turn(newer).silence is Silence.AWAITING_APPROVAL
    assert (offered().answers, offered().bubbles) == ((newer,), ("À vista, sim.",))


def test_what_nobody_has_said_yes_to_is_thought_again_when_the_lead_writes_on(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str
) -> None:
    gemini.will_answer("Depende do plano.")
    newer = sandbox.lead_writes(LEAD, "Tem desconto?")

    turn(newer)

    assert (set(offered().answers), offered().bubbles) == ({asked, newer}, ("Depende do plano.",))


def test_a_whisper_counts_for_the_answer_that_was_thought_with_it(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str, ana: User
) -> None:
    """Not for one that waited already when it was whispered."""
    notes.whisper(KEY, ana, "ofereça o plano anual", 1)
    pending.release(KEY, offered().id, ana)
    turn(asked)
    assert [note.turns_left for note in notes.whispers(KEY)] == [1]

    gemini.will_answer("No anual sai por menos.")
    turn(newer := sandbox.lead_writes(LEAD, "E no ano?"))
    notes.whisper(KEY, ana, "fale do suporte", 1)
    pending.release(KEY, offered().id, ana)
    turn(newer)

    assert [note.text for note in notes.whispers(KEY)] == ["fale do suporte"]


def test_no_task_is_put_off_for_longer_than_a_broker_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    put_off: list[float] = []
    monkeypatch.setattr(tasks.reply, "apply_async", lambda _arguments, *, countdown: put_off.append(countdown))

    for wait_s in (20, 3600):
        tasks.later(KEY.instance, KEY.conversation, "", in_s=wait_s)

    assert put_off == [20, 60]


def test_a_discarded_answer_leaves_the_message_without_one(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str, ana: User
) -> None:
    one = offered()
    assert pending.discard(KEY, one.id, ana)

    assert turn(asked).silence is Silence.ANSWERED_ALREADY
    assert not pending.release(KEY, one.id, ana)
    assert texts(sandbox) == []
    assert len(gemini.requests) == 1
    assert control.current(KEY).silence == Silence.DISCARDED


def test_it_goes_out_by_itself_after_its_time(turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User) -> None:
    BotSettings.objects.update(approval_seconds=20)
    control.approve_answers(KEY, ana, Control.Approval.ON)
    asked = sandbox.lead_writes(LEAD, "Oi")
    outcome = turn(asked)
    assert outcome.again_in_s == 20
    assert turn(asked).silence is Silence.AWAITING_APPROVAL

    BotSettings.objects.update(approval_seconds=0)
    shorten(offered())

    assert turn(asked).sent == 1
    assert len(texts(sandbox)) == 1


def shorten(one: Pending) -> None:
    """Its time is over."""
    from dataclasses import replace

    pending._keep(KEY, replace(one, sends_at=one.offered_at))


def test_what_the_lead_writes_meanwhile_is_thought_about_anew(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str, ana: User
) -> None:
    before = offered().id
    gemini.will_answer("Depende de quantas pessoas.")

    turn(sandbox.lead_writes(LEAD, "para 6 pessoas"))

    assert not pending.release(KEY, before, ana)
    assert offered().bubbles == ("Depende de quantas pessoas.",)
    assert texts(sandbox) == []


def test_a_takeover_makes_it_void(turn: Turn, sandbox: Sandbox, asked: str, ana: User) -> None:
    one = offered()
    control.take_over(KEY, ana)

    assert pending.of(KEY) is None
    assert not pending.release(KEY, one.id, ana)
    control.hand_back(KEY, ana)
    assert not pending.release(KEY, one.id, ana)
    assert texts(sandbox) == []


def test_a_wiped_cache_makes_the_bot_think_again(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str, ana: User
) -> None:
    before = offered().id
    cache.clear()

    assert turn(asked).silence is Silence.AWAITING_APPROVAL
    assert offered().id != before
    assert len(gemini.requests) == 2
    assert texts(sandbox) == []


def test_the_sweep_leaves_it_to_the_people(sandbox: Sandbox, asked: str, ana: User) -> None:
    BotSettings.objects.update(debounce_idle_seconds=0)
    dispatched: list[str] = []

    def dispatch(instance: str, conversation: str, asked: str, *, in_s: float = 0) -> None:
        dispatched.append(asked)

    reconcile.sweep(dispatch)
    assert dispatched == []

    pending.release(KEY, offered().id, ana)
    reconcile.sweep(dispatch)
    assert dispatched == [asked]


@pytest.mark.parametrize(
    ("on_number", "here", "waits"),
    [(True, "", True), (True, "off", False), (False, "", False), (False, "on", True)],
)
def test_a_conversation_may_have_it_otherwise_than_its_number(
    turn: Turn, sandbox: Sandbox, ana: User, on_number: bool, here: str, waits: bool
) -> None:
    Switch.objects.update(approves=on_number)
    control.approve_answers(KEY, ana, Control.Approval(here))

    outcome = turn(sandbox.lead_writes(LEAD, "Oi"))

    assert (outcome.silence is Silence.AWAITING_APPROVAL) is waits


def test_the_worker_is_told_of_a_yes_at_once(asked: str, ana: User, queue: Queue) -> None:
    pending.release(KEY, offered().id, ana)

    assert queue() == [[KEY.instance, KEY.conversation, asked, ""]]


def test_what_went_out_is_forgotten(turn: Turn, asked: str, ana: User) -> None:
    pending.release(KEY, offered().id, ana)
    assert offered().by == "Ana"

    turn(asked)

    assert pending.of(KEY) is None
    control.take_over(KEY, ana)
    assert sending.kept_draft(KEY) == "", "what the lead has is no draft"


def test_a_takeover_offers_what_waited_to_whoever_speaks_now(asked: str, ana: User) -> None:
    control.take_over(KEY, ana)

    assert sending.kept_draft(KEY) == "Olá!\n\nDepende."
    assert control.current(KEY).pending == ""


def test_a_takeover_between_the_yes_and_the_sending_loses_no_word(
    turn: Turn, sandbox: Sandbox, asked: str, ana: User
) -> None:
    pending.release(KEY, offered().id, ana, ["Olá, Paula!"])
    control.pause(KEY, ana, None)

    turn(asked)

    assert texts(sandbox) == []
    assert sending.kept_draft(KEY) == "Olá, Paula!"


def test_a_wish_for_no_messages_voids_it_and_offers_nothing(
    turn: Turn, sandbox: Sandbox, asked: str, ana: User
) -> None:
    one = offered()
    control.note_opt_out(KEY, ana)

    assert not pending.release(KEY, one.id, ana)
    turn(asked)
    assert texts(sandbox) == []
    assert sending.kept_draft(KEY) == ""


def test_switching_it_off_leaves_what_waits_to_be_decided(turn: Turn, sandbox: Sandbox, asked: str, ana: User) -> None:
    control.approve_answers(KEY, ana, Control.Approval.OFF)

    assert turn(asked).silence is Silence.AWAITING_APPROVAL
    pending.release(KEY, offered().id, ana)
    turn(asked)
    assert texts(sandbox) == ["Olá!", "Depende."]


def test_an_offer_under_a_control_that_is_over_is_none(asked: str, ana: User) -> None:
    one = offered()
    epoch = control.take_over(KEY, ana).control.epoch
    control.hand_back(KEY, ana)

    answered = fence.Answered(one.answers, one.answers[-1], one.newest_at)
    assert pending.offer(KEY, ["Oi"], answered, epoch=epoch, sends_at=None) is None
    assert pending.of(KEY) is None


def test_decisions_are_counted(turn: Turn, sandbox: Sandbox, gemini: FakeGemini, asked: str, ana: User) -> None:
    before = timezone.now() - timedelta(minutes=1)
    pending.release(KEY, offered().id, ana)
    turn(asked)
    for answer, decide in (
        ("B", lambda one: pending.release(KEY, one.id, ana, ["Outra coisa."])),
        ("C", lambda one: pending.discard(KEY, one.id, ana)),
        ("D", shorten),
        ("E", shorten),
    ):
        gemini.will_answer(answer)
        id = sandbox.lead_writes(LEAD, f"E {answer}?")
        turn(id)
        decide(offered())
        turn(id)

    assert texts(sandbox)[2:] == ["Outra coisa.", "D", "E"]
    assert pending.decisions(before, [KEY.instance]) == Decisions(1, 1, 1, 2)
    assert pending.decisions(before, ["another"]) == Decisions()
    assert pending.decisions(timezone.now(), [KEY.instance]) == Decisions()


def test_a_yes_counts_at_any_hour(turn: Turn, sandbox: Sandbox, asked: str, ana: User) -> None:
    yesterday = str((timezone.localtime() - timedelta(days=1)).isoweekday())
    BotSettings.objects.update(hours_only=True, hours_days=yesterday, hours_open="00:00", hours_close="00:01")

    pending.release(KEY, offered().id, ana)
    turn(asked)

    assert texts(sandbox) == ["Olá!", "Depende."]
