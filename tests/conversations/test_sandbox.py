"""The sandbox keeps the contract of a gateway, announces what happens in it, and fails on demand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from conversations.evolution import EvolutionError, NotConnected, Unconfirmed, UnknownInstance, Unreachable
from conversations.evolution import sandbox as sandbox_package
from conversations.evolution.client import EvolutionClient
from conversations.evolution.records import message
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.evolution.sandbox.delivery import ATTEMPTS, FINAL_STATUSES, Delivery, Hook
from conversations.evolution.sandbox.leads import SCRIPTS, VOICE_NOTE, VOICE_SECONDS, Cast, Line, Script
from conversations.evolution.sandbox.memory import Limits
from conversations.evolution.sandbox.numbers import jid_of
from conversations.evolution.sandbox.seeds import plant
from conversations.evolution.sandbox.server import serve
from conversations.evolution.sandbox.side_door import SideDoor
from conversations.jid import JID
from conversations.message import Author, Status
from tests.conversations.gateway_contract import PROMISES, Gateway
from tests.sandbox_adapter import session_for

NAME = "voice_sdr_v4"
LEAD = "5511999990001@s.whatsapp.net"
URL = "http://sandbox.test"
HOOK = "http://127.0.0.1:9/webhook/"


class Inbox:
    """Where webhooks arrive; answers with `status`, or with what `answers` says for each attempt."""

    def __init__(self, *answers: int | None) -> None:
        self.answers = list(answers)
        self.bodies: list[dict[str, Any]] = []
        self.urls: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self._lock = threading.Lock()

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
        with self._lock:
            self.bodies.append(json.loads(body))
            self.urls.append(url)
            self.headers.append(headers)
            answer = self.answers.pop(0) if self.answers else 200
        if answer is None:
            raise ConnectionRefusedError
        return answer

    def events(self) -> list[str]:
        return [body["event"] for body in self.bodies]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def sandbox(inbox: Inbox) -> Iterator[Sandbox]:
    """A sandbox that posts its webhooks to `inbox` before it goes on."""
    made = Sandbox([NAME], background=False, post=inbox)
    made.set_webhook(HOOK)
    yield made
    made.close()


@pytest.fixture
def client(sandbox: Sandbox) -> EvolutionClient:
    return EvolutionClient(URL, "sandbox", session=session_for(sandbox, URL))


def ask(sandbox: Sandbox, method: str, path: str, body: Any = None, key: str = "sandbox") -> tuple[int, Any]:
    """One raw call."""
    headers = {"apikey": key, "Content-Type": "application/json"}
    status, _, content = sandbox.handle(method, path, headers, b"" if body is None else json.dumps(body).encode())
    return status, json.loads(content)


def history(sandbox: Sandbox, where: Any = None, **page: Any) -> list[dict[str, Any]]:
    """The records of one findMessages."""
    body = ({"where": where} if where else {}) | page
    records: list[dict[str, Any]] = ask(sandbox, "POST", f"/chat/findMessages/{NAME}", body)[1]["messages"]["records"]
    return records


# -------------------------------------------------------------------------------------------------------- contract


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_the_sandbox_keeps_what_we_rely_on_in_a_gateway(sandbox: Sandbox, promise: Callable[[Gateway], None]) -> None:
    nobody = JID("5511900000000@s.whatsapp.net")

    promise(Gateway(URL, "sandbox", NAME, JID(LEAD), session_for(sandbox, URL), nobody))


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_it_keeps_it_over_http_as_well(promise: Callable[[Gateway], None]) -> None:
    with _served(Sandbox([NAME])) as url:
        promise(Gateway(url, "sandbox", NAME, JID(LEAD), nobody=JID("5511900000000@s.whatsapp.net")))


class _served:
    """A sandbox on a port of its own."""

    def __init__(self, sandbox: Sandbox, door: SideDoor | None = None) -> None:
        self._sandbox = sandbox
        self._server = serve(sandbox, "127.0.0.1", 0, door=door)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self._server.url

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._sandbox.close()


def test_an_instance_name_in_use_is_refused_before_the_key_is_looked_at(sandbox: Sandbox) -> None:
    status, body = ask(sandbox, "POST", "/instance/create", {"instanceName": NAME}, key="wrong")

    assert (status, body["response"]["message"]) == (403, [f'This name "{NAME}" is already in use.'])


def test_an_instance_is_made_paired_and_deleted(sandbox: Sandbox, client: EvolutionClient) -> None:
    client.create_instance("novo")

    pairing = client.connect("novo")
    assert base64.b64decode(pairing.image.split(",")[1]).startswith(b"\x89PNG")
    assert client.connection_state("novo") == "connecting"

    sandbox.set_state(sandbox.instance("novo"), "open")
    assert client.connect("novo").state == "open"

    ask(sandbox, "DELETE", "/instance/delete/novo")
    with pytest.raises(UnknownInstance):
        client.connection_state("novo")


def test_the_query_string_overrides_the_instance_that_was_authorised(sandbox: Sandbox) -> None:
    sandbox.new_instance("outra", number=None, integration="WHATSAPP-BAILEYS").token = "token-of-another"
    sandbox.lead_writes(LEAD, "segredo")

    _, chats = ask(sandbox, "POST", f"/chat/findChats/outra?instanceName={NAME}", {}, key="token-of-another")

    assert [chat["remoteJid"] for chat in chats] == [LEAD]


# ----------------------------------------------------------------------------------------------------------- reads


def test_pages_over_one_second_lose_and_repeat_messages(sandbox: Sandbox) -> None:
    ids = {sandbox.lead_writes(LEAD, str(number), at=1_800_000_000) for number in range(60)}

    pages = [history(sandbox, page=page, offset=10) for page in range(1, 7)]
    found = {record["key"]["id"] for page in pages for record in page}
    whole = {record["key"]["id"] for record in history(sandbox, offset=100)}

    assert [len(page) for page in pages] == [10] * 6
    assert len(found) < 60
    assert whole == ids


def test_pages_may_be_the_same_each_time() -> None:
    sandbox = Sandbox([NAME], background=False, ties="per_page")
    ids = [sandbox.lead_writes(LEAD, str(number), at=1_800_000_000) for number in range(9)]

    pages = [history(sandbox, page=2, offset=3) for _ in range(3)]

    assert [record["key"]["id"] for record in history(sandbox)] == ids[::-1]
    assert pages[0] == pages[1] == pages[2]


def test_newest_first_by_the_second(sandbox: Sandbox) -> None:
    for at in (30, 10, 20):
        sandbox.lead_writes(LEAD, str(at), at=1_800_000_000 + at)

    assert [record["message"]["conversation"] for record in history(sandbox)] == ["30", "20", "10"]


@pytest.mark.parametrize(
    "where",
    [
        {"remoteJid": LEAD},
        {"key": {"fromMe": False}},
        {"messageTimestamp": {"gte": "2099-01-01T00:00:00Z"}},
        {"status": "READ"},
        {"pushName": "ninguém"},
        {"nonsense": 1},
    ],
    ids=str,
)
def test_filters_that_the_gateway_ignores(sandbox: Sandbox, where: dict[str, Any]) -> None:
    sandbox.lead_writes(LEAD, "a")
    sandbox.phone_types("5511999990002@s.whatsapp.net", "b")

    assert len(history(sandbox, where)) == 2


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"key": {"remoteJid": LEAD}}, ["a"]),
        ({"key": {"fromMe": True}}, ["b"]),
        ({"key": {"remoteJid": "5511999990001"}}, []),
        ({"source": {"not": "android"}}, ["b"]),
        ({"messageType": {"in": ["audioMessage"]}}, []),
        ({"messageTimestamp": {"gte": 1_800_000_000_000, "lte": 1_800_000_005_000}}, ["a"]),
        ({"messageTimestamp": {"gte": 1_800_000_000, "lte": 1_800_000_005}}, []),
        ({"messageTimestamp": {"gte": "2027-01-15T08:00:00Z", "lte": "2027-01-15T08:00:05Z"}}, ["a"]),
    ],
    ids=str,
)
def test_filters_that_count(sandbox: Sandbox, where: dict[str, Any], found: list[str]) -> None:
    sandbox.lead_writes(LEAD, "a", at=1_800_000_000)
    sandbox.phone_types("5511999990002@s.whatsapp.net", "b", source="web")

    assert [record["message"]["conversation"] for record in history(sandbox, where)] == found


@pytest.mark.parametrize(
    "body", [{"offset": "5"}, {"page": -1}, {"where": {"source": "bot"}}, {"page": "x"}, {"offset": -1}], ids=str
)
def test_what_the_database_layer_rejects_is_a_500(sandbox: Sandbox, body: dict[str, Any]) -> None:
    assert ask(sandbox, "POST", f"/chat/findMessages/{NAME}", body)[0] == 500


def test_the_chats_of_a_window_are_paged_by_take_and_skip(sandbox: Sandbox) -> None:
    for number in range(5):
        sandbox.lead_writes(f"551199999000{number}@s.whatsapp.net", "oi", at=1_800_000_000 + number)

    window = {"messageTimestamp": {"gte": "2027-01-15T08:00:01Z", "lte": "2027-01-15T08:00:03Z"}}
    _, found = ask(sandbox, "POST", f"/chat/findChats/{NAME}", {"where": window, "take": "2", "skip": 1})

    assert [row["remoteJid"][:13] for row in found] == ["5511999990002", "5511999990001"]


@pytest.mark.parametrize(
    ("number", "jid"),
    [
        ("5511999990001", "5511999990001@s.whatsapp.net"),
        ("+55 (11) 99999-0001", "5511999990001@s.whatsapp.net"),
        ("5531988887777", "553188887777@s.whatsapp.net"),
        ("5531938887777", "5531938887777@s.whatsapp.net"),
        ("5491122223333", "541122223333@s.whatsapp.net"),
        ("120363000000000001", "120363000000000001@g.us"),
        ("123@lid", "123@lid"),
    ],
)
def test_a_number_becomes_the_jid_the_gateway_makes_of_it(number: str, jid: str) -> None:
    assert jid_of(number) == jid


# -------------------------------------------------------------------------------------------------- what happens


def test_a_lead_writes_and_both_history_and_webhook_have_it(sandbox: Sandbox, inbox: Inbox) -> None:
    id = sandbox.lead_writes(LEAD, "Oi", name="Mariana")

    [record] = history(sandbox)
    assert record["key"] == {"id": id, "fromMe": False, "remoteJid": LEAD}
    assert inbox.events() == ["messages.upsert", "contacts.upsert"]
    assert inbox.bodies[0]["data"]["message"] == {"conversation": "Oi"}


def test_what_the_phone_types_is_an_upsert_and_what_the_api_sends_is_not(
    sandbox: Sandbox, client: EvolutionClient, inbox: Inbox
) -> None:
    sandbox.phone_types(LEAD, "do celular")
    sent = client.send_text(NAME, JID(LEAD), "do bot")
    sandbox.another_integration_sends(LEAD, "de outra")

    assert [event for event in inbox.events() if not event.startswith("contacts")] == [
        "messages.upsert", "send.message", "send.message",
    ]  # fmt: skip
    assert [(entry.by, entry.text) for entry in sandbox.sent(LEAD)] == [
        ("phone", "do celular"), ("api", "do bot"), ("integration", "de outra"),
    ]  # fmt: skip
    assert sandbox.sent(LEAD, by="api")[0].id == sent.id


def test_a_lost_webhook_leaves_the_message_in_history(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.lead_writes(LEAD, "Oi", webhook=False)
    sandbox.phone_types(LEAD, "Olá", webhook=False)

    assert inbox.bodies == []
    assert len(history(sandbox)) == 2


def test_receipts_are_announced_once(sandbox: Sandbox, client: EvolutionClient, inbox: Inbox) -> None:
    client.send_text(NAME, JID(LEAD), "Oi")

    sandbox.lead_reads(LEAD, up_to="DELIVERY_ACK")
    sandbox.lead_reads(LEAD)

    statuses = [body["data"]["status"] for body in inbox.bodies if body["event"] == "messages.update"]
    assert statuses == ["SERVER_ACK", "DELIVERY_ACK", "READ"]
    assert [update["status"] for update in history(sandbox)[0]["MessageUpdate"]] == statuses


def test_an_edit_overwrites_the_row_and_a_deletion_keeps_it(sandbox: Sandbox, inbox: Inbox) -> None:
    id = sandbox.lead_writes(LEAD, "antes")

    sandbox.lead_edits(id, "depois")
    sandbox.lead_deletes(id)

    [record] = history(sandbox)
    assert record["message"] == {"conversation": "depois"}
    assert {update["status"] for update in record["MessageUpdate"]} == {"EDITED", "DELETED"}
    assert inbox.events()[2:] == ["messages.edited", "messages.edited", "messages.delete"]


def test_nothing_comes_in_behind_an_edit_that_is_still_being_delivered() -> None:
    first, second = threading.Event(), threading.Event()
    seen: list[str] = []

    def slow(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
        event = json.loads(body)["event"]
        if event == "messages.edited":
            first.set()
            second.wait(5)
        seen.append(event)
        return 200

    sandbox = Sandbox([NAME], post=slow)
    id = sandbox.lead_writes(LEAD, "antes", webhook=False)
    sandbox.set_webhook(HOOK, events=["MESSAGES_UPSERT", "MESSAGES_EDITED"])

    sandbox.lead_edits(id, "depois")
    first.wait(5)
    sandbox.lead_writes(LEAD, "atrás")
    blocked = len(history(sandbox))
    second.set()
    assert sandbox.delivery.wait(5)

    assert (blocked, len(history(sandbox)), seen) == (1, 2, ["messages.edited", "messages.upsert"])
    sandbox.close()


def test_a_group_is_dropped_when_the_settings_say_so(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.instance().settings["groupsIgnore"] = True

    sandbox.lead_writes("120363000000000001@g.us", "oi", participant=LEAD)

    assert (history(sandbox), inbox.bodies) == ([], [])


def test_media_is_found_again_by_the_message_id(sandbox: Sandbox, client: EvolutionClient) -> None:
    id = sandbox.lead_sends_audio(LEAD, b"OggS-audio", seconds=4)

    assert client.media(NAME, id).data == b"OggS-audio"


def test_typing_is_announced(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.lead_types(LEAD, "recording")

    assert inbox.bodies[0]["data"]["presences"] == {LEAD: {"lastKnownPresence": "recording"}}


def test_memory_is_bounded() -> None:
    sandbox = Sandbox([NAME], background=False, limits=Limits(chats=3, messages_per_chat=2, messages=100, files=20))

    for chat in range(5):
        for number in range(4):
            sandbox.lead_sends_audio(f"55119999900{chat:02d}@s.whatsapp.net", b"x" * 8, name=str(number))

    instance = sandbox.instance()
    assert (len(instance.rows), instance.row_count, len(instance.by_key_id)) == (3, 6, 6)
    assert instance.files_size <= 20
    assert len(instance.contacts) == 3


# -------------------------------------------------------------------------------------------------------- delivery


@pytest.mark.parametrize("status", sorted(FINAL_STATUSES))
def test_a_final_answer_is_not_tried_again(status: int) -> None:
    inbox = Inbox(status)
    delivery = Delivery(post=inbox, background=False)

    delivery.send(_hook())

    assert delivery.retry_now() == 0
    assert delivery.wait(0)


@pytest.mark.parametrize("status", [302, 409, 429, 500, 503, None])
def test_any_other_answer_is_tried_ten_times(status: int | None) -> None:
    inbox = Inbox(*[status] * 20)
    delivery = Delivery(post=inbox, background=False)

    delivery.send(_hook())
    while delivery.retry_now():
        pass

    assert len(inbox.bodies) == ATTEMPTS == 10
    assert [attempt.number for attempt in delivery.attempts] == list(range(1, 11))


def test_the_waits_double_with_jitter_and_are_never_below_five_seconds() -> None:
    delivery = Delivery(post=Inbox(), background=False)

    for number, wait in zip(range(2, 11), (5, 10, 20, 40, 80, 160, 300, 300, 300), strict=True):
        waits = [delivery.wait_before(number) for _ in range(50)]
        assert min(waits) >= max(5, wait * 0.8)
        assert max(waits) <= wait * 1.2
        assert len(set(waits)) > 10


def test_in_the_background_a_retry_comes_after_its_scaled_wait() -> None:
    inbox = Inbox(500, None)
    delivery = Delivery(post=inbox, retry_scale=0.001)

    delivery.send(_hook())

    assert delivery.wait(5)
    assert [attempt.status for attempt in delivery.attempts] == [500, None, 200]
    delivery.close()


def _hook() -> Hook:
    return Hook("messages.upsert", HOOK, {}, b"{}")


def test_the_webhook_of_an_event_that_nobody_wants_is_not_sent(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.set_webhook(HOOK, events=["SEND_MESSAGE"])

    sandbox.lead_writes(LEAD, "Oi")
    sandbox.another_integration_sends(LEAD, "Olá")

    assert inbox.events() == ["send.message"]


def test_the_token_is_signed_with_the_key_and_the_other_headers_go_verbatim(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.set_webhook(HOOK, headers={"jwt_key": "chave", "X-Secret": "abc"})

    sandbox.lead_writes(LEAD, "Oi")

    headers = inbox.headers[0]
    signed, _, signature = headers["Authorization"].removeprefix("Bearer ").rpartition(".")
    wanted = base64.urlsafe_b64encode(hmac.new(b"chave", signed.encode(), hashlib.sha256).digest()).rstrip(b"=")
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    assert signature == wanted.decode()
    assert (claims["exp"] - claims["iat"], claims["app"], claims["action"]) == (600, "evolution", "webhook")
    assert headers["X-Secret"] == "abc"
    assert "jwt_key" not in headers


def test_the_event_of_a_send_leaves_after_its_answer_and_before_that_of_the_next() -> None:
    answered: list[str] = []
    early: list[str] = []
    late: list[str] = []

    def note(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
        id = json.loads(body)["data"]["key"]["id"]
        (late if id in answered else early).append(id)
        return 200

    sandbox = Sandbox([NAME], post=note)
    sandbox.set_webhook(HOOK)
    sandbox.send_event_late_s = 0.3
    answered.append(sandbox.another_integration_sends(LEAD, "a"))
    sandbox.another_integration_sends(LEAD, "b")

    assert sandbox.delivery.wait(5)
    assert (late, len(early)) == (answered, 1)
    sandbox.close()


# -------------------------------------------------------------------------------------------------------- failures


def _text(client: EvolutionClient) -> None:
    client.send_text(NAME, JID(LEAD), "Oi")


def test_a_refused_send_was_not_sent(sandbox: Sandbox, client: EvolutionClient) -> None:
    sandbox.failures.add(Failure("/message/sendText", "refuse", times=2, status=503))

    for _ in range(2):
        with pytest.raises(Unconfirmed) as error:
            _text(client)
        assert error.value.status == 503
    _text(client)

    assert len(sandbox.sent(LEAD)) == 1


@pytest.mark.parametrize("mode", ["after", "hang", "drop_after"])
def test_a_send_that_was_done_and_not_answered_well_is_out(
    sandbox: Sandbox, client: EvolutionClient, mode: str
) -> None:
    sandbox.failures.add(Failure("/message/sendText", mode, seconds=0.05))

    with pytest.raises(Unconfirmed):
        _text(client)

    assert len(sandbox.sent(LEAD)) == len(history(sandbox)) == 1


def test_a_dropped_connection_is_one_over_http_too() -> None:
    sandbox = Sandbox([NAME])
    sandbox.failures.add(Failure("/chat/findChats", "drop", times=2))

    with _served(sandbox) as url, pytest.raises(Unreachable):
        EvolutionClient(url, "sandbox").chats(NAME)


def test_a_slow_call_sleeps_first() -> None:
    slept: list[float] = []
    sandbox = Sandbox([NAME], background=False, sleep=slept.append)
    sandbox.failures.add(Failure("", "slow", seconds=7))

    history(sandbox)
    history(sandbox)

    assert slept == [7]


def test_a_failure_may_be_meant_for_one_instance(sandbox: Sandbox) -> None:
    sandbox.failures.add(Failure("/chat/findMessages", "refuse", instance="outra"))

    assert ask(sandbox, "POST", f"/chat/findMessages/{NAME}", {})[0] == 200


def test_without_storage_nothing_is_found_but_everything_is_announced(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.failures.switch({"storage_off": True})

    sandbox.lead_writes(LEAD, "Oi")

    assert history(sandbox) == []
    assert "messages.upsert" in inbox.events()


def test_history_may_come_late() -> None:
    now = [1_800_000_000.0]
    sandbox = Sandbox([NAME], background=False, clock=lambda: now[0])
    sandbox.failures.switch({"history_late_s": 5})
    sandbox.lead_writes(LEAD, "Oi")

    found = []
    for _ in range(2):
        found.append(len(history(sandbox)))
        now[0] += 5

    assert found == [0, 1]


def test_webhooks_may_be_off_or_doubled(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.failures.switch({"webhooks_off": True})
    sandbox.lead_writes(LEAD, "Oi")
    assert inbox.bodies == []

    sandbox.failures.clear()
    sandbox.failures.switch({"webhook_copies": 3})
    sandbox.lead_writes(LEAD, "Oi")
    assert inbox.events().count("messages.upsert") == 3


def test_a_file_may_be_gone(sandbox: Sandbox, client: EvolutionClient) -> None:
    id = sandbox.lead_sends_audio(LEAD, b"OggS")
    sandbox.failures.switch({"media_fails": True})

    with pytest.raises(EvolutionError):
        client.media(NAME, id)


def test_a_dead_connection_says_open_and_sends_nothing(sandbox: Sandbox, client: EvolutionClient) -> None:
    sandbox.instance().is_dead = True

    sandbox.lead_writes(LEAD, "Oi")
    with pytest.raises((Unconfirmed, NotConnected)):
        _text(client)

    assert client.connection_state(NAME) == "open"
    assert (sandbox.sent(), history(sandbox)) == ([], [])


def test_a_closed_number_refuses_before_or_while_sending_as_the_number_was_looked_up_lately(
    sandbox: Sandbox, client: EvolutionClient
) -> None:
    sandbox.log_out(sandbox.instance())

    with pytest.raises(NotConnected) as unknown:
        _text(client)
    sandbox.lead_writes(LEAD, "Oi")
    with pytest.raises(Unconfirmed) as known:
        _text(client)

    assert (unknown.value.status, known.value.status) == (500, 400)
    assert sandbox.sent() == []


def test_an_unknown_switch_or_mode_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no such switch"):
        sandbox.failures.switch({"nonsense": True})
    with pytest.raises(ValueError, match="mode must be one of"):
        Failure("/message/sendText", "nonsense")


# ------------------------------------------------------------------------------------------------------- side door


@pytest.fixture
def door(sandbox: Sandbox) -> Callable[..., tuple[int, Any]]:
    """Calls the routes under /_sandbox."""
    opened = SideDoor(sandbox, cast=Cast(sandbox), dashboard="http://127.0.0.1:8000")

    def call(method: str, path: str, body: Any = None, content_type: str = "application/json") -> tuple[int, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        answer = opened.handle(method, path, {"Content-Type": content_type}, content)
        assert answer is not None
        return answer.status, answer.body

    return call


def test_the_people_can_be_played_over_http(sandbox: Sandbox, door: Callable[..., tuple[int, Any]]) -> None:
    _, made = door("POST", f"/_sandbox/{NAME}/lead", {"phone": "5511999990001", "text": "Oi", "name": "Ana"})
    door("POST", f"/_sandbox/{NAME}/lead", {"phone": "5511999990001", "type": "audio", "base64": "T2dn", "seconds": 2})
    door("POST", f"/_sandbox/{NAME}/lead", {"phone": "5511999990001", "type": "edit", "id": made["id"], "text": "Olá"})
    door("POST", f"/_sandbox/{NAME}/phone", {"jid": LEAD, "text": "do celular"})
    door("POST", f"/_sandbox/{NAME}/integration", {"jid": LEAD, "text": "de outra"})

    _, shown = door("GET", f"/_sandbox/{NAME}/conversation?jid={LEAD}")
    _, sent = door("GET", f"/_sandbox/{NAME}/sent?jid=5511999990001")

    assert {message["text"] for message in shown["messages"]} == {"Olá", "2 s", "do celular", "de outra"}
    assert [(entry["by"], entry["text"]) for entry in sent] == [("phone", "do celular"), ("integration", "de outra")]


def test_the_leads_phone_shows_that_something_was_taken_back_though_the_gateway_forgot_it(
    sandbox: Sandbox, door: Callable[..., tuple[int, Any]], client: EvolutionClient
) -> None:
    id = client.send_text(NAME, JID(LEAD), "Para outra pessoa").id
    client.delete_message(NAME, JID(LEAD), id)

    _, shown = door("GET", f"/_sandbox/{NAME}/conversation?jid={LEAD}")

    assert [(one["id"], one["deleted"]) for one in shown["messages"]] == [(id, True)]
    assert client.message(NAME, id) is None


def test_a_lead_shares_a_contact_over_http(door: Callable[..., tuple[int, Any]], client: EvolutionClient) -> None:
    asked = {"phone": "5511999990001", "type": "contact", "contact": "Paulo", "number": "+55 31 97702-0099"}

    door("POST", f"/_sandbox/{NAME}/lead", asked)

    (said,) = client.messages(NAME, JID(LEAD), limit=1)
    assert [(card.name, card.phones) for card in said.cards] == [("Paulo", ("+55 31 97702-0099",))]


def test_failures_can_be_planned_and_cleared_over_http(sandbox: Sandbox, door: Callable[..., tuple[int, Any]]) -> None:
    door("POST", "/_sandbox/failures", {"route": "/chat/findMessages", "mode": "refuse", "status": 503})
    door("POST", "/_sandbox/switches", {"webhooks_off": True})
    assert ask(sandbox, "POST", f"/chat/findMessages/{NAME}", {})[0] == 503

    _, state = door("DELETE", "/_sandbox/failures", {})

    assert (state["planned"], state["switches"]["webhooks_off"]) == ([], False)


def test_the_connection_can_be_changed_over_http(
    door: Callable[..., tuple[int, Any]], client: EvolutionClient, inbox: Inbox
) -> None:
    door("POST", f"/_sandbox/{NAME}/connection", {"state": "close"})
    assert client.connection_state(NAME) == "close"
    client.connect(NAME)
    _, state = door("GET", "/_sandbox/state")
    assert state["instances"][0]["qr"].startswith("data:image/png;base64,")

    door("POST", f"/_sandbox/{NAME}/connection", {"state": "open"})

    assert client.connection_state(NAME) == "open"
    assert inbox.events() == [
        "status.instance", "logout.instance", "connection.update", "connection.update", "qrcode.updated",
        "connection.update",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_sandbox/nao_existe/lead", {"phone": "1", "text": "x"}),
        (f"/_sandbox/{NAME}/lead", {"text": "without a number"}),
        (f"/_sandbox/{NAME}/lead", {"phone": "5511999990001", "type": "audio", "base64": "*"}),
        (f"/_sandbox/{NAME}/lead", {"phone": "5511999990001", "type": "nonsense"}),
        ("/_sandbox/failures", {"route": "", "mode": "nonsense"}),
        ("/_sandbox/failures", {"nonsense": 1}),
        ("/_sandbox/switches", {"nonsense": 1}),
    ],
    ids=str,
)
def test_nonsense_at_the_side_door_is_a_400(door: Callable[..., tuple[int, Any]], path: str, body: Any) -> None:
    assert door("POST", path, body)[0] == 400


def test_the_side_door_takes_json_only_so_that_no_other_page_can_knock(door: Callable[..., tuple[int, Any]]) -> None:
    assert door("POST", f"/_sandbox/{NAME}/lead", {"phone": "1", "text": "x"}, content_type="text/plain")[0] == 400


def test_the_root_is_the_page_for_a_browser_and_the_gateways_welcome_for_all_others() -> None:
    with _served(Sandbox([NAME])) as url:
        page = requests.get(url, headers={"Accept": "text/html,*/*"}, timeout=5)
        welcome = requests.get(url, headers={"Accept": "application/json"}, timeout=5)

    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert welcome.json()["version"] == "2.3.6"


def test_no_file_outside_the_pages_own_is_handed_out(door: Callable[..., tuple[int, Any]]) -> None:
    assert door("GET", "/_sandbox/page/..%2Fgateway.py")[0] == 404
    assert door("GET", "/_sandbox/page/voice.ogg")[0] == 404
    assert door("GET", "/_sandbox/page/page.css")[0] == 200


# ------------------------------------------------------------------------------------------------------- the demo


def test_the_cast_has_at_least_six_leads_and_each_kind_that_a_demo_needs() -> None:
    lines = {script.id: [line for turn in script.turns for line in turn] for script in SCRIPTS}

    assert len(SCRIPTS) >= 6
    assert any(line.voice for line in lines["dona-celia"])
    assert any(len(turn) >= 3 for turn in next(script for script in SCRIPTS if script.id == "lucas").turns)
    assert len({script.number for script in SCRIPTS}) == len(SCRIPTS)
    assert all(jid_of(script.number) == script.jid for script in SCRIPTS)


def test_a_scripted_lead_waits_for_each_answer_and_is_quiet_after_the_last_line() -> None:
    script = Script("ana", "Ana", "5511999990001", "", ((Line("um"), Line("dois")), (Line("três"),)), begins_after=0)
    sandbox = Sandbox([NAME])
    cast = Cast(sandbox, scripts=[script], pace=0)
    wrote = _Wrote(sandbox)

    cast.start()
    assert wrote.wait_for(["um", "dois"])
    sandbox.another_integration_sends(LEAD, "resposta")
    assert wrote.wait_for(["um", "dois", "três"])
    sandbox.another_integration_sends(LEAD, "outra resposta")

    assert not cast.as_json()[0]["running"]
    assert wrote.texts() == ["um", "dois", "três"]
    cast.start("ana")
    assert wrote.wait_for(["um", "dois", "três", "um", "dois"])
    sandbox.close()


class _Wrote:
    """What leads wrote, in the order in which it came in."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def texts(self) -> list[str]:
        rows = self._sandbox.instance().visible(0, LEAD)
        return [str(row.message["conversation"]) for row in rows if not row.is_from_me]

    def wait_for(self, texts: list[str]) -> bool:
        """Wait until exactly `texts` were written, at most five seconds."""
        ended = threading.Event()
        for _ in range(1_000):
            if self.texts() == texts:
                return True
            ended.wait(0.005)
        return False


