"""Whether something left a conversation that the person who is about to answer has not seen.

Asked of the ledger and of the list's projection: a send costs the gateway no read for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from django.utils.timezone import now

from conversations.inbox import inbox
from conversations.message import Key, Message
from conversations.models import Sent

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: What left just before the page was read may not have been stored yet when it was; clocks differ.
_OVERLAP = timedelta(seconds=30)
#: So many ids are compared; a page names its newest.
_MOST_IDS = 60
_MOST_CHARACTERS = 12_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page shows: when it was made, and which messages of ours stand on it."""

    at: datetime
    ids: frozenset[str] = field(default_factory=frozenset)


def of_page(shown: Iterable[Message] = ()) -> str:
    """What a form says of its page: the second it was made and the ids of the newest messages of ours on it.

    The script of the page adds the ids of those that appear later.
    """
    ours = [message.id for message in shown if message.from_me]
    return " ".join([str(int(now().timestamp())), *ours[-_MOST_IDS:]])


def read(text: str) -> Seen | None:
    """What `of_page` wrote; None for anything else, which compares nothing."""
    first, *ids = text[:_MOST_CHARACTERS].split(" ")
    if not re.fullmatch(r"\d{9,11}", first):
        return None
    return Seen(datetime.fromtimestamp(int(first), tz=timezone.utc), frozenset(ids))


def is_unseen(key: Key, text: str, rep: User) -> bool:
    """Something of the bot, a colleague, the phone or another integration went out that `rep`'s page does not show.

    What `rep` sent, from whichever page, needs no question, and what the lead wrote never asks one.
    """
    seen = read(text)
    if seen is None:
        return False
    return _is_in_ledger(key, seen, rep) or _is_last(key, seen)


def _is_in_ledger(key: Key, seen: Seen, rep: User) -> bool:
    here = Sent.objects.filter(instance=key.instance, conversation=key.conversation, state=Sent.State.SENT)
    newer = here.filter(at__gt=seen.at - _OVERLAP, message_id__isnull=False)
    of_others = newer.exclude(author=Sent.By.REP, rep=rep).values_list("message_id", flat=True)
    return any(id not in seen.ids for id in of_others)


def _is_last(key: Key, seen: Seen) -> bool:
    """The phone and other integrations stand in no ledger; the list knows the last word of each conversation."""
    row = inbox().row(key)
    if row is None or not row.last.from_me or row.last.id in seen.ids or row.last.reaction is not None:
        return False
    is_newer = row.last.sent_at > seen.at - _OVERLAP
    return is_newer and not Sent.objects.filter(instance=key.instance, message_id=row.last.id).exists()
