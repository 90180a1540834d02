"""How facts are shown to a person: names and phones, clock times, kinds and authors in words, links made safe."""

from __future__ import annotations

import math
import re
import zlib
from datetime import date, datetime, timedelta

from django import template
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext, pgettext_lazy

from conversations import jid
from conversations.formatting import formatted, is_only_emoji
from conversations.message import Author, Key, Kind, Media, Message, Status
from conversations.models import Control, Mode
from conversations.row import Row
from people import access

register = template.Library()

#: Avatars come in so many tones.
_TONES = 8

# ------------------------------------------------------------------------------------------------------------ people


@register.filter
def phone(key: Key) -> str:
    """The lead's number as a person reads it, or a word for somebody without one."""
    unnamed = gettext("group") if jid.kind(key.conversation) is jid.JIDKind.GROUP else gettext("contact")
    return jid.display(key.conversation, unnamed=unnamed)


@register.filter
def title(row: Row) -> str:
    """What a conversation is called: the lead's name, else the number."""
    return row.name or str(phone(row.key))


@register.filter
def initials(name: str) -> str:
    """One or two letters for an avatar; "" for a number."""
    all_words: list[str] = re.findall(r"[^\W\d_]+", name)
    words = [word for word in all_words if len(word) > 1] or all_words
    if not words or re.match(r"[+\d]", name):
        return ""
    return "".join(word[0] for word in (words[0], *words[1:][-1:])).upper()


@register.filter
def tone(key: Key) -> int:
    """Which of the avatar's tones a conversation has; always the same one."""
    return zlib.crc32(key.conversation.encode()) % _TONES


_AUTHORS = {
    Author.BOT: gettext_lazy("Bot"),
    Author.REP: gettext_lazy("Colleague"),
    Author.PHONE: pgettext_lazy("author", "Phone"),
    Author.OTHER: gettext_lazy("Another integration"),
}


@register.filter
def name_tone(name: str) -> int:
    """The tone of a colleague's avatar; always the same one."""
    return zlib.crc32(name.encode()) % _TONES


@register.filter
def person_name(person: User) -> str:
    """What colleagues call one of us."""
    return access.name_of(person)


@register.filter
def author_word(who: Author) -> str:
    """By whom so and so many messages are, after their number."""
    return {
        Author.LEAD: gettext("from the lead"), Author.BOT: gettext("from the bot"), Author.REP: gettext("from reps"),
        Author.PHONE: gettext("from the phone"), Author.OTHER: gettext("from another integration"),
    }[who]  # fmt: skip


@register.filter
def author(message: Message) -> str:
    """Who wrote a message, in words; for a lead the profile name, "" when there is none."""
    if message.author is Author.BOT and message.author_name:
        return gettext("Bot · reviewed by %(who)s") % {"who": message.author_name}
    return short_author(message)


@register.filter
def short_author(message: Message) -> str:
    """The same where there is little room: without who read it before it went."""
    if message.author is Author.LEAD:
        return message.push_name
    return (
        message.author_name if message.author is Author.REP and message.author_name else str(_AUTHORS[message.author])
    )


# -------------------------------------------------------------------------------------------------------------- time


@register.filter
def clock(at: datetime) -> str:
    """Hours and minutes."""
    return f"{timezone.localtime(at):%H:%M}"


@register.filter
def day(at: datetime | date) -> str:
    """Which day, in words: today, yesterday, or its date."""
    that = timezone.localdate(at) if isinstance(at, datetime) else at
    today = timezone.localdate()
    if that == today:
        return gettext("Today")
    if that == today - timedelta(days=1):
        return gettext("Yesterday")
    if that > today - timedelta(days=6):
        return date_format(that, "l").capitalize()
    return date_format(that, gettext("m/d/Y"))


