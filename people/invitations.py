"""How somebody new comes in: by a link that is good once and for a week, and whose hash alone is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from people.models import Deed, Invitation, Profile, note

GOOD_FOR = timedelta(days=7)


def invite(by: User, group: Group, instances: Sequence[str], email: str = "") -> tuple[Invitation, str]:
    """Keep a place. The invitation and its link, which nobody can read again."""
    token, now = secrets.token_urlsafe(32), timezone.now()
    with transaction.atomic():
        made = Invitation.objects.create(
            hashed=_hash(token), email=email, group=group, instances=list(instances), invited_by=by,
            made_at=now, expires_at=now + GOOD_FOR,
        )  # fmt: skip
        note(Deed.INVITED, by, group=group.name, instances=instances)
    return made, settings.PUBLIC_URL + reverse("people:invitation", args=[token])


def open_ones() -> QuerySet[Invitation]:
    """Not used and not too old."""
    return Invitation.objects.filter(used_at=None, expires_at__gt=timezone.now()).select_related("group", "invited_by")


def find(token: str) -> Invitation | None:
    """The open invitation of a link."""
    return open_ones().filter(hashed=_hash(token)).first()


def withdraw(invitation: Invitation, by: User) -> None:
    """Its link is no longer good."""
    with transaction.atomic():
        if open_ones().filter(pk=invitation.pk).update(expires_at=timezone.now()):
            note(Deed.WITHDREW, by, group=invitation.group.name, instances=invitation.instances)


def accept(invitation: Invitation, user: User) -> bool:
    """`user`, not saved yet, takes the place; False when somebody else has taken it meanwhile."""
    with transaction.atomic():
        if not open_ones().filter(pk=invitation.pk).update(used_at=timezone.now()):
            return False
        user.email = invitation.email
        user.save()
        user.groups.add(invitation.group)
        Profile.objects.create(user=user, instances=invitation.instances)
        note(Deed.JOINED, user, user, group=invitation.group.name, instances=invitation.instances)
    return True


def _hash(token: str) -> str:
    # The token is 256 random bits: nothing to guess, so that a fast hash is a good one.
    return hashlib.sha256(token.encode()).hexdigest()
