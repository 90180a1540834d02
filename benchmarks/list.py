"""`python -m benchmarks.list`: how long the server takes for the list of 10,000 conversations, question by question."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

#: What people ask, and how often of a hundred times, roughly.
QUESTIONS = {
    "as it opens": "/",
    "a view": "/?view=unanswered",
    "missed, longest waiting first": "/?view=missed&sort=waiting",
    "a name": "/?q=lead+77",
    "a number": "/?q=1199000",
    "far down": "/?page=120",
}


def main() -> None:
    """Build the list in a database of its own, ask, and print a table; ends with 1 above the limit."""
    wanted = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="sdr-list-") as folder:
        set_up(Path(folder))
        client = world(wanted.conversations)
        clock = time.process_time if wanted.cpu else time.perf_counter
        rows = [(name, *_measure(client, path, wanted.times, clock)) for name, path in QUESTIONS.items()]
    print(f"{wanted.conversations:,} conversations, {wanted.times} times each, server time in ms\n")
    print("| asked | median | p95 |\n|---|---|---|")
    for name, median, p95 in rows:
        print(f"| {name} | {median:.0f} | {p95:.0f} |")
    sys.exit(any(p95 > wanted.limit for _name, _median, p95 in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=60, help="how often each question is asked")
    parser.add_argument("--cpu", action="store_true", help="count this process's own time, on a machine that is busy")
    parser.add_argument("--limit", type=float, default=100, help="ms of p95 that no question may take longer than")
    return parser


def set_up(folder: Path) -> None:
    os.environ |= {
        "VAR_DIR": str(folder), "SECRET_KEY": "only for a benchmark, and long enough for it", "DEBUG": "false",
        "PUBLIC_URL": "http://127.0.0.1:8000", "ALLOWED_HOSTS": "testserver,127.0.0.1", "LOG_LEVEL": "ERROR",
        "EVOLUTION_API_URL": "http://127.0.0.1:9", "EVOLUTION_API_KEY": "none", "WEBHOOK_SECRET": "w" * 40,
        "DJANGO_SETTINGS_MODULE": "sdr_dashboard.settings", "REDIS_URL": f"unix://{folder}/nobody.sock",
    }  # fmt: skip
    import django
    from django.conf import settings

    django.setup()
    settings.SECURE_SSL_REDIRECT = False
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.INBOX_REFRESH_SECONDS = 0


def world(number: int) -> Any:
    """Everybody wrote, every tenth conversation is not simply the bot's, and Alice watches."""
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from conversations import inbox, switches
    from conversations.frames import Frame
    from conversations.jid import JID
    from conversations.message import Author, Kind, Message
    from conversations.models import Control, Mode, Switch

    call_command("migrate", verbosity=0)
    alice = User.objects.create_user("alice", first_name="Alice")
    alice.groups.add(Group.objects.get(name="Gestores"))
    instance = "voice_sdr_v4"
    now = timezone.now()
    switches.switch(alice, instance, True)
    Switch.objects.update(bot_since=now - timedelta(days=90))
    here = inbox.inbox()
    for index in range(number):
        jid = JID(f"55119{index:08}@s.whatsapp.net")
        is_ours = index % 3 == 0
        here.hear(
            Frame(
                "message", instance, jid,
                Message(
                    id=f"A{index}", jid=jid, instance=instance, from_me=is_ours, kind=Kind.TEXT,
                    sent_at=now - timedelta(minutes=index * 3), author=Author.OTHER if is_ours else Author.LEAD,
                    type_name="conversation", text=f"Quanto custa a avaliação número {index}? Vocês abrem sábado?",
                    push_name="" if is_ours else f"Lead {index} da Conceição",
                ),
            )
        )  # fmt: skip
    modes = (
        Mode.HUMAN,
        Mode.BOT,
        Mode.BOT,
        Mode.BOT,
        Mode.BOT,
        Mode.PAUSED,
        Mode.BOT,
        Mode.BOT,
        Mode.WAITING,
        Mode.BOT,
    )
    Control.objects.bulk_create(
        Control(
            instance=instance, conversation=f"55119{index:08}@s.whatsapp.net", mode=modes[index % len(modes)],
            holder=alice if modes[index % len(modes)] is Mode.HUMAN else None,
        )
        for index in range(0, number, 3)
    )  # fmt: skip
    client = Client()
    client.force_login(alice)
    return client


def _measure(client: Any, path: str, times: int, clock: Callable[[], float]) -> tuple[float, float]:
    """Median and p95 in ms, after three that do not count."""
    took = []
    for number in range(times + 3):
        began = clock()
        response = client.get(path)
        if number >= 3:
            took.append((clock() - began) * 1000)
        if response.status_code != 200:
            sys.exit(f"{path} answered {response.status_code}")
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


if __name__ == "__main__":
    main()
