"""docker-compose.yml and the Dockerfile: each row of the design document, and what keeps the rest safe."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.models import BotSettings

BASE = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((BASE / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker", "beat", "migrate")
SECRETS = {
    "SECRET_KEY": "k",
    "WEBHOOK_SECRET": "w",
    "PUBLIC_URL": "https://sdr.example.com",
    "EVOLUTION_API_KEY": "e",
    "EVOLUTION_POSTGRES_PASSWORD": "p",
}


def tool(name: str) -> str:
    """The path of a development tool; skips where it was not made for this Python."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} has no build for this Python")
    return found


def config(**variables: str) -> subprocess.CompletedProcess[str]:
    """What Compose itself says to the file, with these variables only."""
    command = [
        tool("docker-compose"),
        "--env-file",
        "/dev/null",
        "-f",
        str(BASE / "docker-compose.yml"),
        "config",
        "-q",
    ]
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **variables}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


# ------------------------------------------------------------------------------- each row of the design document


def test_postgres_is_as_the_document_says() -> None:
    postgres = SERVICES["postgres"]

    assert postgres["image"] == "postgres:15"
    assert postgres["container_name"] == "evolution_postgres"
    assert postgres["environment"]["POSTGRES_DB"] == "evolution"
    assert postgres["environment"]["POSTGRES_USER"] == "evolution"
    assert postgres["volumes"] == ["./evolution_data/postgres:/var/lib/postgresql/data"]


def test_redis_is_as_the_document_says() -> None:
    redis = SERVICES["redis"]

    assert redis["image"] == "redis:alpine"
    assert redis["container_name"] == "evolution_redis"
    assert redis["volumes"] == ["./evolution_data/redis:/data"]
    assert redis["command"] == ["redis-server", "--appendonly", "yes"]


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_evolutions_data_is_on_the_inner_network_alone_and_publishes_nothing(name: str) -> None:
    assert "ports" not in SERVICES[name]
    assert SERVICES[name]["networks"] == ["voice_sdr_network"]
    assert COMPOSE["networks"]["voice_sdr_network"] == {"name": "voice_sdr_network", "internal": True}


def test_evolution_keeps_its_sessions_and_files_where_the_document_says() -> None:
    assert SERVICES["evolution"]["volumes"] == [
        "./evolution_data/instances:/evolution/instances",
        "./evolution_data/store:/evolution/store",
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_SAVE_DATA_NEW_MESSAGE", "true"),
        ("DATABASE_SAVE_MESSAGE_UPDATE", "true"),
        ("DATABASE_SAVE_DATA_INSTANCE", "true"),
        ("DATABASE_PROVIDER", "postgresql"),
        ("CACHE_REDIS_ENABLED", "true"),
    ],
)
def test_evolution_keeps_what_the_bot_remembers(variable: str, value: str) -> None:
    assert SERVICES["evolution"]["environment"][variable] == value


def test_evolution_stores_in_that_postgres_and_that_redis() -> None:
    environment = SERVICES["evolution"]["environment"]

    assert re.fullmatch(
        r"postgresql://evolution:\$\{[^}]+\}@postgres:5432/evolution\?schema=public",
        environment["DATABASE_CONNECTION_URI"],
    )
    assert environment["CACHE_REDIS_URI"].startswith("redis://redis:6379")


def test_evolution_reaches_its_data_and_the_world() -> None:
    assert SERVICES["evolution"]["networks"] == ["voice_sdr_network", "sdr"]
    assert not (COMPOSE["networks"]["sdr"] or {}).get("internal")


@pytest.mark.parametrize("name", OURS)
def test_ours_cannot_reach_evolutions_data(name: str) -> None:
    assert SERVICES[name]["networks"] == ["sdr"]
    assert "postgres" not in SERVICES[name].get("depends_on", {})
    assert "EVOLUTION_POSTGRES_PASSWORD" not in str(SERVICES[name])


def test_the_broker_is_ours_and_not_evolutions() -> None:
    assert SERVICES["web"]["environment"]["REDIS_URL"] == "redis://broker:6379/0"
    assert SERVICES["broker"]["networks"] == ["sdr"]


