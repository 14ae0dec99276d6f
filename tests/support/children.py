"""Children of the sandbox: what is too slow for them, how often they are asked, and all of them busy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lib import sandbox

#: Half a minute in one call of the engine, which does not look at the time meanwhile.
SLOW_EXPRESSION = "$distinct([1..100000])"


def anyof_bomb() -> Any:
    """A small schema by which checking a number doubles its work thirty times."""
    steps = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)}
    return {"$ref": "#/$defs/d0", "$defs": {**steps, "d30": {"type": "string"}}}


@contextmanager
def counted_jobs() -> Iterator[list[bytes]]:
    """The jobs that children are asked to do meanwhile."""
    asked: list[bytes] = []
    ask = sandbox._Child.ask

    def noted(child: sandbox._Child, request: bytes, timeout_ms: int) -> dict[str, Any]:
        asked.append(request)
        return ask(child, request, timeout_ms)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sandbox._Child, "ask", noted)
        yield asked


@contextmanager
def busy() -> Iterator[None]:
    """No child is free meanwhile."""
    taken = [sandbox._idle.get() for _ in range(sandbox.CHILDREN)]
    try:
        yield
    finally:
        for child in taken:
            sandbox._idle.put(child)
