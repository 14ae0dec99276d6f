"""Keeps a compiled schema fair where a part of it cannot be checked: what depends on that part is not checked either.

A part that cannot be checked lets everything through. That is too much under `not`, in the count of a `oneOf`, in
the condition of an `if`, and for keywords about the rest of an object or list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lib.schemas.compiling import Compiler
from lib.schemas.origins import Address, Unusable, step

_SAME_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
_SAME_PLACE = ("not", "if", "then", "else")
_INSIDE = ("propertyNames", "additionalProperties", "unevaluatedProperties", "items", "contains", "unevaluatedItems")
_BY_NAME = ("properties", "patternProperties")
#: Keywords about the rest, and those that say what the rest is.
_RESTS = {"additionalProperties": ("properties", "patternProperties"), "items": ("prefixItems", "items")}


def held(schema: dict[str, Any], address: Address) -> Iterator[tuple[str, bool, Address, Any]]:
    """Yield the schemas that a compiled one holds: keyword, whether it speaks about the same place, address, schema."""
    for keyword, value in schema.items():
        at = f"{address}/{keyword}"
        if keyword in _SAME_PLACE_LISTS or keyword == "prefixItems":
            for number, one in enumerate(value):
                yield keyword, keyword != "prefixItems", f"{at}/{number}", one
        elif keyword in _BY_NAME or keyword == "dependentSchemas":
            for name, one in value.items():
                yield keyword, keyword == "dependentSchemas", f"{at}/{step(name)}", one
        elif keyword in _SAME_PLACE or keyword in _INSIDE:
            yield keyword, keyword in _SAME_PLACE, at, value


def settle(compiler: Compiler) -> None:
    """Cut references that lead back to their own place, and take back what depends on parts that cannot be checked."""
    nodes = dict(nodes_of(compiler))
    _cut_loops(compiler, nodes)
    if compiler.doubtful:
        doubtful = _doubtful(compiler, nodes)
        for address, schema in reversed(nodes.items()):  # from the inside out, as a new name changes all below it
            _take_back(compiler, address, schema, doubtful)


def nodes_of(compiler: Compiler) -> Iterator[tuple[Address, dict[str, Any]]]:
    """Yield each compiled schema with its address."""
    for urn, parts in compiler.resources.items():
        waiting = [(f"{urn}#/$defs/{name}", schema) for name, schema in parts.items()]
        while waiting:
            address, schema = waiting.pop()
            if isinstance(schema, dict):
                yield address, schema
                waiting.extend((at, inner) for _, _, at, inner in held(schema, address))


def _cut_loops(compiler: Compiler, nodes: dict[Address, dict[str, Any]]) -> None:
    done: set[Address] = set()
    for start, schema in nodes.items():
        if start in done or "$ref" not in schema:
            continue
        on_the_way = {start}
        stack = [(start, _leads_to(start, nodes))]
        while stack:
            address, ways = stack[-1]
            for target in ways:
                if target in on_the_way:
                    way = [*(one for one, _ in stack), target]
                    last = next(n for n in range(len(stack) - 1, -1, -1) if nodes[way[n]].get("$ref") == way[n + 1])
                    _cut(compiler, way[last], nodes[way[last]])
                elif target not in done and target in nodes:
                    on_the_way.add(target)
                    stack.append((target, _leads_to(target, nodes)))
                    break
            else:
                on_the_way.discard(address)
                done.add(address)
                stack.pop()


def _leads_to(address: Address, nodes: dict[Address, dict[str, Any]]) -> Iterator[Address]:
    """Yield the schemas that speak about the same place because this one does."""
    schema = nodes[address]
    if "$ref" in schema:
        yield schema["$ref"]
    yield from [at for _, same_place, at, inner in held(schema, address) if same_place and isinstance(inner, dict)]


def _cut(compiler: Compiler, address: Address, schema: dict[str, Any]) -> None:
    del schema["$ref"]
    origin = compiler.origins.get(address)
    holder = origin.schema if origin is not None else None
    compiler.unusable.append(Unusable(holder, "$ref", "refers to itself without end", complete=True))
    compiler.doubtful.setdefault(address, set()).add("$ref")


def _doubtful(compiler: Compiler, nodes: dict[Address, dict[str, Any]]) -> set[Address]:
    """List the schemas of which not everything can be checked, themselves or somewhere inside."""
    users: dict[Address, list[Address]] = {}
    for address, schema in nodes.items():
        for _, _, inner, _ in held(schema, address):
            users.setdefault(inner, []).append(address)
        if "$ref" in schema:
            users.setdefault(schema["$ref"], []).append(address)
    found: set[Address] = set()
    waiting = list(compiler.doubtful)
    while waiting:
        address = waiting.pop()
        if address not in found:
            found.add(address)
            waiting.extend(users.get(address, ()))
    return found


def _take_back(compiler: Compiler, address: Address, schema: dict[str, Any], doubtful: set[Address]) -> None:
    unsure = {keyword for keyword, _, inner, _ in held(schema, address) if inner in doubtful}
    for keyword in unsure & {"not", "if"}:
        _rename(compiler, address, schema, keyword, f"unchecked:{keyword}")
    if "contains" in unsure:
        schema.pop("maxContains", None)
    if "oneOf" in unsure:
        several = "anyOf" if "anyOf" not in schema else "unchecked:oneOf"
        _rename(compiler, address, schema, "oneOf", several)
    missing = compiler.doubtful.get(address, set())
    for keyword, names in _RESTS.items():
        if keyword in schema and missing & set(names):
            _rename(compiler, address, schema, keyword, f"unchecked:{keyword}")
    if address in doubtful:
        for keyword in {"unevaluatedProperties", "unevaluatedItems"} & schema.keys():
            _rename(compiler, address, schema, keyword, f"unchecked:{keyword}")


def _rename(compiler: Compiler, address: Address, schema: dict[str, Any], keyword: str, new: str) -> None:
    """Call a keyword something else; what is inside of it can still be referred to."""
    schema[new] = schema.pop(keyword)
    if new == "anyOf" and address in compiler.origins:
        compiler.rename(address, "anyOf", keyword)
    compiler.move(f"{address}/{keyword}", f"{address}/{new}")
