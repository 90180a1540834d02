"""The environment: what is read, in which order, and how nonsense is refused."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied

from sdr_dashboard.environment import Environment, Nonsense, read_file
from sdr_dashboard.logs import HideSecrets, OfRequests, OneLine

BASE = Path(__file__).resolve().parent.parent
KEY = "0123456789-a-key-for-these-tests-0123456789"


def check(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with these variables and nothing else of this machine."""
    base = {"PATH": os.environ["PATH"], "ENV_FILE": "", "VAR_DIR": str(tmp_path), "SECRET_KEY": KEY}
    command = [sys.executable, str(BASE / "manage.py"), *(arguments or ("check",))]
    return subprocess.run(command, env=base | variables, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DEBUG", "maybe", "Write true or false"),
        ("PORT", "eighty", "whole number from 1 to 65535"),
        ("PORT", "70000", "whole number from 1 to 65535"),
        ("LOG_LEVEL", "LOUD", "Write one of: DEBUG, INFO, WARNING, ERROR"),
        ("TIME_ZONE", "Brasília", "IANA list"),
        ("LANGUAGE_CODE", "fr", "Write one of: pt-br, en"),
        ("EVOLUTION_API_URL", "evolution:8080", "http:// or https://"),
        ("EVOLUTION_INSTANCE", "a/b", "letters, digits"),
        ("STAND_INS", "gemini", "something else than sandbox"),
        ("GEMINI_SDK", "openai", "Write one of: google-generativeai, google-genai"),
        ("GEMINI_BASE_URL", "ftp://x", "http:// or https://"),
        ("REDIS_URL", "localhost:6379", "redis:// or rediss:// or unix://"),
        ("CELERY_BROKER_URL", "rabbit", "redis://"),
        ("DATABASE_URL", "mysql://h/d", "sqlite:// or postgres://"),
        ("CSRF_TRUSTED_ORIGINS", "sdr.example.com", "Write the scheme too"),
        ("SWEEP_SECONDS", "0", "from 0.2 to 300"),
        ("TURN_LEASE_SECONDS", "ten", "number of seconds"),
        ("SEND_DEADLINE_SECONDS", "30", "must be below UNCONFIRMED_AFTER_SILENCE_SECONDS"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(tmp_path: Path, variable: str, value: str, words: str) -> None:
    refused = check(tmp_path, **{variable: value})

    assert refused.returncode == 1
    assert refused.stderr.startswith(variable)
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("variable", ["SECRET_KEY", "WEBHOOK_SECRET"])
def test_a_secret_that_is_too_short_is_refused_and_not_repeated(tmp_path: Path, variable: str) -> None:
    refused = check(tmp_path, **{variable: "hunter2"})

    assert refused.returncode == 1
    assert f"{variable} has 7 characters" in refused.stderr
    assert "hunter2" not in refused.stderr


def test_a_missing_secret_key_is_told_with_the_remedy(tmp_path: Path) -> None:
    refused = check(tmp_path, SECRET_KEY="")

    assert refused.returncode == 1
    assert "make run" in refused.stderr


def test_a_gateway_without_its_key_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "local.env").write_text("EVOLUTION_API_KEY=made-up-for-the-sandbox\nWEBHOOK_SECRET=" + "w" * 20)

    refused = check(tmp_path, EVOLUTION_API_URL="http://127.0.0.1:8080")

    assert refused.returncode == 1
    assert "EVOLUTION_API_KEY is not" in refused.stderr


@pytest.mark.parametrize(("variable", "value"), [("BOT_HISTORY_LENGHT", "5"), ("BOT_TEMPERATURE", "hot")])
def test_a_preset_of_the_bot_that_is_wrong_is_an_error(tmp_path: Path, variable: str, value: str) -> None:
    refused = check(tmp_path, **{variable: value})

    assert refused.returncode == 1
    assert variable in refused.stderr


def test_a_public_deployment_passes_djangos_own_checks(tmp_path: Path) -> None:
    public = {
        "PUBLIC_URL": "https://sdr.example.com",
        "WEBHOOK_SECRET": "w" * 24,
        "EVOLUTION_API_URL": "https://evolution.example.com",
        "EVOLUTION_API_KEY": "k" * 20,
        "SECRET_KEY": "checked-never-used-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    }

    passed = check(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **public)

    assert passed.returncode == 0, passed.stderr


def test_plain_http_to_another_machine_is_warned_of(tmp_path: Path) -> None:
    warned = check(tmp_path, "check", "--deploy", PUBLIC_URL="http://192.168.0.9:8000")

    assert "sdr.W001" in warned.stderr


def test_the_environment_counts_more_than_files_and_local_env_least(tmp_path: Path) -> None:
    (tmp_path / "my.env").write_text("LOG_LEVEL=ERROR\nTIME_ZONE=Europe/Lisbon\n")
    (tmp_path / "local.env").write_text("LOG_LEVEL=DEBUG\nTIME_ZONE=UTC\nLANGUAGE_CODE=en\n")
    show = "from django.conf import settings as s; print(s.LOG_LEVEL, s.TIME_ZONE, s.LANGUAGE_CODE)"

    shown = check(tmp_path, "shell", "-v", "0", "-c", show, ENV_FILE=str(tmp_path / "my.env"), LOG_LEVEL="WARNING")

    assert shown.stdout.split() == ["WARNING", "Europe/Lisbon", "en"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A = b", "b"),
        ("A='b # c'", "b # c"),
        ('A="b" # remark', "b"),
        ("A=b # remark", "b"),
        ("A=b#c", "b#c"),
        ("A=$HOME", "$HOME"),
        ("A=", None),
        ("A= # nothing yet", None),
        ("# A=b", None),
    ],
)
def test_lines_of_an_env_file(tmp_path: Path, line: str, value: str | None) -> None:
    (tmp_path / ".env").write_text(line)

    assert read_file(tmp_path / ".env").get("A") == value


def test_a_line_that_cannot_be_read_is_refused_by_number_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=b\nmy-secret-without-a-name\n")

    with pytest.raises(Nonsense) as refused:
        read_file(tmp_path / ".env")

    assert "line 2" in str(refused.value)
    assert "my-secret" not in str(refused.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes("BOT_COMPANY=Padaria São João".encode("latin-1"))

    with pytest.raises(Nonsense, match="UTF-8"):
        read_file(file)


def test_a_comma_list_keeps_its_order_and_says_each_once() -> None:
    assert Environment({"X": " b, a,,b "}).names("X", ("z",)) == ("b", "a")
    assert Environment({}).names("X", ("z",)) == ("z",)


@pytest.mark.parametrize(
    ("public_url", "debug", "is_secure"),
    [
        ("http://127.0.0.1:8000", "false", False),
        ("http://192.168.0.9:8000", "false", True),
        ("https://sdr.example.com", "false", True),
        ("https://sdr.example.com", "true", False),
    ],
)
def test_cookies_travel_encrypted_or_stay_on_this_machine(
    tmp_path: Path, public_url: str, debug: str, is_secure: bool
) -> None:
    show = "from django.conf import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)"

    shown = check(tmp_path, "shell", "-v", "0", "-c", show, PUBLIC_URL=public_url, DEBUG=debug)

    assert shown.stdout.split() == [str(is_secure)] * 2


def test_the_broker_is_the_cache_in_kombus_spelling(tmp_path: Path) -> None:
    show = "from django.conf import settings as s; print(s.CELERY_BROKER_URL)"

    shown = check(tmp_path, "shell", "-v", "0", "-c", show, REDIS_URL="unix:///run/v.sock?db=3")

    assert shown.stdout.strip() == "redis+socket:///run/v.sock?virtual_host=3"


# ------------------------------------------------------------------------------------------------------- log lines


def logged(words: str, *arguments: object, secrets: tuple[str, ...] = ()) -> str:
    """A line as it reaches standard output, without its time."""
    record = logging.LogRecord("bot.reply", logging.INFO, __file__, 1, words, arguments, None)
    assert HideSecrets(secrets).filter(record)
    return OneLine().format(record).partition(" INFO ")[2]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("{'apikey': 'B6D711FC'}", "{'apikey': '***'}"),
        ('"apikey":"B6D711FC","x":1', '"apikey":"***","x":1'),
        ("GET /v1beta/models?key=AIzaSy&alt=json", "GET /v1beta/models?key=***&alt=json"),
        ("Authorization: Bearer eyJhbGci.x.y", "Authorization: ***"),
        ("x-goog-api-key: AIzaSy", "x-goog-api-key: ***"),
        ("redis://user:hunter2@host:6379/0", "redis://***@host:6379/0"),
        ("turn for 3EB0: answered (2)", "turn for 3EB0: answered (2)"),
    ],
)
def test_what_is_named_like_a_secret_does_not_reach_the_log(words: str, shown: str) -> None:
    assert logged(words) == f"bot.reply: {shown}"


