"""How this stand is set up: every value comes from the environment (docs/settings.md); nonsense is refused at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from sdr_dashboard import environment
from sdr_dashboard.environment import Nonsense

BASE_DIR = Path(__file__).resolve().parent.parent
env = environment.load(BASE_DIR)

# --------------------------------------------------------------------------------------------- where and how it runs

#: Where the database, the secrets that `make run` made, and the embedded Valkey's socket lie.
VAR_DIR = BASE_DIR / env.text("VAR_DIR", "var")
DEBUG = env.flag("DEBUG", False)
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
PORT = env.integer("PORT", 8000, low=1, high=65535)
#: Where browsers and the gateway reach us.
PUBLIC_URL = env.url(
    "PUBLIC_URL", f"http://127.0.0.1:{PORT}", schemes=("http", "https"), example="https://sdr.example.com"
)
_public = urlsplit(PUBLIC_URL)
_loopback = ("127.0.0.1", "localhost", "::1")
_is_https = _public.scheme == "https"

# ------------------------------------------------------------------------------------------------------- secrets

SECRET_KEY = env.secret(
    "SECRET_KEY", at_least=16, remedy="Write 50 random ones: `openssl rand -base64 48` prints them."
)
if not SECRET_KEY:
    raise Nonsense(
        "SECRET_KEY is not set. Write it in .env (`openssl rand -base64 48` prints a good one), "
        "or run `make run` once, which writes one to var/local.env."
    )
#: Shared with the gateway; the receiver lets nobody in while it is empty.
WEBHOOK_SECRET = env.secret("WEBHOOK_SECRET", at_least=8, remedy="`openssl rand -hex 24` prints a good one.")

# ------------------------------------------------------------------------------------------------------- gateway

EVOLUTION_API_URL = env.url("EVOLUTION_API_URL", schemes=("http", "https"), example="https://evolution.example.com")
EVOLUTION_API_KEY = env.text("EVOLUTION_API_KEY")
#: The WhatsApp numbers, by the names the gateway knows them by; the first is the default.
EVOLUTION_INSTANCES = env.names("EVOLUTION_INSTANCE", ("voice_sdr_v4",))
for _instance in EVOLUTION_INSTANCES:
    # It stands in addresses, ours and the gateway's.
    if not all(c.isalnum() or c in "_-." for c in _instance):
        raise Nonsense(f"EVOLUTION_INSTANCE names {_instance!r}. Use letters, digits, _, - and . only.")

#: What every page names as a stand-in. Whoever starts the sandbox says so; nothing asks the gateway what it is.
STAND_INS = env.names("STAND_INS")
if set(STAND_INS) - {"sandbox"}:
    raise Nonsense("STAND_INS names something else than sandbox. `make run` sets it; leave it empty.")

# ------------------------------------------------------------------------------------------------- language model

#: Empty: the offline bot answers, and every page says so.
GEMINI_API_KEY = env.text("GEMINI_API_KEY")
GEMINI_MODEL = env.text("GEMINI_MODEL", "gemini-2.5-flash")
#: Another server that speaks Gemini's REST; empty means Google's.
GEMINI_BASE_URL = env.url("GEMINI_BASE_URL", schemes=("http", "https"), example="https://gemini.example.com")
GEMINI_SDK = env.choice("GEMINI_SDK", "google-generativeai", ("google-generativeai", "google-genai"))

# ------------------------------------------------------------------------------------------------------------ bot

#: First values of bot.models.BotSettings, by field name in capitals.
BOT_PRESETS = env.beginning_with("BOT_")
BOT_PRESETS.pop("SWITCHED_ON", None)
#: Whether an instance that nobody has switched on or off yet is on.
BOT_SWITCHED_ON = env.flag("BOT_SWITCHED_ON", False)

# ---------------------------------------------------------------------------------------- timing (docs/settings.md)

SWEEP_SECONDS = env.seconds("SWEEP_SECONDS", 30, low=0.2, high=300)
TURN_LEASE_SECONDS = env.seconds("TURN_LEASE_SECONDS", 150, low=1, high=280)
TURN_BUDGET_SECONDS = env.seconds("TURN_BUDGET_SECONDS", 600, low=1, high=3600)
UNCONFIRMED_AFTER_ERROR_SECONDS = env.seconds("UNCONFIRMED_AFTER_ERROR_SECONDS", 5, low=0.1, high=60)
UNCONFIRMED_AFTER_SILENCE_SECONDS = env.seconds("UNCONFIRMED_AFTER_SILENCE_SECONDS", 30, low=0.1, high=300)
SEND_DEADLINE_SECONDS = env.seconds("SEND_DEADLINE_SECONDS", 20, low=0.2, high=120)
INBOX_REFRESH_SECONDS = env.seconds("INBOX_REFRESH_SECONDS", 60, low=5, high=600)
if SEND_DEADLINE_SECONDS >= UNCONFIRMED_AFTER_SILENCE_SECONDS:
    raise Nonsense(
        "SEND_DEADLINE_SECONDS must be below UNCONFIRMED_AFTER_SILENCE_SECONDS: a send that may still go out would be "
        f"made again. They are {SEND_DEADLINE_SECONDS:g} and {UNCONFIRMED_AFTER_SILENCE_SECONDS:g}."
    )
TAKEOVER_WAIT_SECONDS = env.seconds("TAKEOVER_WAIT_SECONDS", 2, low=0, high=10)

# --------------------------------------------------------------------------------------------------------- Django

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "rest_framework",
    "people",
    "conversations",
    "bot",
    "sdr_dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "sdr_dashboard.static_files.StaticFiles",
    "sdr_dashboard.compressed.CompressedPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.middleware.Preferences",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Last: it turns a refused login into the answer "locked out".
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "sdr_dashboard.urls"
ASGI_APPLICATION = "sdr_dashboard.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "people.context_processors.people",
                "conversations.context_processors.conversations",
                "bot.context_processors.bot",
            ]
        },
    }
]

# -------------------------------------------------------------------------------------------------------- database

#: Measured with eight readers beside four writers: no "database is locked" and no lost update, where Django's defaults
#: had 626. The write lock is taken at BEGIN, so that a transaction that reads first never fails at its first write.
_SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;"
        "PRAGMA mmap_size=134217728;PRAGMA cache_size=-8000;PRAGMA foreign_keys=ON;"
    ),
}


def _database() -> dict[str, Any]:
    address = env.text("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'db.sqlite3'}"
    scheme = address.partition(":")[0]
    if scheme not in ("sqlite", "postgres", "postgresql"):
        raise Nonsense(
            "DATABASE_URL is not an address that begins with sqlite:// or postgres://. "
            "Write for example postgres://user:password@host:5432/name, or leave it empty for SQLite."
        )
    try:
        found: dict[str, Any] = dict(dj_database_url.parse(address))
    except (ValueError, dj_database_url.ParseError):
        raise Nonsense("DATABASE_URL cannot be read. Write percent signs for /, : and @ in the password.") from None
    # Every connection that is opened anew costs 1.5 ms; threads end with their connections.
    found |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": scheme != "sqlite"}
    if scheme == "sqlite":
        found["OPTIONS"] = _SQLITE_OPTIONS
    return found


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ------------------------------------------------------------------------------------------------ cache and broker

#: The embedded Valkey's socket when nothing is said: reachable by this user only, unlike a port.
REDIS_URL = env.url(
    "REDIS_URL",
    f"unix://{VAR_DIR / 'valkey' / 'valkey.sock'}",
    schemes=("redis", "rediss", "unix"),
    example="redis://127.0.0.1:6379/0",
)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "sdr",
        # A Redis that does not answer must not hold a webhook: refuse, and the gateway comes back.
        "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 2},
    }
}

# ---------------------------------------------------------------------------------------------------------- Celery


def _broker_of(redis_url: str) -> str:
    """Kombu's spelling of the address: redis+socket:///path?virtual_host=0 for a socket, else the same."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    number = query.removeprefix("db=") or "0"
    return f"redis+socket://{path}?virtual_host={number}"


