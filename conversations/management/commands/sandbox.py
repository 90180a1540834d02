"""Serve the sandbox on this machine: a gateway in memory, with a page on which anybody can be the lead."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.evolution.sandbox import Sandbox
from conversations.evolution.sandbox.leads import Cast
from conversations.evolution.sandbox.seeds import plant
from conversations.evolution.sandbox.server import Server, serve
from conversations.evolution.sandbox.side_door import SideDoor
from conversations.evolution.wire import USED_EVENTS

#: Seconds after which what the bot sends is acknowledged, delivered, and read.
_RECEIPTS = (0.2, 0.7, 2.2)


class Command(BaseCommand):
    help = "Serve a gateway in memory on 127.0.0.1, for the demo: what leads write in it is nowhere else."
    # It touches no database: it must start while the migrations still run.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8081, help="0 takes a free one")
        parser.add_argument("--webhook", default="", metavar="URL", help="where events are posted; none when empty")
        # From the environment by default: a command line can be read by everybody on the machine.
        parser.add_argument(
            "--secret", default=settings.WEBHOOK_SECRET, help="sent with each event as X-Webhook-Secret"
        )
        key = settings.EVOLUTION_API_KEY or "sandbox"
        parser.add_argument("--api-key", default=key, help="the key that clients of the gateway must show")
        parser.add_argument("--instances", default="voice_sdr_v4", help="names, separated by commas")
        parser.add_argument("--closed", default="", help="instances that wait for their QR code to be scanned")
        parser.add_argument("--leads", action="store_true", default=True, help="scripted leads write (the default)")
        parser.add_argument("--no-leads", action="store_false", dest="leads", help="nobody writes by script")
        parser.add_argument("--seeds", action="store_true", default=True, help="begin with a past (the default)")
        parser.add_argument("--no-seeds", action="store_false", dest="seeds", help="begin empty")
        parser.add_argument("--dashboard", default="", metavar="URL", help="the page links there")
        parser.add_argument("--retry-scale", type=float, default=1.0, help="multiplies the waits between retries")

    def handle(self, *args: Any, **options: Any) -> None:
        sandbox = _sandbox(options)
        cast = Cast(sandbox)
        if options["seeds"]:
            plant(sandbox)
        door = SideDoor(sandbox, cast=cast, dashboard=options["dashboard"])
        try:
            server = serve(sandbox, "127.0.0.1", options["port"], door=door)
        except OSError as error:
            raise CommandError(f"port {options['port']} cannot be used: {error.strerror}") from error
        sandbox.server_url = server.url
        if options["leads"]:
            cast.start()
        self.stdout.write(f"sandbox: {server.url}")
        self.stdout.flush()
        _serve_until_told(server)
        sandbox.close()


def _sandbox(options: dict[str, Any]) -> Sandbox:
    names = [name.strip() for name in options["instances"].split(",") if name.strip()]
    if not names:
        raise CommandError("--instances names none")
    closed = [name.strip() for name in options["closed"].split(",") if name.strip()]
    sandbox = Sandbox(
        names, api_key=options["api_key"], ties="per_page", receipts=_RECEIPTS, retry_scale=options["retry_scale"]
    )
    for name in names:
        if options["webhook"]:
            headers = {"X-Webhook-Secret": options["secret"]} if options["secret"] else None
            sandbox.set_webhook(options["webhook"], headers=headers, events=USED_EVENTS, instance=name)
        if name in closed:
            sandbox.instance(name).state = sandbox.instance(name).stored_state = "close"
    return sandbox


def _serve_until_told(server: Server) -> None:
    """Serve until SIGTERM or SIGINT; neither open connections nor the serving thread are waited for."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.wait()
    server.socket.close()
