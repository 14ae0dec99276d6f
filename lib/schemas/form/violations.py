"""What is wrong with a value, in plain sentences, each with the field it belongs to.

jsonschema decides; this module adds the manners of a form: nothing is fetched, a pattern that Python
cannot read does not count, OpenAPI's `nullable` does, and of a oneOf only the chosen branch speaks.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from jsonschema import validators
from jsonschema.exceptions import UnknownType, ValidationError
from referencing.exceptions import Unresolvable

from lib.schemas.document import SchemaDocument, validator_class
from lib.schemas.faults import form_fault
from lib.schemas.formats import quick_formats
from lib.schemas.messages import sentence
from lib.schemas.parts import Parts

Path = tuple[str | int, ...]
#: Which branch the form has picked, by the path of the value and the id of the branch list.
Picks = Mapping[tuple[Path, Any], int | str]


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """One thing wrong: `path` is where jsonschema finds it, `shown_at` the field that should say so."""

    path: Path
    message: str
    keyword: str = ""
    field: Path | None = None

    @property
    def shown_at(self) -> Path:
        return self.path if self.field is None else self.field


class Validator:
    """Checks values against one document, and against single parts of it."""

    def __init__(self, document: SchemaDocument) -> None:
        self.document = document
        cls = validator_class(document.schema)
        self._validator = _lenient(cls)(
            document.schema, registry=document.registry, format_checker=quick_formats(cls.FORMAT_CHECKER)
        )

    def is_valid(self, parts: Parts, value: Any) -> bool:
        """Tell whether a value fits every one of the parts."""
        value = _comparable(value)
        return next(self._errors(parts, value), None) is None

    def errors(self, parts: Parts, value: Any) -> list[ValidationError]:
        """List jsonschema's own errors of a value against parts."""
        return list(self._errors(parts, _comparable(value)))

    def _errors(self, parts: Parts, value: Any) -> Iterator[ValidationError]:
        for part in parts:
            try:
                yield from self._validator.descend(value, part.schema, resolver=part.resolver)
            except _BROKEN as fault:
                yield ValidationError(str(fault), validator="unusable")

    def best_branch(self, branches: list[Parts], value: Any) -> int:
        """Choose the branch that a value follows: one that it fits, else the one it is nearest to."""
        scores = []
        for number, parts in enumerate(branches):
            if self.is_valid(parts, value):
                return number
            known = self.document.spec(parts).properties
            shared = sum(key in known for key in value) if isinstance(value, dict) else 0
            wrong_type, wrong_constant, count = _distance(self.errors(parts, value))
            scores.append((wrong_type, wrong_constant, -shared, count, number))
        return min(scores)[-1]

    def violations(self, value: Any, picks: Picks | None = None) -> list[SchemaViolation]:
        """List what is wrong with a whole value, outermost first."""
        found: dict[SchemaViolation, None] = {}
        for error in self.errors(self.document.root, value):
            found |= dict.fromkeys(_translate(error, (), picks or {}))
        return sorted(found, key=lambda violation: [str(step) for step in violation.path])


def validate(schema: Any, value: Any) -> list[SchemaViolation]:
    """List what is wrong with a value, by the draft that the schema names (2020-12 when it names none)."""
    return Validator(SchemaDocument(schema)).violations(value)


def _translate(error: ValidationError, base: Path, picks: Picks) -> Iterator[SchemaViolation]:
    """Turn one error into violations; a failed oneOf or anyOf speaks through its chosen branch."""
    path = (*base, *error.relative_path)
    keyword = str(error.validator)
    if keyword in ("oneOf", "anyOf") and error.context:
        number = picks.get((path, id(error.validator_value)))
        inner = branch_errors(error, number)
        leaves = [leaf for one in inner for leaf in _translate(one, path, picks)]
        yield from leaves
        if all(leaf.path != path for leaf in leaves):
            yield SchemaViolation(path, sentence(form_fault(error)), keyword)
        return
    what = form_fault(error)
    message = sentence(what)
    at_members = (
        what.names if keyword in ("required", "additionalProperties") and isinstance(error.instance, dict) else ()
    )
    if not at_members or error.validator_value is True:
        yield SchemaViolation(path, message, keyword)
        return
    for name in at_members:
        yield SchemaViolation(path, message, keyword, (*path, name))


