"""The bot tried out: the same guards, prompt and model as for a lead, and not one deed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from bot import guards, rehearsal
from bot.models import BotSettings
from bot.rehearsal import Scene, rehearse
from conversations import control, history
from conversations.evolution.sandbox import Sandbox
from conversations.evolution.sandbox import content as contents
from conversations.message import Author, Key
from conversations.models import AuditEntry, Control, Mode, Sent
from conversations.silence import Silence
from tests.bot.conftest import INSTANCE
from tests.factories import LEAD, NOON, message
from tests.fake_gemini import FakeGemini

KEY = Key(INSTANCE, LEAD)


def scene(*turns: tuple[Author, str]) -> Scene:
    return rehearsal.invented(INSTANCE, turns or [(Author.LEAD, "Oi, quanto custa?")], timezone.now())


def test_an_invented_lead_gets_what_the_model_says_and_all_that_it_cost_is_told(
    bot: BotSettings, gemini: FakeGemini, sandbox: Sandbox
) -> None:
    gemini.will_answer("Oi!", "Custa R$ 149.")

    found = rehearse(bot, scene())

    assert list(found.said) == ["Oi!", "Custa R$ 149."]
    assert not any(step.stops for step in found.steps)
    assert found.draft is not None
    assert found.draft.tokens_in > 0
    assert found.request is not None
    assert "<lead" in str(found.request.turns[0].parts)
    assert sandbox.sent() == []


def test_the_settings_need_not_be_saved(bot: BotSettings, gemini: FakeGemini) -> None:
    bot.offer = "Vendemos bicicletas."
    bot.max_bubbles = 1
    gemini.will_answer("Um", "Dois")

    found = rehearse(bot, scene())

    assert len(found.said) == 1
    assert found.request is not None
    assert "Vendemos bicicletas." in found.request.system
    assert BotSettings.objects.get().offer == ""


def test_what_was_said_before_is_known(bot: BotSettings, gemini: FakeGemini) -> None:
    gemini.will_answer("Seis, entendi.")

    found = rehearse(bot, scene((Author.LEAD, "Oi"), (Author.BOT, "Quantos são?"), (Author.LEAD, "seis")))

    assert found.request is not None
    assert [turn.role for turn in found.request.turns] == ["lead", "us", "lead"]


def test_words_that_call_a_person_call_one_and_cost_nothing(bot: BotSettings, gemini: FakeGemini) -> None:
    bot.handoff_phrases = "falar com atendente"
    bot.handoff_notice = "Vou chamar a Ana."

    found = rehearse(bot, scene((Author.LEAD, "quero FALAR com atendente")))

    assert found.handoff
    assert list(found.said) == ["Vou chamar a Ana."]
    assert found.request is None
    assert len(gemini.requests) == 0


def test_the_models_wish_for_a_person_comes_with_reason_and_summary(bot: BotSettings, gemini: FakeGemini) -> None:
    gemini.will_answer("Chamando.", handoff={"reason": "angry", "summary": "Quer cancelar."})

    found = rehearse(bot, scene())

    assert found.summary == "Quer cancelar."
    assert found.handoff
    assert list(found.said) == ["Chamando."]
    assert Control.objects.count() == 0


def test_outside_business_hours_it_stops_at_that_guard_with_the_word_it_would_say(bot: BotSettings) -> None:
    here = timezone.localtime()
    bot.hours_only, bot.hours_days = True, str((here + timedelta(days=3)).isoweekday())
    bot.closed_text = "Fechado."

    found = rehearse(bot, scene())

    assert found.silence is Silence.CLOSED
    assert [step.stops for step in found.steps] == [False] * 6 + [True]
    assert list(found.said) == ["Fechado."]


@pytest.mark.parametrize(
    ("changes", "silence"),
    [
        ({"is_on": False}, Silence.OFF),
        ({"row": Control(opted_out=True)}, Silence.OPTED_OUT),
        ({"row": Control(mode=Mode.HUMAN)}, Silence.TAKEN_OVER),
        ({"row": Control(mode=Mode.PAUSED)}, Silence.PAUSED),
        ({"messages": []}, Silence.NOTHING_NEW),
        ({"now": NOON + timedelta(days=30)}, Silence.TOO_OLD),
    ],
)
def test_each_guard_says_why_it_stops(bot: BotSettings, changes: dict[str, object], silence: Silence) -> None:
    as_it_is = Scene(KEY, [message("1")], Control(), NOON)

    found = rehearse(bot, replace(as_it_is, **changes))  # type: ignore[arg-type]

    assert found.silence is silence
    assert [step.stops for step in found.steps][-2:] in ([False, True], [True])
    assert found.request is None


def test_the_order_of_the_guards_is_the_one_they_are_looked_at() -> None:
    """What `why_silent` finds first when everything is wrong stands first."""
    late = NOON + timedelta(days=30)
    facts = {"now": late, "answer_within": timedelta(hours=1), "is_open": False}
    group = type(LEAD)("120363000000000000@g.us")

    found = [
        guards.why_silent(group, (), **facts),  # type: ignore[arg-type]
        guards.why_silent(LEAD, (), **facts),  # type: ignore[arg-type]
        guards.why_silent(LEAD, (message("1"),), **facts),  # type: ignore[arg-type]
        guards.why_silent(LEAD, (message("1", sent_at=late),), **facts),  # type: ignore[arg-type]
    ]

    assert tuple(found) == guards.IN_ORDER


def test_an_error_of_the_model_is_told_and_nothing_is_tried_again(bot: BotSettings, gemini: FakeGemini) -> None:
    gemini.will_fail(503)

    found = rehearse(bot, scene())

    assert found.error is not None
    assert found.steps[-1].stops
    assert len(gemini.requests) == 1


def test_the_first_word_carries_the_notice(bot: BotSettings, gemini: FakeGemini) -> None:
    bot.first_contact_notice = "Sou uma assistente virtual."
    gemini.will_answer("Oi!")

    assert rehearse(bot, scene()).said[0] == "Sou uma assistente virtual.\n\nOi!"


def test_a_real_conversation_leaves_no_trace(bot: BotSettings, gemini: FakeGemini, sandbox: Sandbox) -> None:
    sandbox.lead_sends(LEAD, contents.audio(b"OggS-ola", "audio/ogg; codecs=opus", 3, at=int(sandbox.clock())))
    gemini.will_answer("Ouvi!", transcripts=[{"id": "audio-1", "text": "quanto custa"}])
    before = Control.objects.count(), Sent.objects.count(), AuditEntry.objects.count()

    found = rehearse(bot, Scene(KEY, history.recent(KEY, 30), control.current(KEY), timezone.now()))

    assert list(found.said) == ["Ouvi!"]
    assert history.recent(KEY, 30)[-1].text == "", "the transcript was kept"
    assert (Control.objects.count(), Sent.objects.count(), AuditEntry.objects.count()) == before
    assert sandbox.sent() == []
    assert not sandbox.read_marks


def test_a_past_conversation_is_answered_as_it_was_at_the_leads_last_word(bot: BotSettings, gemini: FakeGemini) -> None:
    gemini.will_answer("Custa R$ 149.")
    said = [message("1", second=0), message("2", Author.BOT, second=5), message("3", Author.REP, second=60)]
    past = Scene(KEY, said, Control(mode=Mode.HUMAN), NOON + timedelta(days=30), is_on=False)

    found = rehearse(bot, rehearsal.at_the_leads_last_word(past))

    assert list(found.said) == ["Custa R$ 149."]
    assert found.request is not None
    assert len(found.request.turns) == 1


def test_a_lead_who_goes_on_is_answered(bot: BotSettings, gemini: FakeGemini) -> None:
    gemini.will_answer("Sim!")
    past = Scene(KEY, [message("1"), message("2", Author.BOT, second=5)], Control(), timezone.now())

    found = rehearse(bot, rehearsal.with_another(past, "E tem desconto?"))

    assert list(found.said) == ["Sim!"]
