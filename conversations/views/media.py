"""A file of a message, passed on from the gateway after the same check as its conversation."""

from __future__ import annotations

import re

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from conversations import media, shown
from conversations.evolution import EvolutionError, NotConnected, Refused, TooLarge
from conversations.media import File, NoSuchFileError
from conversations.message import Key
from conversations.views.guard import Request, kept_nowhere, may, of_conversation

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@require_GET
@may("watch")
@of_conversation
def file(request: Request, key: Key, message_id: str) -> HttpResponse:
    """The file, whole or the part that a player asks for. `download` saves it, `again` asks after a failure."""
    try:
        found = media.fetch(key, message_id, again="again" in request.GET)
    except NoSuchFileError:
        raise Http404 from None
    except EvolutionError as error:
        return _missing(request, key, error)
    response = _part(request, found)
    is_saved = "download" in request.GET or not found.is_shown
    response["Content-Disposition"] = content_disposition_header(is_saved, found.name) or "attachment"
    response["Accept-Ranges"] = "bytes"
    return _harmless(response)


def _part(request: Request, found: File) -> HttpResponse:
    """All of it, or one range (RFC 9110 §14); several ranges at once are answered with all of it."""
    size = len(found.data)
    wanted = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not wanted or wanted[0] == "bytes=-":
        return HttpResponse(found.data, content_type=found.content_type)
    if wanted[1]:
        first, last = int(wanted[1]), min(int(wanted[2] or size - 1), size - 1)
    else:
        first, last = max(0, size - int(wanted[2])), size - 1
    if first > last:
        response = HttpResponse(status=416, content_type=found.content_type)
        response["Content-Range"] = f"bytes */{size}"
        return response
    response = HttpResponse(found.data[first : last + 1], status=206, content_type=found.content_type)
    response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


def _missing(request: Request, key: Key, error: EvolutionError) -> HttpResponse:
    """Why there is no file: a page for a person who followed a link, the words alone for the bubble."""
    words, status = _why(error)
    # Sec-Fetch-Dest would say it more plainly, but not of what passed through our service worker.
    if "text/html" in request.headers.get("Accept", ""):
        context = {"why": words, "url": shown.address(key), "again": f"{request.path}?download&again"}
        return kept_nowhere(render(request, "conversations/no_file.html", context, status=status))
    return _harmless(HttpResponse(words, content_type="text/plain; charset=utf-8", status=status))


def _why(error: EvolutionError) -> tuple[str, int]:
    if isinstance(error, TooLarge):
        return _("This file is too large to be shown here. Open it on the phone."), 413
    if isinstance(error, NotConnected):
        return shown.why(error), 503
    if isinstance(error, Refused):
        return _("WhatsApp no longer keeps this file. Ask the lead to send it again."), 410
    return _("The gateway did not deliver the file. Try again in a moment."), 504


def _harmless(response: HttpResponse) -> HttpResponse:
    """Whatever a stranger sent: it is not run, not guessed at, not framed, not kept."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return kept_nowhere(response)
