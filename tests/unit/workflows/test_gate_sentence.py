"""What real events would do with a workflow, in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from lib.workflows.gate import Gate, GateFailure


def failures(*numbers: int) -> tuple[GateFailure, ...]:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    return tuple(
        GateFailure(uuid4(), at, f"/{place}", "is missing.") for place, n in enumerate(numbers) for _ in range(n)
    )


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((3, 2, 1), "; 1 fails elsewhere."),
        ((3, 2, 2), "; 2 fail elsewhere."),
        ((1,), "0 of 1 would start, 1 fails at /0: is missing."),
    ],
)
def test_one_fails_and_two_fail(numbers: tuple[int, ...], said: str) -> None:
    gate = Gate("TICKET_CREATED", sum(numbers), sum(numbers), failures=failures(*numbers))
    assert gate.sentence.endswith(said)
