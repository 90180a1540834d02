"""What we rely on in a gateway: one function per promise, kept by the sandbox in every run and a real one on demand.

They use the product's own client and nothing of the sandbox's, so that both can be held to them.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
import requests

from conversations.evolution import NotOnWhatsApp, Refused, UnknownInstance, WrongKey
from conversations.evolution.client import EvolutionClient
from conversations.jid import JID
from conversations.message import Message, Status


@dataclass(frozen=True)
class Gateway:
    """A gateway, a connected instance of it, and somebody who may be written to."""

    base_url: str
    api_key: str = field(repr=False)
    instance: str
    jid: JID
    session: requests.Session | None = None
    #: A number without WhatsApp; None where none is known.
    nobody: JID | None = None

    @property
    def client(self) -> EvolutionClient:
        """With the right key."""
        return self.client_with(self.api_key)

    def client_with(self, key: str) -> EvolutionClient:
        """With another key."""
        return EvolutionClient(self.base_url, key, session=self.session)

    def send(self, words: str = "teste do contrato") -> Message:
        """Send a text that no other has."""
        return self.client.send_text(self.instance, self.jid, f"{words} {uuid.uuid4().hex[:8]}")

    def newest(self, limit: int) -> list[Message]:
        """The newest messages with our correspondent."""
        return self.client.messages(self.instance, self.jid, limit=limit)


def _until(found: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether `found` comes true in time: a real gateway writes its rows behind its answer."""
    end = time.monotonic() + seconds
    while not (is_found := found()) and time.monotonic() < end:
        time.sleep(0.1)
    return is_found


def a_sent_text_can_be_read_back(gateway: Gateway) -> None:
    sent = gateway.send("olá, com acento e 👋")

    assert _until(lambda: sent.id in {message.id for message in gateway.newest(5)})
    read = next(message for message in gateway.newest(5) if message.id == sent.id)
    assert (read.text, read.from_me, read.is_api_shaped) == (sent.text, True, True)
    assert read.jid == sent.jid


def a_message_is_found_by_its_id(gateway: Gateway) -> None:
    sent = gateway.send()

    assert _until(lambda: gateway.client.message(gateway.instance, sent.id) is not None)
    assert gateway.client.message(gateway.instance, "NAOEXISTE") is None


def messages_come_oldest_first_and_each_once(gateway: Gateway) -> None:
    sent = [gateway.send(f"{number}") for number in range(3)]
    assert _until(lambda: {message.id for message in sent} <= {message.id for message in gateway.newest(10)})

    messages = gateway.newest(10)

    assert [message.sent_at for message in messages] == sorted(message.sent_at for message in messages)
    assert len({message.id for message in messages}) == len(messages)


def no_more_is_read_than_asked_but_for_one_second(gateway: Gateway) -> None:
    for number in range(3):
        gateway.send(f"{number}")

    messages = gateway.newest(2)

    assert len(messages) >= 2
    assert all(message.sent_at == messages[0].sent_at for message in messages[:-1])


def one_page_has_the_size_asked_for(gateway: Gateway) -> None:
    for number in range(3):
        gateway.send(f"{number}")

    page = gateway.client.messages_page(gateway.instance, gateway.jid, 1, 2)
    beyond = gateway.client.messages_page(gateway.instance, gateway.jid, 10_000, 2)

    assert (len(page.messages), len(beyond.messages)) == (2, 0)
    assert page.messages[0].sent_at >= page.messages[1].sent_at


def a_quote_is_kept(gateway: Gateway) -> None:
    first = gateway.send("primeira")
    assert _until(lambda: gateway.client.message(gateway.instance, first.id) is not None)

    answer = gateway.client.send_text(gateway.instance, gateway.jid, "segunda", quoted_id=first.id)

    assert answer.quote is not None
    assert answer.quote.id == first.id


def a_chat_with_traffic_is_in_the_window(gateway: Gateway) -> None:
    sent, now = gateway.send(), datetime.now(timezone.utc)
    window = (now - timedelta(minutes=5), now + timedelta(days=1))

    def last() -> str | None:
        chats = gateway.client.chats(gateway.instance, since=window[0], until=window[1])
        return next((chat.last_message.id for chat in chats if chat.jid == sent.jid and chat.last_message), None)

    assert _until(lambda: last() is not None)


def a_chat_without_traffic_is_not_in_the_window(gateway: Gateway) -> None:
    gateway.send()
    long_ago = datetime(2001, 1, 1, tzinfo=timezone.utc)

    chats = gateway.client.chats(gateway.instance, since=long_ago, until=long_ago + timedelta(days=1))

    assert chats == []


def a_send_gets_acknowledged_or_stays_pending(gateway: Gateway) -> None:
    sent = gateway.send()

    assert sent.status in (Status.PENDING, Status.SERVER_ACK)


def typing_takes_as_long_as_asked(gateway: Gateway) -> None:
    started = time.monotonic()

    gateway.client.send_presence(gateway.instance, gateway.jid, "composing", 300)

    assert time.monotonic() - started >= 0.29


def the_connection_is_open(gateway: Gateway) -> None:
    assert gateway.client.connection_state(gateway.instance) == "open"
    assert gateway.instance in {instance.name for instance in gateway.client.instances()}


def the_version_is_told_without_a_key(gateway: Gateway) -> None:
    assert gateway.client_with("").server_info().version.startswith("2.")


def a_wrong_key_is_told_apart(gateway: Gateway) -> None:
    with pytest.raises(WrongKey):
        gateway.client_with("not-the-key").connection_state(gateway.instance)


def an_unknown_instance_is_told_apart(gateway: Gateway) -> None:
    with pytest.raises(UnknownInstance):
        gateway.client.connection_state("nao_existe")


def a_blank_text_is_refused(gateway: Gateway) -> None:
    with pytest.raises(Refused):
        gateway.client.send_text(gateway.instance, gateway.jid, "   ")


def nobody_there_is_told_apart(gateway: Gateway) -> None:
    if gateway.nobody is None:
        pytest.skip("no number without WhatsApp is known")
    with pytest.raises(NotOnWhatsApp):
        gateway.client.send_text(gateway.instance, gateway.nobody, "oi")


def marking_as_read_is_accepted(gateway: Gateway) -> None:
    sent = gateway.send()

    gateway.client.mark_read(gateway.instance, [sent])


def a_text_has_no_file(gateway: Gateway) -> None:
    sent = gateway.send()
    assert _until(lambda: gateway.client.message(gateway.instance, sent.id) is not None)

    with pytest.raises(Refused):
        gateway.client.media(gateway.instance, sent.id)


#: Everything above, in the order in which it reads.
PROMISES: tuple[Callable[[Gateway], None], ...] = (
    a_sent_text_can_be_read_back,
    a_message_is_found_by_its_id,
    messages_come_oldest_first_and_each_once,
    no_more_is_read_than_asked_but_for_one_second,
    one_page_has_the_size_asked_for,
    a_quote_is_kept,
    a_chat_with_traffic_is_in_the_window,
    a_chat_without_traffic_is_not_in_the_window,
    a_send_gets_acknowledged_or_stays_pending,
    typing_takes_as_long_as_asked,
    the_connection_is_open,
    the_version_is_told_without_a_key,
    a_wrong_key_is_told_apart,
    an_unknown_instance_is_told_apart,
    a_blank_text_is_refused,
    nobody_there_is_told_apart,
    marking_as_read_is_accepted,
    a_text_has_no_file,
)
