"""Numbers with what they count, as people say them."""

from __future__ import annotations


def plural(number: int, noun: str) -> str:
    """1 workflow, 2 workflows, 0 entries."""
    return f"{number:,} {noun if number == 1 else several(noun)}"


def several(noun: str) -> str:
    """What more than one of it are called."""
    return f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
