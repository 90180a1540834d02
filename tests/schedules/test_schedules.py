"""Two hundred seeded schedules: whatever happens at whichever point, the bot keeps its promises."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable

import pytest

#: Twenty seeds share a database and a gateway.
BLOCKS = [range(first, first + 20) for first in range(0, 200, 20)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda block: f"{block.start}-{block.stop - 1}")
def test_no_schedule_makes_the_bot_break_a_promise(play: Callable[[int], None], seeds: range) -> None:
    for seed in seeds:
        play(seed)


@pytest.mark.chaos
def test_no_schedule_from_a_random_start_makes_the_bot_break_a_promise(play: Callable[[int], None]) -> None:
    """`make chaos`: SEEDS of them (2000), or the one named SEED; with both, so many from that one on."""
    one = os.environ.get("SEED")
    start = int(one) if one else secrets.randbelow(10**9)
    seeds = range(start, start + int(os.environ.get("SEEDS") or (1 if one else 2000)))
    print(f"schedules: SEED={start} SEEDS={len(seeds)}")
    for seed in seeds:
        play(seed)
