"""What a user would write in an afternoon instead: Django takes the webhook, Celery answers it. It promises nothing.

Kept as honest as it is small: a session that reuses connections, the SDK as its documentation shows it.
"""

from benchmarks.naive.celery import app as celery_app

__all__ = ["celery_app"]
