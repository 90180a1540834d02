"""Every page there is, by the name of its address: looked at with axe, and photographed.

A new address belongs into one of the two tables (`tests/conversations/test_pages.py` asks for it), or answers to POST
alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

#: What a page's address needs: "{conversation}" stands for the instance and the id of one that exists.
PAGES: dict[str, str] = {
    "login": "/login/",
    "conversations:inbox": "/",
    "conversations:conversation": "/c/{conversation}/",
    "conversations:queue": "/queue/",
    "conversations:connections": "/connections/",
    "conversations:offline": "/offline/",
}
#: Pages that stand at no address of their own.
MORE_PAGES: dict[str, str] = {"not found": "/nowhere/"}
#: Shown before the login; every other page after it.
PUBLIC = ("login", "conversations:offline")

#: Addresses that are read but are no pages, and why.
NO_PAGES: dict[str, str] = {
    "healthz": "for monitors",
    "readyz": "for monitors",
    "conversations:events": "a stream",
    "conversations:attention": "numbers for a script",
    "conversations:picture": "a picture",
    "conversations:brief": "a part of the queue",
    "conversations:agreed": "a part of a menu",
    "conversations:media": "a file of a message",
    "conversations:manifest": "for the browser",
    "conversations:service_worker": "for the browser",
}


def addresses(within: URLResolver | None = None, names: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every named address of ours with its pattern; Django's own administration is Django's."""
    for one in (within or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            if one.name:
                yield f"{names}{one.name}", one
        elif one.namespace != "admin":
            yield from addresses(one, f"{names}{one.namespace}:" if one.namespace else names)
