"""The switches above every conversation: the bot as a whole, and the bot on each instance."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from conversations import live
from conversations.models import Act, Actor, AuditEntry, Switch
from people import once

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = logging.getLogger(__name__)

#: The name of the switch above all instances.
EVERYTHING = ""


@dataclass(frozen=True, slots=True)
class Switches:
    """All of them, at one moment."""

    everything: Switch
    instances: dict[str, Switch]

    def is_on(self, instance: str) -> bool:
        """The bot may speak on `instance`."""
        return self.everything.is_on and instance in self.instances and self.instances[instance].is_on

    def thrown_off(self) -> list[Switch]:
        """Those that are off, the one above all first."""
        return [one for one in (self.everything, *self.instances.values()) if not one.is_on]

    def bot_since(self, instance: str) -> datetime | None:
        """Since when lead messages on `instance` are the bot's; None when it was never on."""
        return self.instances[instance].bot_since if instance in self.instances else None


def state() -> Switches:
    """The switches of everything and of every configured instance; made at the first look."""
    return once.read("switches", _state)


def _state() -> Switches:
    rows = {row.instance: row for row in Switch.objects.select_related("changed_by")}
    for instance in (EVERYTHING, *settings.EVOLUTION_INSTANCES):
        if instance not in rows:
            rows[instance] = _first(instance)
    return Switches(rows[EVERYTHING], {name: rows[name] for name in settings.EVOLUTION_INSTANCES})


def is_on(instance: str) -> bool:
    """The bot may speak on `instance`."""
    return state().is_on(instance)


def switch(rep: User | None, instance: str, on: bool, *, answer_waiting: bool = True) -> Switch:
    """Switch the bot on or off for `instance` (or `EVERYTHING`); in effect before the next bubble.

    Switched on without `answer_waiting`, it leaves to people what leads wrote before this moment.
    """
    with transaction.atomic():
        state()
        row = Switch.objects.select_for_update().get(instance=instance)
        if row.is_on == on:
            return row
        row.is_on = on
        row.epoch += 1
        row.changed_by = rep
        if on and row.bot_since is None:
            row.bot_since = timezone.now()
        row.save()
        if on and not answer_waiting:
            _begin_now(instance)
        act = Act.SWITCH_ON if on else Act.SWITCH_OFF
        actor = Actor.REP if rep else Actor.SYSTEM
        AuditEntry.objects.create(at=timezone.now(), instance=instance, actor=actor, rep=rep, act=act)
    log.info("the bot was switched %s for %s", "on" if on else "off", instance or "everything")
    live.publish("switch", instance=instance, on=on)
    return row


def agree(rep: User, instance: str, *, approves: bool, resume_after_minutes: int) -> Switch:
    """What holds for every conversation on `instance` that has it no other way; in effect from the next answer on."""
    with transaction.atomic():
        state()
        row = Switch.objects.select_for_update().get(instance=instance)
        acts = []
        if row.approves != approves:
            acts.append(Act.APPROVAL_ON if approves else Act.APPROVAL_OFF)
        if row.resume_after_minutes != resume_after_minutes:
            acts.append(Act.RESUME_AFTER)
        row.approves, row.resume_after_minutes = approves, resume_after_minutes
        Switch.objects.filter(pk=row.pk).update(approves=approves, resume_after_minutes=resume_after_minutes)
        for act in acts:
            AuditEntry.objects.create(at=timezone.now(), instance=instance, actor=Actor.REP, rep=rep, act=act)
    live.publish("switch", instance=instance, on=row.is_on)
    return row


def _begin_now(instance: str) -> None:
    """Nothing from before this moment is the bot's, on `instance` or on every one it was ever on."""
    rows = Switch.objects.exclude(instance=EVERYTHING).exclude(bot_since=None)
    rows = rows if instance == EVERYTHING else rows.filter(instance=instance)
    rows.update(bot_since=timezone.now())


def _first(instance: str) -> Switch:
    """Everything starts on, an instance off, unless the environment presets it: nobody is answered by surprise."""
    is_on = instance == EVERYTHING or settings.BOT_SWITCHED_ON
    bot_since = timezone.now() if is_on and instance else None
    return Switch.objects.get_or_create(instance=instance, defaults={"is_on": is_on, "bot_since": bot_since})[0]
