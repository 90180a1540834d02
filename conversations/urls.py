"""The addresses of the dashboard. No number stands in any of them (docs/adr/0010)."""

from __future__ import annotations

from django.urls import path

from conversations import stream, views

app_name = "conversations"

_ONE = "c/<str:instance>/<str:opaque>/"

urlpatterns = [
    path("", views.show_inbox, name="inbox"),
    path("events/", stream.stream, name="events"),
    path("switch/", views.switch, name="switch"),
    path(_ONE, views.conversation, name="conversation"),
    path(f"{_ONE}take-over/", views.take_over, name="take_over"),
    path(f"{_ONE}pause/", views.pause, name="pause"),
    path(f"{_ONE}resume/", views.resume, name="resume"),
    path(f"{_ONE}hand-back/", views.hand_back, name="hand_back"),
    path(f"{_ONE}send/", views.send, name="send"),
]
