"""What makes the dashboard an application of its own on a phone or a desk. Nothing of a conversation is kept there."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

#: The surfaces of tokens.css, for the bar of the window.
LIGHT, DARK = "#ffffff", "#171e1b"

_PICTURES = (
    ("icon.svg", "any", "image/svg+xml", "any"),
    ("app-192.png", "192x192", "image/png", "any"),
    ("app-512.png", "512x512", "image/png", "any"),
    ("app-maskable-512.png", "512x512", "image/png", "maskable"),
)


@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """Its name, its icons and how its window looks."""
    facts = {
        "id": "/",
        "name": _("Voice SDR: the conversations of the bot"),
        "short_name": "Voice SDR",
        "description": _("Watch, pause and take over what the WhatsApp bot says, live."),
        "lang": get_language(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": LIGHT,
        "theme_color": LIGHT,
        "categories": ["business", "productivity"],
        "icons": [
            {"src": static(f"conversations/{name}"), "sizes": sizes, "type": kind, "purpose": purpose}
            for name, sizes, kind, purpose in _PICTURES
        ],
    }
    response = JsonResponse(facts, content_type="application/manifest+json")
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: says that there is no connection where a page cannot be reached, and keeps no page."""
    response = render(request, "service-worker.js", content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    return response


@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker shows without a connection; the same for everybody, and so without a word on anybody."""
    return render(request, "offline.html")
