"""What happens at the gateway: messages come in, go out, get acknowledged, and each is announced as 2.3.6 does it."""

from __future__ import annotations

import base64
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from . import records
from .agenda import Agenda, Pool
from .content import Content, sent_context
from .delivery import Delivery, Hook, Post, request_headers
from .failures import Failures
from .memory import Instance, Limits
from .records import OWN_PUSH_NAME, Row
from .words import JSON, JSONDict, dumps

#: Source: evolution-api 2.3.6, the names webhook/set accepts; an empty list means all of them.
EVENTS = (
    "APPLICATION_STARTUP", "QRCODE_UPDATED", "MESSAGES_SET", "MESSAGES_UPSERT", "MESSAGES_EDITED", "MESSAGES_UPDATE",
    "MESSAGES_DELETE", "SEND_MESSAGE", "SEND_MESSAGE_UPDATE", "CONTACTS_SET", "CONTACTS_UPSERT", "CONTACTS_UPDATE",
    "PRESENCE_UPDATE", "CHATS_SET", "CHATS_UPSERT", "CHATS_UPDATE", "CHATS_DELETE", "GROUPS_UPSERT", "GROUP_UPDATE",
    "GROUP_PARTICIPANTS_UPDATE", "CONNECTION_UPDATE", "LABELS_EDIT", "LABELS_ASSOCIATION", "CALL", "TYPEBOT_START",
    "TYPEBOT_CHANGE_STATUS", "REMOVE_INSTANCE", "LOGOUT_INSTANCE", "INSTANCE_CREATE", "INSTANCE_DELETE",
    "STATUS_INSTANCE",
)  # fmt: skip

#: SERVER_ACK, DELIVERY_ACK and READ, in the order in which they come.
RECEIPTS = ("SERVER_ACK", "DELIVERY_ACK", "READ")


@dataclass(frozen=True)
class Sent:
    """One message that was delivered to a lead."""

    #: Counts everything that was sent, over all leads.
    number: int
    instance: str
    jid: str
    id: str
    type_name: str
    text: str
    #: "api", "phone" or "integration".
    by: str
    #: Seconds since the epoch.
    at: float


Listener = Callable[[Sent], object]


