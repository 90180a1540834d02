"""The same people as in the tests of the pages, and one who sees another number only."""

from __future__ import annotations

from tests.conversations.conftest import (
    alice,
    bob,
    charlie,
    for_alice,
    for_bob,
    for_charlie,
    for_olga,
    olga,
    sandbox,
)

__all__ = ["alice", "bob", "charlie", "for_alice", "for_bob", "for_charlie", "for_olga", "olga", "sandbox"]
