"""Asks everything that must be true for leads to get answers, and says what to do about what is not.

`run()` gives values and prints nothing; `manage.py doctor` shows them. Each question is a small function in `house.py`
(this machine), `gateway.py`, or `number.py` (one WhatsApp number).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bot.doctor import gateway, house, number
from bot.doctor.finding import Finding, State, skipped, wrong
from bot.doctor.gateway import Gateway
from bot.doctor.number import Number
from bot.unreachable import why
from conversations.evolution import EvolutionError
from conversations.evolution.client import EvolutionClient

__all__ = ["Check", "State", "is_well", "run"]

log = logging.getLogger(__name__)

#: Seconds between bytes of an answer: nobody waits for a check longer than this.
_TIMEOUT_S = 8.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Check:
    """One question with its answer."""

    #: What it is about, in the active language.
    name: str
    state: State
    word: str
    remedy: str
    #: The same whatever the language, "webhook".
    id: str
    #: The number it is about; "" for what concerns all.
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One thing to find out about a T, once all that it `needs` (ids) is as it should be."""

    id: str
    name: Promise
    ask: Callable[[T], Finding]
    needs: tuple[str, ...] = ()


ABOUT_THE_HOUSE: tuple[Question[None], ...] = (
    Question("settings", gettext_lazy("settings"), house.settings_are_complete),
    Question("secrets", gettext_lazy("secrets"), house.secrets_are_strong),
    Question("address", gettext_lazy("public address"), house.address_is_safe),
    Question("database", gettext_lazy("database"), house.database),
    Question("cache", gettext_lazy("cache"), house.cache_is_writable),
    Question("broker", gettext_lazy("broker"), house.broker_is_writable),
    Question("worker", gettext_lazy("worker"), house.worker_is_alive, ("cache",)),
    Question("sweep", gettext_lazy("sweep"), house.sweep_is_on_time, ("cache", "worker")),
    Question("model", gettext_lazy("language model"), house.model_answers, ("database",)),
    Question("translation", gettext_lazy("translation"), house.translation_is_compiled),
)
ABOUT_THE_GATEWAY: tuple[Question[Gateway], ...] = (
    Question("receiver", gettext_lazy("receiver"), gateway.receiver_answers),
    Question("gateway", gettext_lazy("gateway"), gateway.is_there),
    Question("version", gettext_lazy("version"), gateway.version_is_tried, ("gateway",)),
    Question("key", gettext_lazy("key"), gateway.key_is_valid, ("gateway",)),
    Question("clock", gettext_lazy("clock"), gateway.clock_agrees, ("gateway",)),
)
ABOUT_A_NUMBER: tuple[Question[Number], ...] = (
    Question("instance", gettext_lazy("instance"), number.is_known, ("gateway", "key")),
    Question("connection", gettext_lazy("connection"), number.is_connected, ("instance",)),
    Question("webhook", gettext_lazy("webhook"), number.webhook_is_ours, ("instance",)),
    Question("traces", gettext_lazy("read receipts"), number.leaves_no_trace, ("instance",)),
    Question("storage", gettext_lazy("stored messages"), number.messages_are_stored, ("instance", "database")),
    Question("events", gettext_lazy("events"), number.events_arrive, ("cache", "connection", "webhook", "storage")),
    Question("bot", gettext_lazy("bot"), number.bot_is_on, ("database",)),
)


def run(client: EvolutionClient | None = None, *, webhook_base: str = "") -> list[Check]:
    """Every check, in the order in which one would repair them. Takes seconds when something does not answer.

    `webhook_base` is where the gateway reaches us, if that is not PUBLIC_URL.
    """
    there = Gateway(
        client or EvolutionClient(settings.EVOLUTION_API_URL, settings.EVOLUTION_API_KEY, timeout=_TIMEOUT_S),
        webhook_base,
    )
    known: dict[str, Check] = {}
    checks = [*_ask(ABOUT_THE_HOUSE, None, known), *_ask(ABOUT_THE_GATEWAY, there, known)]
    for instance in settings.EVOLUTION_INSTANCES:
        checks += _ask(ABOUT_A_NUMBER, Number(there, instance), dict(known), instance)
    return checks


def is_well(checks: Iterable[Check], *, strictly: bool = False) -> bool:
    """Nothing is wrong; `strictly`: and there is no warning."""
    bad = (State.WRONG, State.WARNING) if strictly else (State.WRONG,)
    return not any(check.state in bad for check in checks)


def _ask(questions: Sequence[Question[T]], about: T, known: dict[str, Check], instance: str = "") -> list[Check]:
    """The answers, in order; `known` holds those given before, by id, and gets the new ones."""
    checks = []
    for question in questions:
        found = _answer(question, about, known)
        check = Check(str(question.name), found.state, found.word, found.remedy, question.id, instance)
        known[question.id] = check
        checks.append(check)
    return checks


def _answer(question: Question[T], about: T, known: dict[str, Check]) -> Finding:
    missing = [known[id].name for id in question.needs if known[id].state not in (State.OK, State.WARNING)]
    if missing:
        return skipped(_("not looked at, because of: %(names)s") % {"names": ", ".join(missing)})
    try:
        return question.ask(about)
    except EvolutionError as error:
        reason = why(error, str(settings.EVOLUTION_API_URL))
        return wrong(reason.word, reason.remedy)
    except Exception as error:  # one that breaks must not hide the others
        log.exception("doctor: %s", question.id)
        return wrong(
            _("could not be looked at: %(kind)s") % {"kind": type(error).__name__}, _("The log says what happened.")
        )
