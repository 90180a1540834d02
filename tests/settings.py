"""The settings of the tests: nothing is read from the machine, the cache is in memory, tasks run where they are called.

The journey tests start real processes on a real Valkey instead, with an environment of their own.
TEST_DATABASE_URL names a PostgreSQL to run on instead of SQLite.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from sdr_dashboard import environment

_var = Path(tempfile.mkdtemp(prefix="sdr-tests-"))
atexit.register(shutil.rmtree, _var, ignore_errors=True)
_database_url = os.environ.get("TEST_DATABASE_URL", "")

environment.use(
    {
        "VAR_DIR": str(_var),
        "SECRET_KEY": "only for the tests, and long enough for them",
        "WEBHOOK_SECRET": "a-webhook-secret-of-the-tests-0123456789",
        "EVOLUTION_API_URL": "http://127.0.0.1:9",
        "EVOLUTION_API_KEY": "an-api-key-of-the-tests",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        **({"DATABASE_URL": _database_url} if _database_url else {}),
    }
)

from sdr_dashboard.settings import *
from sdr_dashboard.settings import CELERY_BROKER_TRANSPORT_OPTIONS, DATABASES

if not _database_url:
    # A file, not memory: threads that race for a claim must be as separate as they are in life.
    DATABASES["default"]["TEST"] = {"NAME": _var / "test.sqlite3"}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS.clear()
#: No thread: the list is read where it is looked at.
INBOX_REFRESH_SECONDS = 0