CELERY_BROKER_URL = env.url(
    "CELERY_BROKER_URL",
    _broker_of(REDIS_URL),
    schemes=("redis", "rediss", "redis+socket", "amqp", "amqps"),
    example="amqp://user:password@rabbitmq:5672//",
)
_broker_is_redis = CELERY_BROKER_URL.startswith("redis")
#: A task that a dead worker held comes back 300 s after it was taken, looked for every 2 s (kombu's own: one hour,
#: every 100 s). 300 s is more than the longest turn (120 s) and the longest countdown (60 s) together: less would run
#: live tasks twice. The sweep, which reads the gateway, is faster than this and does the real recovering.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "visibility_timeout": 300,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "sdr-celery:",
        "socket_timeout": 10,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 15,
    }
    if _broker_is_redis
    else {"confirm_publish": True}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
#: For ever: a worker that gives up is a bot that is silent.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
#: A webhook must not wait for a broker that is down: it answers 503 and the gateway tries again.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "sdr"
#: The sweep does not stand in line behind the replies it is to find: workers take from both in turn.
CELERY_TASK_QUEUES = (Queue("sdr"), Queue("sdr-sweep"))
CELERY_TASK_ROUTES = {"bot.sweep": {"queue": "sdr-sweep"}}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
#: A sweep that was not taken before the next one is due would only say the same.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "bot.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": max(SWEEP_SECONDS, 5)}}
}
#: Nobody asks the workers anything over the broker (readyz looks at a heartbeat in the cache), so nobody may tell them.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False

