"""What the bar of a conversation says: who speaks, since when and by whom, and what the bot does or was about to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from conversations import activity, attention, control, notes, pending, sending, switches
from conversations.forms import ApproveForm, HandBackForm, PauseForm, WhisperForm
from conversations.message import Key
from conversations.models import TECHNICAL, AuditEntry, Control, Mode, Note
from conversations.templatetags.conversations import holder
from conversations.views.guard import Request
from conversations.views.queue import brief_after, brief_of

#: What was whispered and is used up is shown for so long after it was written, this many at most.
_USED_FOR = timedelta(hours=12)
_MOST_WHISPERS = 6


def facts(request: Request, key: Key, row: Control, *, has_whispers: bool) -> dict[str, Any]:
    """For `_control.html`, `_takes_over.html`, `_activity.html`, `_pending.html` and `_whispers.html`."""
    mode = row.mode_at(timezone.now())
    changes = control.changes(key, 2)
    is_on = switches.is_on(key.instance)
    step = activity.now(key) if mode is Mode.BOT and is_on else None
    return {
        "control": row,
        "colleague": holder(row) if control.is_of_others(row, [request.user.pk]) else "",
        "is_on": is_on,
        "last_change": changes[0] if changes else None,
        "was_taken": mode is Mode.HUMAN and _was_taken(changes, request.user.pk),
        "draft": sending.kept_draft(key) if mode is not Mode.BOT else "",
        **(brief_of(key, row) if mode is Mode.WAITING else {}),
        **(brief_after(key, row, request.user.pk) if mode is Mode.HUMAN else {}),
        **_returning(row, request.user.pk),
        # Whoever waits for a person is not paused out of the queue (`transitions.py`).
        "pauses": () if mode is Mode.WAITING and row.reason not in TECHNICAL else PauseForm.FOR,
        "longest_note": HandBackForm.LONGEST,
        "longest_whisper": WhisperForm.LONGEST,
        "pending": pending.current(row) if mode is Mode.BOT and not row.opted_out else None,
        "longest_text": ApproveForm.LONGEST,
        **(whispers(request, key) if has_whispers else {}),
        "doing": step.doing if step else "",
        "number": step.number if step else 0,
        "of": step.of if step else 0,
    }


def whispers(request: Request, key: Key) -> dict[str, Any]:
    """What was whispered to the bot and still counts, or counted a while ago; read only where it is shown."""
    since = timezone.now() - _USED_FOR
    return {
        "whispers": lambda: [
            one for one in notes.of(key, Note.Kind.WHISPER)[-_MOST_WHISPERS:] if one.turns_left or one.at > since
        ],
        "may_erase_all": request.user.has_perm("people.manage"),
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
