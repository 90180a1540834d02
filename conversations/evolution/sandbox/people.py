"""What people do: leads write from their phones, a rep types on the company's phone, another integration sends.

Every act is what the real gateway would notice of it: a row, and webhooks. `webhook=False`: the webhook is lost.
`at` is a clock time in seconds (for a past); None is now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from . import content as contents
from . import records
from .content import Content
from .memory import Instance
from .reads import Ties
from .records import OWN_PUSH_NAME, Row, message_id
from .words import JSONDict
from .world import RECEIPTS, World, api_context


@dataclass(frozen=True)
class _Origin:
    """Who writes, as the gateway sees it."""

    jid: str
    #: The lead's other address: the phone of a @lid, or the reverse.
    alt: str | None = None
    #: The author in a group.
    participant: str | None = None
    source: str = "android"


class People(World):
    """The acts of everybody but the API's client. `instance` is a name; None is the first one."""

    #: The order of messages of one second, see `reads`.
    ties: Ties = "per_call"

    # ------------------------------------------------------------------------------------------------------ leads

    def lead_writes(
        self, jid: str, text: str, *, name: str | None = "Lead", quoted: str | None = None, at: float | None = None,
        alt: str | None = None, participant: str | None = None, source: str = "android", webhook: bool = True,
        instance: str | None = None, id: str | None = None,
    ) -> str:  # fmt: skip
        """The lead writes `text`; gives the message's id. `quoted` is the id of the message it answers."""
        return self.lead_sends(
            jid, contents.text(text), name=name, quoted=quoted, at=at, alt=alt, participant=participant, source=source,
            webhook=webhook, instance=instance, id=id,
        )  # fmt: skip

    def lead_sends_audio(
        self, jid: str, file: bytes, mime: str = "audio/ogg; codecs=opus", seconds: int = 3, *,
        name: str | None = "Lead", at: float | None = None, alt: str | None = None, webhook: bool = True,
        instance: str | None = None,
    ) -> str:  # fmt: skip
        """The lead records a voice note; gives the message's id."""
        content = contents.audio(file, mime, seconds, at=int(at or self.clock()))
        return self.lead_sends(jid, content, name=name, at=at, alt=alt, webhook=webhook, instance=instance)

    def lead_sends(
        self, jid: str, message: Content | JSONDict, type_name: str = "", *, name: str | None = "Lead",
        quoted: str | None = None, at: float | None = None, alt: str | None = None, participant: str | None = None,
        source: str = "android", context: JSONDict | None = None, webhook: bool = True, instance: str | None = None,
        id: str | None = None,
    ) -> str:  # fmt: skip
        """The lead sends anything: a `Content`, or a raw `message` with its messageType; gives the message's id."""
        where = self.instance(instance)
        content = message if isinstance(message, Content) else Content(type_name or next(iter(message)), message)
        key = _lead_key(_Origin(jid, alt, participant, source), id)
        if jid.endswith("@g.us") and where.settings["groupsIgnore"]:
            return str(key["id"])
        quote = self._quote(where, jid, quoted)
        self.take_in(
            where, key, content, push_name=name, at=int(at if at is not None else self.clock()), source=source,
            context=(context or {}) | quote if quote or context else None, lost=not webhook,
        )  # fmt: skip
        return str(key["id"])

    def lead_edits(self, id: str, text: str, *, webhook: bool = True, instance: str | None = None) -> None:
        """The lead corrects a message. Raises KeyError for an unknown id."""
        where, row = self._row_of(id, instance)
        now = self.clock()
        with self.lock:
            # Source: evolution-api 2.3.6: the row is overwritten and moves to the time of the edit.
            row.message, row.type_name, row.timestamp = {"conversation": text}, "conversation", int(now)
            row.updates.append((records.database_id(), "EDITED"))
        data = {"key": _plain_key(row), "type": 14, "editedMessage": {"conversation": text}}
        self.announce_edit(where, data | {"timestampMs": str(int(now * 1000))}, lost=not webhook)

    def lead_deletes(self, id: str, *, webhook: bool = True, instance: str | None = None) -> None:
        """The lead takes a message back. Raises KeyError for an unknown id."""
        where, row = self._row_of(id, instance)
        now = self.clock()
        with self.lock:
            # Source: evolution-api 2.3.6: the content stays, the time moves, and the status EDITED often comes as well.
            row.timestamp = int(now)
            row.updates += [(records.database_id(), status) for status in ("EDITED", "DELETED")]
        edited = {"key": _plain_key(row), "type": 0, "timestampMs": str(int(now * 1000))}
        self.announce_edit(where, edited, lost=not webhook)
        self.emit(where, "messages.delete", _plain_key(row), lost=not webhook)

    def lead_reacts(
        self, id: str, emoji: str, *, name: str | None = "Lead", webhook: bool = True, instance: str | None = None
    ) -> str:
        """The lead reacts to a message, or takes the reaction back (""). Raises KeyError for an unknown id."""
        _, row = self._row_of(id, instance)
        content = contents.reaction(_plain_key(row), emoji, str(int(self.clock() * 1000)))
        return self.lead_sends(row.jid, content, name=name, webhook=webhook, instance=instance)

    def lead_types(
        self, jid: str, presence: str = "composing", *, webhook: bool = True, instance: str | None = None
    ) -> None:
        """The lead is "composing", "recording", "paused", "available" or "unavailable"."""
        data = {"id": jid, "presences": {jid: {"lastKnownPresence": presence}}}
        self.emit(self.instance(instance), "presence.update", data, lost=not webhook)

    def lead_reads(self, jid: str, *, up_to: str = "READ", instance: str | None = None) -> int:
        """The lead's phone gets ("DELIVERY_ACK") or the lead reads ("READ") all our messages; gives how many."""
        where = self.instance(instance)
        with self.lock:
            rows = [row for row in where.rows.get(jid, ()) if row.is_from_me]
        for row in rows:
            for status in RECEIPTS[: RECEIPTS.index(up_to) + 1]:
                self.acknowledge(where, row, status)
        return len(rows)

    def chat_appears(self, jid: str, name: str, *, webhook: bool = True, instance: str | None = None) -> None:
        """WhatsApp's own chat list brings a chat with its saved name: only then does findChats know a name."""
        where = self.instance(instance)
        with self.lock:
            row = where.save_chat(jid, name, self.clock())
        data = {"remoteJid": jid, "instanceId": where.id, "name": name, "unreadMessages": row["unreadMessages"]}
        self.emit(where, "chats.upsert", [data], lost=not webhook)

    # ------------------------------------------------------------------------------------------------- our own side

    def phone_types(
        self, jid: str, text: str, *, source: str = "android", at: float | None = None, webhook: bool = True,
        instance: str | None = None,
    ) -> str:  # fmt: skip
        """A person answers on the company's phone (or on WhatsApp Web, `source="web"`); gives the message's id."""
        return self.phone_sends(jid, contents.text(text), source=source, at=at, webhook=webhook, instance=instance)

    def phone_sends(
        self, jid: str, content: Content, *, source: str = "android", at: float | None = None, webhook: bool = True,
        instance: str | None = None,
    ) -> str:  # fmt: skip
        """As `phone_types`, with any content."""
        where = self.instance(instance)
        key: JSONDict = {"remoteJid": jid, "fromMe": True, "id": message_id(source)}
        time = int(at if at is not None else self.clock())
        row = self._row(
            where, key, content, push_name=where.profile_name, at=time, source=source, context=None,
            status="SERVER_ACK",
        )  # fmt: skip
        self._inbound(where, lambda: self._arrive(where, row, content, lost=not webhook))
        self.note_sent(where, row, content, "phone", at if at is not None else self.clock())
        return row.key_id

    def another_integration_sends(self, jid: str, text: str, *, instance: str | None = None) -> str:
        """Something else than us sends through the same API; gives the message's id."""
        content = contents.text(text)
        data = self.put_out(
            self.instance(instance), jid, content, context=api_context(jid, int(self.clock())), by="integration"
        )
        return str(data["key"]["id"])

    def was_sent(
        self, jid: str, content: Content, *, at: float, by: Literal["phone", "integration"] = "phone",
        status: str = "READ", instance: str | None = None,
    ) -> str:  # fmt: skip
        """A past: typed on the phone, or sent through the API by something else, at `at`; it came as far as `status`.

        No webhook, no ledger. Gives the message's id.
        """
        where = self.instance(instance)
        is_typed = by == "phone"
        source = "android" if is_typed else "web"
        key: JSONDict = {"remoteJid": jid, "fromMe": True, "id": message_id(source)}
        row = self._row(
            where, key, content, push_name=where.profile_name if is_typed else OWN_PUSH_NAME, at=int(at),
            source=source, context=None if is_typed else api_context(jid, int(at)),
            status="SERVER_ACK" if is_typed else "PENDING",
        )  # fmt: skip
        row.updates = [(records.database_id(), known) for known in RECEIPTS[: RECEIPTS.index(status) + 1]]
        self._store(where, row, content)
        return row.key_id

    # ------------------------------------------------------------------------------------------------------ helpers

    def _row_of(self, id: str, instance: str | None) -> tuple[Instance, Row]:
        where = self.instance(instance)
        with self.lock:
            row = where.find(id)
        if row is None:
            raise KeyError(id)
        return where, row

    def _quote(self, where: Instance, jid: str, quoted: str | None) -> JSONDict:
        with self.lock:
            row = where.find(quoted) if quoted else None
        return quote_of(row, where, jid) if row else {}


def quote_of(row: Row, where: Instance, jid: str) -> JSONDict:
    """contextInfo of a message in `jid` that answers `row`."""
    author = where.owner if row.is_from_me else row.key.get("participant") or row.jid
    return {"stanzaId": row.key_id, "participant": author, "quotedMessage": records.jsonb(row.message)}


def _lead_key(origin: _Origin, id: str | None) -> JSONDict:
    key: JSONDict = {"remoteJid": origin.jid, "fromMe": False, "id": id or message_id(origin.source)}
    if origin.participant:
        key["participant"] = origin.participant
    if origin.alt:
        key["remoteJidAlt"] = origin.alt
    if origin.jid.endswith("@lid"):
        key["addressingMode"] = "lid"
    return key


def _plain_key(row: Row) -> JSONDict:
    return {"remoteJid": row.jid, "fromMe": row.is_from_me, "id": row.key_id}
