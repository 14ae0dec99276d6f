"""References of a schema that lead nowhere, out of it, or back to their own place without end.

The definitions that nothing refers to are looked at too: a later change may refer to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lib.schemas import doubt
from lib.schemas.compiling import Compiler
from lib.schemas.document import SchemaDocument
from lib.schemas.parts import Part, entries
from lib.serialization import json_pointer
from lib.serialization.strict_json import JsonValue

_DEFINITIONS = ("$defs", "definitions")


@dataclass(frozen=True)
class BrokenReference:
    """A reference that no judge can follow; `why` ends a sentence that begins with “The schema”."""

    pointer: str
    why: str


def broken(schema: JsonValue) -> list[BrokenReference]:
    """Every reference of a schema that cannot be followed, in no particular order."""
    if not isinstance(schema, Mapping):
        return []
    document = SchemaDocument(schema)
    compiler = Compiler(document)
    compiler.add(document.root[0])
    for part in _definitions(document):
        compiler.add(part)
    doubt.settle(compiler)
    found = {}
    for one in compiler.unusable:
        if one.complete and (at := compiler.pointer(one.holder)) is not None:
            reference = BrokenReference(at + json_pointer.join([one.keyword]), one.why)
            found[reference.pointer] = reference
    return list(found.values())


def _definitions(document: SchemaDocument) -> Iterator[Part]:
    root = document.entered(document.root[0])
    for keyword in _DEFINITIONS:
        for schema in entries(root.schema.get(keyword)).values():
            if isinstance(schema, Mapping):
                yield Part(schema, root.resolver)
