"""What changed between two versions of the settings, in words and piece by piece. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from django.db import models
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from bot.models import setting_fields

#: A word, the space between two, or a sign.
_PIECES = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a text: in both versions, only before, or only after."""

    how: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as it was."""

    name: str
    pieces: tuple[Piece, ...]


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """The fields that differ, in the order of the settings."""
    return [
        Difference(str(field.verbose_name), tuple(_compare(*_shown(field, before, after))))
        for field in setting_fields()
        if before.get(field.attname, "") != after.get(field.attname, "")
    ]


def _shown(
    field: models.Field[object, object], before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[bool, str, str]:
    """Whether it is a text to compare word by word, and both values as a person reads them."""
    names = {str(value): str(label) for value, label in field.flatchoices}
    if isinstance(field, models.BooleanField):
        names = {"True": _("yes"), "False": _("no")}
    old, new = (values.get(field.attname, "") for values in (before, after))
    if isinstance(field, models.FloatField):
        names = {one: number_format(plain(float(one))) for one in (old, new) if one}
    return isinstance(field, models.TextField), names.get(old, old) or _("(empty)"), names.get(new, new) or _("(empty)")


def plain(number: float) -> float | int:
    """6 for 6.0: people write no decimals that say nothing."""
    return int(number) if number.is_integer() else number


def _compare(is_text: bool, before: str, after: str) -> Iterator[Piece]:
    if not is_text:
        yield Piece("gone", before)
        yield Piece("new", after)
        return
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    for how, from_, to, since, until in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if how == "equal":
            yield Piece("same", "".join(old[from_:to]))
            continue
        if from_ < to:
            yield Piece("gone", "".join(old[from_:to]))
        if since < until:
            yield Piece("new", "".join(new[since:until]))
