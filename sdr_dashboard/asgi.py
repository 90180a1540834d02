"""Entry point of the web process: ASGI, because the live pages keep a connection open."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdr_dashboard.settings")

pages = get_asgi_application()

# Needs the apps, which the line above has loaded.
from sdr_dashboard.bounded import Bounded  # noqa: E402
from sdr_dashboard.doorbell import Doorbell  # noqa: E402

application = Doorbell(Bounded(pages))
