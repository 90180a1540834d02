"""What one instance of the gateway remembers: messages, contacts, chats, files.

Bounded, and gone with the process. Not thread-safe by itself: `World` holds the lock.
"""

from __future__ import annotations

import secrets
import uuid
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from .content import Content
from .records import Row, database_id, moment
from .words import JSONDict

SETTING_NAMES = ("rejectCall", "groupsIgnore", "alwaysOnline", "readMessages", "readStatus", "syncFullHistory")


@dataclass(frozen=True)
class Limits:
    """How much is kept; the oldest goes first."""

    chats: int = 20_000
    messages_per_chat: int = 1_000
    #: All messages of an instance.
    messages: int = 400_000
    #: Bytes of all files of an instance.
    files: int = 64 * 1024 * 1024


@dataclass
class Presence:
    """What our side shows to a lead right now: "composing", until when."""

    kind: str
    until: float


@dataclass
class Instance:
    """One WhatsApp number at the gateway."""

    name: str
    owner_number: str
    created: float
    limits: Limits = field(default_factory=Limits)
    profile_name: str = "Voice SDR"
    integration: str = "WHATSAPP-BAILEYS"
    token: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    number: str | None = None
    #: What connectionState says: "open", "connecting" or "close".
    state: str = "close"
    #: The column that fetchInstances shows; written only on QR, login and final logout.
    stored_state: str = "close"
    was_ever_open: bool = False
    #: The socket is dead although the state says open: sends answer 500, nothing comes in.
    is_dead: bool = False
    disconnection: JSONDict | None = None
    updated: float = 0.0
    settings_id: str = field(default_factory=database_id)
    settings: JSONDict = field(
        default_factory=lambda: {"msgCall": "", "wavoipToken": ""} | dict.fromkeys(SETTING_NAMES, False)
    )
    #: The stored webhook, in the names of the answers; None until it is set.
    webhook: JSONDict | None = None
    #: webhookBase64 as it was when the instance connected: only that counts.
    base64_active: bool = False
    labels: list[JSONDict] = field(default_factory=list)
    #: Codes shown since `close`, and the present one.
    qr_count: int = 0
    qr_code: str = ""
    qr_at: float = 0.0
    pairing_code: str | None = None
    contacts: dict[str, JSONDict] = field(default_factory=dict)
    chats: dict[str, JSONDict] = field(default_factory=dict)
    presences: dict[str, Presence] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    archived: set[str] = field(default_factory=set)
    rows: OrderedDict[str, list[Row]] = field(default_factory=OrderedDict)
    row_count: int = 0
    by_key_id: dict[str, list[Row]] = field(default_factory=dict)
    #: What was taken back by the API: the gateway forgets it, phones go on showing that there was something.
    revoked: deque[Row] = field(default_factory=lambda: deque(maxlen=1_000))
    files: OrderedDict[str, Content] = field(default_factory=OrderedDict)
    files_size: int = 0
    _numbers: int = 0

    @property
    def owner(self) -> str:
        """The instance's own JID."""
        return f"{self.owner_number}@s.whatsapp.net"

    def next_number(self) -> int:
        """Rows are numbered in the order in which they are stored."""
        self._numbers += 1
        return self._numbers

    # ------------------------------------------------------------------------------------------------- messages

    def add(self, row: Row) -> None:
        """Store `row`; forget the oldest beyond the limits."""
        rows = self.rows.get(row.jid)
        if rows is None:
            rows = self.rows[row.jid] = []
        rows.append(row)
        self.rows.move_to_end(row.jid)
        self.by_key_id.setdefault(row.key_id, []).append(row)
        self.row_count += 1
        if len(rows) > self.limits.messages_per_chat:
            self.remove(rows[0])
        while len(self.rows) > self.limits.chats or self.row_count > self.limits.messages:
            self._forget_quietest_chat()

    def remove(self, row: Row) -> None:
        """Take `row` out; its file goes too."""
        rows = self.rows.get(row.jid, [])
        if row not in rows:
            return
        rows.remove(row)
        self.row_count -= 1
        if not rows:
            self.rows.pop(row.jid, None)
        self._unindex(row)

    def _unindex(self, row: Row) -> None:
        same_id = [other for other in self.by_key_id.get(row.key_id, []) if other is not row]
        if same_id:
            self.by_key_id[row.key_id] = same_id
            return
        self.by_key_id.pop(row.key_id, None)
        if content := self.files.pop(row.key_id, None):
            self.files_size -= len(content.file or b"")

    def _forget_quietest_chat(self) -> None:
        jid, rows = self.rows.popitem(last=False)
        self.row_count -= len(rows)
        for row in rows:
            self._unindex(row)
        for table in (self.contacts, self.chats, self.presences):
            table.pop(jid, None)

    def find(self, key_id: str) -> Row | None:
        """The first row with WhatsApp's id `key_id`."""
        rows = self.by_key_id.get(key_id)
        return rows[0] if rows else None

    def visible(self, now: float, jid: str | None = None) -> list[Row]:
        """The rows that a read finds at `now`, in one chat or in all; in no particular order."""
        if jid is not None:
            return [row for row in self.rows.get(jid, ()) if row.visible_at <= now]
        return [row for rows in self.rows.values() for row in rows if row.visible_at <= now]

    # ---------------------------------------------------------------------------------------- files and contacts

    def keep_file(self, key_id: str, content: Content) -> None:
        """Keep the file of a message for getBase64FromMediaMessage; the oldest files go first."""
        self.files[key_id] = content
        self.files_size += len(content.file or b"")
        while self.files_size > self.limits.files and len(self.files) > 1:
            _, oldest = self.files.popitem(last=False)
            self.files_size -= len(oldest.file or b"")

    def meet(self, jid: str, push_name: str | None, now: float) -> bool:
        """Note the contact behind a message; true when it is new."""
        known = self.contacts.get(jid)
        if known is None:
            self.contacts[jid] = {
                "id": database_id(), "remoteJid": jid, "pushName": push_name, "profilePicUrl": None,
                "created": now, "updated": now,
            }  # fmt: skip
            return True
        # Source: evolution-api 2.3.6: a message of our own carries pushName "", which empties the contact's name.
        known.update(pushName=push_name, updated=now)
        return False

    def save_chat(self, jid: str, name: str | None, now: float) -> JSONDict:
        """Make the Chat row that WhatsApp's own chat list brings."""
        row = self.chats.setdefault(
            jid,
            {"id": database_id(), "remoteJid": jid, "name": name, "created": now, "updated": now, "unreadMessages": 0},
        )
        row["name"] = name
        return row

    # --------------------------------------------------------------------------------------------------- QR code

    def new_code(self, now: float) -> None:
        """Show the next QR code."""
        self.qr_count += 1
        self.qr_code = f"2@{secrets.token_urlsafe(48)},{secrets.token_urlsafe(32)},{secrets.token_urlsafe(32)}"
        self.qr_at = now

    def forget_code(self) -> None:
        """No code is shown any more."""
        self.qr_count, self.qr_code, self.qr_at, self.pairing_code = 0, "", 0.0, None

    # -------------------------------------------------------------------------------------------------- as JSON

    def as_row(self) -> JSONDict:
        """One row of fetchInstances."""
        gone = self.disconnection or {}
        return {
            "id": self.id,
            "name": self.name,
            "connectionStatus": self.stored_state,
            "ownerJid": self.owner if self.was_ever_open else None,
            "profileName": self.profile_name if self.was_ever_open else None,
            "profilePicUrl": None,
            "integration": self.integration,
            "number": self.number,
            "businessId": None,
            "token": self.token,
            "clientName": "evolution",
            "disconnectionReasonCode": gone.get("code"),
            "disconnectionObject": gone.get("object"),
            "disconnectionAt": gone.get("at"),
            "createdAt": moment(self.created),
            "updatedAt": moment(self.updated or self.created),
            **dict.fromkeys(("Chatwoot", "Proxy", "Rabbitmq", "Nats", "Sqs", "Websocket")),
            "Setting": {
                "id": self.settings_id,
                **self.settings_in_order(),
                "createdAt": moment(self.created),
                "updatedAt": moment(self.created),
                "instanceId": self.id,
            },
            "_count": {"Message": self.row_count, "Contact": len(self.contacts), "Chat": len(self.chats)},
        }

    def settings_in_order(self) -> JSONDict:
        """The settings as settings/find shows them."""
        names = ("rejectCall", "msgCall", *SETTING_NAMES[1:], "wavoipToken")
        return {name: self.settings[name] for name in names}

    def webhook_row(self) -> JSONDict | None:
        """The stored webhook, as webhook/find shows it."""
        return dict(self.webhook) if self.webhook is not None else None
