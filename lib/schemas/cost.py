"""A bound on what judging a value costs, known before it is judged (docs/decisions/0073).

One unit is a tenth of a microsecond. The bound of a schema has a part for each value, one for each place in the
value and one for each character in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lib.schemas.compiling import Compiler
from lib.schemas.doubt import held, nodes_of
from lib.schemas.origins import Address

#: Schemas beyond these are not even compiled in this process.
MOST_PLACES, MOST_PATTERN_STATES = 6000, 20_000
#: What telling a keyword that failed costs, compared with checking it. The engine tells all of them at once.
_TOLD = 80
_LONGEST_NUMBER = 2000
#: Levels of a value that are judged by a schema without a bound, by whoever spends this much.
_MOST_LEVELS, _ENOUGH_FOR_LEVELS = 8, 1e8
_NUMBERS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "whole"))
_LOOKS_AROUND = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9k]")
_QUANTIFIER = re.compile(r"\{(\d*)(,?)(\d*)\}")
#: What a pattern costs by itself, a class of Unicode and one of other characters, in states.
_EACH_PATTERN, _PROPERTY_STATES, _WIDE_STATES = 40, 50, 5


@dataclass(frozen=True, slots=True)
class Bound:
    """What judging costs: for the schema, for each place of the value, and for each of its characters."""

    once: float = 0
    place: float = 0
    character: float = 0

    def units(self, places: int, characters: int) -> float:
        """The bound for a value of this size."""
        return self.once + self.place * places + self.character * characters

    def __add__(self, other: Bound) -> Bound:
        return Bound(self.once + other.once, self.place + other.place, self.character + other.character)

    def __or__(self, other: Bound) -> Bound:
        """Of two that speak about different parts of the value: each place and character is met by one of them."""
        return Bound(self.once + other.once, max(self.place, other.place), max(self.character, other.character))

    def everywhere(self) -> Bound:
        """The bound of what is checked at every place."""
        return Bound(0, self.once + self.place, self.character)

    def when_failing(self) -> Bound:
        """The bound if every keyword fails and is told."""
        return Bound(self.once * _TOLD, self.place * _TOLD, self.character)


ENDLESS = Bound(math.inf)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What it costs to find out whether a value fits, and to tell what is wrong with one that does not."""

    fits: Bound
    tells: Bound


def is_small(schema: Any) -> bool:
    """Tell whether a schema may be compiled in this process, before anything of it is."""
    return _is_within(schema, MOST_PLACES)


def has_small_patterns(schema: Any) -> bool:
    """Tell whether the patterns of a schema may be compiled in this process, however many places it has."""
    return _is_within(schema, math.inf)


def _is_within(schema: Any, most_places: float) -> bool:
    places = states = 0
    waiting = [schema]
    while waiting:
        here = waiting.pop()
        places += 1
        if isinstance(here, dict):
            states += sum(_EACH_PATTERN + pattern_states(one) for one in _patterns(here))
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)
        if places > most_places or states > MOST_PATTERN_STATES:
            return False
    return True


def size(value: Any) -> tuple[int, int] | None:
    """Count the places and the characters of a value; None for one that has very many, or a number of many digits."""
    places = characters = 0
    waiting = [value]
    while waiting:
        here = waiting.pop()
        places += 1
        if isinstance(here, str):
            characters += len(here)
        elif isinstance(here, dict):
            waiting.extend(here.values())
            characters += sum(map(len, here))
        elif isinstance(here, list):
            waiting.extend(here)
        elif isinstance(here, int):
            if here.bit_length() > 3 * _LONGEST_NUMBER:
                return None
        elif isinstance(here, Decimal) and here.is_finite() and _digits(here) > _LONGEST_NUMBER:
            return None
        if places > 50_000 or characters > 500_000:
            return None
    return places, characters


