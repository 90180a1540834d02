"""Questions about one WhatsApp number: its instance, connection, webhook, events, what is stored, the bot on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bot import connecting, heartbeat
from bot.doctor import doorbell
from bot.doctor.finding import Finding, ok, skipped, warning, wrong
from bot.doctor.gateway import Gateway
from conversations import switches
from conversations.evolution import Broken, NotConnected, Refused, Unreachable, Unreadable
from conversations.evolution.answers import Instance, WebhookSettings
from conversations.evolution.wire import USED_EVENTS
from conversations.message import Chat
from conversations.models import Control, Mode, Reason, Sent

#: A number on which nothing happens for so long is told: it may be dead behind an open connection.
_SILENT_AFTER = timedelta(hours=24)
#: An event may be this much later than its message, and a stored message than the answer to its send.
_LATE = timedelta(seconds=60)


class Number:
    """One instance at the gateway; what was read once is not read again."""

    def __init__(self, there: Gateway, instance: str) -> None:
        self.there = there
        self.client = there.client
        self.instance = instance

    @property
    def row(self) -> Instance | None:
        """The gateway's row of it."""
        return self.there.instances.get(self.instance)

    @cached_property
    def newest_chat(self) -> Chat | None:
        """The conversation with the newest stored message."""
        return next(iter(self.client.chats_page(self.instance, take=1)), None)

    @property
    def newest_at(self) -> datetime | None:
        """When the newest stored message was sent."""
        last = self.newest_chat.last_message if self.newest_chat else None
        return last.sent_at if last else None


def is_known(number: Number) -> Finding:
    """The gateway has it, and it is a WhatsApp number of the kind we know."""
    if number.row is None:
        return wrong(
            _("The gateway has no such instance."), _("Make it on the page Connection, or run `manage.py connect`.")
        )
    if number.row.integration not in ("", "WHATSAPP-BAILEYS"):
        return warning(
            _("It is of kind %(kind)s; this product was tested with WHATSAPP-BAILEYS.")
            % {"kind": number.row.integration},
            _("Make a new instance with `manage.py connect`, under another name, if something is odd."),
        )
    return ok(_("there"))


def is_connected(number: Number) -> Finding:
    """Paired, open, and WhatsApp really at the other end."""
    state = number.client.connection_state(number.instance)
    if state == "open" and _reaches_whatsapp(number):
        return ok(_("open"))
    if state == "open":
        return wrong(
            _("The gateway says open, but does not reach WhatsApp."),
            _("Restart the connection: `POST /instance/restart/%(instance)s`, or restart the gateway.")
            % {"instance": number.instance},
        )
    words = {
        "connecting": _("It waits for the phone to scan the code, or is reconnecting."),
        "close": _("It is not connected: never paired, or logged out on the phone."),
    }
    return wrong(
        words.get(state, _("Its state is %(state)s.") % {"state": state}),
        _("Show the QR code on the page Connection, or run `manage.py connect`, and scan it with the phone."),
    )


def _reaches_whatsapp(number: Number) -> bool:
    """WhatsApp took a sign from us. It is one that nobody sees: "not typing", to the number itself."""
    # Source: evolution-api 2.3.6: the state may stay "open" on a dead connection; every send then fails.
    if number.row is None or number.row.owner is None or number.row.integration != "WHATSAPP-BAILEYS":
        return True
    try:
        number.client.send_presence(number.instance, number.row.owner, "paused", 0)
    except (Broken, NotConnected, Unreachable):
        return False
    except Refused:
        # What it has against the number says nothing about the connection.
        return True
    return True


# ----------------------------------------------------------------------------------------------------------- webhook


def webhook_is_ours(number: Number) -> Finding:
    """It is on, goes to us with our secret, and brings the events we use and no others."""
    webhook = number.client.webhook(number.instance)
    remedy = _("Set it up on the page Connection, or run `manage.py connect`.")
    if webhook is None or not webhook.url:
        return wrong(_("There is no webhook: no event ever comes."), remedy)
    if not webhook.is_enabled:
        return wrong(_("The webhook is switched off."), remedy)
    if not _has_our_secret(webhook):
        return wrong(_("It does not carry our secret, so the receiver refuses it."), remedy)
    if trouble := _wrong_address(number, webhook):
        return trouble
    if missing := [event for event in USED_EVENTS if event not in webhook.events]:
        return wrong(_("These events are missing: %(events)s.") % {"events": ", ".join(missing)}, remedy)
    return _costly(webhook) or ok(_("goes to %(address)s with our secret") % {"address": webhook.url})


def _has_our_secret(webhook: WebhookSettings) -> bool:
    # Source: evolution-api 2.3.6: the header `jwt_key` becomes a token signed with its value, which we accept too.
    names = {connecting.SECRET_HEADER.lower(), "jwt_key"}
    return any(name.lower() in names and value == settings.WEBHOOK_SECRET for name, value in webhook.headers.items())


