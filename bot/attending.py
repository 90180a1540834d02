"""What happens when people do not come, or do not come back: the parts of the sweep that watch over time.

Who waits for a person and is not taken over: the managers are rung, then the lead is told, then the bot goes on, each
if and when the settings say so. Whom a person has and no longer answers: back to the bot, unless a promise is open.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings as django_settings
from django.db.models import F, QuerySet

from bot import hours, words
from bot.models import BotSettings
from conversations import control, history, live, promises, sending, switches
from conversations.fence import Lost
from conversations.models import TECHNICAL, Control, Due, Mode

log = logging.getLogger(__name__)

#: Whoever waits so much longer than all times that are set is left to the people; weekends and holidays lie between.
_LATE = timedelta(days=7)
#: How much of a conversation is looked at for a promise.
_WINDOW = 20


def waiting_for_a_person(settings: BotSettings, now: datetime) -> QuerySet[Control]:
    """The conversations of our instances that wait for a person, as long as there may be something to do for them.

    Not those of a technical reason, which end by themselves.
    """
    longest = max(settings.waiting_return_minutes, settings.waiting_ring_minutes, settings.waiting_word_minutes)
    since = now - timedelta(minutes=longest) - _LATE
    rows = Control.objects.filter(mode=Mode.WAITING, instance__in=django_settings.EVOLUTION_INSTANCES)
    return rows.filter(changed_at__gte=since).exclude(reason__in=TECHNICAL)


def attend(row: Control, settings: BotSettings, now: datetime) -> bool:
    """Do what is due for one that waits for a person; True when something was done."""
    waited = now - _waits_since(row, settings, now)
    if _is_over(waited, settings.waiting_return_minutes):
        return control.time_out(row).epoch != row.epoch
    done = False
    is_rung = row.rung_epoch == row.epoch or not words.are_people_there(settings, now)
    if not is_rung and _is_over(waited, settings.waiting_ring_minutes):
        done = _ring(row, "waiting")
    is_told = row.told_epoch == row.epoch or bool(row.due) or waited > _word_until(settings)
    if not is_told and _is_over(waited, settings.waiting_word_minutes):
        done = _tell(row, settings) or done
    return done


def _word_until(settings: BotSettings) -> timedelta:
    """Later the word that it takes longer says nothing that the lead does not know."""
    return timedelta(minutes=settings.waiting_word_minutes, hours=settings.answer_within_hours)


def _waits_since(row: Control, settings: BotSettings, now: datetime) -> datetime:
    """Whoever asked while nobody was there was told when people are back, and waits from then on."""
    since = row.changed_at or now
    if words.are_people_there(settings, since):
        return since
    return hours.next_opening(hours.TeamHours.of(settings), hours.local(since))


def _is_over(waited: timedelta, minutes: int) -> bool:
    return bool(minutes) and waited >= timedelta(minutes=minutes)


def _ring(row: Control, why: str) -> bool:
    """Call the people, once for each change of control."""
    here = Control.objects.filter(pk=row.pk, epoch=row.epoch).exclude(rung_epoch=F("epoch"))
    if not here.update(rung_epoch=row.epoch):
        return False
    live.publish("attention", instance=row.instance, conversation=row.conversation, why=why)
    return True


def _tell(row: Control, settings: BotSettings) -> bool:
    """Tell the lead that it takes longer: owed first, so that it is said once whatever happens."""
    if not switches.is_on(row.instance):
        return False
    here = Control.objects.filter(pk=row.pk, epoch=row.epoch, due=Due.NONE, mode=Mode.WAITING)
    if not here.update(due=Due.STILL_WAITING, due_epoch=row.epoch, told_epoch=row.epoch):
        return False
    row.refresh_from_db()
    try:
        sending.send_due(row, sending.address(row.key), words.still_waiting(settings))
    except Lost as lost:
        log.info("the word that it takes longer was not sent: %s", lost)
    return True


def held_too_long(now: datetime) -> list[Control]:
    """The conversations that a person has and that return to the bot by now."""
    found = []
    for name, switch in switches.state().instances.items():
        rows = Control.objects.filter(instance=name, mode=Mode.HUMAN, until=None) if switch.resume_after_minutes else ()
        found += [row for row in rows if _is_due(row, switch.resume_after_minutes, now)]
    return found


def _is_due(row: Control, minutes: int, now: datetime) -> bool:
    at = control.resumes_at(row, minutes)
    return at is not None and at <= now


def resume(row: Control) -> bool:
    """Return it to the bot, or ring when a person promised something and has not come back to it."""
    if promises.is_open(history.recent(row.key, _WINDOW)):
        return row.rung_epoch != row.epoch and _ring(row, "promise")
    return control.auto_resume(row).epoch != row.epoch
