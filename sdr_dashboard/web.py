"""The web process: `python -m sdr_dashboard.web [--host ADDRESS] [--port PORT]`."""

from __future__ import annotations

import argparse
import os
import sys

import django
import uvicorn
from django.core.exceptions import ImproperlyConfigured

#: Live pages never end by themselves: cut them after so long when the process is told to stop.
_GRACE_S = 2


def main() -> None:
    """Serve until told to stop."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdr_dashboard.settings")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    from django.conf import settings

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=settings.PORT)
    wanted = parser.parse_args()
    # log_config None: uvicorn's lines go through Django's logging, which hides secrets. No access log: a line per
    # request decides nothing.
    uvicorn.run(
        "sdr_dashboard.asgi:application",
        host=wanted.host,
        port=wanted.port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_S,
    )


if __name__ == "__main__":
    main()
