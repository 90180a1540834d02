"""The story: how a lead gets an answer, and every way in which it ends without one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.utils import timezone, translation

from bot import heartbeat, tasks
from bot.models import BotSettings, Usage
from bot.turns import Outcome
from conversations import activity, briefs, clearing, control, history, identity, lead, notes, sending, switches
from conversations.clearing import Cleared
from conversations.evolution.sandbox import Failure, Sandbox, content
from conversations.jid import JID
from conversations.message import Author, Key
from conversations.models import AuditEntry, Control, Due, Mode, Note, Reason, Sent, Switch, Unconfirmed
from conversations.silence import Silence
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

Turn = Callable[..., Outcome]

INSTANCE = "voice_sdr_v4"
KEY = Key(INSTANCE, LEAD)
LID = JID("111222333444@lid")
FIND, SEND = "/chat/findMessages", "/message/sendText"


def texts(sandbox: Sandbox, jid: str = LEAD) -> list[str]:
    """What reached the lead through the API, in order."""
    return [sent.text for sent in sandbox.sent(jid, by="api")]


# ------------------------------------------------------------------------------------------------------------ answers


def test_a_lead_is_answered_and_the_answer_settles_what_was_asked(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    asked = sandbox.lead_writes(LEAD, "Quanto custa?")
    gemini.will_answer("Olá!", "Depende do plano.")

    outcome = turn(asked)

    assert (outcome.silence, outcome.sent) == (None, 2)
    assert texts(sandbox) == ["Olá!", "Depende do plano."]
    row = control.current(KEY)
    assert (row.settled, row.turn, row.turn_started_at, row.sending) == (asked, "", None, "")
    assert [message.author for message in history.recent(KEY, 9)].count(Author.BOT) == 2


def test_the_same_message_again_is_answered_no_more(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    turn(asked)

    assert turn(asked).silence is Silence.ANSWERED_ALREADY
    assert turn().silence is Silence.NOTHING_NEW
    assert len(texts(sandbox)) == 1
    assert len(gemini.requests) == 1


def test_the_language_the_model_heard_is_remembered(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    gemini.will_answer("¡Hola!", language="es")

    turn(sandbox.lead_writes(LEAD, "¿Cuánto cuesta?"))

    with translation.override("en"):
        assert lead.language(KEY) == "Spanish"


def test_a_burst_gets_one_answer_that_has_read_all_of_it(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    ids = [sandbox.lead_writes(LEAD, text) for text in ("Oi", "tudo bem?", "quanto custa?")]

    turn(ids[-1])

    assert len(texts(sandbox)) == 1
    assert set(control.current(KEY).settled_ids) == set(ids)
    assert "quanto custa?" in json.dumps(gemini.requests[0].body, ensure_ascii=False)


def test_the_answer_goes_to_the_address_the_lead_wrote_from(turn: Turn, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LID, "Oi", alt=LEAD)
    identity.learn(INSTANCE, LID, LEAD)

    turn(asked)

    assert len(texts(sandbox, LID)) == 1
    assert texts(sandbox) == []


def test_blue_ticks_are_given_just_before_the_answer_and_only_if_wanted(
    turn: Turn, sandbox: Sandbox, bot: BotSettings
) -> None:
    turn(sandbox.lead_writes(LEAD, "Oi"))
    assert len(sandbox.read_marks) == 1

    BotSettings.objects.update(blue_ticks="never")
    turn(sandbox.lead_writes(LEAD, "Tem mais?"))
    assert len(sandbox.read_marks) == 1


def test_blue_ticks_are_given_when_a_rep_answers_and_only_if_wanted(
    bot: BotSettings, sandbox: Sandbox, ana: User, queue: Callable[[], list[list[object]]]
) -> None:
    sending.once_a_rep_answered(tasks.rep_answered)
    sandbox.lead_writes(LEAD, "Oi", at=sandbox.clock() - 60)
    asked = [sandbox.lead_writes(LEAD, text, at=sandbox.clock() - 20) for text in ("Quanto custa?", "E o frete?")]
    sandbox.phone_types(LEAD, "Já vejo", at=sandbox.clock() - 40)
    sending.send_as_rep(KEY, "R$ 149", ana)
    assert queue() == [[KEY.instance, LEAD]]

    tasks.mark_read(KEY.instance, LEAD)

    assert {id for _instance, _jid, id in sandbox.read_marks} == set(asked)
    BotSettings.objects.update(blue_ticks="never")
    cache.clear()
    sending.send_as_rep(KEY, "Frete grátis", ana)
    assert queue() == []


def test_the_first_answer_says_that_a_machine_answers_and_the_second_does_not(turn: Turn, sandbox: Sandbox) -> None:
    BotSettings.objects.update(first_contact_notice="Quem responde aqui é uma inteligência artificial.")

    turn(sandbox.lead_writes(LEAD, "Oi"))
    turn(sandbox.lead_writes(LEAD, "E o preço?"))

    assert [text.startswith("Quem responde aqui é") for text in texts(sandbox)] == [True, False]


def test_a_word_of_the_system_is_no_first_answer(turn: Turn, sandbox: Sandbox, ana: User) -> None:
    BotSettings.objects.update(first_contact_notice="Quem responde aqui é uma IA.", handoff_phrases="atendente")
    turn(sandbox.lead_writes(LEAD, "Quero um atendente"))
    control.hand_back(KEY, ana)

    turn(sandbox.lead_writes(LEAD, "E o preço?"))

    assert [text.startswith("Quem responde aqui é") for text in texts(sandbox)] == [False, True]


def test_a_first_answer_without_the_model_says_that_a_machine_answers_too(turn: Turn, sandbox: Sandbox) -> None:
    BotSettings.objects.update(first_contact_notice="Quem responde aqui é uma IA.")

    turn(sandbox.lead_sends(LEAD, {"viewOnceMessageV2": {"message": {"imageMessage": {}}}}))

    assert texts(sandbox)[0].startswith("Quem responde aqui é uma IA.\n\n")


def test_what_cannot_be_opened_is_asked_for_without_the_model(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    asked = sandbox.lead_sends(LEAD, {"viewOnceMessageV2": {"message": {"imageMessage": {}}}})

    turn(asked)

    assert len(texts(sandbox)) == 1
    assert gemini.requests == []


# ------------------------------------------------------------------------------------------------------------ silence


def test_the_bot_is_silent_where_it_is_off(turn: Turn, sandbox: Sandbox, ana: User) -> None:
    switches.switch(ana, switches.EVERYTHING, False)

    assert turn(sandbox.lead_writes(LEAD, "Oi")).silence is Silence.OFF
    assert texts(sandbox) == []


@pytest.mark.parametrize(
    ("mode", "silence"),
    [(Mode.HUMAN, Silence.TAKEN_OVER), (Mode.PAUSED, Silence.PAUSED), (Mode.WAITING, Silence.WAITING)],
)
def test_the_bot_is_silent_where_it_may_not_speak(turn: Turn, sandbox: Sandbox, mode: Mode, silence: Silence) -> None:
    Control.objects.create(instance=INSTANCE, conversation=LEAD, mode=mode, reason=Reason.PAUSED)

    assert turn(sandbox.lead_writes(LEAD, "Oi")).silence is silence
    assert control.current(KEY).settled == ""


def test_nothing_from_before_the_bot_is_answered(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    old = sandbox.lead_writes(LEAD, "Oi, ontem", at=timezone.now().timestamp() - 24 * 3600)

    assert turn(old).silence is Silence.NOTHING_NEW
    assert gemini.requests == []


def test_a_message_older_than_answer_within_is_left_and_listed_as_missed(turn: Turn, sandbox: Sandbox) -> None:
    long_ago = timezone.now() - timedelta(hours=13)
    switches.state().instances[INSTANCE].__class__.objects.update(bot_since=long_ago - timedelta(hours=1))

    assert turn(sandbox.lead_writes(LEAD, "Oi?", at=long_ago.timestamp())).silence is Silence.TOO_OLD
    assert control.current(KEY).settled == ""


def test_outside_business_hours_the_lead_is_told_once_and_answered_when_they_open(
    turn: Turn, sandbox: Sandbox, bot: BotSettings
) -> None:
    yesterday = str((timezone.localtime() - timedelta(days=1)).isoweekday())
    BotSettings.objects.update(
        hours_only=True, hours_days=yesterday, closed_text="Voltamos logo.", hours_open="00:00", hours_close="00:01"
    )

    first = turn(sandbox.lead_writes(LEAD, "Oi"))
    second = turn(sandbox.lead_writes(LEAD, "Alguém aí?"))
    assert (first.silence, second.silence) == (Silence.CLOSED, Silence.CLOSED)
    assert texts(sandbox) == ["Voltamos logo."]

    BotSettings.objects.update(hours_only=False)
    assert turn().sent == 1
    assert len(control.current(KEY).settled_ids) == 2


def test_a_person_who_answered_on_the_phone_is_seen_though_the_webhook_was_lost(turn: Turn, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.phone_types(LEAD, "Oi, aqui é a Ana", webhook=False)

    assert turn(asked).silence is Silence.TAKEN_OVER
    assert control.current(KEY).is_on_phone
    assert texts(sandbox) == []


def test_the_greeting_that_whatsapp_sends_by_itself_is_no_person(turn: Turn, sandbox: Sandbox) -> None:
    BotSettings.objects.update(greeting_texts="Olá! Já vamos responder.")
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.phone_types(LEAD, "Olá! Já vamos responder.")

    assert turn(asked).sent == 1


# --------------------------------------------------------------------------------------------- while the model thinks


def while_thinking(gemini: FakeGemini, turn: Turn, asked: str, happens: Callable[[], object]) -> Outcome:
    """Run the turn in a thread, as a worker would; `happens` once the model has been asked; then let it answer."""
    outcomes: list[Outcome] = []

    def work() -> None:
        try:
            outcomes.append(turn(asked))
        finally:
            connection.close()

    gemini.hold()
    worker = threading.Thread(target=work)
    worker.start()
    assert gemini.wait_until_held()
    happens()
    gemini.release()
    worker.join(timeout=20)
    return outcomes[0]


@pytest.mark.django_db(transaction=True)
def test_a_takeover_while_the_model_thinks_lets_nothing_out(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")

    outcome = while_thinking(gemini, turn, asked, lambda: control.take_over(KEY, ana))

    assert outcome.silence is Silence.TAKEN_OVER
    assert texts(sandbox) == []


@pytest.mark.django_db(transaction=True)
def test_a_message_while_the_model_thinks_makes_it_think_again_with_it(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    gemini.will_answer("resposta velha")
    gemini.will_answer("resposta nova")

    while_thinking(gemini, turn, asked, lambda: sandbox.lead_writes(LEAD, "Esqueci: sou de Recife"))

    assert texts(sandbox) == ["resposta nova"]
    assert "Recife" in json.dumps(gemini.requests[1].body, ensure_ascii=False)
    assert len(control.current(KEY).settled_ids) == 2
    assert Usage.objects.get().turns == 1


def test_what_the_lead_wrote_while_the_bot_typed_is_what_the_model_is_asked(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    """It stands before the last bubble in time, and is not answered by it."""
    Switch.objects.exclude(instance="").update(bot_since=timezone.now() - timedelta(hours=1))
    turn(sandbox.lead_writes(LEAD, "Oi", at=sandbox.clock() - 60))

    turn(sandbox.lead_writes(LEAD, "Quero falar com uma pessoa", at=sandbox.clock() - 5))

    contents = gemini.requests[-1].contents
    assert contents[-1]["role"] == "user"
    assert "Quero falar com uma pessoa" in json.dumps(contents[-1], ensure_ascii=False)
    assert "não escreveu mais nada" not in json.dumps(contents, ensure_ascii=False)


def test_a_file_that_the_model_refuses_is_left_out_and_the_lead_asked_to_write(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    gemini.will_fail(400)
    gemini.will_answer("Não consegui abrir o arquivo. Pode me escrever?")
    file = content.document(b"%PDF-1.4", "application/pdf", "a.pdf", at=int(sandbox.clock()))

    turn(sandbox.lead_sends(LEAD, file))

    assert texts(sandbox) == ["Não consegui abrir o arquivo. Pode me escrever?"]
    assert ["application/pdf" in json.dumps(request.body) for request in gemini.requests] == [True, False]


def test_a_question_without_files_that_is_refused_is_not_asked_again(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    gemini.will_fail(400)

    assert turn(sandbox.lead_writes(LEAD, "Oi")).silence is Silence.GAVE_UP

    assert len(gemini.requests) == 1


def test_a_voice_note_from_when_a_person_had_the_conversation_is_heard_with_the_next_question(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    control.take_over(KEY, ana)
    sandbox.lead_sends_audio(LEAD, b"OggS not really", at=sandbox.clock() - 60)
    sending.send_as_rep(KEY, "Combinado!", ana)
    control.hand_back(KEY, ana)
    gemini.will_answer("Sim.", transcripts=("pode ser na sexta",))

    turn(sandbox.lead_writes(LEAD, "E no sábado?"))

    assert gemini.requests[-1].audio_count == 1
    assert "pode ser na sexta" in [message.text for message in history.recent(KEY, 9)]


@pytest.mark.django_db(transaction=True)
def test_what_the_model_wrote_for_nothing_is_offered_to_whoever_took_over(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    gemini.will_answer("um", "dois")
    asked = sandbox.lead_writes(LEAD, "Oi")

    while_thinking(gemini, turn, asked, lambda: control.take_over(KEY, ana))

    assert sending.kept_draft(KEY) == "um\n\ndois"


@pytest.mark.django_db(transaction=True)
def test_while_the_model_thinks_the_screens_know_and_afterwards_nothing_is_done_any_more(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    seen: list[activity.Step | None] = []

    while_thinking(gemini, turn, asked, lambda: seen.append(activity.now(KEY)))

    assert seen == [activity.Step("thinking")]
    assert activity.now(KEY) is None


# -------------------------------------------------------------------------------------------------------- handed back


def test_handed_back_the_bot_speaks_only_to_what_still_waits_and_knows_what_was_agreed(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    turn(sandbox.lead_writes(LEAD, "Oi", at=sandbox.clock() - 60))
    control.take_over(KEY, ana)
    sandbox.lead_writes(LEAD, "Pode ser sexta?", at=sandbox.clock() - 30)
    sending.send_as_rep(KEY, "Pode. Um abraço!", ana)
    notes.write(KEY, Note.Kind.AGREED, ana, "proposta até sexta")
    control.hand_back(KEY, ana)
    before = len(gemini.requests)

    assert turn().silence is Silence.NOTHING_NEW
    assert len(gemini.requests) == before

    turn(sandbox.lead_writes(LEAD, "E o contrato?"))

    asked = json.dumps(gemini.requests[-1].body, ensure_ascii=False)
    assert "Ficou combinado: “proposta até sexta”" in asked
    assert "não se despeça" in asked


def test_what_a_lead_wrote_meanwhile_is_answered_after_the_hand_back(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, ana: User
) -> None:
    control.take_over(KEY, ana)
    asked = sandbox.lead_writes(LEAD, "Alguém?")
    assert turn(asked).silence is Silence.TAKEN_OVER
    control.hand_back(KEY, ana)

    assert turn().sent == 1


# ----------------------------------------------------------------------------------------------------------- handoffs


def test_the_words_that_call_a_person_stop_the_bot_without_the_model(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    BotSettings.objects.update(handoff_phrases="falar com uma pessoa", handoff_notice="Já chamo alguém.")

    turn(sandbox.lead_writes(LEAD, "quero FALAR com uma pessoa"))

    row = control.current(KEY)
    assert (row.mode, row.reason, row.due) == (Mode.WAITING, Reason.ASKED_FOR_PERSON, Due.NONE)
    assert texts(sandbox) == ["Já chamo alguém."]
    assert gemini.requests == []


def test_handed_back_without_a_word_the_bot_does_not_hand_off_again(turn: Turn, sandbox: Sandbox, ana: User) -> None:
    BotSettings.objects.update(handoff_phrases="falar com uma pessoa")
    turn(sandbox.lead_writes(LEAD, "quero falar com uma pessoa"))

    control.hand_back(KEY, ana)

    assert turn().silence is Silence.NOTHING_NEW
    assert control.current(KEY).mode == Mode.BOT
    assert len(texts(sandbox)) == 1


def test_the_model_may_call_a_person_and_its_summary_is_kept_for_the_rep(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    gemini.will_answer("Vou chamar a equipe.", handoff={"reason": "angry", "summary": "Esperou três dias."})

    turn(sandbox.lead_writes(LEAD, "Isso é um absurdo!"))

    row = control.current(KEY)
    assert (row.mode, row.reason) == (Mode.WAITING, Reason.ANGRY)
    assert texts(sandbox) == ["Vou chamar a equipe."]
    brief = briefs.of(KEY)
    assert brief is not None
    assert brief.summary == "Esperou três dias."
    assert AuditEntry.objects.filter(actor="bot", act="handoff").count() == 1


# ---------------------------------------------------------------------------------------------------- what goes wrong


def test_a_model_that_is_away_is_asked_again_within_the_budget_and_then_the_conversation_waits(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    gemini.will_fail(503)
    gemini.will_fail(503)

    first = turn(asked)
    assert (first.silence, first.again_in_s) == (Silence.TRY_AGAIN, 2)
    Control.objects.update(turn_started_at=timezone.now() - timedelta(minutes=11))
    assert turn(asked).silence is Silence.GAVE_UP

    row = control.current(KEY)
    assert (row.mode, row.reason, row.turn_started_at) == (Mode.WAITING, Reason.MODEL, None)
    assert texts(sandbox) == []


def test_a_passing_failure_is_followed_by_one_answer(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    gemini.will_fail(429, retry_after_s=7)

    assert turn(asked).again_in_s == 7
    assert turn(asked).sent == 1
    assert control.current(KEY).tries == 0


@pytest.mark.parametrize(("status", "reason"), [(403, Reason.MODEL), (400, Reason.MODEL)])
def test_a_model_that_refuses_us_is_not_asked_for_ten_minutes(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, status: int, reason: Reason
) -> None:
    gemini.will_fail(status)

    assert turn(sandbox.lead_writes(LEAD, "Oi")).silence is Silence.GAVE_UP
    assert control.current(KEY).reason == reason


def test_a_blocked_answer_waits_for_a_person(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    gemini.will_answer("x", finish="SAFETY")

    turn(sandbox.lead_writes(LEAD, "Oi"))

    assert control.current(KEY).reason == Reason.BLOCKED


def test_an_unusable_answer_is_asked_for_once_more_and_then_a_person_is_called(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    gemini.will_answer(text="not json")
    gemini.will_answer(text="not json")

    assert turn(asked).silence is Silence.GAVE_UP
    assert control.current(KEY).reason == Reason.UNUSABLE
    assert texts(sandbox) == ["Vou chamar uma pessoa do time, que vai te responder por aqui."]


def test_an_unusable_answer_and_then_a_good_one_is_an_answer(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    gemini.will_answer(text='{"messages": ["Oi"], "handoff": {"reason": "bored"}, "language": "pt-BR"}')
    gemini.will_answer("Olá!")

    assert turn(sandbox.lead_writes(LEAD, "Oi")).sent == 1
    assert texts(sandbox) == ["Olá!"]


def test_a_gateway_that_refuses_the_connection_sends_nothing_and_is_tried_again(turn: Turn, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.failures.add(Failure(FIND, "refuse", times=1, status=500))

    assert turn(asked).silence is Silence.TRY_AGAIN
    assert turn(asked).sent == 1


def test_a_500_after_delivering_is_read_back_and_not_sent_twice(turn: Turn, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.failures.add(Failure(SEND, "after", status=500))

    first = turn(asked)
    assert first.silence is Silence.TRY_AGAIN
    assert control.current(KEY).unconfirmed == Unconfirmed.ERROR

    assert turn(asked).silence is Silence.NOTHING_NEW
    assert len(texts(sandbox)) == 1
    row = control.current(KEY)
    assert (row.sending, row.settled) == ("", asked)
    assert Sent.objects.get().state == Sent.State.SENT
    assert turn(asked).silence is Silence.ANSWERED_ALREADY


def test_a_500_before_delivering_is_read_back_twice_and_then_sent(turn: Turn, sandbox: Sandbox) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.failures.add(Failure(SEND, "refuse", status=500))

    assert turn(asked).silence is Silence.TRY_AGAIN
    assert turn(asked).silence is Silence.UNCONFIRMED
    assert turn(asked).sent == 1
    assert len(texts(sandbox)) == 1


@pytest.mark.parametrize(("mode", "sent_at_once"), [("hang", True), ("lose", False)])
def test_no_answer_to_a_send_is_cleared_up_by_reading_back(
    turn: Turn, sandbox: Sandbox, mode: str, sent_at_once: bool
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.failures.add(Failure(SEND, mode, seconds=3))

    assert turn(asked).silence is Silence.TRY_AGAIN
    assert control.current(KEY).unconfirmed == Unconfirmed.SILENCE
    turn(asked)

    assert len(texts(sandbox)) == 1
    assert control.current(KEY).settled == asked


def test_a_second_bubble_that_fails_leaves_the_lead_answered_and_a_draft_for_the_rep(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    gemini.will_answer("um", "dois", "três")
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.failures.add(Failure("/chat/markMessageAsRead"))
    sandbox.failures.add(Failure(SEND, "slow", seconds=0))
    sandbox.failures.add(Failure(SEND, "refuse", status=400))

    outcome = turn(asked)

    assert outcome.sent == 1
    assert texts(sandbox) == ["um"]
    # A 400 tells not for sure that it did not go out.
    assert sending.kept_draft(KEY) == "três"
    while clearing.clear_up(control.current(KEY)) is not Cleared.NOT_SENT:
        pass
    assert sending.kept_draft(KEY) == "dois\n\ntrês"


@pytest.mark.parametrize(("mode", "draft"), [("after", "dois\n\ntrês"), ("refuse", "")])
def test_a_first_bubble_of_doubt_leaves_the_rest_for_the_rep_unless_all_is_said_again(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini, mode: str, draft: str
) -> None:
    """Whether it went out is known once the turn is tried again."""
    for _attempt in range(2):
        gemini.will_answer("um", "dois", "três")
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.failures.add(Failure(SEND, mode, status=500))

    for _attempt in range(3):
        turn(asked)

    assert texts(sandbox) == (["um"] if draft else ["um", "dois", "três"])
    assert sending.kept_draft(KEY) == draft


def test_a_second_bubble_that_may_be_out_is_not_offered_to_be_said_once_more(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    gemini.will_answer("um", "dois", "três")
    asked = sandbox.lead_writes(LEAD, "Oi")
    sandbox.failures.add(Failure(SEND, "slow", seconds=0))
    sandbox.failures.add(Failure(SEND, "after", status=500))

    turn(asked)

    assert texts(sandbox) == ["um", "dois"]
    assert sending.kept_draft(KEY) == "três"


def test_a_message_that_the_gateway_does_not_show_is_looked_for_three_times(turn: Turn, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi")

    assert [turn("NOWHERE").silence for _ in range(3)] == [Silence.TRY_AGAIN, Silence.TRY_AGAIN, Silence.GAVE_UP]
    row = control.current(KEY)
    assert (row.mode, row.reason) == (Mode.WAITING, Reason.NOT_STORED)
    assert texts(sandbox) == []


# -------------------------------------------------------------------------------------------------------------- turns


def test_one_turn_at_a_time_and_what_came_meanwhile_is_looked_at_by_its_owner(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    asked = sandbox.lead_writes(LEAD, "Oi")
    Control.objects.create(
        instance=INSTANCE, conversation=LEAD, turn="elsewhere:1", next_try_at=timezone.now() + timedelta(minutes=2)
    )
    cache.set("worker:elsewhere", 1, 15)

    assert turn(asked).silence is Silence.ANOTHER_TURN
    assert control.current(KEY).newest == asked
    cache.delete("worker:elsewhere")
    assert not heartbeat.is_alive("elsewhere")
    assert turn(asked).sent == 1


# -------------------------------------------------------------------------------------------------------------- audio


def test_a_voice_note_is_heard_and_its_words_are_the_messages_text_from_then_on(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    asked = sandbox.lead_sends_audio(LEAD, b"OggS not really", seconds=4)
    gemini.will_answer("Entendi!", transcripts=("Quero o plano anual",))

    turn(asked)

    assert gemini.requests[0].audio_count == 1
    assert [said.text for said in history.recent(KEY, 5) if said.is_from_lead] == ["Quero o plano anual"]
    turn(sandbox.lead_writes(LEAD, "Pode ser?"))
    assert gemini.requests[1].audio_count == 0
    assert "Quero o plano anual" in json.dumps(gemini.requests[1].body, ensure_ascii=False)


def test_a_voice_note_that_cannot_be_fetched_twice_is_asked_for_in_writing(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    BotSettings.objects.update(cannot_hear_text="Não consegui ouvir. Pode escrever?")
    sandbox.failures.switch({"media_fails": True})

    turn(sandbox.lead_sends_audio(LEAD, b"OggS"))

    assert texts(sandbox) == ["Não consegui ouvir. Pode escrever?"]
    assert gemini.requests == []


def test_a_voice_note_that_is_too_long_is_not_fetched(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> None:
    BotSettings.objects.update(audio_max_seconds=10)

    turn(sandbox.lead_sends_audio(LEAD, b"OggS", seconds=11))

    assert gemini.requests == []
    assert len(texts(sandbox)) == 1
