"""Two hundred seeded schedules: whatever happens at whichever point, the bot keeps its promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

#: Twenty seeds share a database and a gateway.
BLOCKS = [range(first, first + 20) for first in range(0, 200, 20)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda block: f"{block.start}-{block.stop - 1}")
def test_no_schedule_makes_the_bot_break_a_promise(play: Callable[[int], None], seeds: range) -> None:
    for seed in seeds:
        play(seed)
