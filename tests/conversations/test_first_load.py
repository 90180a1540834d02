"""What a browser fetches when the dashboard is opened for the first time, as it travels."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from conversations.evolution.sandbox import Sandbox
from conversations.message import Key
from conversations.shown import address
from tests.conversations.conftest import INSTANCE
from tests.factories import LEAD

pytestmark = [pytest.mark.django_db]

#: Bytes.
LIMIT = 150_000
GZIP = {"Accept-Encoding": "gzip, deflate, br", "Sec-Fetch-Site": "none"}


def fetched(client: Client, path: str) -> dict[str, int]:
    """The page and every style sheet, script and picture that its head and body name, with their bytes."""
    page = client.get(path, headers=GZIP)
    words = client.get(path).content.decode()
    files = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', words))
    assert len(files) > 15
    answers = {file: client.get(file, headers=GZIP) for file in files}
    assert all(answer.status_code == 200 for answer in answers.values())
    return {path: len(page.content), **{file: len(answer.content) for file, answer in answers.items()}}


def test_the_list_and_a_conversation_are_small_on_the_wire(for_alice: Client, sandbox: Sandbox) -> None:
    for number in range(60):
        sandbox.lead_writes(f"55119999{number:05}@s.whatsapp.net", f"Quanto custa a {number}?", name=f"Lead {number}")
        sandbox.lead_writes(LEAD, f"Oi, {number}", name="Mariana")

    for path in ("/", address(Key(INSTANCE, LEAD))):
        sizes = fetched(for_alice, path)
        assert sum(sizes.values()) < LIMIT, sorted(sizes.items(), key=lambda one: -one[1])