def is_affordable(bounds: Bounds, value: Any, most: float) -> bool:
    """Tell whether to judge a value and to tell what is wrong takes so many units at most.

    Where a schema has no bound, the work may double with each level of the value. A few levels are then taken.
    """
    if bounds.fits == ENDLESS:
        return most >= _ENOUGH_FOR_LEVELS and _levels(value) <= _MOST_LEVELS
    counted = size(value)
    return counted is not None and bounds.tells.units(*counted) <= most


def _levels(value: Any) -> int:
    levels, here = 0, [value]
    while here and levels <= _MOST_LEVELS:
        lists = [one.values() if isinstance(one, dict) else one for one in here if isinstance(one, dict | list)]
        here, levels = [inner for one in lists for inner in one], levels + bool(lists)
    return levels


def bounds(compiler: Compiler, root: Address) -> Bounds:
    """Bound the cost of a compiled schema."""
    nodes = dict(nodes_of(compiler))
    groups = _recursive(nodes)
    dynamic = any("$dynamicRef" in schema for schema in nodes.values())
    if dynamic or not all(_ends_soon(address, nodes, groups) for address in groups):
        return Bounds(ENDLESS, ENDLESS)
    fits = _Counter(nodes).of(root)
    if groups:  # what leads back to itself may hold at every place
        fits = fits.everywhere()
    return Bounds(fits, fits.when_failing())


def pattern_states(pattern: str) -> int:
    """Estimate how many states the automaton of a pattern has; more than the largest count as the largest."""
    stack, last, at = [0], 0, 0
    while at < len(pattern):
        char, step = pattern[at], 1
        if char == "(":
            stack.append(0)
        elif char == ")" and len(stack) > 1:
            last = stack.pop()
            stack[-1] += last
        elif char == "{" and (found := _QUANTIFIER.match(pattern, at)):
            step = len(found[0])
            times = max(int(number[:6]) for number in (found[1], found[3], "1") if number)
            stack[-1] = min(stack[-1] + last * (times - 1), 10**9)
        elif char not in "*+?|^$":
            step = _atom(pattern, at)
            atom = pattern[at : at + step]
            last = _PROPERTY_STATES if "\\p" in atom or "\\P" in atom else _WIDE_STATES if atom[0] in "[.\\" else 1
            stack[-1] += last
        at += step
    return min(sum(stack), 10**9)


def _atom(pattern: str, at: int) -> int:
    """How many characters the atom at a place has."""
    if pattern[at] == "\\":
        return 2
    if pattern[at] != "[":
        return 1
    end = at + 1
    while end < len(pattern) and (pattern[end] != "]" or end == at + 1):
        end += 2 if pattern[end] == "\\" else 1
    return end + 1 - at


