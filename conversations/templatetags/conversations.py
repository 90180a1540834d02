"""How facts are shown to a person: names and phones, clock times, kinds and authors in words, links made safe."""

from __future__ import annotations

import re
import zlib
from datetime import date, datetime, timedelta

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext, pgettext

from conversations import jid
from conversations.message import Author, Key, Kind, Message, Status
from conversations.models import Control, Mode
from conversations.row import Row

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


@register.filter
def author(message: Message) -> str:
    """Who wrote a message, in words; for a lead the profile name, "" when there is none."""
    return {
        Author.LEAD: message.push_name,
        Author.BOT: gettext("Bot"),
        Author.REP: message.author_name or gettext("Colleague"),
        Author.PHONE: pgettext("author", "Phone"),
        Author.OTHER: gettext("Another integration"),
    }[message.author]


# -------------------------------------------------------------------------------------------------------------- time


@register.filter
def clock(at: datetime) -> str:
    """Hours and minutes."""
    return date_format(timezone.localtime(at), "H:i")


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
    if timezone.localdate(at) == timezone.localdate():
        return gettext("%(n)d h") % {"n": age.seconds // 3600}
    if timezone.localdate(at) == timezone.localdate() - timedelta(days=1):
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
def moment(at: datetime) -> str:
    """A moment near now: 15:30 when it is today, else with its day."""
    if timezone.localdate(at) == timezone.localdate():
        return clock(at)
    if timezone.localdate(at) == timezone.localdate() + timedelta(days=1):
        return gettext("tomorrow %(time)s") % {"time": clock(at)}
    return date_format(timezone.localtime(at), gettext("m/d H:i"))


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


@register.filter
def kind_word(message: Message) -> str:
    """What sort of thing a message is, in words; "" for plain text."""
    if message.kind is Kind.AUDIO:
        return gettext("Voice message") if message.media and message.media.is_voice_note else gettext("Audio")
    if message.kind is Kind.DOCUMENT and message.media and message.media.file_name:
        return message.media.file_name
    return {
        Kind.TEXT: "", Kind.IMAGE: gettext("Photo"), Kind.VIDEO: gettext("Video"), Kind.DOCUMENT: gettext("Document"),
        Kind.STICKER: gettext("Sticker"), Kind.LOCATION: gettext("Location"),
        Kind.LIVE_LOCATION: gettext("Live location"), Kind.CONTACT: gettext("Contact"),
        Kind.REACTION: gettext("Reaction"), Kind.CHOICE: gettext("Choice"), Kind.POLL: gettext("Poll"),
        Kind.ORDER: gettext("Order"), Kind.VIEW_ONCE: gettext("View-once message"),
        Kind.UNSUPPORTED: gettext("Message that cannot be shown here"),
    }.get(message.kind, "")  # fmt: skip


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
    parts = (kind_word(message), duration(message.media.seconds) if message.media else "", words)
    return " · ".join(part for part in parts if part) or gettext("Empty message")


@register.filter
def status_word(status: Status | None) -> str:
    """How far a message of ours got, in words; "" when the gateway tells nothing."""
    return {
        None: "", Status.ERROR: gettext("not sent"), Status.PENDING: gettext("being sent"),
        Status.SERVER_ACK: gettext("sent"), Status.DELIVERY_ACK: gettext("delivered"), Status.READ: gettext("read"),
        Status.PLAYED: gettext("played"),
    }[status]  # fmt: skip


@register.filter
def ticks(status: Status | None) -> str:
    """The marks WhatsApp shows for it."""
    if status is None:
        return ""
    return {Status.ERROR: "!", Status.PENDING: "◷", Status.SERVER_ACK: "✓"}.get(status, "✓✓")


_OPENS = {")": "(", "]": "["}
_LINK = re.compile(r"https?://[^\s<>\"'`\\^{|}\u200b-\u200f\u202a-\u202e\u2066-\u2069]+", re.IGNORECASE)


@register.filter(is_safe=True)
def linked(text: str) -> SafeString:
    """A stranger's text, escaped, with its http(s) addresses made links. The address is shown as it is."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        address = _without_trailing(found[0])
        parts.append(conditional_escape(text[end : found.start()]))
        parts.append(
            format_html('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow ugc">{0}</a>', address)
        )
        end = found.start() + len(address)
    parts.append(conditional_escape(text[end:]))
    # Every part is escaped above, or made by format_html.
    return mark_safe("".join(parts))


def _without_trailing(address: str) -> str:
    """Without the punctuation of the sentence around it; a closing bracket stays when it was opened inside."""
    while address[-1] in ".,;:!?*_~…" or (
        address[-1] in _OPENS and address.count(_OPENS[address[-1]]) < address.count(address[-1])
    ):
        address = address[:-1]
    return address


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
    return gettext("waiting for a person") if now_is is Mode.WAITING else gettext("bot")


@register.filter
def several(instances: object) -> bool:
    """More than one number is connected, so that each conversation says which it is on."""
    return len(settings.EVOLUTION_INSTANCES) > 1