def test_the_demo_begins_with_a_past_that_nobody_is_told_of_and_nobody_waits_in(
    sandbox: Sandbox, client: EvolutionClient, inbox: Inbox
) -> None:
    plant(sandbox)

    chats = client.chats(NAME)
    records = history(sandbox, offset=500)
    assert inbox.bodies == []
    assert len(chats) == 6
    assert all(chat.last_message and chat.last_message.from_me for chat in chats)
    assert {
        "imageMessage", "locationMessage", "audioMessage", "videoMessage", "documentMessage", "stickerMessage",
        "contactMessage", "reactionMessage", "viewOnceMessageV2",
    } <= {record["messageType"] for record in records}  # fmt: skip


def test_our_side_of_the_past_was_typed_on_the_phone_but_for_one_reminder_of_another_integration(
    sandbox: Sandbox,
) -> None:
    plant(sandbox)

    ours = [record for record in history(sandbox, offset=500) if record["key"]["fromMe"]]
    others = [row for row in ours if message(row, instance=NAME).author is not Author.PHONE]
    assert [row["message"]["conversation"].split()[0] for row in others] == ["Lembrete"]
    assert {row["pushName"] for row in ours if row["source"] == "android"} == {sandbox.instance().profile_name}
    assert {message(row, instance=NAME).status for row in ours} == {Status.READ}


