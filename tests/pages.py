"""Every page there is, by the name of its address: looked at with axe, and photographed.

A new address belongs into one of the two tables (`tests/conversations/test_pages.py` asks for it), or answers to POST
alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

#: What stands in braces is another one in every database: `tests/doors.py` makes it, but for "{conversation}", the
#: instance and the id of one that exists.
PAGES: dict[str, str] = {
    "login": "/login/",
    "people:code": "/login/code/",
    "people:invitation": "/invitation/{invitation}/",
    "people:forgotten": "/password/",
    "people:new_password": "/password/{new_password}/",
    "people:me": "/me/",
    "people:password": "/me/password/",
    "people:second_factor": "/me/second-factor/",
    "people:team": "/team/",
    "people:invite": "/team/invite/",
    "people:person": "/team/{person}/",
    "bot:settings": "/bot/",
    "bot:versions": "/bot/versions/",
    "bot:version": "/bot/versions/1/",
    "bot:connection": "/connection/?checks=1",
    "conversations:inbox": "/",
    "conversations:conversation": "/c/{conversation}/",
    "conversations:lead": "/c/{conversation}/lead/",
    "conversations:new": "/new/",
    "conversations:ask_switch": "/switch/ask/?on=0",
    "conversations:audit": "/audit/",
    "conversations:queue": "/queue/",
    "conversations:connections": "/connections/",
    "conversations:offline": "/offline/",
}
#: Pages that stand at no address of their own.
MORE_PAGES: dict[str, str] = {"not found": "/nowhere/", "invitation over": "/invitation/nothing/"}
#: Shown before the login, to somebody who has given a password and owes a code; every other page after it.
PUBLIC = (
    "login", "people:code", "people:invitation", "people:forgotten", "people:new_password", "conversations:offline",
    "invitation over",
)  # fmt: skip

#: Addresses that are read but are no pages, and why.
NO_PAGES: dict[str, str] = {
    "healthz": "for monitors",
    "readyz": "for monitors",
    "set_language": "only leads back",
    "bot:checks": "a part of the connection page",
    "bot:number": "a part of the connection page",
    "conversations:events": "a stream",
    "conversations:attention": "numbers for a script",
    "conversations:switches": "a part of every page",
    "conversations:colleagues": "a part of a conversation",
    "conversations:composer": "a part of a conversation",
    "conversations:picture": "a picture",
    "conversations:brief": "a part of the queue",
    "conversations:agreed": "a part of a menu",
    "conversations:media": "a file of a message",
    "conversations:audit_export": "a table to take along",
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
