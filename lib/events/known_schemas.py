"""Schemas prepared once for the many events that come with them. The text of a schema is its version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lib.redaction import MarkedPlace, marks
from lib.sandbox import validation
from lib.sandbox.validation import Checker
from lib.serialization import strict_json


@dataclass(frozen=True)
class KnownSchema:
    """What checks payloads by a schema, and what the schema marks as sensitive."""

    checker: Checker
    marks: MarkedPlace


@lru_cache(maxsize=512)
def known(text: str) -> KnownSchema:
    """The schema of this text."""
    schema = strict_json.loads(text)
    return KnownSchema(validation.checker(schema), marks(schema))
