"""Pages travel compressed, where nobody but the person who reads them has chosen what is in them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

#: A browser's word for who asks: one of our pages, or the person at the address bar.
_OURS = ("same-origin", "none")


class CompressedPages(GZipMiddleware):
    """HTML alone. Events must not wait in a buffer, files compress themselves, and media is compressed already.

    Whoever reads the wire and may choose a part of the page can guess the rest from its length (BREACH). So a page
    that another site may have asked for in its own words is not compressed; in the others Django masks the CSRF token
    anew each time and makes the length vary.
    """

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Compress `response` or leave it as it is."""
        if is_page(response) and is_chosen_by_reader(request):
            return super().process_response(request, response)
        return response


def is_page(response: HttpResponseBase) -> bool:
    """A page, or a part of one, that is complete."""
    return not response.streaming and response.get("Content-Type", "").startswith("text/html")


def is_chosen_by_reader(request: HttpRequest) -> bool:
    """No other site can have put words of its own into the address. A browser that does not say who asks may lie."""
    return not request.META.get("QUERY_STRING") or request.headers.get("Sec-Fetch-Site") in _OURS
