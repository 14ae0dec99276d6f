"""Work beside the event loop: its caller hears what came of it, whatever that is."""

from __future__ import annotations

import asyncio

import pytest

from lib.api.gate import TokenGate


def test_work_that_finds_no_next_item_fails_and_does_not_wait_forever() -> None:
    gate = TokenGate(per_second=1, burst=1)

    async def ask() -> None:
        await asyncio.wait_for(gate.run(lambda: next(iter(()))), 10)

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(ask())
