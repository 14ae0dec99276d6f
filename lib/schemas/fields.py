"""What a JSON Schema says of the fields of a value, with all of its branches taken together.

`read(schema)` is the value as a whole; `at` and `child` lead to what is inside. A form follows the branch that was
picked (`spec`); here nobody picked one. So a field of any branch is a field, its types are those of every branch,
and it is required only where every branch requires it. Cost is bounded by the schema's size: each part of it is
read once, and a reference that leads back to its own place says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any, TypeVar

from lib.schemas.document import SchemaDocument
from lib.schemas.parts import (
    TYPES,
    NameGate,
    Part,
    entries,
    is_sensitive,
    listed,
    listed_values,
    named_types,
    required,
    shared_types,
)
from lib.serialization.json_values import identity, json_type

#: Parts around one place at most, and lists inside lists.
_DEEPEST = 60
_MOST_LISTS = 8
_T = TypeVar("_T")
#: The types of a place that may hold anything; whole numbers are numbers.
ANY = frozenset(TYPES) - {"integer"}
_NULL = frozenset({"null"})


def read(schema: Any) -> Field:
    """Read a schema: the field that is the whole value."""
    document = SchemaDocument(schema)
    return _Reader(document).field(document.root[0])


def types_at(schema: Any, names: Sequence[str]) -> frozenset[str] | None:
    """List the JSON types that the field at these names may have, lists passed through; None if there is none."""
    found = read(schema).at(names)
    return found.types if found is not None else None


@dataclass(frozen=True, eq=False)
class _Group:
    """Parts that speak about one place: all of them hold there ("all"), or at least one does ("any")."""

    kind: str
    members: tuple[_Tree, ...]
    key: Any


_Tree = Part | _Group


@dataclass(frozen=True, eq=False)
class Field:
    """One place of a value. `types` are JSON types; "number" takes whole numbers too."""

    reader: _Reader
    tree: _Tree | None = None
    types: frozenset[str] = ANY
    #: What describes the place in every branch, outermost first.
    parts: tuple[Part, ...] = ()
    #: The values that are allowed, None when they are not listed.
    options: tuple[Any, ...] | None = None
    format: str | None = None
    #: The fields of an object that some branch names, and those of them that every branch names.
    declared: Mapping[str, _Tree] = field(default_factory=dict)
    sure: frozenset[str] = frozenset()
    #: Whether the schema says which fields there are, in whatever branch.
    names_fields: bool = False
    is_map: bool = False
    sensitive: bool = False
    #: Schemas that a reference led to.
    references: frozenset[int] = frozenset()
    extra: tuple[_Tree, ...] = ()
    items: _Tree | None = None
    must: frozenset[str] = frozenset()
    gates: tuple[NameGate, ...] = ()
    #: Branches of which one holds, of each anyOf and the like.
    branches: tuple[tuple[Field, ...], ...] = ()

    @cached_property
    def required(self) -> frozenset[str]:
        """The fields that an object must have in every branch."""
        return self.must.union(*(frozenset.intersection(*(one.required for one in some)) for some in self.branches))

    def lacking(self, names: frozenset[str]) -> frozenset[str]:
        """Name what an object with these fields lacks; in a choice, what it lacks for the branch nearest to it."""
        known = self.reader.lacks
        if (self, names) not in known:
            lacks = self.must - names
            for some in self.branches:
                fitting = [one for one in some if all(map(one.allows, names))] or some
                lacks |= min((one.lacking(names) for one in fitting), key=len)
            known[self, names] = lacks
        return known[self, names]

    def allows(self, name: str) -> bool:
        """Tell whether an object may have a field of this name."""
        known = self.reader.allowed
        if (self, name) not in known:
            own = all(gate.lets_in(name) for gate in self.gates)
            known[self, name] = own and all(any(one.allows(name) for one in some) for some in self.branches)
        return known[self, name]

    def schema(self) -> dict[str, Any]:
        """Give a schema of the place alone; its references are those of the document."""
        schema = _schema(self.tree) if self.tree is not None else {}
        return schema if isinstance(schema, dict) else {"allOf": [schema]}

    def child(self, name: str) -> Field | None:
        """Give the field of an object, None when the schema knows no such field.

        A schema that leaves open which fields there are knows each.
        """
        if "object" not in self.types or not self.allows(name):
            return None
        if name in self.declared:
            return self.reader.field(self.declared[name])
        if self.extra:
            return self.reader.field(_any(self.extra))
        return None if self.names_fields else Field(self.reader)

    @staticmethod
    def fitting(some: Sequence[Field], names: frozenset[str]) -> list[Field]:
        """Pick the branches that an object with these fields may follow."""
        return [one for one in some if not one.lacking(names) and all(map(one.allows, names))]

    def child_beside(self, name: str, names: frozenset[str], picked: Collection[Field] = ()) -> Field | None:
        """Give the field of an object that has these fields too: as the branches that take them all know it, or those
        of them that are picked."""
        child = self.child(name)
        for some in self.branches if child is not None else ():
            fitting = [one for one in some if one in picked] or self.fitting(some, names)
            if child is not None and fitting and any(name in one.declared for one in some):
                known = [one.child(name) or Field(self.reader) for one in fitting]
                told = self.reader.either(known)
                child = self.reader.both([child, told]) if name in self.sure else told
        return child

    def item(self) -> Field | None:
        """Give the items of a list, whatever their place; None when it is no list."""
        if "array" not in self.types:
            return None
        return self.reader.field(self.items) if self.items is not None else Field(self.reader)

    def at(self, names: Sequence[str], *, through_lists: bool = True) -> Field | None:
        """Follow names to a field. Through lists, it is the field of their items, or a list of those."""
        found: Field | None = self
        for name in names:
            found = found._step(name, _MOST_LISTS if through_lists else 0) if found is not None else None
        return found

    def _step(self, name: str, lists: int) -> Field | None:
        own = self.child(name)
        item = self.item() if lists else None
        inner = item._step(name, lists - 1) if item is not None else None
        if inner is None:
            return own
        items = [tree for tree in (inner.tree, inner.items) if tree is not None]
        listed = replace(inner, types=inner.types | {"array"}, items=_any(items) if items else None)
        return listed if own is None else self.reader.either([own, listed])

    def always_has(self, names: Sequence[str]) -> bool:
        """Tell whether every value has the field at these names; yes where a list lies on the way, or no schema."""
        here: Field | None = self
        for name in names:
            if here is None or "array" in here.types or name not in here.declared:
                return True
            if name not in here.required or (here is not self and "null" in here.types):
                return False
            here = here.child(name)
        return True


class _Reader:
    """Reads the places of one document, each once."""

    def __init__(self, document: SchemaDocument) -> None:
        self.document = document
        self._known: dict[Any, Field] = {}
        self._open: set[Any] = set()
        # Answers of fields, each given once: branches that share their parts would multiply the work.
        self.allowed: dict[tuple[Field, str], bool] = {}
        self.lacks: dict[tuple[Field, frozenset[str]], frozenset[str]] = {}

    def field(self, tree: _Tree) -> Field:
        """Give what a part, or a group of them, says."""
        key = _key(tree)
        if key in self._known:
            return self._known[key]
        if key in self._open or len(self._open) > _DEEPEST:
            return Field(self)
        self._open.add(key)
        found = replace(self._part(tree) if isinstance(tree, Part) else self._group(tree), tree=tree)
        self._open.discard(key)
        self._known[key] = found
        return found

    def _group(self, group: _Group) -> Field:
        members = [self.field(member) for member in group.members]
        return self.both(members) if group.kind == "all" else self.either(members)

    def _part(self, part: Part) -> Field:
        schema = part.schema
        if not isinstance(schema, Mapping):
            return Field(self, types=frozenset() if schema is False else ANY)
        part = self.document.entered(part)
        said = [self._own(part)]
        for target in self.document.referred(part):
            if target is not None:
                led = self.field(target)
                said.append(replace(led, references=led.references | {id(target.schema)}))
        said += [self.field(Part(branch, part.resolver)) for branch in listed(schema.get("allOf"))]
        said += [self.either(some) for some in self._choices(part)]
        found = self.both(said)
        if schema.get("unevaluatedProperties") is False:
            gate = NameGate(frozenset(found.declared), tuple(entries(schema.get("patternProperties"))))
            found = replace(found, gates=(*found.gates, gate), names_fields=True)
        return replace(found, types=found.types | _NULL) if schema.get("nullable") is True else found

    def _choices(self, part: Part) -> Iterator[list[Field]]:
        """Yield the branches of each choice of a part; what comes under a condition may also not come."""

        def read_one(keyword: str) -> Field:
            return self.field(Part(part.schema[keyword], part.resolver)) if keyword in part.schema else Field(self)

        for keyword in ("anyOf", "oneOf"):
            if some := listed(part.schema.get(keyword)):
                yield [self.field(Part(branch, part.resolver)) for branch in some]
        if "if" in part.schema and ("then" in part.schema or "else" in part.schema):
            yield [self.both([read_one("if"), read_one("then")]), read_one("else")]
        for keyword in ("dependentSchemas", "dependencies"):
            for branch in entries(part.schema.get(keyword)).values():
                yield [self.field(Part(branch, part.resolver)), Field(self)]

    def _own(self, part: Part) -> Field:
        """Read what a part says by itself."""
        schema = part.schema
        properties, patterns = entries(schema.get("properties")), entries(schema.get("patternProperties"))
        rest = [schema.get(keyword) for keyword in ("additionalProperties", "unevaluatedProperties")]
        typed = [one for one in rest if isinstance(one, Mapping)]
        closed = schema.get("additionalProperties") is False
        values = [tuple(one) for one in listed_values(schema)]
        options = reduce(_in_both, values) if values else None
        return Field(
            self,
            types=_types(schema, options),
            parts=(part,),
            options=options,
            format=schema["format"] if isinstance(schema.get("format"), str) else None,
            declared={name: Part(child, part.resolver) for name, child in properties.items()},
            sure=frozenset(properties),
            names_fields=bool(properties) or closed,
            is_map=bool(typed),
            sensitive=is_sensitive(schema),
            extra=tuple(Part(one, part.resolver) for one in [*patterns.values(), *typed]),
            items=_items(part),
            must=frozenset(required(schema)),
            gates=(NameGate(frozenset(properties), tuple(patterns)),) if closed else (),
        )

    def both(self, said: Sequence[Field]) -> Field:
        """Take together what all holds at one place."""
        options = [one.options for one in said if one.options is not None]
        items = [one.items for one in said if one.items is not None]
        return Field(
            self,
            types=reduce(shared_types, (one.types for one in said)),
            parts=_once((part for one in said for part in one.parts), _key),
            options=reduce(_in_both, options) if options else None,
            format=next((one.format for one in said if one.format), None),
            declared=_merged(said, _all),
            sure=frozenset().union(*(one.sure for one in said)),
            names_fields=any(one.names_fields for one in said),
            is_map=any(one.is_map for one in said),
            sensitive=any(one.sensitive for one in said),
            references=frozenset().union(*(one.references for one in said)),
            extra=_once((tree for one in said for tree in one.extra), _key),
            items=_all(items) if items else None,
            must=frozenset().union(*(one.must for one in said)),
            gates=_once((gate for one in said for gate in one.gates), hash),
            branches=_once((some for one in said for some in one.branches), hash),
        )

    def either(self, branches: Sequence[Field]) -> Field:
        """Take together the branches of a choice. One beside null is no choice: the place is that branch, or null."""
        types = frozenset().union(*(one.types for one in branches))
        types -= {"integer"} if "number" in types else set()
        real = [one for one in branches if one.types - _NULL]
        sensitive = any(one.sensitive for one in branches)
        references = frozenset().union(*(one.references for one in branches))
        if len(real) <= 1:
            only = real[0] if real else Field(self)
            return replace(only, types=types, sensitive=sensitive, references=references)
        objects = [one for one in real if "object" in one.types]
        lists = [one.items for one in real if one.items is not None and "array" in one.types]
        formats = {one.format for one in real if "string" in one.types}
        listed = all(one.options is not None for one in real)
        return Field(
            self,
            types=types,
            options=_once((value for one in real for value in one.options or ()), identity) if listed else None,
            format=formats.pop() if len(formats) == 1 else None,
            declared=_merged(objects, _any),
            sure=frozenset.intersection(*(one.sure for one in objects)) if objects else frozenset(),
            names_fields=bool(objects) and all(one.names_fields for one in objects),
            is_map=bool(objects) and all(one.is_map for one in objects),
            sensitive=sensitive,
            references=references,
            extra=_once((tree for one in objects for tree in one.extra), _key),
            items=_any(lists) if lists else None,
            branches=(tuple(objects),) if objects else (),
        )


def _once(things: Iterable[_T], key: Callable[[_T], Any]) -> tuple[_T, ...]:
    found: dict[Any, _T] = {}
    for thing in things:
        found.setdefault(key(thing), thing)
    return tuple(found.values())


def _schema(tree: _Tree) -> Any:
    if isinstance(tree, Part):
        return tree.schema
    return {f"{tree.kind}Of": [_schema(one) for one in tree.members]}


def _key(tree: _Tree) -> Any:
    return id(tree.schema) if isinstance(tree, Part) else tree.key


def _all(trees: Sequence[_Tree]) -> _Tree:
    return _grouped("all", trees)


def _any(trees: Sequence[_Tree]) -> _Tree:
    return _grouped("any", trees)


def _grouped(kind: str, trees: Sequence[_Tree]) -> _Tree:
    """Group trees, those of a group of the same kind beside the others, each once."""
    members: dict[Any, _Tree] = {}
    for tree in trees:
        inside = tree.members if isinstance(tree, _Group) and tree.kind == kind else (tree,)
        members |= {_key(one): one for one in inside}
    if len(members) == 1:
        return next(iter(members.values()))
    return _Group(kind, tuple(members.values()), (kind, frozenset(members)))


def _merged(said: Sequence[Field], group: Callable[[list[_Tree]], _Tree]) -> dict[str, _Tree]:
    found: dict[str, list[_Tree]] = {}
    for one in said:
        for name, tree in one.declared.items():
            found.setdefault(name, []).append(tree)
    return {name: group(trees) for name, trees in found.items()}


def _items(part: Part) -> _Tree | None:
    """Group what a part says of the items of a list, in whatever spelling."""
    found = []
    for keyword in ("prefixItems", "items", "additionalItems", "unevaluatedItems"):
        value = part.schema.get(keyword)
        found += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping)]
    return _any([Part(one, part.resolver) for one in found]) if found else None


def _in_both(some: tuple[Any, ...], others: tuple[Any, ...]) -> tuple[Any, ...]:
    shared = set(map(identity, others))
    return tuple(value for value in some if identity(value) in shared)


def _types(schema: Mapping[str, Any], options: tuple[Any, ...] | None) -> frozenset[str]:
    """List the types that a schema names, or that its values or fields have."""
    named = named_types(schema)
    if options is not None:
        return shared_types(named or ANY, frozenset(map(_type_of, options)))
    return named or (frozenset({"object"}) if isinstance(schema.get("properties"), Mapping) else ANY)


def _type_of(value: Any) -> str:
    kind = json_type(value)
    return "integer" if kind == "number" and identity(value) == identity(value).to_integral_value() else kind
