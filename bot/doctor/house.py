"""Questions about this machine: settings, secrets, database, cache, broker, worker, model, translation."""

from __future__ import annotations

import gettext
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bot import heartbeat, llm, tasks
from bot.doctor.finding import Finding, ok, warning, wrong
from bot.models import BotSettings
from conversations.models import Alias

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: Keys that everybody knows.
#: Source: evolution-api 2.3.6: the default in its code, and the one of its .env.example.
_PUBLISHED_KEYS = ("BQYHJGJHJ", "429683C4C977415CAAFCCE10F7D57E11")
#: A random secret of 16 characters has at least this many different ones.
_FEWEST_DIFFERENT = 8
#: Seconds for opening a connection to the broker, and for what was put there to come back.
_BROKER_TIMEOUT_S = 3.0


def settings_are_complete(_about: None) -> Finding:
    """Django's system checks, ours among them."""
    found = [message for message in checks.run_checks() if not message.is_silenced()]
    worst = max((message.level for message in found), default=0)
    if worst < checks.WARNING:
        return ok(_("nothing is missing"))
    words = " ".join(str(message.msg) for message in found)
    remedies = " ".join(str(message.hint) for message in found if message.hint)
    return wrong(words, remedies) if worst >= checks.ERROR else warning(words, remedies)


def secrets_are_strong(_about: None) -> Finding:
    """Set, random, and no two the same."""
    problems = list(_weak_secrets())
    if not problems:
        return ok(_("set, and none is known or guessable"))
    return wrong(
        " ".join(problems),
        _("Write new ones in .env (`openssl rand -hex 24` prints one) and run `manage.py connect`."),
    )


def _weak_secrets() -> Iterator[str]:
    named = {name: str(getattr(settings, name)) for name in ("SECRET_KEY", "WEBHOOK_SECRET", "EVOLUTION_API_KEY")}
    for name in ("SECRET_KEY", "WEBHOOK_SECRET"):
        if not named[name]:
            yield _("%(name)s is not set.") % {"name": name}
        elif len(set(named[name])) < _FEWEST_DIFFERENT or named[name].startswith("django-insecure-"):
            yield _("%(name)s can be guessed.") % {"name": name}
    if named["EVOLUTION_API_KEY"].upper() in _PUBLISHED_KEYS:
        yield _("EVOLUTION_API_KEY is the example of the gateway's documentation, which everybody knows.")
    # The gateway's answers show the webhook's headers, so what is in them must open nothing else.
    if len({value for value in named.values() if value}) < len([value for value in named.values() if value]):
        yield _("Two secrets are the same.")


def address_is_safe(_about: None) -> Finding:
    """What other machines can reach is encrypted, and shows no stack traces."""
    address = urlsplit(str(settings.PUBLIC_URL))
    if address.hostname in _LOOPBACK:
        return ok(_("%(address)s, this machine only") % {"address": settings.PUBLIC_URL})
    if settings.DEBUG:
        return wrong(
            _("DEBUG is on at a public address: errors show the inside of the program."), _("Set DEBUG=false in .env.")
        )
    if address.scheme != "https":
        return warning(
            _("%(address)s is not encrypted, and browsers will not stay logged in.") % {"address": settings.PUBLIC_URL},
            _("Put a proxy with TLS in front and write its https:// address as PUBLIC_URL."),
        )
    return ok(str(settings.PUBLIC_URL))


def database(_about: None) -> Finding:
    """It answers, has all tables, and takes a row."""
    try:
        executor = MigrationExecutor(connection)
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except (DatabaseError, ImproperlyConfigured):
        return wrong(
            _("The database does not answer."), _("Start it, or correct DATABASE_URL; the log of the web says why.")
        )
    if missing:
        words = ngettext("%(count)d migration is missing.", "%(count)d migrations are missing.", missing)
        return wrong(words % {"count": missing}, _("Run `manage.py migrate`."))
    try:
        with transaction.atomic():
            Alias.objects.create(instance="doctor", jid=uuid.uuid4().hex, conversation="doctor")
            # Nothing of it stays.
            transaction.set_rollback(True)
    except DatabaseError:
        return wrong(
            _("The database cannot be written to."),
            _("Look for a full disk, or a file or a directory that belongs to another user."),
        )
    return ok(_("migrated and writable"))


