"""The addresses of the dashboard. No number stands in any of them (docs/adr/0010)."""

from __future__ import annotations

from django.urls import path

from conversations import stream
from conversations.views import answer, control, conversation, installed, listing, media, shell

app_name = "conversations"

_ONE = "c/<str:instance>/<str:opaque>/"

urlpatterns = [
    path("", listing.show_inbox, name="inbox"),
    path("events/", stream.stream, name="events"),
    path("attention/", shell.calls, name="attention"),
    path("connections/", shell.connections, name="connections"),
    path("palette/", shell.palette, name="palette"),
    path("manifest.webmanifest", installed.manifest, name="manifest"),
    path("service-worker.js", installed.worker, name="service_worker"),
    path("offline/", installed.offline, name="offline"),
    path("several/", listing.act_on_several, name="several"),
    path("switch/", control.switch, name="switch"),
    path(_ONE, conversation.conversation, name="conversation"),
    path(f"{_ONE}seen/", listing.mark_seen, name="seen"),
    path(f"{_ONE}picture/", listing.picture, name="picture"),
    path(f"{_ONE}take-over/", control.take_over, name="take_over"),
    path(f"{_ONE}pause/", control.pause, name="pause"),
    path(f"{_ONE}resume/", control.resume, name="resume"),
    path(f"{_ONE}hand-back/", control.hand_back, name="hand_back"),
    path(f"{_ONE}media/<str:message_id>/", media.file, name="media"),
    path(f"{_ONE}send/", answer.send, name="send"),
]
