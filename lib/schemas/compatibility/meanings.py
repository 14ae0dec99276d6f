"""Which compiled schemas are the same but for the names of what they refer to.

Schemas are told apart by what they say themselves, then by what those inside of them say, until nothing more is told
apart. A schema with a dynamic reference is like no other one: what it means depends on the schemas around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.schemas.doubt import held
from lib.serialization.json_values import identity

#: After this many rounds nothing is taken to be the same. Schemas of real events need fewer than ten.
_MOST_ROUNDS = 60
_WITH_SCHEMAS = frozenset(
    "allOf anyOf oneOf prefixItems not if then else properties patternProperties dependentSchemas propertyNames "
    "additionalProperties unevaluatedProperties items contains unevaluatedItems $ref $dynamicAnchor".split()
)


def of(nodes: list[dict[str, Any]], targets: Mapping[int, Any]) -> dict[int, int]:
    """A number for each schema by its identity: the same number, the same meaning. Empty where it is not found out."""
    below: dict[int, list[tuple[str, Any]]] = {}
    for node in nodes:
        inner = [(address, one) for _, _, address, one in held(node, "")]
        below[id(node)] = [*inner, ("$ref", targets.get(id(node), True))] if "$ref" in node else inner
    numbers: dict[Any, int] = {}
    # None stands for a schema that is not among the nodes; it is in no document, so none is taken for another.
    found = {id(node): numbers.setdefault(_own(node), len(numbers)) for node in nodes}
    for _ in range(_MOST_ROUNDS):
        told: dict[Any, int] = {}
        finer = {}
        for at, inner in below.items():
            means = tuple(
                (address, found.get(id(one)) if isinstance(one, dict) else str(one)) for address, one in inner
            )
            finer[at] = told.setdefault((found[at], means), len(told))
        if len(told) == len(numbers):
            return finer
        numbers, found = told, finer
    return {}


def _own(node: dict[str, Any]) -> Any:
    """What a schema says without those inside of it."""
    if "$dynamicRef" in node:
        return id(node)
    said = {keyword: value for keyword, value in node.items() if keyword not in _WITH_SCHEMAS and ":" not in keyword}
    return identity(said), tuple(sorted(node.keys() & _WITH_SCHEMAS))
