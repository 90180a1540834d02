"""What the gateway checks in a body before it does anything, with its words for what is missing. Pure."""

from __future__ import annotations

from .words import Refusal, Request


def require(request: Request, *names: str) -> None:
    """Raises the 400 of the schema check, which names every property that is missing."""
    missing = [f'instance requires property "{name}"' for name in names if name not in request.fields]
    if missing:
        raise Refusal(400, [missing])


def require_number(request: Request) -> None:
    """Raises the 400 of a number that is no string, or has no digit."""
    number = request.fields["number"]
    # Source: evolution-api 2.3.6: a JSON number is refused as well.
    if not isinstance(number, str) or not any(sign.isdigit() for sign in number):
        raise Refusal(400, [["Invalid format"]])


def require_one_of(request: Request, name: str, words: tuple[str, ...]) -> None:
    """Raises the 400 of a word that is not in the schema's list."""
    if request.fields[name] not in words:
        raise Refusal(400, [[f"{name} is not one of enum values: {','.join(words)}"]])
