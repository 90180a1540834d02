"""The documents say what the code does: every setting, and what the first steps call."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.models import BotSettings, presets
from sdr_dashboard import settings as our_settings

BASE = Path(__file__).resolve().parent.parent
#: Read by docker compose or by the reader of the environment itself, not by settings.py.
COMPOSE_ONLY = {"EVOLUTION_POSTGRES_PASSWORD", "PYTHON_VERSION", "EXTRAS"}
#: Not for .env: read before it, or set by `make run` alone.
BEFORE_ALL = {"ENV_FILE", "STAND_INS"}


def documented() -> dict[str, str]:
    """Variables of docs/settings.md with the default written there."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| ", (BASE / "docs" / "settings.md").read_text(), flags=re.M)
    assert len(rows) == len(dict(rows)), "a variable is documented twice"
    return dict(rows)


def read_by_the_code() -> set[str]:
    """Every variable that has a meaning."""
    asked = {name for name in our_settings.env.asked if not name.endswith("_")}
    return asked | {f"BOT_{name}" for name in bot_fields()}


def bot_fields() -> dict[str, object]:
    """Fields of the bot's settings that may be preset, with their defaults."""
    fields = {field.attname.upper(): field.default for field in BotSettings._meta.fields}
    return {name: default for name, default in fields.items() if name not in ("ID", "CHANGED_AT")}


def test_every_variable_is_documented_and_every_documented_one_exists() -> None:
    assert set(documented()) == read_by_the_code() | COMPOSE_ONLY | BEFORE_ALL


def test_the_example_holds_every_variable() -> None:
    example = set(re.findall(r"^#? ?([A-Z_]+)=", (BASE / ".env.example").read_text(), flags=re.M))

    assert example == set(documented()) - BEFORE_ALL


@pytest.mark.parametrize("name", sorted(bot_fields()))
def test_the_documented_default_of_a_bot_setting_is_the_real_one(name: str, settings: Any) -> None:
    written = documented()[f"BOT_{name}"].strip("` ")
    settings.BOT_PRESETS = {name: written}

    assert presets()[name.lower()] == bot_fields()[name]


@pytest.mark.parametrize("name", [n for n in our_settings.env.asked if n.endswith("_SECONDS")])
def test_the_documented_timing_is_the_real_one(name: str) -> None:
    assert float(documented()[name].strip("`")) == getattr(our_settings, name)


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (BASE / "Makefile").read_text(), flags=re.M))
    documents = [*BASE.glob("*.md"), *BASE.glob("docs/**/*.md")]
    named = {name for document in documents for name in re.findall(r"`make ([a-z]+)", document.read_text())}

    assert named <= targets


@pytest.mark.parametrize("kind", ["pip", "base", "dev", "postgres", "google-genai"])
def test_requirements_are_locked_with_hashes_and_name_no_index(kind: str) -> None:
    lock = (BASE / "requirements" / f"{kind}.txt").read_text()
    pins = re.findall(r"^[A-Za-z0-9._\[\]-]+==\S+.*\\$", lock, flags=re.M)

    assert pins
    assert len(re.findall(r"^    --hash=sha256:[0-9a-f]{64}", lock, flags=re.M)) >= len(pins)
    assert "://" not in lock
    assert "index-url" not in lock


@pytest.mark.parametrize("kind", ["base", "postgres", "google-genai"])
def test_every_runtime_requirement_says_where_it_is_used(kind: str) -> None:
    lines = (BASE / "requirements" / f"{kind}.in").read_text().splitlines()
    packages = [line for line in lines if re.match(r"[a-z]", line)]

    assert packages
    assert [line for line in packages if " # " not in line] == []


def test_every_direct_requirement_is_in_its_lock() -> None:
    for kind in ("base", "dev", "postgres", "google-genai"):
        wanted = re.findall(r"^([a-z][A-Za-z0-9._-]*)", (BASE / f"requirements/{kind}.in").read_text(), flags=re.M)
        locked = re.findall(r"^([a-z0-9._-]+)(?:\[.*?\])?==", (BASE / f"requirements/{kind}.txt").read_text(), re.M)

        assert {name.lower() for name in wanted} <= set(locked)
