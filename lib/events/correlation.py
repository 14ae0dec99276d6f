"""Correlation keys of events: what the paths of a catalog entry lead to in a payload."""

from __future__ import annotations

from lib.catalog.event_types import LONGEST_KEY
from lib.redaction import Redacted
from lib.serialization.strict_json import JsonValue


def derived_key(payload: JsonValue, paths: list[str]) -> str | None:
    """The correlation key of a payload: the value at the first path of its catalog entry that leads to one."""
    found = derive(Redacted(payload, payload, frozenset()), paths)
    return found and found[0]


def derive(redacted: Redacted, paths: list[str]) -> tuple[str, bool] | None:
    """The derived key, and whether redaction hides the place that it comes from; None without a key."""
    for path in paths:
        value, shown = redacted.payload, redacted.shown
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
            shown = shown.get(name) if isinstance(shown, dict) else None
        if isinstance(value, str | int) and not isinstance(value, bool) and 0 < len(str(value)) <= LONGEST_KEY:
            return str(value), value != shown
    return None
