"""Commands typed on the phone: the whole message or nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conversations.commands import Command, What, parse


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("#pausar", Command(What.PAUSE)),
        (" #Pausar ", Command(What.PAUSE)),
        ("#pausa 2h", Command(What.PAUSE, timedelta(hours=2))),
        ("#pausar 2 horas", Command(What.PAUSE, timedelta(hours=2))),
        ("#pausar 30min", Command(What.PAUSE, timedelta(minutes=30))),
        ("#pausar 45 m", Command(What.PAUSE, timedelta(minutes=45))),
        ("#pausar 1 dia", Command(What.PAUSE, timedelta(days=1))),
        ("#pausar 9999d", Command(What.PAUSE, timedelta(days=90))),
        ("#bot", Command(What.BOT)),
        ("# bot", Command(What.BOT)),
        ("#STATUS.", Command(What.STATUS)),
    ],
)
def test_a_command_is_read(text: str, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    "text",
    ["", "pausar", "#pausar por favor", "o comando é #bot",
     "#bot 2h", "#status 1h", "#pausar 2", "#pausar -2h", "#botox",
     "#pausar 2h e depois volta", "##bot", "#bot #status"],
)  # fmt: skip
def test_anything_else_is_just_words(text: str) -> None:
    assert parse(text) is None
