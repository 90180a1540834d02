"""The bot's own addresses: the gateway's doorbell, and the managers' pages about bot and numbers."""

from __future__ import annotations

from django.urls import include, path

from bot import webhook
from bot.views import connection, rehearsal, settings

app_name = "bot"

#: Answered without Django's middlewares: see `sdr_dashboard/doorbell.py`.
doorbell = [
    path("", webhook.receive, name="webhook"),
    path("<slug:event_name>", webhook.receive, name="webhook_by_event_bare"),
    path("<slug:event_name>/", webhook.receive, name="webhook_by_event"),
]

urlpatterns = [
    path("webhook/evolution/", include(doorbell)),
    path("bot/", settings.settings, name="settings"),
    path("bot/try/", rehearsal.rehearse, name="rehearse"),
    path("bot/versions/", settings.history, name="versions"),
    path("bot/versions/<int:pk>/", settings.version, name="version"),
    path("bot/versions/<int:pk>/restore/", settings.restore, name="restore"),
    path("connection/", connection.connection, name="connection"),
    path("connection/checks/", connection.checks, name="checks"),
    path("connection/of/<str:instance>/", connection.number, name="number"),
    path("connection/of/<str:instance>/pair/", connection.pair, name="pair"),
    path("connection/of/<str:instance>/restart/", connection.restart, name="restart"),
    path("connection/of/<str:instance>/log-out/", connection.log_out, name="log_out"),
    path("connection/of/<str:instance>/rules/", connection.rules, name="rules"),
    path("connection/of/<str:instance>/prepare/", connection.prepare, name="prepare"),
]
