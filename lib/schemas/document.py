"""One JSON Schema document: what its parts mean together, with every $ref resolved inside it.

Nothing is fetched: a reference that leaves the document stays unresolved, unless it is to a draft's own
schema. Meaning is worked out part by part, when asked, so that recursive and very large schemas cost only
what is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jsonschema_specifications import REGISTRY as SPECIFICATIONS
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, specification_with

from lib.schemas import dialects
from lib.schemas.conditions import SchemaCondition, conditions
from lib.schemas.parts import Part, Parts, listed, referred
from lib.schemas.spec import Branching, Listed, Option, SchemaChoice, Settled, Spec, build_spec, conditioned

if TYPE_CHECKING:
    from referencing._core import Resolver

#: Keywords that give a branch a shape of its own; without one, a oneOf only adds conditions.
SHAPES = frozenset(
    "type properties patternProperties additionalProperties items prefixItems enum const $ref $dynamicRef "
    "$recursiveRef allOf anyOf oneOf".split()
)
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
#: Keywords whose subschemas speak about the same place as the schema that holds them.
SAME_PLACE = ("allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas", "dependencies")


@dataclass
class Flat:
    """The parts that apply to one place at once, after following $ref, allOf and settled branches."""

    parts: list[Part] = field(default_factory=list)
    groups: list[tuple[Part, str]] = field(default_factory=list)  # unsettled oneOf and anyOf
    conditions: list[SchemaCondition] = field(default_factory=list)  # settled or not
    needed: set[str] = field(default_factory=set)  # properties that settled conditions require
    seen: set[int] = field(default_factory=set)
    allows_null: bool = False
    never: bool = False
    external: bool = False


class SchemaDocument:
    """A JSON Schema to read: `spec(parts)` says what one place holds, `root` is where it starts."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        dialect = dialects.metaschema(schema)
        self.specification = specification_with(dialect) if dialect else DRAFT202012
        resource = self.specification.create_resource(schema)
        base_uri = _identifier(resource)
        self.registry = SPECIFICATIONS.with_resource(base_uri, resource)
        if _refers_by_name(schema):
            self.registry = _searched(self.registry)
        self.root: Parts = (Part(schema, self.registry.resolver(base_uri)),)
        self._specs: dict[Any, Spec] = {}
        #: What lib/schemas/choosing.py has read of parts: the values that their fields are fixed to.
        self.fixed: dict[Any, dict[tuple[str, ...], frozenset[Any]]] = {}

    def spec(self, parts: Parts, settled: Settled | None = None) -> Spec:
        """Say what one place of the document holds, given the branches already picked there."""
        settled = settled or {}
        key = (tuple(id(part.schema) for part in parts), tuple(settled.items()))
        if key not in self._specs:
            flat = self.flatten(parts, settled)
            self._specs[key] = build_spec(
                flat.parts,
                settled,
                self._read_groups(flat),
                conditioned=conditioned(flat.conditions, settled, flat.needed),
                allows_null=flat.allows_null,
                unknown=flat.external or flat.never,
            )
        return self._specs[key]

    def flatten(self, parts: Parts, settled: Settled) -> Flat:
        """Collect everything that holds at one place; outer parts come first, so their titles win."""
        flat = Flat()
        for part in parts:
            self._collect(part, settled, flat)
        return flat

    def _collect(self, part: Part, settled: Settled, flat: Flat) -> None:
        schema = part.schema
        if schema is False:
            flat.never = True
        if not isinstance(schema, Mapping) or id(schema) in flat.seen:
            return
        flat.seen.add(id(schema))
        part = self.entered(part)
        flat.parts.append(part)
        for target in self.referred(part):
            flat.external |= target is None
            if target is not None:
                self._collect(target, settled, flat)
        for branch in listed(schema.get("allOf")):
            self._collect(Part(branch, part.resolver), settled, flat)
        for keyword in ("oneOf", "anyOf"):
            self._collect_branch(part, keyword, settled, flat)
        for condition in conditions(part):
            self._collect_condition(condition, settled, flat)

    def _collect_condition(self, condition: SchemaCondition, settled: Settled, flat: Flat) -> None:
        """Take what a condition says by its outcome; an open one says nothing."""
        flat.conditions.append(condition)
        outcome = settled.get(condition.key)
        if outcome:
            flat.needed |= condition.names
        if outcome is not None:
            for branch in condition.then if outcome else condition.otherwise:
                self._collect(branch, settled, flat)

    def _collect_branch(self, part: Part, keyword: str, settled: Settled, flat: Flat) -> None:
        """Follow the picked branch of a oneOf or anyOf, or its only one; else note it as unsettled."""
        branches = listed(part.schema.get(keyword))
        real = [number for number, branch in enumerate(branches) if not self.is_null(branch, part.resolver)]
        flat.allows_null |= len(real) < len(branches)
        picked = settled.get(id(part.schema.get(keyword)))
        if len(real) == 1:
            picked = real[0]
        if isinstance(picked, int):
            self._collect(Part(branches[picked], part.resolver), settled, flat)
        elif real:
            flat.groups.append((part, keyword))

    def is_null(self, schema: Any, resolver: Resolver[Any]) -> bool:
        """Tell whether a branch stands for null alone, in any of its spellings."""
        for _ in range(8):  # a chain of references, not a loop of them
            if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
                break
            target = self._resolve(Part(schema, resolver), schema["$ref"])
            if target is None:
                return False
            schema, resolver = target.schema, target.resolver
        if not isinstance(schema, Mapping):
            return False
        null_type = schema.get("type") in ("null", ["null"])
        return null_type or schema.get("enum") == [None] or ("const" in schema and schema["const"] is None)

    def applying(self, parts: Iterable[Part]) -> list[Part]:
        """List every part that may speak about the place of these parts: behind references and in any branch."""
        found: dict[int, Part] = {}
        waiting = list(parts)
        while waiting:
            part = waiting.pop()
            if not isinstance(part.schema, Mapping) or id(part.schema) in found:
                continue
            part = self.entered(part)
            found[id(part.schema)] = part
            waiting.extend(target for target in self.referred(part) if target is not None)
            for keyword in SAME_PLACE:
                waiting.extend(Part(branch, part.resolver) for branch in _branches(part.schema.get(keyword), keyword))
        return list(found.values())

    def referred(self, part: Part) -> Iterator[Part | None]:
        """Yield what the references of a part lead to, None for one that leads out of the document."""
        for keyword in REFERENCES:
            if isinstance(part.schema.get(keyword), str):
                yield self._resolve(part, part.schema[keyword])

    def entered(self, part: Part) -> Part:
        """Give the part with references resolved against its own $id, if it has one."""
        if not isinstance(part.schema.get("$id", part.schema.get("id")), str):
            return part
        resource = self.specification.create_resource(part.schema)
        try:
            return Part(part.schema, part.resolver.in_subresource(resource))
        except (Unresolvable, ValueError):
            return part

    def _resolve(self, part: Part, reference: str) -> Part | None:
        return referred(part, reference)

    def _read_groups(self, flat: Flat) -> Branching:
        """Read the open oneOf and anyOf of a place: a real choice, or what the branches have in common."""
        for part, keyword in flat.groups:
            branches = part.schema[keyword]
            if all(not isinstance(branch, Mapping) or not SHAPES & branch.keys() for branch in branches):
                continue
            options = [
                Option(number, self._name(branch, part, number), (Part(branch, part.resolver),))
                for number, branch in enumerate(branches)
                if branch is not False and not self.is_null(branch, part.resolver)
            ]
            specs = [self._branch_spec(flat, option) for option in options]
            listed = tuple(Listed(one.value, spec.title) for spec in specs for one in spec.options)
            if all(spec.kind in ("enum", "const") for spec in specs):
                return Branching(listed=listed)
            kinds = {spec.option_type if spec.kind in ("enum", "const") else spec.kind for spec in specs}
            nested = kinds == {"json"} and any(self.flatten(option.parts, {}).groups for option in options)
            if nested or len(kinds) > 1 or kinds <= {"object", "array"}:
                return Branching(SchemaChoice(id(branches), _distinct(options)))
            return Branching(common=kinds.pop(), suggested=tuple(one.value for one in listed))
        return Branching()

    def _branch_spec(self, flat: Flat, option: Option) -> Spec:
        branch = self.flatten(option.parts, {})
        return build_spec(branch.parts + flat.parts, {})

    def _name(self, branch: Any, part: Part, number: int) -> str:
        """Name a branch after its title, else its fixed value, its reference or its type."""
        flat = self.flatten((Part(branch, part.resolver),), {})
        titles = [one.schema["title"] for one in flat.parts if isinstance(one.schema.get("title"), str)]
        if titles:
            return str(titles[0])
        reference = branch.get("$ref") if isinstance(branch, Mapping) else None
        if isinstance(reference, str) and reference.rstrip("/").rsplit("/", 1)[-1].lstrip("#"):
            return reference.rstrip("/").rsplit("/", 1)[-1].lstrip("#")
        spec = build_spec(flat.parts, {})
        fixed = [str(value) for value in self.fixed_values(spec).values()]
        return fixed[0] if fixed else {"json": f"Option {number + 1}"}.get(spec.kind, spec.kind)

    def fixed_values(self, spec: Spec) -> dict[str, Any]:
        """List the properties that a spec fixes to one value; they tell branches apart."""
        fixed: dict[str, Any] = {}
        for name, parts in spec.properties.items():
            options = [part.schema for part in self.flatten(parts, {}).parts]
            for schema in options:
                if "const" in schema:
                    fixed[name] = schema["const"]
                elif isinstance(schema.get("enum"), list) and len(schema["enum"]) == 1:
                    fixed[name] = schema["enum"][0]
        return fixed


