"""Patterns for LIKE, in which what somebody looks for stands for itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WILD = re.compile(r"([%_\\])")


def holding(words: Iterable[str]) -> list[str]:
    """For each of these words the pattern of the texts that hold it."""
    return ["%" + _WILD.sub(r"\\\1", word) + "%" for word in words]
