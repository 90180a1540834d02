"""Which address leads where."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from bot import webhook
from people.views import log_in, preferences
from sdr_dashboard import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("login/", log_in.LogIn.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("language/", set_language, name="set_language"),
    # One door only: the admin's own would let people in without their second factor.
    path("admin/login/", log_in.to_our_login),
    path("prefer/", preferences.prefer, name="prefer"),
    path("admin/", admin.site.urls),
    path("webhook/evolution", webhook.receive),
    path("", include("people.urls")),
    path("", include("bot.urls")),
    path("", include("conversations.urls")),
]
