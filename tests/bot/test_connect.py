"""From an address and a key to a paired number: every step on a gateway with a memory, every failure a real one."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import qrcode
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command
from django.utils import translation

from bot import connecting
from bot.connecting import Prepared, Trouble
from conversations import switches
from conversations.evolution import get_client
from conversations.evolution.client import EvolutionClient
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.evolution.wire import USED_EVENTS
from tests.bot.conftest import API_KEY, INSTANCE

BASE = Path(__file__).resolve().parent.parent.parent
ADDRESS = "http://127.0.0.1:8000/webhook/evolution/"
SECRET = "a-webhook-secret-of-the-tests"
NOTHING = Prepared(is_new=False, webhook_changed=False, settings_changed=False, was_reopened=False, took_events_from="")


@pytest.fixture(autouse=True)
def _in_english(settings: Any) -> Iterator[None]:
    settings.WEBHOOK_SECRET = SECRET
    with translation.override("en"):
        yield


@pytest.fixture
def client(sandbox: Sandbox) -> EvolutionClient:
    """The product's own client of the sandbox."""
    return get_client()


# ------------------------------------------------------------------------------------------------------ the instance


def test_a_new_instance_is_made_with_our_webhook_and_settings(sandbox: Sandbox, client: EvolutionClient) -> None:
    done = connecting.prepare(client, "vendas", ADDRESS)

    assert done == Prepared(True, True, False, False, "")
    made = sandbox.instance("vendas")
    assert made.settings["groupsIgnore"] is True
    assert made.settings["readMessages"] is False
    assert made.webhook is not None
    kept = {name: made.webhook[name] for name in ("enabled", "url", "headers", "webhookByEvents", "webhookBase64")}
    assert kept == {
        "enabled": True,
        "url": ADDRESS,
        "headers": {"X-Webhook-Secret": SECRET},
        "webhookByEvents": False,
        "webhookBase64": False,
    }
    assert set(made.webhook["events"]) == {
        *("MESSAGES_UPSERT", "SEND_MESSAGE", "MESSAGES_UPDATE", "MESSAGES_EDITED", "MESSAGES_DELETE"),
        *("CONNECTION_UPDATE", "PRESENCE_UPDATE", "QRCODE_UPDATED", "SEND_MESSAGE_UPDATE"),
    }


def test_what_is_right_is_left_alone(sandbox: Sandbox, client: EvolutionClient) -> None:
    connecting.prepare(client, INSTANCE, ADDRESS)
    stored = dict(sandbox.instance().webhook or {})

    assert connecting.prepare(client, INSTANCE, ADDRESS) == NOTHING
    assert sandbox.instance().webhook == stored


def test_settings_are_kept_but_nothing_is_marked_as_read(sandbox: Sandbox, client: EvolutionClient) -> None:
    sandbox.instance().settings |= {"rejectCall": True, "msgCall": "Escreva", "readMessages": True, "readStatus": True}

    done = connecting.prepare(client, INSTANCE, ADDRESS)

    assert done.settings_changed
    found = sandbox.instance().settings_in_order()
    assert (found["rejectCall"], found["msgCall"], found["readStatus"]) == (True, "Escreva", True)
    assert (found["groupsIgnore"], found["readMessages"]) == (False, False)


@pytest.mark.parametrize(
    "change",
    [
        {"events": list(USED_EVENTS)[1:]},
        {"events": [*USED_EVENTS, "CALL"]},
        {"events": []},
        {"headers": {"X-Webhook-Secret": "another"}},
        {"headers": {}},
        {"byEvents": True},
        {"base64": True},
        {"enabled": False},
        {"url": "http://127.0.0.1:8000/webhook/evolution"},
    ],
)
def test_a_webhook_that_differs_in_anything_is_set_again(
    sandbox: Sandbox, client: EvolutionClient, change: dict[str, Any]
) -> None:
    connecting.prepare(client, INSTANCE, ADDRESS)
    wanted: dict[str, Any] = {
        "url": ADDRESS,
        "events": list(USED_EVENTS),
        "headers": {"X-Webhook-Secret": SECRET},
    } | change
    sandbox.set_webhook(**wanted)

    assert connecting.prepare(client, INSTANCE, ADDRESS).webhook_changed
    assert connecting.is_right(client.webhook(INSTANCE), ADDRESS)


