"""The environment, read once and refused in words.

A value comes from the process's environment, else from `.env`, else from the files that `make run` writes (secrets it
made up, and where the parts of a running stand are). An empty value counts as not set. Casting libraries refuse
nonsense with a stack trace; a person who deploys needs the variable's name, what was found, and what to write.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)")
_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")

_instead_of_the_real_one: Mapping[str, str] | None = None


class Nonsense(ImproperlyConfigured):
    """A variable that cannot be used; `str(error)` names it and says what to write, and never shows a secret."""


def use(values: Mapping[str, str]) -> None:
    """From now on `load` answers `values` and reads neither the process's environment nor any file (for the tests)."""
    global _instead_of_the_real_one
    _instead_of_the_real_one = dict(values)


def load(base: Path) -> Environment:
    """The environment of a checkout at `base`. Raises Nonsense for a file that cannot be read."""
    if _instead_of_the_real_one is not None:
        return Environment(_instead_of_the_real_one)
    own = {name: value for name, value in os.environ.items() if value}
    env_file = os.environ.get("ENV_FILE", ".env")
    written = read_file(base / env_file) if env_file else {}
    var = base / (own.get("VAR_DIR") or written.get("VAR_DIR") or "var")
    made_up = read_file(var / "local.env")
    if "EVOLUTION_API_URL" in {**written, **own}:
        # Made up for the sandbox: a real gateway would only answer that it is wrong, instead of us that it is missing.
        made_up.pop("EVOLUTION_API_KEY", None)
    return Environment({**read_file(var / "run.env"), **made_up, **written, **own})


def read_file(path: Path) -> dict[str, str]:
    """The variables in a file of NAME=value lines, without the empty ones; none when there is no such file."""
    if not path.is_file():
        return {}
    try:
        return dict(_pairs(path))
    except UnicodeDecodeError:
        raise Nonsense(f"{path.name} is not written in UTF-8. Save it again with that encoding.") from None


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            # The line itself is not shown: it may hold a secret.
            raise Nonsense(f"{path.name}, line {number}, is not NAME=value. Correct it or put # before it.")
        if value := _unquoted(found["value"]):
            yield found["name"], value


def _unquoted(text: str) -> str:
    """What stands between quotes, or the words before a ` #` remark."""
    if len(text) >= 2 and text[0] in "'\"" and (end := text.find(text[0], 1)) > 0:
        return text[1:end]
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()


class Environment:
    """Typed reading of variables. Every method raises Nonsense when the value cannot be what it should be."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: value for name, value in values.items() if value.strip()}
        #: The names that were asked for, in order: what docs/settings.md must describe.
        self.asked: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding blanks."""
        self.asked.append(name)
        return self._values.get(name, default).strip()

    def secret(self, name: str, *, at_least: int, remedy: str) -> str:
        """A secret of `at_least` characters, or ""; never repeated in an error."""
        value = self.text(name)
        if value and len(value) < at_least:
            raise Nonsense(f"{name} has {len(value)} characters, which is too few. {remedy}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.text(name).lower()
        if not value:
            return default
        if value not in _YES + _NO:
            raise Nonsense(f"{name} is {value!r}. Write true or false.")
        return value in _YES

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"[+-]?[0-9]+", value) or not low <= int(value) <= high:
            raise Nonsense(f"{name} is {value!r}. Write a whole number from {low} to {high}.")
        return int(value)

    def seconds(self, name: str, default: float, *, low: float, high: float) -> float:
        """A number of seconds from `low` to `high`, fractions allowed."""
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) or not low <= float(value) <= high:
            raise Nonsense(f"{name} is {value!r}. Write a number of seconds from {low:g} to {high:g}.")
        return float(value)

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        """One of `choices`."""
        value = self.text(name, default)
        if value not in choices:
            raise Nonsense(f"{name} is {value!r}. Write one of: {', '.join(choices)}.")
        return value

    def names(self, name: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A comma list, in order, without empty and repeated entries."""
        entries = [entry.strip() for entry in self.text(name).split(",")]
        return tuple(dict.fromkeys(entry for entry in entries if entry)) or tuple(default)

    def url(self, name: str, default: str = "", *, schemes: Sequence[str], example: str) -> str:
        """An address with one of `schemes`, without a slash at its end. A password in it is never repeated."""
        value = self.text(name, default).rstrip("/")
        if value and not _is_url(value, schemes):
            begins = " or ".join(f"{scheme}://" for scheme in schemes)
            raise Nonsense(f"{name} is not an address that begins with {begins}. Write for example {example}.")
        return value

    def beginning_with(self, prefix: str) -> dict[str, str]:
        """All variables whose name begins with `prefix`, without it."""
        self.asked.append(prefix)
        return {n[len(prefix) :]: v.strip() for n, v in self._values.items() if n.startswith(prefix)}


def _is_url(value: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(value)
        port_is_readable = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.netloc or parts.path.strip("/")) and port_is_readable