@pytest.mark.parametrize("path", ["/invitation/1S7gP5Mh-JQN_zr/", "/password/MQ/d0xyz-1S7gP5Mh/"])
def test_a_link_that_lets_somebody_in_does_not_reach_the_log(path: str) -> None:
    assert "1S7gP5Mh" not in logged("Forbidden (CSRF cookie not set.): %s", path)


def test_a_configured_secret_does_not_reach_the_log_wherever_it_stands() -> None:
    assert logged("refused %s there", "s3cr3t-of-ours", secrets=("s3cr3t-of-ours",)) == "bot.reply: refused *** there"


def test_a_stack_trace_is_cleaned_too() -> None:
    try:
        raise ValueError("apikey=B6D711FC")
    except ValueError:
        record = logging.LogRecord("bot", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())

    HideSecrets().filter(record)

    assert "B6D711FC" not in OneLine().format(record)


def test_a_strangers_line_break_does_not_begin_a_line() -> None:
    assert logged("unknown event %s", "x\n2026-01-01 ERROR root: broken in") == (
        "bot.reply: unknown event x\\n2026-01-01 ERROR root: broken in"
    )


@pytest.mark.parametrize(("status", "is_told"), [(404, True), (403, True), (500, True), (503, False)])
def test_a_refusal_is_one_line_and_what_broke_is_traced(status: int, is_told: bool) -> None:
    try:
        raise PermissionDenied
    except PermissionDenied:
        record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "refused", (), sys.exc_info())
    record.status_code = status

    assert OfRequests().filter(record) is is_told
    assert (record.exc_info is None) is (status == 403)