def test_who_loses_the_events_is_told(sandbox: Sandbox, client: EvolutionClient) -> None:
    sandbox.set_webhook("http://n8n.example/webhook/abc")

    assert connecting.prepare(client, INSTANCE, ADDRESS).took_events_from == "http://n8n.example/webhook/abc"


def test_an_open_number_is_reopened_so_that_files_stop_coming_along(sandbox: Sandbox, client: EvolutionClient) -> None:
    sandbox.set_webhook(ADDRESS, base64=True)
    assert sandbox.instance().base64_active

    done = connecting.prepare(client, INSTANCE, ADDRESS)

    assert done.was_reopened
    assert not sandbox.instance().base64_active
    assert sandbox.instance().state == "open"


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("", "http://127.0.0.1:8000/webhook/evolution/"),
        ("https://sdr.example.com/", "https://sdr.example.com/webhook/evolution/"),
        ("http://web:8000/webhook/evolution", "http://web:8000/webhook/evolution/"),
        ("https://example.com/sdr", "https://example.com/sdr/webhook/evolution/"),
    ],
)
def test_the_webhook_address_is_a_base_and_our_path(base: str, address: str) -> None:
    assert connecting.webhook_address(base) == address


# ----------------------------------------------------------------------------------- every way in which it can be wrong


def trouble_with(settings: Any, **changed: Any) -> str:
    """What a person reads when connecting with these settings."""
    for name, value in changed.items():
        setattr(settings, name, value)
    with pytest.raises(Trouble) as caught:
        connecting.check_gateway(EvolutionClient(settings.EVOLUTION_API_URL, settings.EVOLUTION_API_KEY, timeout=0.5))
    assert caught.value.reason.remedy
    return str(caught.value)


@pytest.mark.usefixtures("sandbox")
def test_a_wrong_key_is_told_although_the_root_needs_none(settings: Any) -> None:
    said = trouble_with(settings, EVOLUTION_API_KEY="not-the-key-at-all")

    assert "does not accept the key" in said
    assert "not-the-key-at-all" not in said


def test_settings_that_are_missing_are_named(settings: Any) -> None:
    assert trouble_with(settings, EVOLUTION_API_URL="").startswith("EVOLUTION_API_URL is not set")
    assert trouble_with(settings, EVOLUTION_API_URL="http://127.0.0.1:9", WEBHOOK_SECRET="").startswith(
        "WEBHOOK_SECRET is not set"
    )


def test_a_token_of_one_instance_cannot_make_another(sandbox: Sandbox, settings: Any) -> None:
    client = EvolutionClient(settings.EVOLUTION_API_URL, sandbox.instance().token)

    with pytest.raises(Trouble, match="it is the token of another one"):
        connecting.prepare(client, "vendas", ADDRESS)
    assert connecting.prepare(client, INSTANCE, ADDRESS).webhook_changed


