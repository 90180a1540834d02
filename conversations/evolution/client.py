"""The gateway, in our words: one method per endpoint used, values out, our errors out. The only file with `requests`.

A read may be asked again, and is, once, when a kept-alive connection turns out to be closed. A send never is: it ends
as sent, as surely not sent (Unreachable, Refused), or as Unconfirmed.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.exceptions import HTTPError as TransportError
from urllib3.exceptions import TimeoutError as TransportTimeout

from conversations.attachments import File
from conversations.deadline import OverdueError, within
from conversations.evolution import answers, bodies, records
from conversations.evolution.answers import (
    Contact,
    Instance,
    InstanceSettings,
    MediaFile,
    Pairing,
    ServerInfo,
    WebhookSettings,
)
from conversations.evolution.errors import (
    Broken,
    NotConnected,
    Refused,
    TooLarge,
    Unconfirmed,
    Unreachable,
    Unreadable,
    WrongKey,
)
from conversations.evolution.fields import JSONDict, as_dict
from conversations.evolution.records import MessagePage
from conversations.evolution.wire import USED_EVENTS
from conversations.jid import JID
from conversations.message import Chat, Message

T = TypeVar("T")

#: Seconds. Just above three: the second try of a lost TCP handshake comes after three.
CONNECT_TIMEOUT_S = 3.05
#: Seconds between bytes of an answer to a read, which may take four times as long in all.
READ_TIMEOUT_S = 15.0
#: Seconds for a file: the gateway fetches it from WhatsApp first, and pauses five before a second try.
MEDIA_TIMEOUT_S = 45.0
#: Seconds in all for a send, from the first byte asked to the last answered.
SEND_DEADLINE_S = 20.0

#: Bytes. The list of 10,000 chats is 9 MB.
LARGEST_ANSWER = 64 * 1024 * 1024
LARGEST_MEDIA = 16 * 1024 * 1024
LARGEST_PICTURE = 200 * 1024
_CHUNK = 64 * 1024

#: Records more than asked for: the gateway orders by whole seconds only, so a page's last second may be cut in two.
TIES = 10
#: The gateway scans all its messages for every page, however small: as few as can be.
_CHATS_PER_PAGE = 10_000
_MOST_PAGES = 50
#: One large page: a time window costs the gateway one scan, however much it gives back.
_MESSAGES_PER_LOOK = 5000


def new_session(*, connections: int = 32) -> requests.Session:
    """A session that many threads may share, because nothing in it changes: it pools connections, and that is all.

    No cookies are kept, no proxy or .netrc of the environment is read, nothing is retried.
    """
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back, read to its end."""

    status: int
    data: bytes
    #: The header Date, "" without one.
    date: str = ""

    def json(self) -> object:
        """The body parsed; None for an empty one. Raises Unreadable."""
        if not self.data.strip():
            return None
        try:
            parsed: object = json.loads(self.data)
        except (ValueError, RecursionError):
            raise Unreadable("the answer is not JSON: is this the gateway's address?", status=self.status) from None
        return parsed


class Picture(NamedTuple):
    """A profile picture, of a kind that a browser only draws."""

    data: bytes
    mime_type: str


#: What a picture begins with.
_PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n": "image/png"}