@register.filter
def ago(at: datetime) -> str:
    """How long ago, as short as a list needs it: now, 5 min, 3 h, yesterday, 12/11."""
    age = timezone.now() - at
    if age < timedelta(minutes=1):
        return gettext("now")
    if age < timedelta(hours=1):
        return gettext("%(n)d min") % {"n": age.seconds // 60}
    that, today = timezone.localdate(at), timezone.localdate()
    if that == today:
        return gettext("%(n)d h") % {"n": age.seconds // 3600}
    if that == today - timedelta(days=1):
        return gettext("yesterday")
    return date_format(timezone.localtime(at), gettext("m/d"))


@register.filter
def lasting(at: datetime) -> str:
    """How long something has been going on, whole units: 3 minutes, 2 hours, 4 days."""
    minutes = max(0, int((timezone.now() - at).total_seconds() // 60))
    if minutes < 1:
        return gettext("less than a minute")
    if minutes < 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d day", "%(n)d days", minutes // 1440) % {"n": minutes // 1440}


@register.filter
def ends_in(at: datetime) -> str:
    """How long something is still kept, in whole days."""
    days = math.ceil((at - timezone.now()) / timedelta(days=1))
    if days <= 1:
        return gettext("kept until tomorrow at most")
    return ngettext("kept for %(n)d more day", "kept for %(n)d more days", days) % {"n": days}


@register.filter
def moment(at: datetime) -> str:
    """A moment near now, alone or after "since" and "until": 15:30 when it is today, else with its day."""
    day = _day_near(at)
    return gettext("%(day)s at %(time)s") % {"day": day, "time": clock(at)} if day else clock(at)


@register.filter
def when(at: datetime) -> str:
    """A moment near now, where something happened: at 15:30, yesterday at 15:30, on 11/27 at 15:30."""
    if not _day_near(at):
        return gettext("at %(time)s") % {"time": clock(at)}
    is_named = abs((timezone.localdate(at) - timezone.localdate()).days) == 1
    return moment(at) if is_named else gettext("on %(date)s") % {"date": moment(at)}


def _day_near(at: datetime) -> str:
    """Which day, as short as a sentence needs it; "" for today."""
    that, today = timezone.localdate(at), timezone.localdate()
    named = {0: "", 1: gettext("tomorrow"), -1: gettext("yesterday")}
    return named.get((that - today).days, date_format(that, gettext("m/d")))


@register.filter
def duration(seconds: int | None) -> str:
    """Minutes and seconds of a recording; "" when unknown."""
    return "" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"


# ---------------------------------------------------------------------------------------------------------- messages

_ICONS = {
    Kind.AUDIO: "🎤", Kind.IMAGE: "📷", Kind.VIDEO: "🎬", Kind.DOCUMENT: "📄", Kind.STICKER: "🏷️", Kind.LOCATION: "📍",
    Kind.LIVE_LOCATION: "📍", Kind.CONTACT: "👤", Kind.POLL: "📊", Kind.ORDER: "🛒", Kind.VIEW_ONCE: "①",
    Kind.CHOICE: "☑️", Kind.UNSUPPORTED: "❔",
}  # fmt: skip


@register.filter
def icon(kind: Kind) -> str:
    """A small picture for a kind of message; "" for text. Its word stands beside it."""
    return _ICONS.get(kind, "")


_KINDS = {
    Kind.AUDIO: gettext_lazy("Audio"), Kind.IMAGE: gettext_lazy("Photo"), Kind.VIDEO: gettext_lazy("Video"),
    Kind.DOCUMENT: gettext_lazy("Document"), Kind.STICKER: gettext_lazy("Sticker"),
    Kind.LOCATION: gettext_lazy("Location"), Kind.LIVE_LOCATION: gettext_lazy("Live location"),
    Kind.CONTACT: gettext_lazy("Contact"), Kind.REACTION: gettext_lazy("Reaction"),
    Kind.CHOICE: gettext_lazy("Choice"), Kind.POLL: gettext_lazy("Poll"), Kind.ORDER: gettext_lazy("Order"),
    Kind.VIEW_ONCE: gettext_lazy("View-once message"),
    Kind.UNSUPPORTED: gettext_lazy("Message that cannot be shown here"),
}  # fmt: skip


@register.filter
def kind_name(kind: Kind) -> str:
    """What sort of thing a message of this kind is, in words; "" for plain text."""
    return str(_KINDS.get(kind, ""))


@register.filter
def kind_word(message: Message) -> str:
    """What sort of thing a message is, as closely as it is known; "" for plain text."""
    if message.kind is Kind.AUDIO and message.media and message.media.is_voice_note:
        return gettext("Voice message")
    if message.kind is Kind.DOCUMENT and message.media and message.media.file_name:
        return message.media.file_name
    return kind_name(message.kind)


@register.filter
def preview(message: Message) -> str:
    """The one line that stands for a message in the list, without its author."""
    if message.is_deleted:
        return gettext("Deleted message")
    if message.reaction is not None:
        if not message.reaction.emoji:
            return gettext("Took a reaction back")
        return gettext("Reacted with %(emoji)s") % {"emoji": message.reaction.emoji}
    words = " ".join(message.text.split())
    if message.kind is Kind.CHOICE and words:
        return words
    # Of the last message in a list the gateway does not tell whether a sound was recorded or is a file.
    kind = pgettext("recorded or a file", "Audio") if message.kind is Kind.AUDIO else kind_word(message)
    parts = (kind, duration(message.media.seconds) if message.media else "", words)
    return " · ".join(part for part in parts if part) or gettext("Empty message")


_STATUSES = {
    Status.ERROR: gettext_lazy("not sent"), Status.PENDING: gettext_lazy("being sent"),
    Status.SERVER_ACK: gettext_lazy("sent"), Status.DELIVERY_ACK: gettext_lazy("delivered"),
    Status.READ: gettext_lazy("read"), Status.PLAYED: gettext_lazy("played"),
}  # fmt: skip


@register.filter
def status_word(status: Status | None) -> str:
    """How far a message of ours got, in words; "" when the gateway tells nothing."""
    return str(_STATUSES[status]) if status else ""


@register.filter
def ticks(status: Status | None) -> str:
    """The marks WhatsApp shows for it."""
    if status is None:
        return ""
    return {Status.ERROR: "!", Status.PENDING: "◷", Status.SERVER_ACK: "✓"}.get(status, "✓✓")


register.filter(formatted, is_safe=True)
register.filter(is_only_emoji)


@register.filter
def place_address(message: Message) -> str:
    """A link to a map for a location. The map is opened only when somebody follows it."""
    if message.place is None:
        return ""
    at = f"{message.place.latitude:.6f},{message.place.longitude:.6f}"
    return f"https://www.openstreetmap.org/?mlat={at.replace(',', '&mlon=')}#map=16/{at.replace(',', '/')}"


@register.filter
def megabytes(size: int | None) -> str:
    """The size of a file; "" when unknown."""
    if not size:
        return ""
    if size < 2**20:
        return f"{max(1, round(size / 1024))} kB"
    return f"{number_format(size / 2**20, 1)} MB"


@register.filter
def file_type(media: Media) -> str:
    """The ending of a file's name, as a person tells files apart: PDF, XLSX; "" without one."""
    ending = media.file_name.rpartition(".")[2] if "." in media.file_name else ""
    return ending.upper() if ending.isalnum() and len(ending) <= 5 else ""


@register.filter
def is_web(address: str) -> bool:
    """It may stand in a link: nothing but http(s)."""
    return address.lower().startswith(("https://", "http://"))


# ----------------------------------------------------------------------------------------------------------- control


@register.filter
def mode(control: Control) -> str:
    """Who speaks at this moment: "bot", "human", "paused" or "waiting"."""
    return control.mode_at(timezone.now()).value


@register.filter
def holder(control: Control) -> str:
    """Who holds a conversation in mode human: a person's name, or the phone."""
    if control.holder is None:
        return pgettext("author", "Phone")
    return control.holder.get_full_name() or control.holder.get_username()


@register.filter
def control_word(control: Control) -> str:
    """Who speaks, as short as a list needs it."""
    now_is = control.mode_at(timezone.now())
    if now_is is Mode.HUMAN:
        return holder(control)
    if now_is is Mode.PAUSED:
        if control.until is None:
            return gettext("paused")
        return gettext("paused until %(time)s") % {"time": moment(control.until)}
    if now_is is Mode.BOT and control.opted_out:
        return gettext("wants no messages")
    return gettext("waiting for a person") if now_is is Mode.WAITING else gettext("bot")


@register.filter
def several(instances: object) -> bool:
    """More than one number is connected, so that each conversation says which it is on."""
    return len(settings.EVOLUTION_INSTANCES) > 1