def test_a_name_that_the_key_does_not_show_is_told(sandbox: Sandbox, settings: Any) -> None:
    sandbox.new_instance("vendas", number=None, integration="WHATSAPP-BAILEYS")
    client = EvolutionClient(settings.EVOLUTION_API_URL, sandbox.instance().token)

    with pytest.raises(Trouble, match="the key does not open it"):
        connecting.prepare(client, "vendas", ADDRESS)


Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Starts a server that answers each GET by a function, with TLS when a context is given; its port."""
    servers = []

    def start(answer: Answer, tls: ssl.SSLContext | None = None) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_args: object) -> None: ...

        server = Quiet(("127.0.0.1", 0), Handler)
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return int(server.server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Quiet(ThreadingHTTPServer):
    """A client that goes away is what these tests are about."""

    daemon_threads = True

    def handle_error(self, *_args: object) -> None: ...


def says(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    """An answer that is always the same."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says(200, b"<html>Manager</html>"), "it is not an Evolution API"),
        (says(200, b'{"name": "something else"}'), "it is not an Evolution API"),
        (says(301, Location="https://127.0.0.1/"), "redirects to another one"),
        (says(502, b"Bad Gateway"), r"an error of its own \(502\)"),
        (says(404, b"not here"), "The gateway refuses: status 404"),
    ],
)
def test_an_address_that_is_not_the_gateways_is_told(
    settings: Any, serve: Callable[..., int], answer: Answer, words: str
) -> None:
    said = trouble_with(settings, EVOLUTION_API_URL=f"http://127.0.0.1:{serve(answer)}")

    assert re.search(words, said)


