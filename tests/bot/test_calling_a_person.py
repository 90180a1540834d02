"""When a person is called, or the lead is left alone, without the model being asked; and what the lead is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from bot import debounce, tasks
from bot.models import BotSettings
from bot.turns import Outcome
from conversations import control, history, inbox, sending
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.evolution.sandbox.world import Sent
from conversations.message import Key
from conversations.models import AuditEntry, Control, Due, Mode, Reason
from conversations.silence import Silence
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

Turn = Callable[..., Outcome]
KEY = Key("voice_sdr_v4", LEAD)
DONE = "Pronto: não vamos mais escrever para você. Se precisar, é só pedir uma pessoa por aqui."


def texts(sandbox: Sandbox) -> list[str]:
    return [sent.text for sent in sandbox.sent(LEAD, by="api")]


def test_a_lead_who_wants_to_be_left_alone_is_told_so_once_and_then_nothing(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    turn(sandbox.lead_writes(LEAD, "Não quero mais receber mensagens"))

    assert texts(sandbox) == [DONE]
    assert control.current(KEY).opted_out
    assert turn(sandbox.lead_writes(LEAD, "ok")).silence is Silence.OPTED_OUT
    assert len(texts(sandbox)) == 1
    assert gemini.requests == []
    entry = AuditEntry.objects.exclude(conversation="").get()
    assert (entry.act, entry.actor, entry.reason) == ("opt_out", "lead", Reason.OPTED_OUT)


@pytest.mark.parametrize("said", ["Quero falar com uma pessoa", "Alguém pode me ajudar?", "mudei de ideia"])
def test_whoever_was_left_alone_gets_a_person_on_asking_for_one(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, said: str
) -> None:
    turn(sandbox.lead_writes(LEAD, "parar"))

    turn(sandbox.lead_writes(LEAD, said))

    row = control.current(KEY)
    assert (row.mode, row.reason, row.opted_out) == (Mode.WAITING, Reason.ASKED_FOR_PERSON, True)
    assert len(texts(sandbox)) == 2
    assert gemini.requests == []


@pytest.mark.parametrize("said", ["ok", "não quero falar com ninguém, só pessoa chata aí", "pare!", "Quanto custa?"])
def test_whoever_was_left_alone_and_asks_for_nobody_stays_so(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, said: str
) -> None:
    turn(sandbox.lead_writes(LEAD, "parar"))

    assert turn(sandbox.lead_writes(LEAD, said)).silence is Silence.OPTED_OUT

    assert control.current(KEY).mode == Mode.BOT
    assert texts(sandbox) == [DONE]
    assert gemini.requests == []


def test_who_asks_for_a_person_beside_the_wish_gets_one_first(turn: Turn, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "parar")

    turn(sandbox.lead_writes(LEAD, "quero falar com uma pessoa"))

    row = control.current(KEY)
    assert (row.mode, row.opted_out) == (Mode.WAITING, False)


@pytest.mark.parametrize(
    "said",
    ["Parem de me mandar mensagem, quero falar com uma pessoa", "não quero mais mensagens de robô, só com atendente!"],
)
def test_who_wants_a_person_instead_of_messages_gets_one(turn: Turn, sandbox: Sandbox, said: str) -> None:
    """And learns how to be left alone."""
    turn(sandbox.lead_writes(LEAD, said))

    row = control.current(KEY)
    assert (row.mode, row.reason, row.opted_out) == (Mode.WAITING, Reason.OPT_OUT_UNSURE, False)
    assert "PARAR" in texts(sandbox)[0]


@pytest.mark.parametrize(
    "said", ["não quero falar com atendente, me tira da lista", "quero que a pessoa pare de me mandar mensagem"]
)
def test_who_wants_neither_messages_nor_a_person_is_left_alone(turn: Turn, sandbox: Sandbox, said: str) -> None:
    turn(sandbox.lead_writes(LEAD, said))

    assert (control.current(KEY).mode, control.current(KEY).opted_out) == (Mode.BOT, True)


def test_the_wish_is_noted_without_a_word_where_a_person_has_the_conversation(
    bot: BotSettings, sandbox: Sandbox, ana: User
) -> None:
    control.take_over(KEY, ana)
    asked = sandbox.lead_writes(LEAD, "Pare de me mandar mensagem")

    tasks.reply(KEY.instance, LEAD, asked, token=asked)

    row = control.current(KEY)
    assert (row.mode, row.holder, row.opted_out, row.due) == (Mode.HUMAN, ana, True, Due.NONE)
    assert texts(sandbox) == []
    control.hand_back(KEY, ana)
    again = sandbox.lead_writes(LEAD, "oi")
    assert tasks.reply(KEY.instance, LEAD, again, token=again) == Silence.OPTED_OUT.value


@pytest.mark.parametrize(("wish", "sent"), [("Não quero mais receber mensagens", 1), ("E para seis pessoas?", 2)])
def test_the_wish_stops_an_answer_between_two_bubbles(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, wish: str, sent: int
) -> None:
    asked = sandbox.lead_writes(LEAD, "Quanto custa?")
    gemini.will_answer("R$ 149.", "O que você quer resolver?")

    def hears(_out: Sent) -> None:
        if not later:
            later.append(sandbox.lead_writes(LEAD, wish))
            debounce.touch(KEY, later[0], timezone.now(), idle_s=6, cap_s=30)

    later: list[str] = []
    sandbox.on_sent(hears)

    turn(asked)

    assert len(texts(sandbox)) == sent
    assert sending.kept_draft(KEY) == ""
    turn(later[0])
    assert control.current(KEY).opted_out is (sent == 1)
    assert (texts(sandbox)[-1] == DONE) is (sent == 1)


@pytest.mark.parametrize("act", [control.hand_back, control.resume, control.take_over])
def test_nothing_but_a_persons_word_lets_the_bot_write_again(
    turn: Turn, sandbox: Sandbox, ana: User, act: Callable[[Key, User], object]
) -> None:
    turn(sandbox.lead_writes(LEAD, "parar"))

    act(KEY, ana)
    control.hand_back(KEY, ana)
    assert control.current(KEY).opted_out
    control.opt_in(KEY, ana)
    turn(sandbox.lead_writes(LEAD, "Quanto custa?"))

    assert len(texts(sandbox)) == 2


def test_the_wish_counts_while_a_person_is_waited_for(turn: Turn, sandbox: Sandbox) -> None:
    BotSettings.objects.update(handoff_phrases="atendente")
    turn(sandbox.lead_writes(LEAD, "quero um atendente"))

    turn(sandbox.lead_writes(LEAD, "parar"))

    row = control.current(KEY)
    assert (row.mode, row.opted_out) == (Mode.WAITING, True)
    assert texts(sandbox)[-1] == DONE


def test_a_confirmation_that_a_crash_kept_is_owed(turn: Turn, sandbox: Sandbox) -> None:
    sandbox.failures.add(Failure("/message/sendText", "refuse", status=401))

    turn(sandbox.lead_writes(LEAD, "parar"))

    row = control.current(KEY)
    assert (row.opted_out, row.due) == (True, Due.OPT_OUT_CONFIRMATION)
    assert texts(sandbox) == []


def test_a_doubtful_wish_calls_a_person_and_tells_the_way_out(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    turn(sandbox.lead_writes(LEAD, "quem passou meu contato?"))

    row = control.current(KEY)
    assert (row.mode, row.reason, row.opted_out) == (Mode.WAITING, Reason.OPT_OUT_UNSURE, False)
    assert "PARAR" in texts(sandbox)[0]
    assert gemini.requests == []


def test_a_reached_limit_calls_a_person_with_its_reason(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    BotSettings.objects.update(conversation_turns_per_hour=2)
    for text in ("Oi", "Quanto custa?"):
        turn(sandbox.lead_writes(LEAD, text))

    turn(sandbox.lead_writes(LEAD, "E o frete?"))

    assert len(gemini.requests) == 2
    row = control.current(KEY)
    assert (row.mode, row.reason) == (Mode.WAITING, Reason.LIMIT)
    assert Control.objects.get().due == Due.NONE


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2030-12-09T15:00-03:00", None),
        ("2030-12-09T21:00-03:00", "amanhã às 08:00"),
        ("2030-12-09T05:00-03:00", "hoje às 08:00"),
        ("2030-12-13T21:00-03:00", "na segunda-feira às 08:00"),
    ],
)
def test_outside_their_hours_the_lead_is_told_when_people_are_back(
    turn: Turn, sandbox: Sandbox, at: str, expected: str | None
) -> None:
    BotSettings.objects.update(people_in_hours_only=True, handoff_phrases="atendente")
    with time_machine.travel(at):
        turn(sandbox.lead_writes(LEAD, "quero um atendente"))

    said = texts(sandbox)[0]
    assert ("volta" in said) is (expected is not None)
    assert (expected or "") in said


def waits(sandbox: Sandbox) -> bool:
    """The list says that the lead waits, whether it heard of everything or reads it all again."""
    inbox.inbox().saw(KEY, history.recent(KEY, 20))
    row = inbox.inbox().row(KEY)
    assert row is not None
    return row.waiting_since is not None


def test_who_is_told_that_a_person_comes_goes_on_waiting(turn: Turn, sandbox: Sandbox) -> None:
    BotSettings.objects.update(handoff_phrases="atendente")

    turn(sandbox.lead_writes(LEAD, "quero um atendente"))

    assert len(texts(sandbox)) == 1
    assert waits(sandbox)


def test_who_wants_no_messages_and_is_told_so_does_not_wait(turn: Turn, sandbox: Sandbox) -> None:
    turn(sandbox.lead_writes(LEAD, "parar"))

    assert texts(sandbox) == [DONE]
    assert not waits(sandbox)
