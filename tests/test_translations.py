"""Every word that people see is translated, and compiling needs nothing installed."""

from __future__ import annotations

import gettext
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from sdr_dashboard import translations

BASE = Path(__file__).resolve().parent.parent
PORTUGUESE = "locale/pt_BR/LC_MESSAGES/django.po"


def test_no_portuguese_word_is_missing_or_doubtful() -> None:
    assert (BASE / PORTUGUESE).is_file()
    assert translations.unfinished(BASE) == []


def test_a_missing_word_is_seen(tmp_path: Path) -> None:
    write(tmp_path, 'msgid "Pause"\nmsgstr ""\n\n#, fuzzy\nmsgid "Log out"\nmsgstr "Sair?"\n')

    assert [entry.rpartition(": ")[2] for entry in translations.unfinished(tmp_path)] == ["Pause", "Log out"]


def test_compiling_needs_no_gettext_and_is_done_once(tmp_path: Path) -> None:
    source = write(tmp_path, 'msgid "Pause"\nmsgstr "Pausar"\n')

    made, again = translations.compile_all(tmp_path), translations.compile_all(tmp_path)

    with source.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Pause") == "Pausar"
    assert (made, again) == ([source.with_suffix(".mo")], [])


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_the_translations_are_in_step_with_the_sources(tmp_path: Path) -> None:
    """What `make messages` would write has the same entries as what is there."""
    for part in ("manage.py", "sdr_dashboard", "people", "conversations", "bot", "templates", "locale"):
        copy = shutil.copytree if (BASE / part).is_dir() else shutil.copy
        copy(BASE / part, tmp_path / part)
    command = ["manage.py", "makemessages", "--all", "--no-obsolete", "--no-wrap"]
    env = os.environ | {"ENV_FILE": "", "SECRET_KEY": "x" * 40, "DJANGO_SETTINGS_MODULE": "sdr_dashboard.settings"}
    subprocess.run([sys.executable, *command], cwd=tmp_path, env=env, check=True, capture_output=True)

    assert words(tmp_path / PORTUGUESE) == words(BASE / PORTUGUESE)


def words(path: Path) -> set[tuple[str | None, str]]:
    """What is to be translated, with its context."""
    return {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(path)) if not entry.obsolete}


def write(base: Path, body: str) -> Path:
    path = base / PORTUGUESE
    path.parent.mkdir(parents=True)
    path.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + body)
    return path
