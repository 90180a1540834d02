"""No page is forgotten by the tests that look at all of them, and the first of them all is light."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory
from django.urls import URLPattern
from pytest_django import Settings

from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from conversations.sealed import opaque_id
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD
from tests.pages import NO_PAGES, PAGES, addresses

#: Bytes of a first visit to a conversation, everything compressed.
LIMIT = 150_000


def only_answers_to_post(pattern: URLPattern) -> bool:
    """Asked by GET, it refuses before it looks at anything."""
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    fill = {name: 1 if "Int" in type(kind).__name__ else "x" for name, kind in pattern.pattern.converters.items()}
    try:
        return bool(pattern.callback(request, **fill).status_code == 405)
    except Exception:
        return False  # it went further than the method


def test_every_address_is_a_page_or_is_known_to_be_none() -> None:
    known = {*PAGES, *NO_PAGES}

    strange = [name for name, pattern in addresses() if name not in known and not only_answers_to_post(pattern)]

    assert strange == [], "put it into PAGES or NO_PAGES in tests/pages.py"


def test_the_tables_name_nothing_that_is_gone() -> None:
    assert {*PAGES, *NO_PAGES} - {name for name, _pattern in addresses()} == set()


@pytest.mark.django_db
def test_a_first_visit_to_a_conversation_is_light(for_alice: Client, sandbox: Sandbox, settings: Settings) -> None:
    settings.DEBUG = False
    for number in range(50):
        sandbox.lead_writes(LEAD, f"mensagem número {number}", name="Mariana", webhook=False)
    page = for_alice.get(f"/c/{INSTANCE}/{opaque_id(Key(INSTANCE, LEAD))}/").content
    files = set(re.findall(r'(?:src|href)="/static/([^"?]+\.(?:js|css|svg))"', page.decode()))
    assert {"conversations/tokens.css", "conversations/keyboard.js"} <= files

    bodies = [page, *(Path(str(finders.find(name))).read_bytes() for name in files)]
    total = sum(len(gzip.compress(body, 6)) for body in bodies)

    assert total < LIMIT, f"{total} bytes in {len(bodies)} files"