class EvolutionClient:
    """The gateway. Safe to share between threads; makes no call when constructed.

    Every method may raise Unreachable, Refused and its kinds, Broken and Unreadable (`errors.py`), unless it says more.
    """

    def __init__(
        self, base_url: str, api_key: str, *, session: requests.Session | None = None, timeout: float = READ_TIMEOUT_S
    ) -> None:
        """`timeout` is for reads: seconds between bytes."""
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._session = session or new_session()
        self._timeout = timeout

    def __repr__(self) -> str:
        return "EvolutionClient()"

    # ---------------------------------------------------------------------------------------------- conversations

    def messages(self, instance: str, jid: JID, *, limit: int, before: datetime | None = None) -> list[Message]:
        """The newest `limit` messages of one address, oldest first; with `before`, none sent after that second.

        Each message once. Those that share the second of the oldest come along, up to ten: to page back, ask again
        with `before` set to the oldest second and drop the ids already known.
        """
        asked = bodies.find_messages(jid, 1, limit + TIES, until=before)
        page = self._page(instance, asked)
        found = sorted(records.each_once(reversed(page.messages)), key=lambda said: said.sent_at)
        if len(found) <= limit:
            return found
        oldest = found[-limit].sent_at
        return [said for said in found if said.sent_at >= oldest]

    def messages_page(self, instance: str, jid: JID, page: int, page_size: int) -> MessagePage:
        """One page as the gateway cuts it, newest first; pages may repeat and lose messages of the same second."""
        return self._page(instance, bodies.find_messages(jid, page, page_size))

    def message(self, instance: str, id: str) -> Message | None:
        """One message by its id, None when the gateway has not stored it."""
        page = self._page(instance, bodies.find_message(id))
        return next(iter(records.each_once(page.messages)), None)

    def messages_between(self, instance: str, since: datetime, until: datetime) -> list[Message]:
        """Every message of the instance sent between the two, oldest first, each once, at most 5,000 of them."""
        page = self._page(instance, bodies.find_messages_between(since, until, _MESSAGES_PER_LOOK))
        return sorted(records.each_once(reversed(page.messages)), key=lambda said: said.sent_at)

    def _page(self, instance: str, asked: JSONDict) -> MessagePage:
        answer = self._read("POST", f"/chat/findMessages/{_quoted(instance)}", asked)
        return records.messages_page(answer, instance=instance)

    def chats(
        self,
        instance: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        take: int = _CHATS_PER_PAGE,
    ) -> list[Chat]:
        """Every chat, newest first, each once; with `since` and `until` (both), those with a message between the two.

        Asked page by page to the end, `take` at a time.
        """
        found: dict[JID, Chat] = {}
        for number in range(_MOST_PAGES):
            rows = self._chat_rows(instance, since, until, take, number * take)
            known = len(found)
            for chat in records.chats(rows, instance=instance):
                found.setdefault(chat.jid, chat)
            if len(rows) < take or len(found) == known:
                break
        return list(found.values())

    def chats_page(
        self,
        instance: str,
        *,
        take: int,
        skip: int = 0,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Chat]:
        """One page of the chats, newest first; while new messages come in, pages shift."""
        return records.chats(self._chat_rows(instance, since, until, take, skip), instance=instance)

    def _chat_rows(
        self, instance: str, since: datetime | None, until: datetime | None, take: int, skip: int
    ) -> list[object]:
        asked = bodies.find_chats(since, until, take, skip)
        rows = self._read("POST", f"/chat/findChats/{_quoted(instance)}", asked)
        if not isinstance(rows, list):
            raise Unreadable("answer is not a list of chats")
        return rows

    def contacts(self, instance: str, *, page: int = 1, page_size: int = 500) -> list[Contact]:
        """One page of the contacts, in no order."""
        asked = bodies.find_contacts(None, page, page_size)
        return answers.contacts(self._read("POST", f"/chat/findContacts/{_quoted(instance)}", asked))

    def contact(self, instance: str, jid: JID) -> Contact | None:
        """What the gateway knows of one address, None when nothing."""
        asked = bodies.find_contacts(jid, 1, 1)
        found = answers.contacts(self._read("POST", f"/chat/findContacts/{_quoted(instance)}", asked))
        return next((contact for contact in found if contact.jid == jid), None)

    def picture_url(self, instance: str, jid: JID) -> str:
        """Where the profile picture lies, for a while; "" when there is none to see."""
        asked = bodies.picture(jid)
        return answers.picture_url(self._read("POST", f"/chat/fetchProfilePictureUrl/{_quoted(instance)}", asked))

    def labels(self, instance: str) -> dict[str, str]:
        """The names of the instance's labels, by id; letters outside ASCII are missing from them."""
        return answers.labels(self._read("GET", f"/label/findLabels/{_quoted(instance)}"))

    def chat_labels(self, instance: str, jid: JID) -> list[str]:
        """The ids of one chat's labels. On PostgreSQL evolution-api 2.3.6 keeps none."""
        path = f"/chat/findChatByRemoteJid/{_quoted(instance)}?remoteJid={quote(jid, safe='')}"
        return answers.chat_labels(self._read("GET", path))

    def picture(self, instance: str, jid: JID) -> Picture | None:
        """The profile picture of an address; None when there is none to see."""
        url = self.picture_url(instance, jid)
        if not url or not self._may_be_read(url):
            return None
        try:
            with self._session.get(
                url, timeout=(CONNECT_TIMEOUT_S, self._timeout), stream=True, allow_redirects=False
            ) as response:
                data = _bounded(response, LARGEST_PICTURE, time.monotonic() + self._timeout)
        except (requests.RequestException, TransportError, OSError, _LostError):
            raise Unreachable("the picture cannot be read") from None
        mime_type = next((name for start, name in _PICTURES.items() if data.startswith(start)), "")
        return Picture(data, mime_type) if response.status_code == 200 and mime_type else None

    def _may_be_read(self, url: str) -> bool:
        """Only WhatsApp's own servers and the gateway's: an address that comes from outside leads nowhere else."""
        there, ours = urlsplit(url), urlsplit(self._base_url)
        is_whatsapp = there.scheme == "https" and (there.hostname or "").endswith(".whatsapp.net") and not there.port
        return is_whatsapp or (there.scheme, there.netloc) == (ours.scheme, ours.netloc)

    def media(self, instance: str, message_id: str, *, limit: int = LARGEST_MEDIA) -> MediaFile:
        """The file of a message. Raises TooLarge above `limit` bytes, without having read it all."""
        path = f"/chat/getBase64FromMediaMessage/{_quoted(instance)}"
        # Four characters for three bytes, and some room for the fields beside.
        at_most = limit * 4 // 3 + 16_384
        body = self._read("POST", path, bodies.media_base64(message_id), timeout=MEDIA_TIMEOUT_S, at_most=at_most)
        found = answers.media_file(body)
        if len(found.data) > limit:
            raise TooLarge(f"the file has more than {limit} bytes")
        return found

    # ------------------------------------------------------------------------------------------------------ acts

    def send_text(
        self, instance: str, jid: JID, text: str, *, quoted_id: str = "", deadline: float = SEND_DEADLINE_S
    ) -> Message:
        """Send one text and return it as stored, with its id; over in `deadline` seconds, whatever happens.

        Raises Unreachable and Refused when it surely was not sent, Unconfirmed when it may be out. Never retried.
        """
        return self._send("sendText", instance, bodies.send_text(jid, text, quoted_id), deadline)

    def send_media(
        self, instance: str, jid: JID, file: File, *, caption: str = "", quoted_id: str = "",
        deadline: float = SEND_DEADLINE_S,
    ) -> Message:  # fmt: skip
        """Send one file, as `send_text` does."""
        return self._send("sendMedia", instance, bodies.send_media(jid, file, caption, quoted_id), deadline)

    def send_voice(self, instance: str, jid: JID, sound: bytes, *, deadline: float = SEND_DEADLINE_S) -> Message:
        """Send a voice note, as `send_text` does; the gateway makes OGG/Opus of whatever sound it is."""
        return self._send("sendWhatsAppAudio", instance, bodies.send_voice(jid, sound), deadline)

    def edit_message(
        self, instance: str, jid: JID, id: str, text: str, *, deadline: float = SEND_DEADLINE_S
    ) -> None:  # fmt: skip
        """Change the text of a message of ours. Raises as `send_text` does; doing it twice does no harm."""
        path = f"/chat/updateMessage/{_quoted(instance)}"
        self._deliver("POST", path, bodies.edit_message(jid, id, text), deadline, as_dict)

    def delete_message(self, instance: str, jid: JID, id: str, *, deadline: float = SEND_DEADLINE_S) -> None:
        """Take a message of ours back, for everyone. Raises as `send_text` does; doing it twice does no harm."""
        path = f"/chat/deleteMessageForEveryone/{_quoted(instance)}"
        self._deliver("DELETE", path, bodies.delete_message(jid, id), deadline, as_dict)

    def on_whatsapp(self, instance: str, jid: JID) -> JID | None:
        """The address by which WhatsApp knows the number of `jid`, None when it does not."""
        path = f"/chat/whatsappNumbers/{_quoted(instance)}"
        return answers.known_address(self._read("POST", path, bodies.whatsapp_number(jid)))

    def _send(self, endpoint: str, instance: str, asked: JSONDict, deadline: float) -> Message:
        def read(body: object) -> Message:
            return records.message(as_dict(body), instance=instance, is_api_shaped=True)

        return self._deliver("POST", f"/message/{endpoint}/{_quoted(instance)}", asked, deadline, read)

    def _deliver(
        self, method: str, path: str, asked: JSONDict, deadline: float, read: Callable[[object], T]
    ) -> T:  # fmt: skip
        """Ask once for something that reaches a lead, and `read` the answer."""
        try:
            answer = within(deadline, lambda: self._call(method, path, asked, timeout=deadline))
        except (_LostError, OverdueError) as error:
            raise Unconfirmed(str(error)) from None
        is_surely_not_sent = _is_surely_not_sent(answer)
        if answer.status == 400 and not is_surely_not_sent:
            raise Unconfirmed("the gateway answered 400 for a reason of its own", status=400)
        try:
            return read(self._checked(answer))
        except (Broken, Unreadable, NotConnected, TooLarge) as error:
            is_doubtful = answer.status < 300 or answer.status >= 500 or answer.status == 408
            if is_doubtful and not is_surely_not_sent:
                raise Unconfirmed(str(error), status=answer.status) from None
            raise

    def send_presence(self, instance: str, jid: JID, presence: str, milliseconds: int) -> None:
        """Show "composing" or "recording" to the lead; comes back when `milliseconds` are over."""
        path = f"/chat/sendPresence/{_quoted(instance)}"
        asked = bodies.send_presence(jid, presence, milliseconds)
        self._act("POST", path, asked, timeout=milliseconds / 1000 + 5)

    def mark_read(self, instance: str, messages: Iterable[Message]) -> None:
        """Give blue ticks to these messages."""
        asked = bodies.mark_read(messages)
        if asked["readMessages"]:
            self._act("POST", f"/chat/markMessageAsRead/{_quoted(instance)}", asked)

    # ------------------------------------------------------------------------------------------------- instances

    def server_info(self) -> ServerInfo:
        """The gateway's version; needs no key."""
        return answers.server_info(self._read("GET", "/"))

    def clock(self) -> datetime | None:
        """The time on the gateway's machine, to the second; None when its answers do not say. Needs no key."""
        try:
            return answers.clock(self._call("GET", "/", None).date)
        except _LostError as error:
            raise Unreachable(str(error)) from None

    def instances(self) -> list[Instance]:
        """Every instance that our key may see."""
        return answers.instances(self._read("GET", "/instance/fetchInstances"))

    def connection_state(self, instance: str) -> str:
        """One of "open", "connecting" and "close", as the gateway sees it; "open" may still be a dead connection."""
        return answers.connection_state(self._read("GET", f"/instance/connectionState/{_quoted(instance)}"))

    def create_instance(self, name: str, settings: InstanceSettings | None = None) -> Pairing:
        """Make an instance, to be paired with `connect`. Raises Refused when the name is taken."""
        asked = bodies.create_instance(name, settings or InstanceSettings())
        return answers.pairing(self._act("POST", "/instance/create", asked, timeout=MEDIA_TIMEOUT_S))

    def connect(self, instance: str, *, number: str = "") -> Pairing:
        """The code to scan now, or state "open". Without a code: ask again in a second.

        `number` (digits) asks for a code to type instead, which works only while the state is "close".
        """
        query = f"?number={quote(number, safe='')}" if number else ""
        return answers.pairing(self._act("GET", f"/instance/connect/{_quoted(instance)}{query}"))

    def restart(self, instance: str) -> Pairing:
        """Close and reopen the connection to WhatsApp, which takes seconds."""
        return answers.pairing(self._act("POST", f"/instance/restart/{_quoted(instance)}"))

    def logout(self, instance: str) -> None:
        """Unpair the number. Raises NotConnected when it is not paired."""
        self._act("DELETE", f"/instance/logout/{_quoted(instance)}")

    def webhook(self, instance: str) -> WebhookSettings | None:
        """Where the events go; None when that was never set."""
        return answers.webhook_settings(self._read("GET", f"/webhook/find/{_quoted(instance)}"))

    def set_webhook(
        self, instance: str, url: str, *, headers: Mapping[str, str], events: Sequence[str] = USED_EVENTS
    ) -> WebhookSettings:
        """Have the events posted to `url`, at once, with these headers; files are never sent along."""
        path = f"/webhook/set/{_quoted(instance)}"
        stored = answers.webhook_settings(self._act("POST", path, bodies.set_webhook(url, headers, events)))
        if stored is None:
            raise Unreadable("answer without a webhook")
        return stored

    def settings(self, instance: str) -> InstanceSettings:
        """How the instance behaves."""
        return answers.instance_settings(self._read("GET", f"/settings/find/{_quoted(instance)}"))

    def set_settings(self, instance: str, wanted: InstanceSettings) -> InstanceSettings:
        """Replace all settings of the instance."""
        path = f"/settings/set/{_quoted(instance)}"
        return answers.instance_settings(self._act("POST", path, bodies.settings(wanted)))

    # ------------------------------------------------------------------------------------------------------ wire

    def _read(
        self,
        method: str,
        path: str,
        body: JSONDict | None = None,
        *,
        timeout: float | None = None,
        at_most: int = LARGEST_ANSWER,
    ) -> object:
        """Ask something that may be asked twice; the parsed answer."""
        try:
            answer = self._call(method, path, body, timeout=timeout, at_most=at_most)
        except _LostError as error:
            if error.is_timeout:
                raise Unreachable(str(error)) from None
            answer = self._again(method, path, body, timeout=timeout, at_most=at_most)
        return self._checked(answer)

    def _again(self, method: str, path: str, body: JSONDict | None, *, timeout: float | None, at_most: int) -> _Answer:
        """The second and last try, after the gateway had closed a connection that we had kept open."""
        try:
            return self._call(method, path, body, timeout=timeout, at_most=at_most)
        except _LostError as error:
            raise Unreachable(str(error)) from None

    def _act(self, method: str, path: str, body: JSONDict | None = None, *, timeout: float | None = None) -> object:
        """Do something, once; the parsed answer."""
        try:
            return self._checked(self._call(method, path, body, timeout=timeout))
        except _LostError as error:
            raise Unreachable(str(error)) from None

    def _call(
        self,
        method: str,
        path: str,
        body: JSONDict | None,
        *,
        timeout: float | None = None,
        at_most: int = LARGEST_ANSWER,
    ) -> _Answer:
        """One HTTP exchange, read to its end, whatever its status.

        Raises Unreachable when the connection could not be opened, _LostError when it was lost or silent afterwards.
        """
        headers = {"Accept": "application/json", "apikey": self._api_key}
        timeout = timeout or self._timeout
        until = time.monotonic() + timeout * 4
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        try:
            with self._session.request(
                method,
                self._base_url + path,
                data=data,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_S, timeout),
                stream=True,
                # A redirect would take the key somewhere else.
                allow_redirects=False,
            ) as response:
                read = _bounded(response, at_most, until)
                return _Answer(response.status_code, read, response.headers.get("Date", ""))
        except UnicodeError:
            raise WrongKey("the key has characters that no key has") from None
        except (requests.RequestException, TransportError, OSError) as error:
            if _was_never_opened(error):
                raise Unreachable("the gateway cannot be reached") from None
            raise _LostError(is_timeout=_is_timeout(error)) from None

    def _checked(self, answer: _Answer) -> object:
        """The parsed body of a success. Raises the error that any other status stands for."""
        if 200 <= answer.status < 300:
            body = answer.json()
            if answers.is_refusal(body):
                raise Refused(self._words(answer.status, body), status=answer.status)
            return body
        if 300 <= answer.status < 400:
            raise Refused("the gateway's address redirects elsewhere: correct it", status=answer.status)
        try:
            body = answer.json()
        except Unreadable:
            body = None
        raise answers.error(answer.status, body, self._words(answer.status, body))

    def _words(self, status: int, body: object) -> str:
        words = answers.error_words(status, body)
        return words.replace(self._api_key, "…") if self._api_key else words


