"""`manage.py connect`: from an address and a key to a paired number whose events reach us. May be run at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from bot import connecting
from bot.connecting import Prepared, Trouble
from bot.unreachable import why
from conversations import switches
from conversations.evolution import EvolutionError, get_client
from conversations.evolution.answers import Pairing
from conversations.evolution.client import EvolutionClient
from conversations.evolution.wire import USED_EVENTS

#: What a shell expects of a program that was stopped by Ctrl-C.
_INTERRUPTED = 130


class Command(BaseCommand):
    """Each step says what it did; the first that cannot be done ends it, with the remedy."""

    # What is missing in the settings is told here, in the order in which it is needed.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """None is needed."""
        # Not `help`: that is read before a language is known.
        parser.description = _(
            "Connect the WhatsApp numbers of EVOLUTION_INSTANCE: instance, webhook, settings, QR code."
        )
        parser.add_argument("instances", nargs="*", help=_("only these; all of EVOLUTION_INSTANCE when none is named"))
        parser.add_argument(
            "--webhook-url",
            default="",
            metavar="URL",
            help=_("where the gateway reaches this stand, if not at PUBLIC_URL (in its own network: http://web:8000)"),
        )
        parser.add_argument(
            "--number", default="", help=_("phone number with country code: get a code to type instead of a QR code")
        )
        parser.add_argument("--timeout", type=float, default=180, metavar="S", help=_("seconds to wait for the phone"))
        parser.add_argument("--no-wait", action="store_true", help=_("do not show the QR code"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it for one instance after the other."""
        try:
            self._connect(_chosen(options["instances"], options["number"]), options)
        except Trouble as trouble:
            raise CommandError(f"{trouble.reason.word}\n{trouble.reason.remedy}") from None
        except EvolutionError as error:
            reason = why(error, settings.EVOLUTION_API_URL)
            raise CommandError(f"{reason.word}\n{reason.remedy}") from None
        except KeyboardInterrupt:
            raise CommandError(
                _("Stopped. What was set stays set; run it again to go on."), returncode=_INTERRUPTED
            ) from None

    def _connect(self, instances: Sequence[str], options: dict[str, Any]) -> None:
        client = get_client()
        self._say_gateway(connecting.check_gateway(client))
        address = connecting.webhook_address(options["webhook_url"])
        number = connecting.digits(options["number"]) if options["number"] else ""
        if connecting.is_out_of_reach(address):
            self._warn(
                _("%(address)s is this machine, and the gateway is on another one: its events cannot come.")
                % {"address": address},
                _("Set PUBLIC_URL to the address at which the gateway reaches us, or pass --webhook-url."),
            )
        unpaired = []
        for instance in instances:
            self._say("\n" + instance)
            self._say_prepared(connecting.prepare(client, instance, address), address)
            if not self._pair(client, instance, number, options):
                unpaired.append(instance)
        self._say_what_is_left(instances, unpaired)
        if unpaired:
            raise CommandError(_("Not connected yet: %(instances)s.") % {"instances": ", ".join(unpaired)})

    # --------------------------------------------------------------------------------------------------- pairing

    def _pair(self, client: EvolutionClient, instance: str, number: str, options: dict[str, Any]) -> bool:
        """Show codes until the phone has scanned one; True when the number is connected."""
        if options["no_wait"]:
            state = client.connection_state(instance)
            self._line(_("pairing"), _("connected") if state == "open" else _("not connected yet"))
            return state == "open"
        lines = 0
        for found in connecting.pair(client, instance, number=number, timeout_s=options["timeout"]):
            if found.state == "open":
                self._line(_("pairing"), _("connected"))
                return True
            lines = self._show(found, number, over=lines)
        self._line(_("pairing"), _("nobody scanned the code in %(seconds)d s") % {"seconds": options["timeout"]})
        return False

    def _show(self, found: Pairing, number: str, *, over: int) -> int:
        """Write the code to scan or to type, on a terminal over the one before; returns how many lines it took."""
        is_terminal = self.stdout.isatty()
        if number and found.pairing_code:
            words = [_("On the phone: WhatsApp, Linked devices, Link with phone number. Type:"), "", found.pairing_code]
        else:
            words = [_("On the phone: WhatsApp, Linked devices, Link a device. Scan (a new code comes by itself):")]
            if number:
                words.append(_("(There is no code to type: the gateway gives one only before it shows a QR code.)"))
            words += ["", connecting.draw(found.code, in_colours=is_terminal)]
        text = "\n".join(["", *words, ""])
        if over and is_terminal:
            # Up to where the last one began, and away with all below.
            self.stdout.write(f"\x1b[{over}A\x1b[J", ending="")
        self._say(text)
        return text.count("\n") + 1

    # ------------------------------------------------------------------------------------------------ what is said

    def _say_gateway(self, version: str) -> None:
        self._say(
            _("The gateway at %(url)s answers and accepts the key; version %(version)s.")
            % {"url": settings.EVOLUTION_API_URL, "version": version}
        )
        if not connecting.TRIED.fullmatch(version):
            self._warn(
                _("This product was tested with 2.3.x."), _("If something is odd, try 2.3.6 before you look further.")
            )

    def _say_prepared(self, done: Prepared, address: str) -> None:
        self._line(_("instance"), _("made") if done.is_new else _("is there"))
        kept = _("was right already")
        events = _("set to %(address)s, %(count)d events") % {"address": address, "count": len(USED_EVENTS)}
        self._line(_("webhook"), events if done.webhook_changed else kept)
        if done.took_events_from:
            self._warn(
                _("The events went to %(address)s before, and do not any more.") % {"address": done.took_events_from},
                _("An instance has one webhook. If that was another system, give it a number of its own."),
            )
        self._line(_("settings"), _("nothing is marked as read on arrival") if done.settings_changed else kept)
        if done.was_reopened:
            self._line(_("connection"), _("reopened, so that files stop coming along with every event"))

    def _say_what_is_left(self, instances: Sequence[str], unpaired: Sequence[str]) -> None:
        left = [
            _("Connect %(instance)s: run this again and scan the code.") % {"instance": instance}
            for instance in unpaired
        ]
        left.append(_("Check everything: `manage.py doctor`."))
        state = switches.state()
        left += [
            _("Switch the bot on for %(instance)s in the dashboard; until then it answers nobody there.")
            % {"instance": instance}
            for instance in instances
            if not state.is_on(instance)
        ]
        self._say("\n" + _("Left to do:"))
        for number, words in enumerate(left, start=1):
            self._say(f"  {number}. {words}")

    def _line(self, name: str, words: str) -> None:
        self._say(f"  {name:<14}  {words}")

    def _warn(self, words: str, remedy: str) -> None:
        self._say(f"  ! {words}\n    {remedy}")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _chosen(named: Sequence[str], number: str) -> Sequence[str]:
    """The instances to connect. Raises CommandError for one that is not configured."""
    for name in named:
        if name not in settings.EVOLUTION_INSTANCES:
            raise CommandError(
                _("%(name)s is not in EVOLUTION_INSTANCE, so its events would be refused. Add it in .env.")
                % {"name": name}
            )
    chosen = list(dict.fromkeys(named or settings.EVOLUTION_INSTANCES))
    if number and len(chosen) > 1:
        raise CommandError(_("--number is one phone: name the instance it belongs to as well."))
    return chosen
