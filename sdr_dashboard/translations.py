"""Compiles translations without gettext, which a fresh machine does not have."""

from __future__ import annotations

import os
from pathlib import Path

import polib


def compile_all(base: Path) -> list[Path]:
    """Make the .mo file of each .po under `base`/locale that has none or an older one; returns those it made."""
    made = []
    for source in sorted(base.glob("locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        # In one step: another process may be reading it.
        unfinished = target.with_suffix(f".{os.getpid()}")
        polib.pofile(str(source)).save_as_mofile(str(unfinished))
        unfinished.replace(target)
        made.append(target)
    return made


def unfinished(base: Path) -> list[str]:
    """Every entry that is untranslated or marked as doubtful, as "file: text"."""
    return [
        f"{source.relative_to(base)}: {entry.msgid}"
        for source in sorted(base.glob("locale/*/LC_MESSAGES/*.po"))
        for entry in polib.pofile(str(source))
        if not entry.obsolete and (entry.fuzzy or not entry.translated())
    ]


if __name__ == "__main__":
    for path in compile_all(Path(__file__).resolve().parent.parent):
        print(path)
