"""Invented payloads: an event's example with its ids and times filled in anew, and what workflows make of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lib.mapping import mapping
from lib.redaction import Redacted, redact
from lib.serialization.strict_json import dumps

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_HOLE = re.compile(f"{_UUID.pattern}|{_TIME.pattern}")
_TIMEOUT_MS = 5000  # the first start of a busy computer must not fail for a mapping that takes its time
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
    #: The example's ids and their numbers.
    numbers: dict[str, int]

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
        plain, plain_holes, redacted, redacted_holes, len(numbers), keys[0] if keys else None, numbers
    )


def altered(source: PayloadTemplate, entry: Mapping[str, Any], patch: Mapping[str, Any]) -> PayloadTemplate:
    """The template of a source's payloads with these fields changed or added, or, where null, left out."""
    payload = patched(entry["example"], patch)
    plain, plain_holes = _split(json.dumps(payload), source.numbers)
    redacted, redacted_holes = _split(json.dumps(redact(payload, schema=entry["schema"])), source.numbers)
    return replace(source, plain=plain, plain_holes=plain_holes, redacted=redacted, redacted_holes=redacted_holes)


def patched(example: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The example with a JSON merge patch (RFC 7396) of its own fields."""
    return {name: value for name, value in {**example, **patch}.items() if value is not None}


def mapped(
    source: PayloadTemplate, entry: Mapping[str, Any], given: Mapping[str, Any], schema: dict[str, Any] | None
) -> PayloadTemplate:
    """The template of what a mapping makes of a source's payloads, to be filled with the same ids.

    The mapping is evaluated once, on the example. That is what it gives for each payload as long as it copies
    ids and times whole, as the demo's do.
    """
    example = entry["example"]
    context = mapping.event_context(entry["event_type"], example, payload_schema_ref=entry["payload_schema_ref"])
    payload = mapping.apply_mapping(given, context, timeout_ms=_TIMEOUT_MS).payload
    plain, plain_holes = _split(dumps(payload), source.numbers)
    shown = Redacted.of(example, schema=entry["schema"]).mask(payload, schema=schema)
    redacted, redacted_holes = _split(dumps(shown), source.numbers)
    return replace(source, plain=plain, plain_holes=plain_holes, redacted=redacted, redacted_holes=redacted_holes)


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
