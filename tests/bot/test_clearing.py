"""Unclear sends beside each other: whose a message at the gateway is, of the bot, a rep and another integration."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from bot import reconcile
from bot.turns import Outcome
from conversations import clearing, control, fence, history, sealed, sending
from conversations.evolution.errors import Unconfirmed
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.message import Author, Key
from conversations.models import Control, Sent
from conversations.silence import Silence
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini

INSTANCE = "voice_sdr_v4"
KEY = Key(INSTANCE, LEAD)
SEND = "/message/sendText"

Turn = Callable[..., Outcome]

pytestmark = pytest.mark.django_db


def sweep() -> None:
    """Two sweeps: what is not found is looked for twice."""
    for _ in range(2):
        reconcile.sweep(lambda *_asked, **_later: None)


def states() -> dict[str, str]:
    return {sent.author: sent.state for sent in Sent.objects.all()}


def authors() -> set[tuple[Author, str]]:
    """Of one second, so in no order."""
    return {(message.author, message.text) for message in history.recent(KEY, 9) if message.from_me}


def rep_sends(ana: User, text: str) -> None:
    sending.send_as_rep(KEY, text, ana, token=uuid.uuid4().hex)


@pytest.fixture
def in_doubt(turn: Turn, sandbox: Sandbox, gemini: FakeGemini) -> str:
    """The bot's answer went out and the gateway said 500; gives the id of what was asked."""
    gemini.will_answer("Custa R$ 149.")
    asked = sandbox.lead_writes(LEAD, "Quanto custa?")
    sandbox.failures.add(Failure(SEND, "after", status=500))
    assert turn(asked).silence is Silence.TRY_AGAIN
    return asked


def test_a_bubble_in_doubt_is_cleared_up_after_a_person_went_on(in_doubt: str, ana: User) -> None:
    rep_sends(ana, "Posso ajudar?")

    sweep()

    assert states() == {"bot": Sent.State.SENT, "rep": Sent.State.SENT}
    assert authors() == {(Author.BOT, "Custa R$ 149."), (Author.REP, "Posso ajudar?")}
    assert in_doubt in control.current(KEY).settled_ids


def test_a_reps_lost_words_are_not_taken_for_the_bots_that_went_out(in_doubt: str, sandbox: Sandbox, ana: User) -> None:
    sandbox.failures.add(Failure(SEND, "refuse", status=500))
    with pytest.raises(Unconfirmed):
        rep_sends(ana, "Posso ajudar?")

    sweep()

    assert states() == {"bot": Sent.State.SENT, "rep": Sent.State.NOT_SENT}
    assert authors() == {(Author.BOT, "Custa R$ 149.")}


def test_both_in_doubt_and_both_gone_out_each_is_its_own(in_doubt: str, sandbox: Sandbox, ana: User) -> None:
    sandbox.failures.add(Failure(SEND, "after", status=500))
    with pytest.raises(Unconfirmed):
        rep_sends(ana, "Posso ajudar?")

    sweep()

    assert authors() == {(Author.BOT, "Custa R$ 149."), (Author.REP, "Posso ajudar?")}


def test_the_word_of_another_integration_is_not_taken_for_a_bubble_that_never_left(
    turn: Turn, sandbox: Sandbox, gemini: FakeGemini
) -> None:
    gemini.will_answer("Custa R$ 149.")
    gemini.will_answer("Custa R$ 149.")
    sandbox.another_integration_sends(LEAD, "Seu boleto vence amanhã.")
    asked = sandbox.lead_writes(LEAD, "Quanto custa?")
    sandbox.failures.add(Failure(SEND, "refuse", status=500))
    assert turn(asked).silence is Silence.TRY_AGAIN

    assert turn(asked).silence is Silence.UNCONFIRMED
    assert turn(asked).sent == 1

    assert authors() == {(Author.OTHER, "Seu boleto vence amanhã."), (Author.BOT, "Custa R$ 149.")}


def test_a_claim_that_nobody_ended_and_a_person_replaced_is_found_too(sandbox: Sandbox, ana: User, turn: Turn) -> None:
    """A worker was killed in its POST: nobody kept its words."""
    asked = sandbox.lead_writes(LEAD, "Oi")
    row = control.ensure(KEY)
    token = "f" * 32
    answers = {"answers": [asked], "answers_at": timezone.now() - timedelta(seconds=1)}
    Sent.objects.create(
        token=token, instance=INSTANCE, conversation=LEAD, author=Sent.By.BOT, at=timezone.now(), **answers
    )
    Control.objects.filter(pk=row.pk).update(sending=token, sending_at=timezone.now())
    sandbox.another_integration_sends(LEAD, "Olá!")
    rep_sends(ana, "Posso ajudar?")

    sweep()

    assert authors() == {(Author.BOT, "Olá!"), (Author.REP, "Posso ajudar?")}


def test_an_event_tells_of_one_unclear_send_and_of_two_nothing(in_doubt: str, sandbox: Sandbox, ana: User) -> None:
    mine = control.current(KEY).sending
    assert clearing.note_sent(INSTANCE, LEAD, "A1")
    assert cache.get(f"sent:{mine}") == "A1"

    token = fence.claim_for_rep(KEY, ana)

    assert clearing.note_sent(INSTANCE, LEAD, "A2")
    assert cache.get(f"sent:{token}") is None


def test_what_is_kept_of_an_unclear_send_is_a_hash(in_doubt: str) -> None:
    kept = sealed.get(f"words:{control.current(KEY).sending}")

    assert kept is not None
    assert re.fullmatch("[0-9a-f]{64}", kept)
