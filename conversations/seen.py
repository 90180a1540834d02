"""When each person last looked at each conversation, and so what is new to them. Nobody but us is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from conversations.jid import JID
from conversations.message import Key
from conversations.models import Seen
from people.statements import places

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_LOOKS = "SELECT * FROM conversations_seen WHERE user_id IN ({}) AND instance IN ({}) AND conversation IN ({})"


def mark(user: User, key: Key, at: datetime | None = None) -> None:
    """`user` has seen what is in the conversation up to `at`, by default all that there is."""
    # A lead's clock may be ahead of ours: what was on the screen was seen.
    moment = max(timezone.now(), at) if at else timezone.now()
    here: dict[str, Any] = {"user": user, "instance": key.instance, "conversation": key.conversation}
    # One statement where it was looked at before, which is nearly always; the other way is safe for two at once.
    if not Seen.objects.filter(**here).update(at=moment):
        Seen.objects.update_or_create(**here, defaults={"at": moment})


def looks(users: Iterable[int], keys: Iterable[Key]) -> dict[tuple[int, Key], datetime]:
    """When each of `users` last looked at each of `keys`, in one query; missing where never."""
    wanted = set(keys)
    # One query has room for a few hundred values; a page of the list and what changed at once are fewer.
    people, numbers, leads = set(users), {key.instance for key in wanted}, {key.conversation for key in wanted}
    if not (people and wanted):
        return {}
    statement = _LOOKS.format(places(people), places(numbers), places(leads))
    found = {
        (look.user_id, Key(look.instance, JID(look.conversation))): look.at
        for look in Seen.objects.raw(statement, [*people, *numbers, *leads])
    }
    return {place: at for place, at in found.items() if place[1] in wanted}
