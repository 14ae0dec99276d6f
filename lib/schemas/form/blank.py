"""The value that a new form, a new row or a new branch starts from."""

from __future__ import annotations

from typing import Any

from lib.schemas.document import SchemaDocument
from lib.schemas.form.branches import settle
from lib.schemas.form.violations import Validator
from lib.schemas.spec import Spec
from lib.serialization.json_values import ABSENT, copy

#: How often conditions are judged while fields are filled in; what one fills in may ask for more.
ROUNDS = 5
#: Rows that minItems may ask for at the start; more are left to the user.
STARTING_ROWS = 20


def empty(spec: Spec) -> Any:
    """Give the value of a field that must hold something but has nothing: "", [], {} or null."""
    return {"string": "", "array": [], "object": {}}.get(spec.kind)


def blank(
    document: SchemaDocument,
    validator: Validator,
    spec: Spec,
    *,
    needed: bool,
    above: frozenset[int] = frozenset(),
) -> Any:
    """Fill in what the schema itself says: fixed values where needed, defaults that are valid, and the
    required objects around them. ABSENT when that is nothing."""
    if spec.kind == "const" and needed:
        return copy(spec.options[0].value)
    if spec.default is not ABSENT and (needed or spec.default is not None):
        if validator.is_valid(spec.parts, spec.default):
            return copy(spec.default)
    here = frozenset(id(part.schema) for part in spec.parts)
    if not needed or here & above:
        return ABSENT
    if spec.choice is not None:
        option = spec.choice.options[0]
        picked = document.spec(spec.parts[:1] if spec.parts else (), {spec.choice.source: option.number})
        return ABSENT if picked.kind == "choice" else blank(document, validator, picked, needed=True, above=above)
    if spec.kind == "object":
        return _object(document, validator, spec, above | here)
    if spec.kind == "array":
        least = max([0, *spec.number_keyword("minItems")])
        items = [document.spec(spec.item(place)) for place in range(min(int(least), STARTING_ROWS))]
        rows = [blank(document, validator, item, needed=True, above=above | here) for item in items]
        return [empty(item) if row is ABSENT else row for item, row in zip(items, rows, strict=True)]
    return ABSENT


def _object(document: SchemaDocument, validator: Validator, spec: Spec, above: frozenset[int]) -> dict[str, Any]:
    """Fill in the fields of an object, then those that its conditions ask for with what is filled in so far."""
    filled: dict[str, Any] = {}
    for _ in range(ROUNDS):
        count = len(filled)
        for name in spec.names:
            child = document.spec(spec.child(name))
            needed = name in spec.required
            value = ABSENT if name in filled else blank(document, validator, child, needed=needed, above=above)
            if value is not ABSENT:
                filled[name] = value
        if not spec.conditional or (filled and len(filled) == count):
            break
        spec = settle(document, validator, spec.parts, filled, {}, {})
    return filled
