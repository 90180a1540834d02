"""Commands from the phone: taken out of the lead's sight, and a question for the state answered to the owner alone."""

from __future__ import annotations

import logging

import pytest
from django.contrib.auth.models import User

from bot import phone, tasks
from bot.models import BotSettings
from conversations import control, inbox
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.message import Key
from conversations.models import AuditEntry, Control, Mode, Sent
from tests.factories import LEAD

KEY = Key("voice_sdr_v4", LEAD)
DELETE, INSTANCES, SEND = "/chat/deleteMessageForEveryone", "/instance/fetchInstances", "/message/sendText"


def told(sandbox: Sandbox) -> list[str]:
    """What the owner's own chat got from us."""
    return [one.text for one in sandbox.sent(sandbox.instance().owner, by="api")]


def is_gone(sandbox: Sandbox, id: str) -> bool:
    return sandbox.instance().find(id) is None


def test_a_command_is_removed_for_everyone_and_says_nothing(bot: BotSettings, sandbox: Sandbox) -> None:
    id = sandbox.phone_types(LEAD, "#pausar 2h")

    tasks.command(*KEY, id, "pausar")

    assert is_gone(sandbox, id)
    assert told(sandbox) == []


@pytest.mark.parametrize(
    "failure",
    [
        Failure(DELETE, "refuse", status=400),
        Failure(DELETE, "refuse", status=500),
        Failure(DELETE, "drop"),
        Failure("/chat/findMessages", "refuse", status=500, times=3),
    ],
)
def test_a_command_that_cannot_be_removed_counts_all_the_same(
    bot: BotSettings, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, failure: Failure
) -> None:
    id = sandbox.phone_types(LEAD, "#pausar")
    sandbox.failures.add(failure)

    with caplog.at_level(logging.WARNING):
        tasks.command(*KEY, id, "pausar")

    assert "could not be removed" in caplog.text
    assert LEAD.partition("@")[0] not in caplog.text


def test_a_question_for_the_state_is_answered_in_the_owners_own_chat_with_no_whole_number(
    bot: BotSettings, sandbox: Sandbox, ana: User
) -> None:
    control.take_over(KEY, ana)
    id = sandbox.phone_types(LEAD, "#status")

    tasks.command(*KEY, id, "status")

    [text] = told(sandbox)
    assert "uma pessoa" in text
    number = LEAD.partition("@")[0]
    assert number[-4:] in text
    assert number not in text
    assert number[:-4] not in text
    assert sandbox.sent(LEAD, by="api") == []
    assert Sent.objects.get().conversation == sandbox.instance().owner


def test_asking_for_the_state_changes_nothing(bot: BotSettings, sandbox: Sandbox) -> None:
    phone.tell_state(KEY)

    assert not AuditEntry.objects.exclude(conversation="").exists()
    assert not Control.objects.exclude(mode=Mode.BOT).exists()


@pytest.mark.parametrize("route", [INSTANCES, SEND])
@pytest.mark.parametrize("mode", ["refuse", "drop"])
def test_a_state_that_cannot_be_told_harms_nothing(
    bot: BotSettings, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, route: str, mode: str
) -> None:
    sandbox.failures.add(Failure(route, mode, status=500, times=3))

    with caplog.at_level(logging.WARNING):
        phone.tell_state(KEY)

    assert "could not be told" in caplog.text
    assert not Sent.objects.exists()


def test_the_owners_chat_with_themselves_is_no_conversation_of_the_list(bot: BotSettings, sandbox: Sandbox) -> None:
    sandbox.lead_writes(LEAD, "Oi")
    phone.tell_state(KEY)
    sandbox.phone_types(sandbox.instance().owner, "lembrete: ligar para o contador")
    inbox.forget()

    assert [row.key for row in inbox.inbox().rows()] == [KEY]
