"""The sample jobs, done in the child: a value for a JSON Schema that may be hostile."""

from __future__ import annotations

from typing import Any

from lib.schemas.document import SchemaDocument
from lib.schemas.form.samples import Sampler, sketch_of
from lib.schemas.form.violations import Validator
from lib.schemas.locating import part_at
from lib.schemas.parts import Parts
from lib.serialization import strict_json


def sample(schema: str, places: list[str]) -> Any:
    """Make a sample for the place whose schemas stand at these pointers of a schema, given as JSON text."""
    document = SchemaDocument(strict_json.loads(schema))
    return Sampler(document, Validator(document)).sample(_parts(document, places))


def sketch(schema: str, places: list[str]) -> Any:
    """Make a value that has what is required there, without asking whether it is valid."""
    document = SchemaDocument(strict_json.loads(schema))
    return sketch_of(document, _parts(document, places))


def warm_up() -> None:
    """Load all that is loaded late: afterwards no file can be opened."""
    sample('{"properties":{"a":{"type":"integer"},"b":{"type":"string","format":"uuid"}},"minProperties":3}', [""])


def _parts(document: SchemaDocument, places: list[str]) -> Parts:
    return tuple(part for place in places if (part := part_at(document, place)) is not None)