class World:
    """The state of the gateway, and what happens in it. Safe between threads; never holds its lock while it waits."""

    def __init__(
        self,
        instances: Iterable[str] = ("voice_sdr_v4",),
        *,
        background: bool = True,
        receipts: Sequence[float] | None = None,
        retry_scale: float = 1.0,
        post: Post | None = None,
        server_url: str = "http://127.0.0.1:8080",
        expose_token: bool = False,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`receipts`: seconds after a send at which it is acknowledged, delivered and read; None: only on demand.

        `background=False` posts webhooks in the calling thread: for unit tests.
        """
        self.clock = clock
        self.server_url = server_url
        #: How long after the answer of a send its event leaves, for every other send; the others leave before it.
        self.send_event_late_s = 0.004
        self.failures = Failures()
        self.delivery = Delivery(post=post, background=background, retry_scale=retry_scale)
        #: Grows with everything that happens: the page asks only for what is new.
        self.version = 0
        self.sleep = sleep
        self._background = background
        self._receipts = receipts
        self._expose_token = expose_token
        self._limits = limits or Limits()
        self.lock = threading.RLock()
        self._pool = Pool(8, "sandbox-world")
        self.agenda = Agenda(self._pool)
        self._instances: dict[str, Instance] = {}
        #: Messages of leads that our side marked as read: (instance, jid, id).
        self.read_marks: deque[tuple[str, str, str]] = deque(maxlen=10_000)
        self._sent: deque[Sent] = deque(maxlen=100_000)
        self._sent_count = 0
        self._listeners: list[Listener] = []
        #: Per instance, what waits for a messages.edited webhook to be delivered.
        self._behind_edit: dict[str, deque[Callable[[], None]]] = {}
        for number, name in enumerate(instances):
            self._open_from_the_start(name, _own_number(number))

    def close(self) -> None:
        """Stop everything that runs later; nothing is waited for."""
        self.agenda.close()
        self._pool.close()
        self.delivery.close()

    def _open_from_the_start(self, name: str, number: str) -> None:
        instance = Instance(name, number, self.clock(), self._limits)
        instance.state = instance.stored_state = "open"
        instance.was_ever_open = True
        self._instances[name] = instance

    def new_instance(self, name: str, *, number: object, integration: str) -> Instance:
        """Make an instance that is not connected yet."""
        with self.lock:
            owner = str(number) if number else _own_number(len(self._instances))
            instance = Instance(name, owner, self.clock(), self._limits, integration=integration)
            instance.number = str(number) if number else None
            self._instances[name] = instance
            return instance

    def forget_instance(self, instance: Instance) -> None:
        """It does not exist any more."""
        with self.lock:
            self._instances.pop(instance.name, None)

    def instance(self, name: str | None = None) -> Instance:
        """The instance called `name`, or the first. Raises KeyError."""
        with self.lock:
            return self._instances[name] if name is not None else next(iter(self._instances.values()))

    def instances(self) -> list[Instance]:
        """All of them."""
        with self.lock:
            return list(self._instances.values())

    # ------------------------------------------------------------------------------------------------- announcing

    def emit(
        self,
        instance: Instance,
        event: str,
        data: JSON,
        *,
        done: Callable[[], object] | None = None,
        lost: bool = False,
    ) -> None:
        """Post the webhook of `event`, if the instance has one that wants it; `done` runs when that is over."""
        self.version += 1
        finished = done or (lambda: None)
        webhook = instance.webhook
        switches = self.failures.switches
        if lost or switches.webhooks_off or webhook is None or not _wants(webhook, event):
            finished()
            return
        hook = Hook(
            event=event,
            url=_address(webhook, event),
            headers=request_headers(webhook["headers"], self.clock()),
            body=dumps(self._envelope(instance, event, data, webhook["url"])),
            done=finished,
        )
        for _ in range(switches.webhook_copies):
            self.delivery.send(hook)

    def _emit_expected(self, instance: Instance, event: str, data: JSON) -> None:
        self.emit(instance, event, data)
        self.delivery.expect(-1)

    def _envelope(self, instance: Instance, event: str, data: JSON, destination: str) -> JSONDict:
        # Source: evolution-api 2.3.6: `sender` is the instance's own JID and missing until it was connected.
        envelope: JSONDict = {"event": event, "instance": instance.name, "data": data, "destination": destination}
        envelope["date_time"] = records.local_moment(self.clock())
        if instance.was_ever_open:
            envelope["sender"] = instance.owner
        return envelope | {"server_url": self.server_url, "apikey": instance.token if self._expose_token else None}

    # ---------------------------------------------------------------------------------------------------- storing

    def _store(self, instance: Instance, row: Row, content: Content) -> None:
        with self.lock:
            if content.file is not None:
                instance.keep_file(row.key_id, content)
            if not self.failures.switches.storage_off:
                instance.add(row)

    def _row(
        self, instance: Instance, key: JSONDict, content: Content, *, push_name: str | None, at: int, source: str,
        context: JSONDict | None, status: str,
    ) -> Row:  # fmt: skip
        late = self.failures.switches.history_late_s
        with self.lock:
            number = instance.next_number()
        return Row(
            number=number, id=records.database_id(), key=key, push_name=push_name, type_name=content.type_name,
            message=content.message, timestamp=at, instance_id=instance.id, source=source, context=context,
            status=status, visible_at=self.clock() + late if late else 0.0,
        )  # fmt: skip

    def _base64(self, instance: Instance, content: Content) -> str:
        """The file as webhooks and sends carry it; "" when the instance does not."""
        if content.file is None or not instance.base64_active or self.failures.switches.media_fails:
            return ""
        return base64.b64encode(content.file).decode()

    # --------------------------------------------------------------------------------------------------- incoming

    def take_in(
        self, instance: Instance, key: JSONDict, content: Content, *, push_name: str | None, at: int, source: str,
        context: JSONDict | None, lost: bool = False,
    ) -> None:  # fmt: skip
        """A message arrives from WhatsApp: a lead's, or one that a person typed on the phone."""
        status = "SERVER_ACK" if key["fromMe"] else "DELIVERY_ACK"
        row = self._row(
            instance, key, content, push_name=push_name, at=at, source=source, context=context, status=status
        )
        self._inbound(instance, lambda: self._arrive(instance, row, content, lost=lost))

    def _arrive(self, instance: Instance, row: Row, content: Content, *, lost: bool) -> None:
        if instance.is_dead:
            return
        self._store(instance, row, content)
        # Source: evolution-api 2.3.6: media carry "contextInfo": null, other messages without one carry no such field.
        with_context = row.context is not None or content.file is not None
        data = records.event_data(row, with_context=with_context, base64_content=self._base64(instance, content))
        self.emit(instance, "messages.upsert", data, lost=lost)
        self._meet(instance, row, lost=lost)

    def _meet(self, instance: Instance, row: Row, *, lost: bool) -> None:
        name = "" if row.is_from_me else row.push_name
        with self.lock:
            is_new = instance.meet(row.jid, name, self.clock())
            if (chat := instance.chats.get(row.jid)) and not row.is_from_me:
                chat["unreadMessages"] += 1
        contact = {"remoteJid": row.jid, "pushName": name, "profilePicUrl": None, "instanceId": instance.id}
        self.emit(instance, "contacts.upsert" if is_new else "contacts.update", contact, lost=lost)

    def _inbound(self, instance: Instance, step: Callable[[], None]) -> None:
        """Do `step`, behind an edit whose webhook is still on its way."""
        with self.lock:
            waiting = self._behind_edit.get(instance.name)
            if waiting is not None:
                waiting.append(step)
                return
        step()

    def announce_edit(self, instance: Instance, data: JSONDict, *, lost: bool = False) -> None:
        """Emit messages.edited; whatever comes in on this instance waits until that is delivered or given up."""
        # Source: evolution-api 2.3.6: the one event that the inbound pipeline awaits, retries included.
        if not self._background:
            self.emit(instance, "messages.edited", data, lost=lost)
            return
        with self.lock:
            self._behind_edit.setdefault(instance.name, deque())
        self.emit(instance, "messages.edited", data, lost=lost, done=lambda: self._after_edit(instance.name))

    def _after_edit(self, name: str) -> None:
        with self.lock:
            waiting = self._behind_edit.pop(name, deque())
        for step in waiting:
            step()

    # --------------------------------------------------------------------------------------------------- outgoing

    def put_out(
        self, instance: Instance, jid: str, content: Content, *, context: JSONDict | None, by: str = "api"
    ) -> JSONDict:
        """A message leaves through the API; gives the answer of the call."""
        now = self.clock()
        key = {"remoteJid": jid, "fromMe": True, "id": records.message_id("web")}
        row = self._row(
            instance, key, content, push_name=OWN_PUSH_NAME, at=int(now), source="web", context=context,
            status="PENDING",
        )  # fmt: skip
        self._store(instance, row, content)
        number = self.note_sent(instance, row, content, by, now)
        data = records.event_data(row, with_context=context is not None, base64_content=self._base64(instance, content))
        # Source: evolution-api 2.3.6: the event and the answer of the call come in either order.
        if self._background and number % 2:
            self.delivery.expect()
            self.agenda.after(self.send_event_late_s, lambda: self._emit_expected(instance, "send.message", data))
        else:
            self.emit(instance, "send.message", data)
        self._receipts_for(instance, row)
        return data

    def note_sent(self, instance: Instance, row: Row, content: Content, by: str, at: float) -> int:
        """Write the ledger of what leads got; gives the entry's number."""
        with self.lock:
            self._sent_count += 1
            entry = Sent(self._sent_count, instance.name, row.jid, row.key_id, content.type_name, content.text, by, at)
            self._sent.append(entry)
            instance.presences.pop(row.jid, None)
        for listener in self._listeners:
            listener(entry)
        return entry.number

    def on_sent(self, listener: Listener) -> None:
        """Call `listener` with everything that is delivered to a lead from now on."""
        self._listeners.append(listener)

    def sent(self, jid: str | None = None, *, instance: str | None = None, by: str | None = None) -> list[Sent]:
        """What was delivered, oldest first: to one lead, on one instance, from one origin, or all."""
        with self.lock:
            entries = list(self._sent)
        return [
            entry
            for entry in entries
            if jid in (None, entry.jid) and instance in (None, entry.instance) and by in (None, entry.by)
        ]

    # --------------------------------------------------------------------------------------------------- receipts

    def _receipts_for(self, instance: Instance, row: Row) -> None:
        if self._receipts is None:
            return
        for seconds, status in zip(self._receipts, RECEIPTS, strict=False):
            self.agenda.after(seconds, lambda status=status: self.acknowledge(instance, row, status))  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    def acknowledge(self, instance: Instance, row: Row, status: str) -> None:
        """WhatsApp reports `status` for a message of ours; the same report a second time is not announced."""
        with self.lock:
            if instance.is_dead or status in (known for _, known in row.updates):
                return
            is_stored = instance.find(row.key_id) is not None
            if is_stored:
                row.updates.append((records.database_id(), status))
            chat = instance.chats.get(row.jid)
            if chat:
                chat.update(unreadMessages=0, updated=self.clock())
        if not is_stored:
            # Source: evolution-api 2.3.6: the status of a message that is not in the database is skipped.
            return
        self.emit(instance, "messages.update", records.status_event(row, status))
        if chat:
            data = [{"remoteJid": row.jid, "instanceId": instance.id, "unreadMessages": 0}]
            self.emit(instance, "chats.upsert", data)

    # -------------------------------------------------------------------------------------------------- connection

    def set_state(self, instance: Instance, state: str, reason: int = 200) -> None:
        """The connection changes; announced as the gateway would."""
        data: JSONDict = {"instance": instance.name}
        with self.lock:
            instance.state = state
            instance.updated = self.clock()
            if state == "open":
                self._log_in(instance)
                data |= {"wuid": instance.owner, "profileName": instance.profile_name, "profilePictureUrl": None}
            elif state in ("close", "refused"):
                instance.state = instance.stored_state = "close"
                instance.forget_code()
        self.emit(instance, "connection.update", data | {"state": state, "statusReason": reason})

    def _log_in(self, instance: Instance) -> None:
        instance.stored_state = "open"
        instance.was_ever_open = True
        instance.is_dead = False
        instance.disconnection = None
        instance.forget_code()
        # Source: evolution-api 2.3.6: webhookBase64 is read when the instance connects, and only then.
        instance.base64_active = bool(instance.webhook and instance.webhook["webhookBase64"])

    def log_out(self, instance: Instance, reason: int = 401) -> None:
        """WhatsApp or the API ends the session for good."""
        now = records.moment(self.clock())
        gone = f'{{"error":{{"output":{{"statusCode":{reason}}}}},"date":"{now}"}}'
        with self.lock:
            instance.disconnection = {"code": reason, "object": gone, "at": now}
        status = {
            "instance": instance.name, "status": "closed", "disconnectionAt": now,
            "disconnectionReasonCode": reason, "disconnectionObject": gone,
        }  # fmt: skip
        self.emit(instance, "status.instance", status)
        self.emit(instance, "logout.instance", None)
        self.set_state(instance, "close", reason)


def _own_number(index: int) -> str:
    """The number of the sandbox's instance number `index`."""
    return "5511999990000" if index == 0 else f"55119888800{index:02d}"


def _wants(webhook: Mapping[str, JSON], event: str) -> bool:
    name = event.upper().replace(".", "_")
    # Source: evolution-api 2.3.6: an address that is not http(s) is stored and never called.
    return (
        bool(webhook["enabled"])
        and str(webhook["url"]).startswith(("http://", "https://"))
        and name in webhook["events"]
    )


def _address(webhook: Mapping[str, JSON], event: str) -> str:
    url = str(webhook["url"])
    return f"{url.rstrip('/')}/{event.replace('.', '-')}" if webhook["webhookByEvents"] else url


def api_context(jid: str, at: int) -> JSONDict | None:
    """contextInfo that a message sent through the API carries; none in groups."""
    return None if jid.endswith("@g.us") else sent_context(at)