# ----------------------------------------------------------------------------------------------- language and time

LANGUAGES = [("pt-br", _("Portuguese (Brazil)")), ("en", _("English"))]
LANGUAGE_CODE = env.choice("LANGUAGE_CODE", "pt-br", [code for code, _name in LANGUAGES])
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "America/Sao_Paulo")
if TIME_ZONE not in available_timezones():
    raise Nonsense(f"TIME_ZONE is {TIME_ZONE!r}. Write a name of the IANA list, for example America/Sao_Paulo.")

# ---------------------------------------------------------------------------------------------------- static files

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

# -------------------------------------------------------------------------------------------------- who may come in

ALLOWED_HOSTS = list(
    dict.fromkeys([*env.names("ALLOWED_HOSTS"), _public.hostname or "", "127.0.0.1", "localhost", "[::1]"])
)
CSRF_TRUSTED_ORIGINS = list(dict.fromkeys([*env.names("CSRF_TRUSTED_ORIGINS"), f"{_public.scheme}://{_public.netloc}"]))
for _origin in CSRF_TRUSTED_ORIGINS:
    if not _origin.startswith(("http://", "https://")):
        raise Nonsense(f"CSRF_TRUSTED_ORIGINS names {_origin!r}. Write the scheme too: https://{_origin}.")

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = False

#: Five wrong passwords for one name from one address: fifteen minutes.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "registration/locked_out.html"

#: Its name in an authenticator app. A wrong code makes the next wait 1, 2, 4 … seconds, and counts as a wrong password.
OTP_TOTP_ISSUER = "Voice SDR"
#: Nobody reads another person's secret in the admin.
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

# --------------------------------------------------------------------------------------------------------- e-mail

#: Empty: no e-mail is sent, and managers pass invitations and new passwords on as links.
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, low=1, high=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Voice SDR <no-reply@{_public.hostname}>")
#: Somebody waits for the page meanwhile.
EMAIL_TIMEOUT = 10

# --------------------------------------------------------------------------------------------- browsers and headers

#: Plain http is for this machine only: outside DEBUG a cookie never travels unencrypted to another one.
_cookies_are_secure = not DEBUG and (_is_https or _public.hostname not in _loopback)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _cookies_are_secure
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = _is_https and not DEBUG
#: The gateway and the health checks come by the inner network, in plain http.
SECURE_REDIRECT_EXEMPT = [r"^webhook/", r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31536000 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT
if _is_https:
    # TLS ends at the proxy in front, which must overwrite this header (SECURITY.md).
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # data: for the QR code, which comes as an image in the gateway's answer; blob: for a picture before it is sent.
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}

#: No page of the dashboard takes a body this large; the webhook reads its own, with its own limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = 25 * 1024 * 1024
#: Files on their way to a lead never touch the disk; a body larger than `bounded.MAX_BYTES` does not come in at all.
FILE_UPLOAD_MAX_MEMORY_SIZE = 25 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["conversations.uploads.InMemory"]

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}

# --------------------------------------------------------------------------------------------------------- logging

#: At DEBUG, other people's code prints its arguments: template contexts with messages, SQL with numbers. Only ours
#: goes below INFO.
_OTHERS_LOG_LEVEL = "INFO" if LOG_LEVEL == "DEBUG" else LOG_LEVEL

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "hide_secrets": {
            "()": "sdr_dashboard.logs.HideSecrets",
            "secrets": [SECRET_KEY, WEBHOOK_SECRET, EVOLUTION_API_KEY, GEMINI_API_KEY, EMAIL_HOST_PASSWORD],
        },
        "of_requests": {"()": "sdr_dashboard.logs.OfRequests"},
    },
    "formatters": {"one_line": {"()": "sdr_dashboard.logs.OneLine"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "filters": ["hide_secrets"],
            "formatter": "one_line",
        }
    },
    "root": {"handlers": ["stdout"], "level": _OTHERS_LOG_LEVEL},
    "loggers": {
        "sdr_dashboard": {"level": LOG_LEVEL},
        "people": {"level": LOG_LEVEL},
        "conversations": {"level": LOG_LEVEL},
        "bot": {"level": LOG_LEVEL},
        # Django's own set-up has handlers of its own here, which know no filter.
        "django": {"handlers": [], "level": _OTHERS_LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "django.request": {"filters": ["of_requests"]},
        # A received and a succeeded line per task says nothing that our own lines do not.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}