def _identifier(resource: Resource[Any]) -> str:
    try:
        return resource.id() or ""
    except (AttributeError, TypeError):
        return ""


def _refers_by_name(schema: Any) -> bool:
    """Tell whether any reference is more than a path from the root: only then names have to be found."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            references = (part[keyword] for keyword in ("$ref", "$dynamicRef") if keyword in part)
            if any(isinstance(one, str) and one != "#" and not one.startswith("#/") for one in references):
                return True
        waiting.extend(inner for inner in _inside(part) if isinstance(inner, dict | list))
    return False


def _inside(part: Any) -> Iterable[Any]:
    return part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()


def _searched(registry: Registry[Any]) -> Registry[Any]:
    """Find all names inside the document once; otherwise each reference that leads nowhere searches it again."""
    try:
        return registry.crawl()
    except (Unresolvable, ValueError, TypeError, AttributeError, LookupError):  # something that is no schema
        return registry


def _branches(value: Any, keyword: str) -> list[Any]:
    if isinstance(value, Mapping) and keyword in ("dependentSchemas", "dependencies"):
        return list(value.values())
    return value if isinstance(value, list) else [value]


def _distinct(options: list[Option]) -> tuple[Option, ...]:
    """Number the labels that would otherwise read the same."""
    labels = [option.label for option in options]
    return tuple(
        Option(option.number, f"{option.label} {labels[: place + 1].count(option.label)}", option.parts)
        if labels.count(option.label) > 1
        else option
        for place, option in enumerate(options)
    )