def test_a_port_at_which_nothing_listens_is_told(settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        said = trouble_with(settings, EVOLUTION_API_URL=f"http://127.0.0.1:{port}")

    assert said.startswith(f"Nothing listens at port {port} of 127.0.0.1.")


def test_a_name_that_no_machine_has_is_told(settings: Any) -> None:
    # An empty label: it is refused without asking any name server.
    assert "no machine named a..b" in trouble_with(settings, EVOLUTION_API_URL="http://a..b")


def test_a_server_that_takes_the_connection_and_is_silent_is_told(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = trouble_with(settings, EVOLUTION_API_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")

    assert "takes the connection, but gives no answer" in said


def test_https_where_only_http_is_spoken_is_told(settings: Any, serve: Callable[..., int]) -> None:
    said = trouble_with(settings, EVOLUTION_API_URL=f"https://127.0.0.1:{serve(says(200))}")

    assert "does not speak https" in said


def test_a_certificate_of_nobody_is_told(settings: Any, serve: Callable[..., int], tmp_path: Path) -> None:
    said = trouble_with(settings, EVOLUTION_API_URL=f"https://127.0.0.1:{serve(says(200), of_nobody(tmp_path))}")

    assert "The certificate of 127.0.0.1 is not trusted" in said


def of_nobody(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


# ----------------------------------------------------------------------------------------------------------- pairing


class Time:
    """A clock that only waiting moves; what is planned happens while somebody waits."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.now = 1_000_000.0
        self._planned: list[tuple[float, Callable[[], object]]] = []
        sandbox.clock = lambda: self.now

    def after(self, seconds: float, what: Callable[[], object]) -> None:
        """`what` happens so much later."""
        self._planned.append((self.now + seconds, what))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now += seconds
        due = [what for at, what in self._planned if at <= self.now]
        self._planned = [(at, what) for at, what in self._planned if at > self.now]
        for what in due:
            what()


@pytest.fixture
def time(sandbox: Sandbox) -> Time:
    """The gateway's time, and ours; its number is not paired."""
    sandbox.set_state(sandbox.instance(), "close")
    return Time(sandbox)


def pair(client: EvolutionClient, time: Time, **options: Any) -> list[Any]:
    return list(connecting.pair(client, INSTANCE, clock=lambda: time.now, sleep=time.sleep, **options))


def test_each_code_is_shown_once_until_the_phone_has_scanned_one(
    sandbox: Sandbox, client: EvolutionClient, time: Time
) -> None:
    time.after(100, lambda: sandbox.set_state(sandbox.instance(), "open"))

    *codes, last = pair(client, time)

    assert last.state == "open"
    # One code every 45 s.
    assert len({shown.code for shown in codes}) == len(codes) == 3


def test_waiting_ends_when_time_is_over(client: EvolutionClient, time: Time) -> None:
    began = time.now

    shown = pair(client, time, timeout_s=30)

    assert [found.state for found in shown] == [""]
    assert time.now - began == pytest.approx(30, abs=2)


def test_a_paired_number_shows_nothing(client: EvolutionClient) -> None:
    assert [found.state for found in connecting.pair(client, INSTANCE)] == ["open"]


def test_with_a_number_there_is_a_code_to_type(sandbox: Sandbox, client: EvolutionClient, time: Time) -> None:
    time.after(3, lambda: sandbox.set_state(sandbox.instance(), "open"))

    first, *_ = pair(client, time, number="5511999990000")

    assert len(first.pairing_code) == 8


def test_a_gateway_that_fails_for_a_moment_is_asked_again(
    sandbox: Sandbox, client: EvolutionClient, time: Time
) -> None:
    sandbox.failures.add(Failure("/instance/connect", times=2))
    sandbox.failures.add(Failure("/instance/connect", mode="drop", times=1))
    time.after(20, lambda: sandbox.set_state(sandbox.instance(), "open"))

    assert pair(client, time)[-1].state == "open"


def test_an_instance_that_is_deleted_meanwhile_ends_the_wait(
    sandbox: Sandbox, client: EvolutionClient, time: Time
) -> None:
    time.after(10, lambda: sandbox.forget_instance(sandbox.instance()))

    with pytest.raises(Trouble, match="no such instance"):
        pair(client, time)


@pytest.mark.parametrize("number", ["+55 (11) 99999-0000", "5511999990000"])
def test_a_phone_number_is_read_however_it_is_written(number: str) -> None:
    assert connecting.digits(number) == "5511999990000"


@pytest.mark.parametrize("number", ["", "99999", "voice_sdr", "1" * 16])
def test_what_is_no_phone_number_is_refused(number: str) -> None:
    with pytest.raises(Trouble, match="not a phone number"):
        connecting.digits(number)


@pytest.mark.parametrize("in_colours", [False, True])
def test_what_is_drawn_is_the_code(in_colours: bool) -> None:
    code = "2@" + "Zm9v" * 40
    wanted = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=2)
    wanted.add_data(code)

    drawn = connecting.draw(code, in_colours=in_colours)

    assert dark_dots(drawn) == wanted.get_matrix()
    assert max(len(line) for line in plain(drawn)) <= 80


def plain(drawn: str) -> list[str]:
    return [line.replace("\x1b[38;5;255;48;5;16m", "").replace("\x1b[0m", "") for line in drawn.split("\n")]


def dark_dots(drawn: str) -> list[list[bool]]:
    """The dots that are dark on a dark terminal, where blocks are light."""
    rows: list[list[bool]] = []
    for line in plain(drawn):
        rows.append([sign not in "█▀" for sign in line])
        rows.append([sign not in "█▄" for sign in line])
    # The code has an odd number of rows: the last half line is none.
    return rows[: len(rows[0])]


# ------------------------------------------------------------------------------------------------------- the command


def connect(*arguments: str, **options: Any) -> str:
    """What `manage.py connect` writes."""
    written = io.StringIO()
    call_command("connect", *arguments, stdout=written, **options)
    return written.getvalue()


@pytest.mark.usefixtures("db", "sandbox")
def test_the_command_says_what_it_did_and_what_is_left(settings: Any) -> None:
    first, again = connect(), connect()

    assert "accepts the key; version 2.3.6" in first
    assert f"webhook         set to {ADDRESS}, {len(USED_EVENTS)} events" in first
    assert "pairing         connected" in first
    assert first.index("manage.py doctor") < first.index(f"Switch the bot on for {INSTANCE}")
    assert again.count("was right already") == 2
    for secret in (settings.WEBHOOK_SECRET, API_KEY):
        assert secret not in first + again


@pytest.mark.usefixtures("db", "sandbox")
def test_a_bot_that_is_on_need_not_be_switched_on() -> None:
    switches.switch(None, INSTANCE, True)

    assert "Switch the bot on" not in connect()


@pytest.mark.usefixtures("db")
def test_several_numbers_are_connected_one_after_the_other(sandbox: Sandbox, settings: Any) -> None:
    settings.EVOLUTION_INSTANCES = (INSTANCE, "vendas")

    with pytest.raises(CommandError, match="Not connected yet: vendas"):
        connect("--no-wait", "--webhook-url", "http://web:8000")

    for name in settings.EVOLUTION_INSTANCES:
        assert sandbox.instance(name).webhook["url"] == "http://web:8000/webhook/evolution/"  # type: ignore[index]


@pytest.mark.usefixtures("db")
def test_the_code_is_shown_and_waiting_is_bounded(sandbox: Sandbox) -> None:
    sandbox.set_state(sandbox.instance(), "close")
    written = io.StringIO()

    with pytest.raises(CommandError, match=INSTANCE):
        call_command("connect", timeout=0, stdout=written)

    assert connecting.draw(sandbox.instance().qr_code, in_colours=False) in written.getvalue()
    assert "nobody scanned the code" in written.getvalue()


@pytest.mark.usefixtures("db")
def test_a_code_to_type_is_shown_in_place_of_a_picture(sandbox: Sandbox) -> None:
    sandbox.set_state(sandbox.instance(), "close")
    written = io.StringIO()

    with pytest.raises(CommandError):
        call_command("connect", number="+55 11 99999-0000", timeout=0, stdout=written)

    assert str(sandbox.instance().pairing_code) in written.getvalue()
    assert "█" not in written.getvalue()


@pytest.mark.usefixtures("db")
def test_a_version_that_was_not_tried_is_told(settings: Any, serve: Callable[..., int], sandbox: Sandbox) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        """The sandbox, but of a later version."""
        status, _, body = sandbox.handle("GET", handler.path, {"apikey": handler.headers["apikey"]}, b"")
        says(status, body.replace(b'"version":"2.3.6"', b'"version":"2.4.0-rc2"'))(handler)

    settings.EVOLUTION_API_URL = f"http://127.0.0.1:{serve(answer)}"

    written = io.StringIO()
    with pytest.raises(CommandError):
        call_command("connect", stdout=written)

    assert "2.4.0-rc2" in written.getvalue()
    assert "was tested with 2.3.x" in written.getvalue()


@pytest.mark.usefixtures("db", "sandbox")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["unheard_of"], "not in EVOLUTION_INSTANCE"),
        (["--number", "12"], "not a phone number"),
    ],
)
def test_a_command_line_that_cannot_be_is_refused(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        connect(*arguments)


@pytest.mark.process
def test_ctrl_c_ends_it_cleanly(sandbox: Sandbox, settings: Any, tmp_path: Path) -> None:
    sandbox.set_state(sandbox.instance(), "close")
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": "",
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": settings.SECRET_KEY,
        "WEBHOOK_SECRET": SECRET,
        "EVOLUTION_API_URL": settings.EVOLUTION_API_URL,
        "EVOLUTION_API_KEY": API_KEY,
        "LANGUAGE_CODE": "en",
    }
    command = [sys.executable, "manage.py", "connect"]
    with subprocess.Popen(
        command, cwd=BASE, env=environment, text=True, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        while "█" not in process.stdout.readline():
            assert process.poll() is None, process.stderr and process.stderr.read()
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "Stopped." in complaint
    assert "Traceback" not in complaint


def test_the_document_names_the_events_that_are_set() -> None:
    text = (BASE / "docs" / "connecting.md").read_text(encoding="utf-8")
    listed = text[text.index("The nine events:") :].partition("\n\n")[0]

    assert set(re.findall(r"`([A-Z_]+)`", listed)) == set(USED_EVENTS)
    assert len(USED_EVENTS) == 9
