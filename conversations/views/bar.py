"""What the bar of a conversation says: who speaks, since when and by whom, and what the bot does or was about to do."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from conversations import activity, attention, control, sending, switches
from conversations.forms import HandBackForm, PauseForm
from conversations.message import Key
from conversations.models import AuditEntry, Control, Mode
from conversations.views.guard import Request
from conversations.views.queue import brief_of


def facts(request: Request, key: Key, row: Control) -> dict[str, Any]:
    """For `_control.html` and `_activity.html`."""
    mode = row.mode_at(timezone.now())
    changes = control.changes(key, 2)
    is_on = switches.is_on(key.instance)
    step = activity.now(key) if mode is Mode.BOT and is_on else None
    return {
        "control": row,
        "is_on": is_on,
        "last_change": changes[0] if changes else None,
        "was_taken": mode is Mode.HUMAN and _was_taken(changes, request.user.pk),
        "draft": sending.kept_draft(key) if mode is not Mode.BOT else "",
        **(brief_of(key, row) if mode is Mode.WAITING else {}),
        **_returning(row, request.user.pk),
        "pauses": PauseForm.FOR,
        "longest_note": HandBackForm.LONGEST,
        "doing": step.doing if step else "",
        "number": step.number if step else 0,
        "of": step.of if step else 0,
    }


def _returning(row: Control, me: int | None) -> dict[str, Any]:
    """When the conversation a person holds returns to the bot by itself: shown shortly before, and looked at then."""
    instance = switches.state().instances.get(row.instance)
    at = control.resumes_at(row, instance.resume_after_minutes) if instance else None
    if at is None or row.holder_id != me:
        return {}
    now = timezone.now()
    is_promised = at <= now and row.rung_epoch == row.epoch
    warns_at = at - attention.RETURNS_WITHIN
    return {"returns_at": at if warns_at <= now else None, "warns_at": warns_at, "is_promised": is_promised}


def _was_taken(changes: list[AuditEntry], me: int | None) -> bool:
    """Somebody else took the conversation, and it was mine until then."""
    if len(changes) < 2:
        return False
    last, before = changes
    return before.after == last.after == Mode.HUMAN and before.rep_id == me and last.rep_id not in (me, None)
