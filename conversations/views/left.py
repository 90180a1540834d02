"""What of the bot may still leave, or just did, as somebody made it quiet: said to whoever did."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.control import TakenOver


def may_still() -> str:
    """One message could not be stopped any more."""
    return _("One message of the bot was already on its way and may still go out.")


def some_may_still(count: int) -> str:
    """The same of several conversations."""
    return ngettext(
        "%(n)d message of the bot was already on its way and may still go out.",
        "%(n)d messages of the bot were already on their way and may still go out.", count,
    ) % {"n": count}  # fmt: skip


def told(how: TakenOver) -> str:
    """What may still leave, else how many left in the moment before and how long before; "" for none."""
    if how.may_still_leave:
        return may_still()
    if not how.just_left:
        return ""
    count = len(how.just_left)
    at = how.control.changed_at or timezone.now()
    seconds = number_format(max(0.1, (at - how.just_left[-1].at).total_seconds()), 1)
    return ngettext(
        "%(count)d message of the bot went out %(seconds)s s before.",
        "%(count)d messages of the bot went out right before, the last one %(seconds)s s before.",
        count,
    ) % {"count": count, "seconds": seconds}
