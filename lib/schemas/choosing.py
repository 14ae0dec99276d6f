"""Which branch of an anyOf or oneOf a value means, although it fits none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib.schemas.breaches import Breach, Path
from lib.schemas.document import SchemaDocument
from lib.schemas.parts import Part, Parts, entries, listed_values
from lib.serialization.json_values import ABSENT, identity

#: How deep fields are looked at that tell branches apart, and how many of them.
_DEEPEST = 4
_MOST_FIELDS = 200
#: By the path of a field, the values it may have, as identities.
_Fixed = dict[tuple[str, ...], frozenset[Any]]


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch: its parts, the fields that it names, and what is wrong with the value there."""

    parts: Parts
    names: frozenset[str]
    breaches: Sequence[Breach]


def closest(document: SchemaDocument, branches: Mapping[int, Branch], value: Any, base: Path) -> int:
    """Choose the branch that a value at `base` means, by its number.

    A value of the right type counts most, then fields with fixed values: first those that several branches fix, since
    they are there to tell branches apart. Then the fields that the branch names, and how much is wrong.
    """
    fixed = {number: _fixed(document, branch.parts, _DEEPEST) for number, branch in branches.items()}
    seen = [path for one in fixed.values() for path in one]
    telling = {path for path in seen if seen.count(path) > 1}

    def distance(number: int) -> tuple[Any, ...]:
        branch = branches[number]
        own = [breach for breach in branch.breaches if breach.path == base]
        shared = sum(name in branch.names for name in value) if isinstance(value, dict) else 0
        return (
            sum(breach.keyword == "type" for breach in own),
            any(_is_null(breach) for breach in own),
            *_agreement({path: some for path, some in fixed[number].items() if path in telling}, value),
            *_agreement({path: some for path, some in fixed[number].items() if path not in telling}, value),
            -shared,
            len(branch.breaches),
            number,
        )

    return min(branches, key=distance)


def branches_of(document: SchemaDocument, breach: Breach) -> dict[int, Branch]:
    """The branches of a failed anyOf or oneOf."""
    made = {}
    for number, failed in enumerate(breach.branches):
        schema = breach.wanted[number]
        parts = (Part(schema, breach.resolver),)
        names = document.spec(parts).properties if isinstance(schema, Mapping) else ()
        made[number] = Branch(parts, frozenset(names), failed)
    return made


def _agreement(fixed: _Fixed, value: Any) -> tuple[int, int]:
    """How many fixed fields have another value, and, below 0, how many have theirs."""
    given = [(_at(value, path), allowed) for path, allowed in fixed.items()]
    right = [identity(one) in allowed for one, allowed in given if one is not ABSENT]
    return right.count(False), -right.count(True)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return ABSENT
        value = value[name]
    return value


def _is_null(breach: Breach) -> bool:
    return breach.keyword == "type" and breach.wanted in ("null", ["null"])


def _fixed(document: SchemaDocument, parts: Parts, depth: int) -> _Fixed:
    """List the values that const and enum leave to fields, of an inner choice those of all its branches together."""
    key = (tuple(id(part.schema) for part in parts), depth)
    if key not in document.fixed:
        document.fixed[key] = _read_fixed(document, parts, depth)
    return document.fixed[key]


def _read_fixed(document: SchemaDocument, parts: Parts, depth: int) -> _Fixed:
    flat = document.flatten(parts, {})
    found: _Fixed = {}
    for part in flat.parts:
        for values in listed_values(part.schema):
            _narrow(found, (), frozenset(map(identity, values)))
        for name, child in entries(part.schema.get("properties")).items() if depth else ():
            for path, allowed in _fixed(document, (Part(child, part.resolver),), depth - 1).items():
                _narrow(found, (name, *path), allowed)
            if len(found) > _MOST_FIELDS:
                return found
    for part, keyword in flat.groups if depth else ():
        inner = [_fixed(document, (Part(one, part.resolver),), depth - 1) for one in part.schema[keyword]]
        for path in set.intersection(*map(set, inner)) if inner else ():
            _narrow(found, path, frozenset().union(*(one[path] for one in inner)))
    return found


def _narrow(found: _Fixed, path: tuple[str, ...], allowed: frozenset[Any]) -> None:
    found[path] = found[path] & allowed if path in found else allowed
