"""What the documents name exists: files, tests, functions, headings. A promise without a test is a failing test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*BASE.glob("*.md"), *BASE.glob("docs/**/*.md"), *BASE.glob("benchmarks/*.md")])
DECISIONS = sorted(BASE.glob("docs/adr/*.md"))
#: [words](target "title"), also of a picture; the title names a test.
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"(?P<title>[^\"]*)\")?\)")
#: bot/reply.py, bot/llm/ or bot/reply.py:reply_to, wherever it stands.
PLACE = re.compile(
    r"(?<![\w/.])(?P<file>(?:bot|conversations|sdr_dashboard|tests|templates|benchmarks|docs)/[\w/.-]*[\w/])"
    r"(?::(?P<name>[A-Za-z_]\w*))?"
)


def wrong_links(text: str, folder: Path) -> Iterator[str]:
    """What a document in `folder` links to in the house, and is not there."""
    for found in LINK.finditer(text):
        target, title = found["target"], found["title"]
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (folder / file).resolve()
        if BASE not in path.parents or not path.exists():
            yield f"{target} is not there"
        elif anchor and anchor not in headings(path):
            yield f"{target} has no such heading"
        elif title and title not in names_in(path):
            yield f"{target} has no {title}"


def wrong_places(text: str) -> Iterator[str]:
    """Files of ours, and names in them, that a document speaks of and that are not there."""
    for found in PLACE.finditer(LINK.sub("", text)):
        path = BASE / found["file"]
        if not path.exists():
            yield f"{found['file']} is not there"
        elif found["name"] and found["name"] not in names_in(path):
            yield f"{found[0]} is not there"


@cache
def names_in(path: Path) -> frozenset[str]:
    """Everything a Python file defines at its top."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, kinds))


def headings(path: Path) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    found = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(BASE)))
def test_everything_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")

    assert [*wrong_links(text, document.parent), *wrong_places(text)] == []


@pytest.mark.parametrize(
    "broken",
    [
        "[x](docs/nothing.md)",
        "[x](../elsewhere.md)",
        "[x](README.md#nothing)",
        '[x](tests/test_readme.py "test_nothing")',
        "`bot/nothing.py`",
        "bot/reply.py:nothing",
    ],
)
def test_what_does_not_exist_is_seen(broken: str) -> None:
    assert len([*wrong_links(broken, BASE), *wrong_places(broken)]) == 1


def test_each_promise_names_the_tests_that_hold_it() -> None:
    section = (BASE / "README.md").read_text(encoding="utf-8").partition("## What it promises")[2].partition("\n## ")[0]
    promises = [line for line in section.splitlines() if line.startswith("| **")]

    assert len(promises) == 7
    for promise in promises:
        titles = [found["title"] or "" for found in LINK.finditer(promise.rpartition(" | ")[2])]
        assert titles
        assert all(title.startswith("test_") for title in titles), promise


def test_decisions_are_numbered_in_order_and_each_says_all_that_it_must() -> None:
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    for path in DECISIONS:
        text = path.read_text(encoding="utf-8")
        assert re.match(rf"# 0*{int(path.name[:4])}\b", text), path.name
        assert re.search(r"^(Status: |## Status\n\n)(accepted|superseded)\b", text, flags=re.M | re.I), path.name
        for part in ("Context", "Decision", "Consequences", "Alternatives"):
            assert f"\n## {part}\n" in text, f"{path.name} has no {part}"


def test_the_readme_shows_its_pictures_from_the_repository() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)\s]+)", (BASE / "README.md").read_text(encoding="utf-8"))

    assert pictures
    assert all((BASE / picture).read_bytes().startswith(b"\x89PNG") for picture in pictures)