def cache_is_writable(_about: None) -> Finding:
    """What is stored there can be read back."""
    name, value = f"doctor:{uuid.uuid4().hex}", uuid.uuid4().hex
    try:
        cache.set(name, value, 10)
        found = cache.get(name)
        cache.delete(name)
    except Exception as error:  # whatever the cache's client raises
        return _no_redis("REDIS_URL", error)
    if found != value:
        return wrong(_("What is stored there is not kept."), _("Look at maxmemory and the eviction policy."))
    return ok(_("reachable and writable"))


def broker_is_writable(_about: None) -> Finding:
    """A message put there comes back; its queue is gone afterwards."""
    name = f"doctor-{uuid.uuid4().hex}"
    try:
        with tasks.sweep.app.connection_for_write(connect_timeout=_BROKER_TIMEOUT_S) as broker:
            broker.connect()
            with broker.SimpleQueue(name, no_ack=True, queue_opts={"durable": False, "auto_delete": True}) as queue:
                queue.put({})
                queue.get(timeout=_BROKER_TIMEOUT_S)
                queue.queue.delete()
    except Exception as error:  # each transport has its own
        return _no_redis("CELERY_BROKER_URL", error)
    return ok(_("takes messages and gives them back"))


def _no_redis(setting: str, error: Exception) -> Finding:
    return wrong(
        _("It cannot be used: %(kind)s.") % {"kind": type(error).__name__},
        _("Start it, or correct %(setting)s; `make run` brings its own when none is set.") % {"setting": setting},
    )


def worker_is_alive(_about: None) -> Finding:
    """A worker said so a few seconds ago."""
    if heartbeat.workers_alive():
        return ok(_("alive"))
    return wrong(
        _("No worker is alive: messages come in and nobody answers them."),
        _("Start it: `make run`, or `celery -A sdr_dashboard worker`; its log says why it ended."),
    )


def sweep_is_on_time(_about: None) -> Finding:
    """The clock (beat) runs: leads whose webhook was lost are looked for."""
    age = heartbeat.last_sweep_age_s()
    at_most = settings.SWEEP_SECONDS * 3 + 60
    if age is not None and age <= at_most:
        return ok(_("%(seconds)d s ago") % {"seconds": age})
    words = _("No sweep within the last hour.")
    if age is not None:
        words = _("The last sweep was %(seconds)d s ago.") % {"seconds": age}
    return wrong(
        words, _("Exactly one worker must keep the clock: start it with --with-clock, or run `celery beat` beside it.")
    )


def model_answers(_about: None) -> Finding:
    """The key is good and the model exists; without a key the offline bot stands in."""
    if llm.is_stand_in():
        return warning(
            _("The offline bot stands in: it follows a script and knows nothing."), _("Set GEMINI_API_KEY in .env.")
        )
    wanted = BotSettings.load().model_name
    try:
        return ok(_("%(model)s is available") % {"model": llm.check_key(wanted)})
    except llm.Refused as error:
        return wrong(
            _("Gemini refuses the key or the model %(model)s (%(error)s).") % {"model": wanted, "error": error},
            _("Correct GEMINI_API_KEY, or the model in the bot's settings or in GEMINI_MODEL."),
        )
    except llm.RateLimited as error:
        return warning(
            _("Gemini says that its limit is reached (%(error)s).") % {"error": error},
            _("Answers wait until it passes; a paid key has a higher limit."),
        )
    except llm.LLMError as error:
        return wrong(
            _("Gemini does not answer (%(error)s).") % {"error": error},
            _("Look at the network of this machine, or at GEMINI_BASE_URL."),
        )
    except ImportError:
        return wrong(
            _("The package of GEMINI_SDK=%(sdk)s is not installed.") % {"sdk": settings.GEMINI_SDK},
            _("Run `pip install -r requirements/google-genai.txt`, or leave GEMINI_SDK empty."),
        )


def translation_is_compiled(_about: None) -> Finding:
    """Portuguese is there, and not older than its source."""
    remedy = _("Run `manage.py prepare`, which compiles it.")
    compiled = gettext.find("django", str(settings.LOCALE_PATHS[0]), ["pt_BR"])
    if compiled is None:
        return wrong(_("Portuguese is not compiled: people read English."), remedy)
    source = Path(compiled).with_suffix(".po")
    if source.exists() and source.stat().st_mtime > Path(compiled).stat().st_mtime:
        return warning(_("Portuguese is older than its source."), remedy)
    return ok(_("Portuguese is compiled"))
