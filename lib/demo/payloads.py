"""Invented payloads: an event's example with its ids and times filled in anew."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.redaction import redact

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_HOLE = re.compile(f"{_UUID.pattern}|{_TIME.pattern}")
_TENANT = "7c1d0f5e-3f43-4c0e-9a0e-2f6a4f1b9c11"


@dataclass(frozen=True)
class PayloadTemplate:
    """An example payload as JSON text with holes: the same id in it stays the same id."""

    plain: list[str]
    plain_holes: list[int]
    redacted: list[str]
    redacted_holes: list[int]
    #: How many new ids a payload needs; hole numbers: -1 the time, -2 the tenant, else an id.
    ids: int
    #: Which of the ids is the correlation key, if any is.
    correlation: int | None

    def fill(self, ids: Sequence[str], at: str, tenant: str) -> tuple[str, str]:
        """(payload, redacted payload) as JSON text."""
        return (
            _filled(self.plain, self.plain_holes, ids, at, tenant),
            _filled(self.redacted, self.redacted_holes, ids, at, tenant),
        )


def template(entry: Mapping[str, Any]) -> PayloadTemplate:
    """The template of a catalog entry with example, schema and correlation_paths."""
    example = entry["example"]
    numbers: dict[str, int] = {}
    plain, plain_holes = _split(json.dumps(example), numbers)
    redacted, redacted_holes = _split(json.dumps(redact(example, schema=entry["schema"])), numbers)
    keys = [numbers[v] for path in entry["correlation_paths"] if (v := example.get(path)) in numbers]
    return PayloadTemplate(
        plain, plain_holes, redacted, redacted_holes, len(numbers), keys[0] if keys else None
    )


def timestamp(at: datetime) -> str:
    """The instant as the payloads write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _split(text: str, numbers: dict[str, int]) -> tuple[list[str], list[int]]:
    """Text between the holes, and which hole each is; new ids are numbered into `numbers`."""
    holes = []
    for match in _HOLE.finditer(text):
        if "T" in match[0]:
            holes.append(-1)
        elif match[0] == _TENANT:
            holes.append(-2)
        else:
            holes.append(numbers.setdefault(match[0], len(numbers)))
    return _HOLE.split(text), holes


def _filled(parts: list[str], holes: list[int], ids: Sequence[str], at: str, tenant: str) -> str:
    out = [parts[0]]
    for part, hole in zip(parts[1:], holes, strict=True):
        out.append(at if hole == -1 else tenant if hole == -2 else ids[hole])
        out.append(part)
    return "".join(out)
