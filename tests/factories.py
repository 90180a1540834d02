"""Small builders with good defaults."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from conversations.jid import JID
from conversations.message import Author, Kind, Message

LEAD = JID("5511999990001@s.whatsapp.net")
#: Some afternoon; messages are counted in seconds from here.
NOON = datetime(2026, 11, 23, 15, 0, tzinfo=timezone.utc)


def message(id: str, author: Author = Author.LEAD, *, second: float = 0, **facts: Any) -> Message:
    """A text of `author`, `second` seconds after NOON."""
    return Message(
        id=id,
        **{
            "jid": LEAD,
            "instance": "voice_sdr_v4",
            "from_me": author is not Author.LEAD,
            "kind": Kind.TEXT,
            "sent_at": NOON + timedelta(seconds=second),
            "author": author,
            "type_name": "conversation",
            "text": f"texto {id}",
            **facts,
        },
    )
