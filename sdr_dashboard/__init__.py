"""The project: how the house is wired; nothing about WhatsApp."""

from __future__ import annotations

from sdr_dashboard.celery import app as celery_app

__all__ = ["celery_app"]