def test_the_number_of_the_document_is_the_default() -> None:
    assert SERVICES["web"]["environment"]["EVOLUTION_INSTANCE"] == "${EVOLUTION_INSTANCE:-voice_sdr_v4}"


def test_the_image_is_the_documents_unless_another_python_is_asked_for() -> None:
    dockerfile = (BASE / "Dockerfile").read_text()

    assert re.search(r"^ARG PYTHON_VERSION=3\.10$", dockerfile, flags=re.M)
    assert len(re.findall(r"^FROM python:\$\{PYTHON_VERSION\}-slim", dockerfile, flags=re.M)) == 2


def test_the_image_has_no_database_driver() -> None:
    lock = (BASE / "requirements" / "base.txt").read_text()

    assert not re.search(r"^(psycopg|psycopg2|asyncpg|mysqlclient)", lock, flags=re.M)


# ------------------------------------------------------------------------------------------------- and the rest


def test_only_the_web_is_published_and_on_this_machine() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert SERVICES["web"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]


def test_every_image_is_pinned_to_a_version() -> None:
    images = {name: service["image"] for name, service in SERVICES.items() if "build" not in service}

    # redis:alpine is the document's.
    assert {name for name, image in images.items() if not re.search(r":v?\d", image)} == {"redis"}
    assert images["evolution"] == "evoapicloud/evolution-api:v2.3.6"


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_everything_that_runs_says_whether_it_is_well(name: str) -> None:
    own = SERVICES[name].get("healthcheck")

    assert own or "HEALTHCHECK" in (BASE / "Dockerfile").read_text()
    assert own is None or "test" in own


def test_things_start_in_order() -> None:
    assert SERVICES["web"]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"},
        "broker": {"condition": "service_healthy"},
    }
    assert SERVICES["worker"]["depends_on"]["evolution"] == {"condition": "service_healthy"}
    assert SERVICES["evolution"]["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_migrations_run_once() -> None:
    migrating = [name for name, service in SERVICES.items() if "migrate" in str(service.get("command"))]

    assert migrating == ["migrate"]
    assert SERVICES["migrate"]["restart"] == "no"


def test_no_secret_has_a_default() -> None:
    text = (BASE / "docker-compose.yml").read_text()
    defaults = re.findall(r"\$\{([A-Z_]*(?:SECRET|KEY|PASSWORD)[A-Z_]*)(:?[-?])", text)

    assert {name for name, how in defaults if how != ":?"} == {"GEMINI_API_KEY", "EMAIL_HOST_PASSWORD"}


def test_every_preset_of_the_bot_reaches_the_containers() -> None:
    fields = {f"BOT_{field.attname.upper()}" for field in BotSettings._meta.fields} - {"BOT_ID", "BOT_CHANGED_AT"}

    assert {name for name in SERVICES["web"]["environment"] if name.startswith("BOT_")} == fields | {"BOT_SWITCHED_ON"}


def test_compose_accepts_the_file() -> None:
    accepted = config(**SECRETS)

    assert (accepted.returncode, accepted.stderr) == (0, "")


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_compose_refuses_to_start_without_a_secret(name: str) -> None:
    refused = config(**{key: value for key, value in SECRETS.items() if key != name})

    assert refused.returncode != 0
    assert f"required variable {name} is missing" in refused.stderr


def test_the_dockerfile_has_no_known_flaw() -> None:
    judged = subprocess.run([tool("hadolint"), str(BASE / "Dockerfile")], capture_output=True, text=True, timeout=60)

    assert (judged.returncode, judged.stdout) == (0, "")


def test_the_image_runs_as_nobody_special_and_takes_no_secrets_along() -> None:
    dockerfile = (BASE / "Dockerfile").read_text()
    ignored = (BASE / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}

    assert re.search(r"^USER 10001:10001$", dockerfile, flags=re.M)
    assert "*" in ignored
    assert let_in == {
        "manage.py",
        "requirements",
        "sdr_dashboard",
        "people",
        "conversations",
        "bot",
        "templates",
        "locale",
    }
