"""The addresses of the dashboard. No number stands in any of them (docs/adr/0010)."""

from __future__ import annotations

from django.urls import path

from conversations import stream
from conversations.views import (
    answer,
    approving,
    audit,
    beginning,
    colleagues,
    control,
    conversation,
    held,
    installed,
    lead,
    listing,
    media,
    queue,
    shell,
    switching,
    ticking,
    whispering,
)

app_name = "conversations"

_ONE = "c/<str:instance>/<str:opaque>/"

urlpatterns = [
    path("", listing.show_inbox, name="inbox"),
    path("events/", stream.stream, name="events"),
    path("attention/", shell.calls, name="attention"),
    path("connections/", shell.connections, name="connections"),
    path("queue/", queue.show, name="queue"),
    path("queue/next/", queue.take_next, name="next"),
    path("palette/", shell.palette, name="palette"),
    path("manifest.webmanifest", installed.manifest, name="manifest"),
    path("service-worker.js", installed.worker, name="service_worker"),
    path("offline/", installed.offline, name="offline"),
    path("several/", listing.act_on_several, name="several"),
    path("several/undo/", listing.undo_several, name="undo_several"),
    path("switch/ask/", switching.ask, name="ask_switch"),
    path("switches/", switching.show, name="switches"),
    path("switch/", switching.switch, name="switch"),
    path("audit/", audit.show, name="audit"),
    path("audit/export/", audit.export, name="audit_export"),
    path("team/<int:person>/hand-back/", held.hand_back, name="hand_back_held"),
    path(_ONE, conversation.conversation, name="conversation"),
    path(f"{_ONE}seen/", listing.mark_seen, name="seen"),
    path(f"{_ONE}picture/", listing.picture, name="picture"),
    path(f"{_ONE}take-over/", control.take_over, name="take_over"),
    path(f"{_ONE}hold/", control.hold, name="hold"),
    path(f"{_ONE}pause/", control.pause, name="pause"),
    path(f"{_ONE}resume/", control.resume, name="resume"),
    path(f"{_ONE}hand-back/", control.hand_back, name="hand_back"),
    path(f"{_ONE}more-time/", control.more_time, name="more_time"),
    path(f"{_ONE}brief/", queue.brief, name="brief"),
    path(f"{_ONE}agreed/", queue.agreed, name="agreed"),
    path(f"{_ONE}opt-in/", control.opt_in, name="opt_in"),
    path(f"{_ONE}undo/", control.undo, name="undo"),
    path(f"{_ONE}approve/", approving.approve, name="approve"),
    path(f"{_ONE}discard/", approving.discard, name="discard"),
    path(f"{_ONE}whispers/", whispering.whisper, name="whisper"),
    path(f"{_ONE}whispers/<int:note_id>/erase/", whispering.erase, name="erase_whisper"),
    path(f"{_ONE}lead/approval/", lead.set_approval, name="set_approval"),
    path(f"{_ONE}lead/opt-out/", lead.set_opt_out, name="set_opt_out"),
    path(f"{_ONE}hand-over/", control.hand_over, name="hand_over"),
    path(f"{_ONE}colleagues/", colleagues.colleagues, name="colleagues"),
    path(f"{_ONE}lead/", lead.lead, name="lead"),
    path(f"{_ONE}lead/notes/", lead.write_note, name="write_note"),
    path(f"{_ONE}lead/notes/<int:note_id>/erase/", lead.erase_note, name="erase_note"),
    path(f"{_ONE}media/<str:message_id>/", media.file, name="media"),
    path(f"{_ONE}composer/", answer.composer, name="composer"),
    path(f"{_ONE}send/", answer.send, name="send"),
    path(f"{_ONE}edit/", answer.edit, name="edit"),
    path(f"{_ONE}delete/", answer.delete, name="delete"),
    path(f"{_ONE}automatic/", ticking.tick, name="tick"),
    path(f"{_ONE}not-automatic/", ticking.untick, name="untick"),
    path("new/", beginning.new, name="new"),
]
