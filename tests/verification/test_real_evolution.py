"""The gateway contract against a real Evolution API: by hand, and only where the environment names one.

    EVOLUTION_VERIFY_URL=https://… EVOLUTION_VERIFY_KEY=… EVOLUTION_VERIFY_INSTANCE=… EVOLUTION_VERIFY_NUMBER=5511… \
        python -m pytest tests/verification/test_real_evolution.py

It writes about a dozen short messages to that number.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from conversations.jid import JID
from tests.conversations.gateway_contract import PROMISES, Gateway

_NAMES = ("URL", "KEY", "INSTANCE", "NUMBER")
_GIVEN = [os.environ.get(f"EVOLUTION_VERIFY_{name}", "") for name in _NAMES]

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(not all(_GIVEN), reason="needs EVOLUTION_VERIFY_URL and its neighbours: it asks a real gateway"),
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_real_gateway_keeps_what_we_rely_on(promise: Callable[[Gateway], None]) -> None:
    url, key, instance, number = _GIVEN
    jid = JID(number if "@" in number else f"{number}@s.whatsapp.net")

    promise(Gateway(url, key, instance, jid))