def _patterns(schema: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(schema.get("pattern"), str):
        yield schema["pattern"]
    if isinstance(schema.get("patternProperties"), dict):
        yield from schema["patternProperties"]


def _digits(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return number.adjusted() - exponent + 1 if isinstance(exponent, int) else 0


def _places_of(value: Any) -> int:
    counted = size(value)
    return 10**6 if counted is None else counted[0] + counted[1] // 20


def _own(schema: Mapping[str, Any]) -> Bound:
    """What the keywords of one schema cost by themselves."""
    once, place, character = 1.0, 0.0, 0.0
    for keyword, wanted in schema.items():
        once += 4 if keyword in _NUMBERS else 1
        if keyword in ("enum", "const"):
            once += _places_of(wanted)
        elif keyword in ("required", "dependentRequired"):
            once += _places_of(wanted) / 4
        elif keyword == "uniqueItems" and wanted:
            place, character = place + 4, character + 0.05
        elif keyword == "format":
            once, character = once + 4, character + (200_000 if wanted == "regex" else 0.5)
    for pattern in _patterns(schema):
        looks_around = _LOOKS_AROUND.search(pattern) is not None
        states = pattern_states(pattern)
        once += 10_000 if looks_around else 2
        character += 100 * states if looks_around else states / 40
    return Bound(once, place, character)


class _Counter:
    """Adds up the cost of a compiled schema and of all that it leads to."""

    def __init__(self, nodes: Mapping[Address, dict[str, Any]]) -> None:
        self.nodes = nodes
        self._known: dict[Address, Bound] = {}

    def of(self, root: Address) -> Bound:
        """The bound of the schema at an address."""
        stack, on_the_way = [root], set[Address]()
        while stack:
            address = stack[-1]
            lacking = [one for _, one in self._below(address) if one not in self._known and one not in on_the_way]
            if lacking and address not in on_the_way:
                on_the_way.add(address)
                stack.extend(lacking)
                continue
            stack.pop()
            if address not in self._known:
                self._known[address] = self._count(address)
        return self._known[root]

    def _below(self, address: Address) -> Iterator[tuple[str, Address]]:
        schema = self.nodes[address]
        for keyword, _, at, inner in held(schema, address):
            if isinstance(inner, dict):
                yield keyword, at
        if schema.get("$ref") in self.nodes:
            yield "$ref", schema["$ref"]

    def _count(self, address: Address) -> Bound:
        """Add up one schema. What leads back to itself is left out here, since its cost is met at every place."""
        total = _own(self.nodes[address])
        apart = Bound()
        for keyword, inner in self._below(address):
            below = self._known.get(inner, Bound())
            if keyword in ("properties", "prefixItems"):
                apart |= below
            elif keyword in ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "$ref"):
                total += below
            else:
                total += below.everywhere()
        return total + apart


def _recursive(nodes: Mapping[Address, dict[str, Any]]) -> dict[Address, int]:
    """Number the groups of schemas that lead back to one another (Tarjan's strongly connected components)."""
    index: dict[Address, int] = {}
    low: dict[Address, int] = {}
    path: list[Address] = []
    open_: set[Address] = set()
    groups: dict[Address, int] = {}
    for start in nodes:
        if start in index:
            continue
        work = [(start, iter(list(_edges(start, nodes))))]
        index[start] = low[start] = len(index)
        path.append(start)
        open_.add(start)
        while work:
            address, edges = work[-1]
            for target in edges:
                if target not in index:
                    index[target] = low[target] = len(index)
                    path.append(target)
                    open_.add(target)
                    work.append((target, iter(list(_edges(target, nodes)))))
                    break
                if target in open_:
                    low[address] = min(low[address], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[address])
                if low[address] == index[address]:
                    _close(address, path, open_, groups, nodes)
    return groups


def _close(
    address: Address, path: list[Address], open_: set[Address], groups: dict[Address, int], nodes: Mapping[Address, Any]
) -> None:
    members = path[path.index(address) :]
    del path[-len(members) :]
    open_.difference_update(members)
    if len(members) > 1 or address in _edges(address, nodes):
        number = len(groups)
        groups.update(dict.fromkeys(members, number))


def _edges(address: Address, nodes: Mapping[Address, dict[str, Any]]) -> Iterable[Address]:
    schema = nodes[address]
    found = [at for _, _, at, inner in held(schema, address) if isinstance(inner, dict)]
    return [*found, schema["$ref"]] if schema.get("$ref") in nodes else found


def _ends_soon(address: Address, nodes: Mapping[Address, dict[str, Any]], groups: Mapping[Address, int]) -> bool:
    """Tell whether a schema that leads back to itself does so in one way for each place below."""
    schema, group = nodes[address], groups[address]
    back = [keyword for keyword, _, at, _ in held(schema, address) if groups.get(at) == group]
    named = min(1, back.count("properties") + back.count("additionalProperties"))
    in_object = named + back.count("patternProperties") + back.count("unevaluatedProperties")
    in_list = min(1, back.count("prefixItems") + back.count("items")) + back.count("contains")
    in_list += back.count("unevaluatedItems")
    inside = {"properties", "additionalProperties", "patternProperties", "unevaluatedProperties", "propertyNames"}
    inside |= {"prefixItems", "items", "contains", "unevaluatedItems"}
    here = sum(keyword not in inside for keyword in back) + (groups.get(schema.get("$ref", "")) == group)
    return here + max(in_object, in_list) <= 1
