"""Where somebody is logged in: noted at the login, shown to them, ended by them or by a manager."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from people.models import SessionFacts

#: A session says so often that it is used, not at every click: writing costs more than reading.
_SEEN_EVERY = timedelta(minutes=5)

_FACTS = "SELECT * FROM people_sessionfacts WHERE session_id = %s"

#: In this order: each names itself besides what it is built on.
_BROWSERS = (
    ("Edge", r"Edg(e|A|iOS)?/"), ("Opera", r"OPR/|Opera"), ("Samsung Internet", r"SamsungBrowser/"),
    ("Vivaldi", r"Vivaldi/"), ("Firefox", r"Firefox/|FxiOS/"), ("Chrome", r"Chrome/|CriOS/"), ("Safari", r"Safari/"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", r"Android"), ("iPhone", r"iPhone"), ("iPad", r"iPad"), ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"), ("macOS", r"Macintosh|Mac OS X"), ("Linux", r"Linux"),
)  # fmt: skip


def read(agent: str) -> tuple[str, str]:
    """Browser and system as people call them; "" for one that does not say."""
    return _first(_BROWSERS, agent), _first(_SYSTEMS, agent)


def _first(names: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, agent)), "")


def note(request: HttpRequest, user: Any) -> None:
    """Write down that `user` is logged in with this session, and forget those that ran out meanwhile."""
    if not request.session.session_key:
        request.session.create()
    browser, system = read(request.META.get("HTTP_USER_AGENT", ""))
    now = timezone.now()
    over = SessionFacts.objects.filter(user=user, session__expire_date__lte=now)
    Session.objects.filter(pk__in=list(over.values_list("pk", flat=True))).delete()
    SessionFacts.objects.update_or_create(
        session_id=request.session.session_key,
        defaults={"user": user, "browser": browser, "system": system, "began_at": now, "seen_at": now},
    )


def saw(request: HttpRequest) -> None:
    """The session of `request` is used now."""
    here = next(iter(SessionFacts.objects.raw(_FACTS, [request.session.session_key])), None)
    if here is not None and timezone.now() - here.seen_at > _SEEN_EVERY:
        SessionFacts.objects.filter(pk=here.pk).update(seen_at=timezone.now())


def of(user: Any) -> QuerySet[SessionFacts]:
    """Their sessions that are still good, the latest first."""
    return SessionFacts.objects.filter(user=user, session__expire_date__gt=timezone.now())


def end(user: Any, *, but: str | None = None, only: str | None = None) -> int:
    """End their sessions, without the one with key `but`, or only the one a page calls `only`; says how many."""
    found = [one for one in of(user) if one.session_id != but]
    ended = [one.session_id for one in found if only in (None, one.public_id)]
    Session.objects.filter(session_key__in=ended).delete()
    return len(ended)