class _LostError(Exception):
    """The connection had been opened, and no whole answer came."""

    def __init__(self, *, is_timeout: bool) -> None:
        super().__init__("the gateway did not answer in time" if is_timeout else "the connection was lost")
        self.is_timeout = is_timeout


def _bounded(response: requests.Response, at_most: int, until: float) -> bytes:
    """The whole body. Raises TooLarge above `at_most` bytes, _LostError when it is not there at `until`."""
    chunks, size = [], 0
    # Not iter_content: it waits until a chunk is full, and would not see the time pass while bytes trickle in.
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > at_most:
            raise TooLarge(f"the answer has more than {at_most} bytes", status=response.status_code)
        if time.monotonic() > until:
            raise _LostError(is_timeout=True)
    return b"".join(chunks)


def _is_surely_not_sent(answer: _Answer) -> bool:
    try:
        return answers.is_surely_not_sent(answer.status, answer.json())
    except Unreadable:
        return False


def _was_never_opened(error: Exception) -> bool:
    """No connection came about: nothing can have been sent."""
    nothing_sent = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError, requests.ConnectTimeout)
    # The last: an address, a header or a scheme that cannot be used. `requests` derives those from ValueError.
    return any(isinstance(cause, nothing_sent) for cause in _causes(error)) or isinstance(error, ValueError)


def _is_timeout(error: Exception) -> bool:
    return any(isinstance(cause, (requests.Timeout, TransportTimeout, TimeoutError)) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made of: `requests` and urllib3 wrap one another's as arguments."""
    waiting, seen = [error], set()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = [cause.__cause__, getattr(cause, "reason", None), *cause.args]
        waiting.extend(found for found in inner if isinstance(found, BaseException))


def _quoted(instance: str) -> str:
    return quote(instance, safe="")