def branch_errors(error: ValidationError, number: int | str | None) -> list[ValidationError]:
    """Pick the errors of one branch: the given one, else the branch that the value is nearest to."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        if inner.schema_path:  # a branch that is plain false says nothing
            branches.setdefault(inner.schema_path[0], []).append(inner)
    if number in branches:
        return branches[number]
    wanted = [errors for errors in branches.values() if not _is_null_branch(errors)]
    return min(wanted or branches.values(), key=_distance, default=[])


def _is_null_branch(errors: list[ValidationError]) -> bool:
    return any(one.validator == "type" and one.validator_value in ("null", ["null"]) for one in errors)


def _distance(errors: list[ValidationError]) -> tuple[int, int, int]:
    """Say how far a value is from a branch: a wrong type of its own weighs most, then wrong fixed values."""
    wrong_type = sum(error.validator == "type" and not error.relative_path for error in errors)
    wrong_constant = sum(error.validator == "const" for error in errors)
    wrong_constant += sum(error.validator == "enum" and len(error.relative_path) == 1 for error in errors)
    return wrong_type, wrong_constant, len(errors)


_BROKEN = (
    UnknownType,
    Unresolvable,
    re.error,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)


def _comparable(value: Any) -> Any:
    """Replace each Decimal by a number that jsonschema can divide; other values pass as they are."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.adjusted() < 400 else float(value)
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(item) for item in value]
    return value


Rule = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]
_CLASSES: dict[Any, Any] = {}


def _lenient(cls: Any) -> Any:
    """Give a draft's validator the manners of the form; see the module's first lines."""
    if cls not in _CLASSES:
        rules = {keyword: _guarded(rule, keyword) for keyword, rule in cls.VALIDATORS.items()}
        for keyword in rules.keys() & {"multipleOf", "divisibleBy"}:
            rules[keyword] = _multiple_of
        if "oneOf" in rules:
            rules["oneOf"] = _one_of(rules["oneOf"])
        made = validators.extend(cls, rules)  # type: ignore[no-untyped-call]
        made.evolve = _in_its_draft(made.evolve)
        _CLASSES[cls] = made
    return _CLASSES[cls]


def _in_its_draft(evolve: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the manners of the form inside a part with a "$schema" of its own, where jsonschema would drop them."""

    def evolved(validator: Any, **changes: Any) -> Any:
        made = evolve(validator, **changes)
        if type(made) is type(validator):
            return made
        inner = _lenient(type(made))
        return inner(made.schema, format_checker=made.format_checker, registry=made._registry, _resolver=made._resolver)

    return evolved


def _guarded(rule: Rule, keyword: str) -> Rule:
    skipped: tuple[type[Exception], ...] = ()
    if keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        skipped = (Unresolvable,)
    elif keyword in ("pattern", "patternProperties", "additionalProperties"):
        skipped = (re.error,)

    def guarded(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        here = (id(schema), id(instance))
        if (instance is None and schema.get("nullable") is True) or here in _following.places:
            return
        try:
            if Unresolvable in skipped:
                _following.places.add(here)
            yield from rule(validator, wanted, instance, schema) or ()
        except skipped:
            _following.unknown += 1
        finally:
            if Unresolvable in skipped:
                _following.places.discard(here)

    return guarded


class _Following(threading.local):
    """References being followed now, by schema and value: coming back to one is a loop that says nothing."""

    def __init__(self) -> None:
        self.places: set[tuple[int, int]] = set()
        self.unknown = 0  # rules passed over because they cannot be checked here


_following = _Following()


#: Digits enough to divide the largest float by a small one.
EXACT = Context(prec=1000)


def _multiple_of(validator: Any, step: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Check a multiple on the digits as written: 19.99 is a multiple of 0.01, which floats deny."""
    if validator.is_type(instance, "number") and EXACT.remainder(Decimal(str(instance)), Decimal(str(step))) != 0:
        yield ValidationError(f"{instance} is not a multiple of {step}")


def _one_of(rule: Rule) -> Rule:
    """Do not count branches that cannot be checked among those that fit."""

    def one_of(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        before = _following.unknown
        for error in rule(validator, branches, instance, schema) or ():
            if error.context or _following.unknown == before:
                yield error

    return one_of
