"""What compiled schemas say together about one place: what a value there can be at most."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from typing import Any

from lib.schemas import patterns
from lib.schemas.compatibility.sides import Atoms, Compiled, Sides
from lib.schemas.exact_numbers import MultipleOf, exact

#: The kinds of values. A whole number is one however it is written; `fraction` is any other number.
KINDS = frozenset({"object", "array", "string", "integer", "fraction", "boolean", "null"})
NUMBERS = frozenset({"integer", "fraction"})
_OF_TYPE = {"number": NUMBERS}


def kinds(types: str | Iterable[str]) -> frozenset[str]:
    """The kinds of values that `type` names."""
    named = [types] if isinstance(types, str) else types
    return frozenset[str]().union(*(_OF_TYPE.get(name, frozenset({name})) for name in named))


def kind(value: Any) -> str:
    """The kind of one value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float | Decimal):
        number = Decimal(exact(value))
        return "integer" if number.is_finite() and number == number.to_integral_value() else "fraction"
    if isinstance(value, str):
        return "string"
    return "null" if value is None else "array" if isinstance(value, list) else "object"


class View:
    """What the values of a place have in common. It may say less than the schemas do, never more."""

    def __init__(self, sides: Sides, atoms: Atoms) -> None:
        self.sides, self.atoms = sides, atoms
        self.ids = frozenset(map(id, atoms.schemas))

    def _of(self, keyword: str) -> list[Any]:
        self.sides.look(1 + len(self.atoms.schemas) // 4)
        return [
            node[keyword]
            for node in self.atoms.schemas
            if keyword in node and (id(node), keyword) not in self.atoms.passed
        ]

    def holders(self, keyword: str) -> list[dict[str, Any]]:
        """The schemas that have a keyword which is not passed over."""
        self.sides.look(1 + len(self.atoms.schemas) // 4)
        return [one for one in self.atoms.schemas if keyword in one and (id(one), keyword) not in self.atoms.passed]

    @cached_property
    def types(self) -> frozenset[str]:
        """The kinds that a value can be of."""
        found = self._own_types
        for node in self.holders("if"):
            otherwise = self.sides.atoms([self.sides.refusing(node["if"]), node.get("else", True)])
            holds = self.sides.atoms([node["if"], node.get("then", True)])
            found &= View(self.sides, holds)._own_types | View(self.sides, otherwise)._own_types
        for branches in [*self._of("anyOf"), *self._of("oneOf")]:
            views = [View(self.sides, self.sides.atoms([branch])) for branch in branches]
            found &= frozenset[str]().union(*(view._own_types for view in views))
        return found

    @cached_property
    def _own_types(self) -> frozenset[str]:
        """The kinds that a value can be of, whatever its alternatives are."""
        found = KINDS
        for types in self._of("type"):
            found &= kinds(types)
        for refused in self._of("not"):
            if refused is True or refused == {}:
                return frozenset()
            if isinstance(refused, dict) and refused.keys() == {"type"}:
                found -= kinds(refused["type"])
        if any(MultipleOf({}, 1, []).allows(exact(one)) for one in self._of("multipleOf")):
            found -= {"fraction"}
        low, high = self.low, self.high
        if low and high and (low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1]))):
            found -= NUMBERS
        for one, name in (("string", "Length"), ("array", "Items"), ("object", "Properties")):
            if self.least(f"min{name}") > self.most(f"max{name}"):
                found -= {one}
        return found if self.listed is None else found & {kind(value) for value in self.listed}

    @cached_property
    def listed(self) -> tuple[Any, ...] | None:
        """The first list of values that const and enum leave, None without any; not all of them need be possible."""
        lists: list[list[Any]] = [[value] for value in self._of("const")] + self._of("enum")
        shortest = min(lists, key=len, default=None)
        return None if shortest is None else tuple(shortest)

    @cached_property
    def low(self) -> tuple[Any, bool] | None:
        """The lower bound of numbers, and whether it is excluded."""
        bounds = [(exact(one), False) for one in self._of("minimum")]
        return max([*bounds, *((exact(one), True) for one in self._of("exclusiveMinimum"))], default=None)

    @cached_property
    def high(self) -> tuple[Any, bool] | None:
        """The upper bound of numbers, and whether it is excluded."""
        bounds = [(exact(one), False) for one in self._of("maximum")]
        bounds += [(exact(one), True) for one in self._of("exclusiveMaximum")]
        return min(bounds, key=lambda bound: (bound[0], not bound[1]), default=None)

    def least(self, keyword: str) -> int:
        """The greatest lower bound of a length."""
        return max(self._of(keyword), default=0)

    def most(self, keyword: str) -> float:
        """The smallest upper bound of a length."""
        return min(self._of(keyword), default=float("inf"))

    def tightest(self, keyword: str) -> Any:
        """The tightest value of a bound, None without one."""
        found = self._of(keyword)
        return (max if "min" in keyword.lower() else min)(found, key=exact) if found else None

    def all(self, keyword: str) -> list[Any]:
        """What each of the schemas has under a keyword."""
        return self._of(keyword)

    # -- objects ----------------------------------------------------------------------------------

    @cached_property
    def required(self) -> frozenset[str]:
        """The names that an object has."""
        return frozenset(name for names in self._of("required") for name in names)

    @cached_property
    def declared(self) -> dict[str, None]:
        """The names that the schemas declare, in their order."""
        names = [name for properties in self._of("properties") for name in properties]
        return dict.fromkeys([*names, *(name for names in self._of("required") for name in names)])

    @cached_property
    def names(self) -> list[str]:
        """The names that are to be looked at one by one; of all others `rest` is true."""
        further = sorted(self.mentioned) if self._of("unevaluatedProperties") else []
        return list(dict.fromkeys([*self.declared, *further]))

    @cached_property
    def patterns(self) -> dict[str, None]:
        """The patterns of names."""
        return dict.fromkeys(pattern for named in self._of("patternProperties") for pattern in named)

    def child(self, name: str) -> list[Compiled]:
        """What holds for the value under a name."""
        found: list[Compiled] = []
        for node in self.atoms.schemas:
            own = [node["properties"][name]] if name in node.get("properties", ()) else []
            named = node.get("patternProperties", {})
            self.sides.look(1 + 2 * len(named))
            own += [named[pattern] for pattern in named if patterns.matches(pattern, name)]
            if own or "additionalProperties" in node:
                found += own or [node["additionalProperties"]]
            elif "unevaluatedProperties" in node and name not in self.mentioned and not self._opens(node):
                found.append(node["unevaluatedProperties"])
        return found

    def under_pattern(self, pattern: str) -> list[Compiled]:
        """What holds for the values of names that a pattern of these schemas matches."""
        return [named[pattern] for named in self._of("patternProperties") if pattern in named]

    @cached_property
    def rest(self) -> list[Compiled]:
        """What holds for the values of names that are not declared and that no pattern matches."""
        found = self._of("additionalProperties")
        for node in self.atoms.schemas:
            if "unevaluatedProperties" in node and not self._opens(node):
                found.append(node["unevaluatedProperties"])
        return found

    def _opens(self, node: dict[str, Any]) -> bool:
        """Whether a schema evaluates names that nothing in it declares."""
        for inner in self.sides.same_place(node):
            if inner.get("additionalProperties", False) is not False or "$dynamicRef" in inner:
                return True
            if inner is not node and ("patternProperties" in inner or inner.get("unevaluatedProperties", False)):
                return True
        return False

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The names that are declared, required or asked for in whatever branch."""
        found: set[str] = set()
        for node in self.sides.same_place(*self.atoms.schemas):
            found.update(node.get("properties", ()), node.get("required", ()), node.get("dependentSchemas", ()))
            self.sides.look(len(node.get("properties", ())) // 4)
            for name, asked in node.get("dependentRequired", {}).items():
                found.update((name, *asked))
        return frozenset(found)

    # -- lists ------------------------------------------------------------------------------------

    @cached_property
    def places(self) -> int:
        """How many places of a list have schemas of their own."""
        return max((len(listed) for listed in self._of("prefixItems")), default=0)

    def item(self, place: int) -> list[Compiled]:
        """What holds for an item, by its place."""
        found: list[Compiled] = []
        for node in self.atoms.schemas:
            self.sides.look(1)
            own = node.get("prefixItems", ())
            if place < len(own):
                found.append(own[place])
            elif "items" in node:
                found.append(node["items"])
            elif "unevaluatedItems" in node and not self._opens_item(node, place):
                found.append(node["unevaluatedItems"])
        return found

    def _opens_item(self, node: dict[str, Any], place: int) -> bool:
        """Whether something in a schema may evaluate an item that its own prefixItems and items do not."""
        for inner in self.sides.same_place(node):
            if "contains" in inner or "$dynamicRef" in inner or "items" in inner:
                return True
            if inner is not node and (place < len(inner.get("prefixItems", ())) or "unevaluatedItems" in inner):
                return True
        return False
