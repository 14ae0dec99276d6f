"""The validation job, done in the child: a value against a JSON Schema that may be hostile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any
from urllib.parse import urldefrag, urljoin

import jsonschema
from jsonschema import FormatChecker, ValidationError
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from lib.schemas.faults import fault
from lib.schemas.formats import quick_formats
from lib.schemas.messages import sentence
from lib.serialization import strict_json

FORMATS = quick_formats(FormatChecker())
_NOT_SCHEMAS = ("const", "enum", "default", "examples")


class UnusableSchema(Exception):
    """The schema cannot be used to validate; the message says why."""


def validate(schema: str, value: str, limit: int) -> dict[str, Any]:
    """Violations of a schema by a value, both as JSON text: {"violations": […]} or {"schema_error": …}."""
    try:
        validator = _validator(schema)
        found = []
        for error in validator.iter_errors(strict_json.loads(value)):
            found.append(_violation(error))
            if len(found) == limit:
                break
    except UnusableSchema as error:
        return {"schema_error": str(error)}
    except RecursionError:
        return {"schema_error": "refers to itself without end"}
    except Unresolvable as error:
        missing = getattr(error, "anchor", error.ref)
        return {"schema_error": f"refers to {missing[:200]}, which is not in it"}
    return {"violations": found}


def warm_up() -> None:
    """Load all that jsonschema loads late: afterwards no file can be opened."""
    for draft in (4, 6, 7, 2019, 2020):
        name = f"Draft{draft}{'12' if draft == 2020 else '09' if draft == 2019 else ''}Validator"
        getattr(jsonschema, name).check_schema({})
    for name in FORMATS.checkers:
        for value in ("x", "é"):  # IRIs beyond ASCII have a parser of their own
            FORMATS.conforms(value, name)
    validate('{"type":"object"}', "{}", 1)


@lru_cache(maxsize=500)
def _validator(text: str) -> Any:
    schema = strict_json.loads(text)
    if not isinstance(schema, dict | bool):
        raise UnusableSchema("must be an object, true or false")
    cls: Any = validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        cls.check_schema(schema)
    except SchemaError as error:
        where = "".join(f"/{part}" for part in error.absolute_path)
        raise UnusableSchema(f"is not a JSON Schema{where and f' at {where}'}: {sentence(fault(error))}") from None
    _refuse_remote_references(schema)
    if isinstance(schema, dict):
        # A reference to the root would look the draft up again, and find it without exact numbers.
        schema.pop("$schema", None)
    return _exact(cls)(schema, format_checker=FORMATS, registry=Registry())


@lru_cache
def _exact(cls: Any) -> Any:
    """The draft's validator, for numbers that are Decimal."""
    whole_floats = cls.TYPE_CHECKER.is_type(1.0, "integer")  # not in draft 4

    def is_integer(_: Any, value: Any) -> bool:
        if isinstance(value, Decimal):
            return value == value.to_integral_value() and (whole_floats or value.as_tuple().exponent == 0)
        return isinstance(value, int) and not isinstance(value, bool)

    types = cls.TYPE_CHECKER.redefine("integer", is_integer)
    return extend(cls, {"multipleOf": _multiple_of}, type_checker=types)  # type: ignore[no-untyped-call]


def _multiple_of(validator: Any, divisor: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "number") and Fraction(value) % Fraction(divisor):
        yield ValidationError(f"{value} is not a multiple of {divisor}")


def _refuse_remote_references(schema: Any) -> None:
    """Nothing would be fetched anyway; this tells the author before a value happens to need it."""
    root = schema.get("$id", "") if isinstance(schema, Mapping) else ""
    identifiers, references = {urldefrag(str(root)).url}, []
    todo = [schema]
    while todo:
        item = todo.pop()
        if isinstance(item, Mapping):
            for keyword in ("$id", "id"):
                if isinstance(item.get(keyword), str):
                    identifiers.add(urldefrag(urljoin(str(root), item[keyword])).url)
            for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
                if isinstance(item.get(keyword), str):
                    references.append(item[keyword])
            todo.extend(member for key, member in item.items() if key not in _NOT_SCHEMAS)
        elif isinstance(item, list):
            todo.extend(item)
    for reference in references:
        if not reference.startswith("#") and urldefrag(urljoin(str(root), reference)).url not in identifiers:
            raise UnusableSchema(f"refers to {reference[:200]}, which is outside of it; nothing is fetched")


def _violation(error: ValidationError) -> dict[str, Any]:
    return {"path": list(error.absolute_path), "message": sentence(fault(error)), "keyword": str(error.validator)}
