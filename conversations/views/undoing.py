"""A few seconds in which what somebody just did can be undone: the word of it, and what it needs to go back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.utils import timezone

from conversations import control, sealed
from conversations.message import Key
from conversations.models import Control, Mode
from conversations.transitions import State

#: Longer than the word stands on the screen: without scripts it stands until the next page.
_GOOD_FOR_S = 300
_SALT = "conversations.undo"
_SALT_OF_SEVERAL = "conversations.undo.several"
_TOAST = "toast"


@dataclass(frozen=True, slots=True)
class Undo:
    """What was before somebody's act, and the one state of control in which going back makes sense."""

    before: State
    #: The epoch the act made.
    epoch: int
    #: The note that was written with it; it goes with it.
    note_id: int | None = None
    #: Since when it was like that.
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Toast:
    """What was just done, in words."""

    words: str
    #: Signed, "" when it cannot be undone.
    undo: str = ""
    #: It was done to several conversations at once.
    is_several: bool = False


def of(key: Key, rep_id: int, before: Control, now_is: Control, note_id: int | None = None) -> str:
    """What undoes the one change from `before` to `now_is`, signed for `rep_id`; "" when there was none or another."""
    if now_is.epoch != before.epoch + 1:
        return ""
    return signing.dumps({"rep": rep_id, **_facts(key, before, now_is), "note": note_id}, salt=_SALT)


def _facts(key: Key, before: Control, now_is: Control) -> dict[str, Any]:
    state = control.state_of(before)
    return {
        "c": sealed.opaque_id(key), "epoch": now_is.epoch, "mode": state.mode, "holder": state.holder,
        "until": _text(state.until), "reason": state.reason, "since": _text(before.changed_at),
    }  # fmt: skip


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def read(token: str, key: Key, rep_id: int) -> Undo | None:
    """What `of` signed for this conversation and person; None for anything else, or when its time is over."""
    try:
        facts = signing.loads(token, salt=_SALT, max_age=_GOOD_FOR_S)
    except signing.BadSignature:
        return None
    if facts["c"] != sealed.opaque_id(key) or facts["rep"] != rep_id:
        return None
    return _undo(facts)


def _undo(facts: dict[str, Any]) -> Undo:
    before = State(Mode(facts["mode"]), facts["holder"], _moment(facts["until"]), facts["reason"])
    return Undo(before, facts["epoch"], facts.get("note"), _moment(facts["since"]))


def of_several(rep_id: int, changes: Iterable[tuple[Key, Control, Control]]) -> str:
    """What undoes each change that was one, signed for `rep_id`; "" when there was none."""
    facts = [
        {"i": key.instance, **_facts(key, before, now_is)}
        for key, before, now_is in changes
        if now_is.epoch == before.epoch + 1
    ]
    return signing.dumps({"rep": rep_id, "all": facts}, salt=_SALT_OF_SEVERAL, compress=True) if facts else ""


def read_several(token: str, rep_id: int) -> list[tuple[str, str, Undo]]:
    """What `of_several` signed for this person: instance, opaque id, and what undoes it; none for anything else."""
    try:
        facts = signing.loads(token, salt=_SALT_OF_SEVERAL, max_age=_GOOD_FOR_S)
    except signing.BadSignature:
        return []
    return [(one["i"], one["c"], _undo(one)) for one in facts["all"]] if facts["rep"] == rep_id else []


def keep(session: Any, toast: Toast) -> None:
    """For the next page of somebody without scripts."""
    session[_TOAST] = {**asdict(toast), "at": timezone.now().timestamp()}


def kept(session: Any) -> Toast | None:
    """What was kept for this page, once."""
    facts = session.pop(_TOAST, None)
    if facts is None or facts.pop("at") < timezone.now().timestamp() - _GOOD_FOR_S:
        return None
    return Toast(**facts)
