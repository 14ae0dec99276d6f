"""The two schemas of a comparison, compiled as the judge has them: one draft, with each reference settled."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lib.schemas import doubt
from lib.schemas.compatibility import meanings
from lib.schemas.compiling import Compiler
from lib.schemas.document import SchemaDocument
from lib.schemas.doubt import held
from lib.serialization.json_values import identity

#: One compiled schema: an object, true or false.
Compiled = Any
#: Keywords of a compiled schema that say nothing about a value.
_SILENT = frozenset({"$dynamicAnchor"})
_NEVER: dict[str, Any] = {"not": True}
#: Looks at a schema, a name or a value that are taken to compare two schemas in both directions: about a second of CPU.
#: A union of 400 kinds that a field tells apart takes two thirds of it.
MOST_LOOKS = 600_000


class TooMuchWork(Exception):
    """Comparing two schemas takes more than there is for it."""


@dataclass(frozen=True)
class Atoms:
    """Compiled schemas that hold together at one place, without their `$ref` and `allOf`, which are among them."""

    schemas: tuple[dict[str, Any], ...] = ()
    #: Keywords that are passed over: (id of the schema, keyword).
    passed: frozenset[tuple[int, str]] = frozenset()

    @property
    def key(self) -> tuple[frozenset[int], frozenset[tuple[int, str]]]:
        return frozenset(map(id, self.schemas)), self.passed


class ComparedSchema:
    """One schema, compiled."""

    def __init__(self, schema: Any) -> None:
        document = SchemaDocument(schema)
        self.compiler = Compiler(document)
        self.root: Compiled = schema if isinstance(schema, bool) else True
        if isinstance(schema, dict):
            self.compiler.add(document.root[0])
            doubt.settle(self.compiler)
            self.root = {"$ref": self.compiler.add(document.root[0])}
        self.by_address: dict[str, Compiled] = {}
        for urn, parts in self.compiler.resources.items():
            self.by_address.update({f"{urn}#/$defs/{name}": part for name, part in parts.items()})
        for address, node in list(doubt.nodes_of(self.compiler)):
            self.by_address[address] = node
            self.by_address.update({at: inner for _, _, at, inner in doubt.held(node, address)})

    def unusable(self) -> dict[tuple[str, str, str], str]:
        """What of the schema cannot be checked, by where it stands and what it says; with the reason."""
        found = {}
        for one in self.compiler.unusable:
            held = one.holder.get(one.keyword) if isinstance(one.holder, dict) else None
            place = self.compiler.pointer(one.holder) or ""
            found[place, one.keyword, repr(identity(held))] = one.why
        return found


class Sides:
    """Both schemas: what a reference in either leads to, and what holds at a place all together."""

    def __init__(self, *sides: ComparedSchema) -> None:
        self._targets: dict[int, Compiled] = {}
        self._originals: dict[int, dict[str, Any]] = {}
        for side in sides:
            for address, node in [("", side.root), *side.by_address.items()]:
                if isinstance(node, dict) and "$ref" in node:
                    self._targets[id(node)] = side.by_address.get(node["$ref"], True)
                origin = side.compiler.origins.get(address)
                if origin is not None and isinstance(node, dict) and isinstance(origin.schema, dict):
                    self._originals[id(node)] = origin.schema
        nodes = [node for side in sides for node in [side.root, *side.by_address.values()] if isinstance(node, dict)]
        self.meanings = meanings.of(nodes, self._targets)
        #: How much work was done.
        self.looks = 0
        #: Schemas that are in neither document. Each is kept, so that its identity stays its own.
        self._made: dict[Any, dict[str, Any]] = {}

    def look(self, number: int) -> None:
        """Count work. Raises TooMuchWork."""
        self.looks += number
        if self.looks > MOST_LOOKS:
            raise TooMuchWork

    def atoms(self, schemas: Iterable[Compiled], passed: frozenset[tuple[int, str]] = frozenset()) -> Atoms:
        """Take apart what holds together at a place."""
        found: dict[int, dict[str, Any]] = {}
        waiting = deque(schemas)
        while waiting:
            node = waiting.popleft()
            self.look(1)
            if node is False:
                found[id(_NEVER)] = _NEVER
            if not isinstance(node, dict) or id(node) in found or not node.keys() - _SILENT:
                continue
            found[id(node)] = node
            if "$ref" in node:
                waiting.append(self._targets.get(id(node), True))
            waiting.extend(node.get("allOf", ()))
        return Atoms(tuple(found.values()), passed)

    def also(self, atoms: Atoms, *schemas: Compiled, passed: Iterable[tuple[int, str]] = ()) -> Atoms:
        """The same place where further schemas hold."""
        return self.atoms([*atoms.schemas, *schemas], atoms.passed.union(passed))

    def same_place(self, *nodes: dict[str, Any]) -> list[dict[str, Any]]:
        """All schemas that may speak about the place of these, in whatever branch."""
        seen: dict[int, dict[str, Any]] = {}
        waiting: list[Any] = list(nodes)
        while waiting:
            for node in self.atoms([waiting.pop()]).schemas:
                if id(node) not in seen:
                    seen[id(node)] = node
                    self.look(len(node))
                    waiting.extend(inner for _, same, _, inner in held(node, "") if same and isinstance(inner, dict))
        return list(seen.values())

    def originals(self, schema: Compiled) -> list[dict[str, Any]]:
        """The schemas as they were written."""
        found = [self._originals.get(id(one)) for one in self.atoms([schema]).schemas]
        return [one for one in found if one is not None]

    def says_the_same(self, one: Compiled, other: Compiled) -> bool:
        """Whether two schemas are the same but for their names."""
        meaning = self.meanings.get(id(one))
        return meaning is not None and meaning == self.meanings.get(id(other))

    def refusing(self, schema: Compiled) -> dict[str, Any]:
        """A schema of all that does not fit another one."""
        return self._made.setdefault(("not", id(schema)), {"not": schema})

    def of_kinds(self, names: Iterable[str]) -> dict[str, Any]:
        """A schema of some kinds of values."""
        found = frozenset(names)
        types = sorted(found - {"fraction", "integer"} | {"number"} if "fraction" in found else found)
        return self._made.setdefault(("kinds", found), {"type": types})

    def of_value(self, *values: Any) -> dict[str, Any]:
        """A schema of listed values."""
        key = tuple((identity(value), isinstance(value, float)) for value in values)
        return self._made.setdefault(("values", key), {"enum": list(values)})

    def requiring(self, name: str) -> dict[str, Any]:
        """A schema of objects that have a field."""
        return self._made.setdefault(("requiring", name), {"required": [name]})
