"""Whoever is shut out is out at once: their open streams are told to ask again whether they may still watch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from conversations import live
from people.models import Profile, SessionFacts

#: What a stream hears, and its page does not.
EVENT = "welcome"


def watch_over() -> None:
    """Notice what may end somebody's welcome; for the start of a process."""
    post_save.connect(_person_changed, User, dispatch_uid="welcome.person")
    post_save.connect(_place_changed, Profile, dispatch_uid="welcome.place")
    post_delete.connect(_place_changed, SessionFacts, dispatch_uid="welcome.session")
    m2m_changed.connect(_groups_changed, User.groups.through, dispatch_uid="welcome.groups")


def _person_changed(sender: Any, instance: User, update_fields: Iterable[str] | None, **_: Any) -> None:
    # Every login writes down when it was.
    if update_fields is None or set(update_fields) != {"last_login"}:
        _ask(instance.pk)


def _place_changed(sender: Any, instance: Profile | SessionFacts, **_: Any) -> None:
    _ask(instance.user_id)


def _groups_changed(sender: Any, instance: Any, action: str, pk_set: Iterable[int] | None, **_: Any) -> None:
    if not action.startswith("post_"):
        return
    # Whom a whole group lost is not told; their streams ask by themselves within seconds.
    for pk in [instance.pk] if isinstance(instance, User) else pk_set or ():
        _ask(pk)


def _ask(pk: int) -> None:
    transaction.on_commit(lambda: live.publish(EVENT, instance="", user=pk))
