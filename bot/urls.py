"""The bot's own addresses: the gateway's doorbell."""

from __future__ import annotations

from django.urls import path

from bot import webhook

app_name = "bot"

urlpatterns = [
    path("", webhook.receive, name="webhook"),
    path("<slug:event_name>", webhook.receive, name="webhook_by_event_bare"),
    path("<slug:event_name>/", webhook.receive, name="webhook_by_event"),
]
