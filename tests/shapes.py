"""Whether one JSON value has the shape of another: the same fields, of the same types, all the way down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def kind_of(value: Any) -> str:
    """The JSON type, where a byte field (an object of numbers) counts as a type of its own."""
    if isinstance(value, dict):
        is_bytes = bool(value) and all(name.isdigit() for name in value)
        return "bytes" if is_bytes else "object"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "array", type(None): "null"}[type(value)]


def differences(recorded: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Where `ours` is unlike `recorded`: "path: what". Each item of a list must be like one that was recorded.

    A list that is empty here is like any.
    """
    recorded_kind, our_kind = kind_of(recorded), kind_of(ours)
    if recorded_kind != our_kind:
        yield f"{path}: {recorded_kind} recorded, {our_kind} here"
    elif recorded_kind == "object":
        yield from _in_objects(recorded, ours, path)
    elif recorded_kind == "array":
        yield from _in_lists(recorded, ours, path)


def _in_objects(recorded: dict[str, Any], ours: dict[str, Any], path: str) -> Iterator[str]:
    for name in sorted(recorded.keys() | ours.keys()):
        inner = f"{path}.{name}"
        if name not in ours:
            yield f"{inner}: missing here"
        elif name not in recorded:
            yield f"{inner}: not recorded"
        else:
            yield from differences(recorded[name], ours[name], inner)


def _in_lists(recorded: list[Any], ours: list[Any], path: str) -> Iterator[str]:
    if ours and not recorded:
        yield f"{path}: none recorded, {len(ours)} here"
    for item in ours if recorded else ():
        yield from least_different(recorded, item, f"{path}[]")


def least_different(recorded: list[Any], ours: Any, path: str = "") -> list[str]:
    """The differences to the most alike of `recorded`; empty when one of them has the shape."""
    return min((list(differences(each, ours, path)) for each in recorded), key=len)
