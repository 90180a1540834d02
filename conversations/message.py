"""The value types of a conversation: what was said, by whom, and what the gateway told us about it.

Frozen and pure. They are read from the gateway's JSON in `evolution/wire.py` and its neighbours and nowhere else; after
it nobody touches a raw record again. The user's logical message table maps to `Message` so: id `id`, remoteJid `jid`,
fromMe `from_me`, instanceId `instance`, pushName `push_name`, messageType `type_name`, body `text`,
mediaUrl `media.url`, createdAt `sent_at`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from conversations.jid import JID


class Key(NamedTuple):
    """Which conversation: one lead on one instance, however many JIDs the lead has (`identity.py`)."""

    instance: str
    #: The conversation's id: the JID it is filed under, the lead's phone JID where it is known.
    conversation: JID


class Author(str, Enum):
    """Who wrote a message."""

    LEAD = "lead"
    BOT = "bot"
    REP = "rep"
    PHONE = "phone"
    #: Sent through the gateway's API, but not by us: another integration.
    OTHER = "other"


class Kind(str, Enum):
    """What sort of thing a message is, in our words (the gateway's own word stands in `Message.type_name`)."""

    TEXT = "text"
    AUDIO = "audio"
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    LIVE_LOCATION = "live_location"
    CONTACT = "contact"
    REACTION = "reaction"
    #: An answer to a list, button, template or interactive message; `text` is what was chosen.
    CHOICE = "choice"
    POLL = "poll"
    ORDER = "order"
    #: A view-once wrapper: it can be opened once, on the phone, and not by us.
    VIEW_ONCE = "view_once"
    #: Anything we do not know; `type_name` says what the gateway calls it.
    UNSUPPORTED = "unsupported"


class Status(str, Enum):
    """How far a message of ours got, in rising order; the gateway's words."""

    ERROR = "ERROR"
    PENDING = "PENDING"
    SERVER_ACK = "SERVER_ACK"
    DELIVERY_ACK = "DELIVERY_ACK"
    READ = "READ"
    PLAYED = "PLAYED"

    @property
    def rank(self) -> int:
        """Position in the order above, 0 for ERROR."""
        return list(Status).index(self)


@dataclass(frozen=True, slots=True)
class Media:
    """A file that came with a message. Its bytes are fetched on demand and never kept."""

    #: MIME type as the sender's phone gave it, parameters included; "" when unknown.
    mime_type: str = ""
    #: Where the gateway says it lies. An encrypted WhatsApp address, or a presigned link of the gateway's own store.
    url: str = ""
    #: True when `url` can be read as it is (the gateway's store), false for WhatsApp's encrypted ones.
    is_readable: bool = False
    #: Length of sound or film, in seconds; None when unknown.
    seconds: int | None = None
    #: In bytes; None when unknown.
    size: int | None = None
    file_name: str = ""
    #: Recorded in WhatsApp by holding the microphone (ptt), not a sound file.
    is_voice_note: bool = False
    #: In pixels; None when unknown.
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that this one answers."""

    id: str
    #: "" when the gateway gives no text for it (media without a caption).
    text: str = ""
    kind: Kind = Kind.TEXT
    #: Who wrote the quoted message, when the gateway says it; a person or group member's JID.
    participant: JID | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """A reaction to another message."""

    target_id: str
    #: "" means that the reaction was taken back.
    emoji: str
    #: True when the reacted message is one of ours.
    target_is_from_me: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A location."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A contact somebody shared."""

    name: str
    #: As written in the vCard; may be empty.
    phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Referral:
    """The click-to-WhatsApp advertisement a lead came from."""

    title: str = ""
    body: str = ""
    source_url: str = ""
    source_id: str = ""
    source_type: str = ""
    click_id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said in a conversation."""

    #: The gateway's key id: the same in webhook and history. Not guaranteed unique there; we deduplicate on it.
    id: str
    #: Where it was said, exactly as received: a reply goes to this address.
    jid: JID
    instance: str
    from_me: bool
    kind: Kind
    #: When the author's device sent it, aware UTC, whole seconds. Moves forward when the message is edited.
    sent_at: datetime
    author: Author
    #: The gateway's word for the kind: "conversation", "audioMessage", …
    type_name: str
    #: What was said: text, caption, choice, or the transcript once there is one; "" for media without words.
    text: str = ""
    #: The profile name of a lead; "" for our own messages (the gateway writes "Você" there) and when unknown.
    push_name: str = ""
    #: The lead's other address (phone JID for a @lid, or the reverse), where WhatsApp told it. Lead messages only.
    alt_jid: JID | None = None
    #: Who wrote it in a group.
    participant: JID | None = None
    media: Media | None = None
    quote: Quote | None = None
    reaction: Reaction | None = None
    place: Place | None = None
    cards: tuple[Card, ...] = ()
    referral: Referral | None = None
    #: Delivery of our own messages; None when the gateway tells nothing.
    status: Status | None = None
    is_edited: bool = False
    is_deleted: bool = False
    #: True for our own messages that carry the marks of a send through the gateway's API (contract: `send.message`).
    is_api_shaped: bool = False
    #: Which device: "android", "ios", "web", "desktop", "unknown".
    source: str = ""
    #: Arrived inside a disappearing-messages wrapper.
    is_ephemeral: bool = False
    #: Tells of something instead of saying it (another message was edited or revoked, a call, a pin): never answered.
    is_notice: bool = False
    #: Who of us wrote it (REP), or read it before it went (BOT); a display name, filled in from the ledger.
    author_name: str = ""
    #: Ids of the lead's messages that it answers, oldest first, where the ledger knows them: the bot's own. Empty for a
    #: word that answers nothing (that a person comes, that we are closed); None where nobody knows.
    answers: tuple[str, ...] | None = None

    @property
    def is_from_lead(self) -> bool:
        """Written by the person on the other side."""
        return not self.from_me

    @property
    def waits_for_answer(self) -> bool:
        """A lead's message of the sort that is answered: not a reaction, not a notice, not deleted."""
        return self.is_from_lead and not (self.is_deleted or self.is_notice or self.kind is Kind.REACTION)


@dataclass(frozen=True, slots=True)
class Chat:
    """One row of the gateway's list of chats: one JID with its last message. Two may be one lead."""

    instance: str
    jid: JID
    #: The name the gateway keeps for the chat; "" when it has none.
    name: str
    picture_url: str
    last_message: Message | None


# ------------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """`messages.upsert`: a lead wrote, or (from_me) a person typed on the phone or another device."""

    instance: str
    message: Message


@dataclass(frozen=True, slots=True)
class MessageSent:
    """`send.message`: something left through the gateway's API, ours or another integration's."""

    instance: str
    message: Message


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """`messages.update`: delivery progress of one message."""

    instance: str
    message_id: str
    jid: JID
    from_me: bool
    #: None for a status word we do not know.
    status: Status | None
    #: True when the gateway's status word is DELETED.
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """`messages.edited` or `send.message.update`: the text of an earlier message changed."""

    instance: str
    message_id: str
    jid: JID
    from_me: bool
    text: str
    #: When, aware UTC to the millisecond: tells two edits of one message apart. None when the gateway does not say.
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """`messages.delete`, by the lead or through the API (or `messages.edited` of type 0, a lead's revocation)."""

    instance: str
    message_id: str
    jid: JID
    from_me: bool


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """`connection.update`: the state of a WhatsApp number at the gateway."""

    instance: str
    #: "connecting", "open", "close" or "refused".
    state: str
    #: WhatsApp's status code, 200 when open; None when absent.
    reason: int | None = None


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """`presence.update`: the lead is typing, recording, or stopped."""

    instance: str
    jid: JID
    #: "composing", "recording", "available", "unavailable" or "paused".
    presence: str

    @property
    def is_composing(self) -> bool:
        """Writing or recording right now."""
        return self.presence in ("composing", "recording")


@dataclass(frozen=True, slots=True)
class QRCodeChanged:
    """`qrcode.updated`: a new code to scan, or (both empty) the end of the attempts."""

    instance: str
    code: str = field(default="", repr=False)
    pairing_code: str = field(default="", repr=False)
    #: data:image/png;base64,…
    image: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unused:
    """An event the gateway may send and we have no use for, or one we do not know."""

    instance: str
    event: str
    #: False when the event's name is not in the gateway's list at all.
    is_known: bool = True


Event = (
    MessageReceived
    | MessageSent
    | MessageStatus
    | MessageEdited
    | MessageDeleted
    | ConnectionChanged
    | PresenceChanged
    | QRCodeChanged
    | Unused
)
