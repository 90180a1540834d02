"""Which address leads where."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, include, path

from bot import webhook
from people.views import preferences
from sdr_dashboard import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("prefer/", preferences.prefer, name="prefer"),
    path("admin/", admin.site.urls),
    path("webhook/evolution/", include("bot.urls")),
    path("webhook/evolution", webhook.receive),
    path("", include("conversations.urls")),
]
