"""Whom and what the work under way is about: ids that every line of the log has, whoever writes it.

They follow the work into the threads that it is handed to, as context variables do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

#: The names of ids, in the order in which a line of the log tells them.
NAMES = ("request_id", "tenant", "event_id", "run_id")

_NOTHING: Mapping[str, str] = {}
_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default=_NOTHING)


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """While the block runs, its work is about these ids too; each is one of NAMES."""
    before = _ids.get()
    also_about(**ids)
    try:
        yield
    finally:
        _ids.set(before)


def also_about(**ids: object) -> None:
    """From here on, to the end of the block around, the task or the thread, the work is about these ids too."""
    _ids.set({**_ids.get(), **{name: str(value) for name, value in ids.items()}})


def ids() -> Mapping[str, str]:
    """The ids of the work under way, by name."""
    return _ids.get()