# --------------------------------------------------------------------------------------------------- page, command


PAGE = Path(sandbox_package.__file__).parent / "page"


def test_the_page_has_no_inline_script_or_style_and_asks_nobody_else() -> None:
    page = (PAGE / "index.html").read_text()
    script = (PAGE / "page.js").read_text()

    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page) == []
    assert re.findall(r"(?:https?:)?//(?!www\.w3\.org)[a-z]", page + (PAGE / "page.css").read_text()) == []
    assert "innerHTML" not in script
    assert set(re.findall(r'byId\("([\w-]+)"\)', script)) <= set(re.findall(r'id="([\w-]+)"', page))


def test_the_voice_note_is_small_and_what_it_says_it_is() -> None:
    note = VOICE_NOTE.read_bytes()

    assert note.startswith(b"OggS")
    assert b"OpusHead" in note[:64]
    assert len(note) < 40_000


def test_a_voice_note_that_is_sent_has_its_own_length_where_the_file_tells_it(client: EvolutionClient) -> None:
    told = client.send_voice(NAME, JID(LEAD), VOICE_NOTE.read_bytes()).media
    untold = client.send_voice(NAME, JID(LEAD), b"\x1aE\xdf\xa3 no Ogg").media

    assert told is not None
    assert told.seconds == VOICE_SECONDS > 1
    assert untold is not None
    assert untold.seconds is None


@pytest.mark.process
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_on_this_machine_and_stops_when_told(told: signal.Signals) -> None:
    options = ["--port", "0", "--api-key", "k", "--instances", "a,b", "--closed", "b"]
    command = [sys.executable, "manage.py", "sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        client = EvolutionClient(url, "k")
        states = [client.connection_state(name) for name in ("a", "b")]

        process.send_signal(told)

        assert process.wait(timeout=10) == 0
    assert urlsplit(url).hostname == "127.0.0.1"
    assert states == ["open", "close"]