def _wrong_address(number: Number, webhook: WebhookSettings) -> Finding | None:
    """None when the events go to us: to the address we would set, or to another that proves to be ours."""
    expected = number.there.address
    facts = {"found": webhook.url, "expected": expected}
    if webhook.url.rstrip("/") != expected.rstrip("/"):
        # It has our secret already, so asking gives nothing away.
        if webhook.url.rstrip("/") != connecting.webhook_address(webhook.url.rstrip("/")).rstrip("/"):
            return wrong(
                _("It goes elsewhere: %(found)s, not %(expected)s.") % facts,
                _("Set it up on the page Connection, or run `manage.py connect`."),
            )
        if doorbell.ring(webhook.url) is not None:
            return warning(
                _("It goes to %(found)s, which is not PUBLIC_URL and cannot be reached from here.") % facts,
                _("Right if the gateway's network has an address of its own for us; else run `manage.py connect`."),
            )
    if connecting.is_out_of_reach(webhook.url):
        return wrong(
            _("It goes to %(found)s: for the gateway, that is its own machine.") % facts,
            _("Set PUBLIC_URL to the address at which the gateway reaches us, then run `manage.py connect`."),
        )
    return None


def _costly(webhook: WebhookSettings) -> Finding | None:
    """What works, and costs."""
    remedy = _("Set it up on the page Connection, or run `manage.py connect`.")
    if webhook.base64:
        return warning(_("Whole files come along with the events, and are not used."), remedy)
    if extra := sorted(set(webhook.events) - set(USED_EVENTS)):
        words = ngettext("%(count)d event too many is sent.", "%(count)d events too many are sent.", len(extra))
        return warning(words % {"count": len(extra)}, remedy)
    if webhook.by_events:
        return warning(_("Each kind of event goes to an address of its own."), remedy)
    return None


def leaves_no_trace(number: Number) -> Finding:
    """The gateway does not mark as read what nobody has read."""
    try:
        found = number.client.settings(number.instance)
    except Unreadable:
        return warning(_("It has no settings yet."), _("Set it up on the page Connection, or run `manage.py connect`."))
    if found.read_messages:
        return wrong(
            _("The gateway marks every message as read when it arrives."),
            _("Set it up on the page Connection, or run `manage.py connect`."),
        )
    return ok(_("nothing is marked as read on arrival"))


# ---------------------------------------------------------------------------------------------- stored and announced


def messages_are_stored(number: Number) -> Finding:
    """The gateway keeps messages: they are the bot's memory, and all that the screens show."""
    remedy = _("Set DATABASE_SAVE_DATA_NEW_MESSAGE=true at the gateway and restart it: its store is the bot's memory.")
    newest, lost_at = number.newest_at, _lost_at(number.instance)
    if lost_at and (newest is None or newest < lost_at):
        return wrong(_("A lead's message was announced and never stored."), remedy)
    if _is_contradicted(number.instance, newest):
        again = _("If the gateway was set up anew since then, write to the number once and run this again.")
        return wrong(_("What was written last is not stored."), f"{remedy} {again}")
    if newest is None or number.newest_chat is None:
        return skipped(
            _("Nothing was ever written on this number."), _("Write to it from another phone and run this again.")
        )
    if not number.client.messages(number.instance, number.newest_chat.jid, limit=1):
        return wrong(_("The list has a conversation whose messages cannot be read."), remedy)
    if lost_at:
        return warning(
            _("Stored; but a conversation waits whose message was not."), _("Answer it by hand, or hand it back.")
        )
    return ok(_("stored and readable, the newest %(age)s") % {"age": _ago(newest)})


def _lost_at(instance: str) -> datetime | None:
    """When a conversation last began to wait because its message was not stored; None when none waits for that."""
    waiting = Control.objects.filter(instance=instance, mode=Mode.WAITING, reason=Reason.NOT_STORED)
    return max((row.changed_at for row in waiting if row.changed_at), default=None)


def _is_contradicted(instance: str, newest: datetime | None) -> bool:
    """We know of a message that must be stored, and nothing as new as it is."""
    sent = Sent.objects.filter(instance=instance, state=Sent.State.SENT).order_by("-at").first()
    if newest is not None:
        return sent is not None and newest < sent.at - _LATE
    return sent is not None or Control.objects.filter(instance=instance).exclude(newest="").exists()


def events_arrive(number: Number) -> Finding:
    """What is stored was announced to us; and an open connection is not silent for long."""
    heard_s = heartbeat.last_heard_age_s(number.instance)
    now = timezone.now()
    heard_at = None if heard_s is None else now - timedelta(seconds=heard_s)
    newest = number.newest_at
    if heard_at and newest and heard_at + _LATE < newest < now - _LATE:
        return wrong(
            _("A message came %(age)s and was not announced to us.") % {"age": _ago(newest)},
            _("The gateway does not reach us; its log says why. Meanwhile the sweep finds what is lost."),
        )
    if heard_at is None:
        return warning(
            _("No event has come since the cache was started."),
            _("Write to the number from another phone and run this again: only that proves that its events arrive."),
        )
    if heard_at < now - _SILENT_AFTER:
        return warning(
            _("Open, but silent: the last event came %(age)s.") % {"age": _ago(heard_at)},
            _("Write to the number from another phone. If nothing comes, restart the instance at the gateway."),
        )
    return ok(_("the last one came %(age)s") % {"age": _ago(heard_at)})


def bot_is_on(number: Number) -> Finding:
    """The switches above its conversations."""
    state = switches.state()
    if state.is_on(number.instance):
        return ok(_("switched on"))
    words = _("Switched off everywhere.") if not state.everything.is_on else _("Switched off for this number.")
    return warning(words, _("Switch it on in the dashboard when you want it to answer."))


def _ago(at: datetime) -> str:
    """ "5 minutes ago"."""
    now = timezone.now()
    if now - at < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(at, now, depth=1).replace("\xa0", " ")}
