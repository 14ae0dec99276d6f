"""Does a mapping lead from an event's schema to a workflow's? Found from the two schemas, without an event.

Also what an editor of a mapping offers: the fields of a schema as expressions, and one that fits a target. Both
read schemas through lib.schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

from lib.errors import MappingError
from lib.mapping import expressions, mapping, plain
from lib.mapping.expressions import EXPRESSION
from lib.sandbox import sampling, validation
from lib.sandbox.sampling import SchemaSample
from lib.schemas import JsonSchema, fields, messages
from lib.schemas.fields import Field
from lib.schemas.outline import SchemaField, outline
from lib.serialization.json_values import identity
from lib.serialization.strict_json import JsonValue

_PAYLOAD = "event.payload"
#: What expressions see of an event.
EVENT_FIELDS = ("name", "correlationKey", "payload", "payloadSchemaRef")
#: Objects and lists inside one another that are compared.
_DEEPEST = 8
#: Forms of the workflow's payload that a mapping is compared with.
_MOST_FORMS = 20
_Names = tuple[str, ...]
#: Targets by their names, as a tree: {} where one ends.
_Tree = dict[str, "_Tree"]

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """Something wrong with the mapping of a target; "" is the mapping as a whole."""

    target: str
    message: str
    severity: Severity = "error"


@dataclass(frozen=True)
class Target:
    """A field that a mapping can fill: its name as a target, what it holds, whether it must be there."""

    target: str
    field: SchemaField
    types: frozenset[str]


def check(given: Mapping[str, JsonValue], *, target: JsonSchema | None, source: JsonSchema | None) -> list[Finding]:
    """Every problem of a mapping; None for a schema that is not known, about which nothing is then said."""
    found = [Finding(name, f"{name}: {problem.rstrip('.')}.") for name, problem in mapping.check_mapping(given)]
    broken = {finding.target for finding in found}
    found += _Check(given, target, source).best(broken)
    if target is not None and not any(one.severity == "error" for one in found):
        found += _built(given, target)
    return found


class _Check:
    """A mapping beside the two schemas, each read once."""

    def __init__(self, given: Mapping[str, JsonValue], target: JsonSchema | None, source: JsonSchema | None) -> None:
        self.given, self.target, self.source = given, target, source
        self.wanted = fields.read(target) if target is not None else None
        self.offered = fields.read(source) if source is not None else None
        #: The forms that the workflow's payload is taken to have.
        self.picked: list[Field] = []
        #: Of each expression, what it reads in vain, and whether it gives nothing.
        self.reads: dict[str, tuple[list[str], bool]] = {}
        self.tree: _Tree = {}
        for name in given:
            place = self.tree
            for part in expressions.names(name):
                place = place.setdefault(part, {})

    def best(self, broken: set[str]) -> list[Finding]:
        """The findings for the form of the workflow's payload that the mapping fits best, where there are several."""
        found = self.findings(broken)
        names = frozenset(self.tree)
        for some in self.wanted.branches if self.wanted is not None else ():
            forms = (Field.fitting(some, names) or list(some))[:_MOST_FORMS]
            before, tried = self.picked, []
            for form_ in forms:
                self.picked = [*before, form_]
                tried.append((self.findings(broken), self.picked))
            found, self.picked = min(tried, key=lambda one: sum(finding.severity == "error" for finding in one[0]))
        return found

    def findings(self, broken: set[str]) -> list[Finding]:
        found: list[Finding] = []
        for name, value in self.given.items():
            if name in broken:
                continue
            names = expressions.names(name)
            *above, place = self._places(names)
            if closed := _no_object(names, above):
                found.append(Finding(name, closed))
            elif self.wanted is not None and place is None:
                severity: Severity = "error" if _refused(self.wanted, names) else "warning"
                found.append(Finding(name, f"{name}: the workflow's schema has no such field.", severity))
            if expressions.is_expression(value):
                found += self._expression(name, value[EXPRESSION], place)
            elif place is not None and self.target is not None:
                found += _literal(name, value, place, self.target)
        if self.wanted is not None:
            found += self._lacking(self.wanted, self.tree, ())
        return found

    def _places(self, names: _Names) -> Iterator[Field | None]:
        """What the workflow's schema says of the objects around a target and of the target, given the others."""
        here, tree = self.wanted, self.tree
        for name in names:
            here, tree = here.child_beside(name, frozenset(tree), self.picked) if here is not None else None, tree[name]
            yield here

    def _expression(self, name: str, expression: str, place: Field | None) -> Iterator[Finding]:
        lacking, gives_nothing = self._read(expression)
        needed = self._is_needed(expressions.names(name))
        severity: Severity = "error" if needed and gives_nothing else "warning"
        for message in lacking:
            yield Finding(name, f"{name} reads {message}.", severity)
        plain = _plain(expression)
        if plain and place is not None and not lacking and self.offered is not None:
            if needed and not self.offered.always_has(plain):
                message = (
                    f"{name} is required, and the event may come without {expression.strip()}: then no run starts."
                )
                yield Finding(name, message, "warning")
            given = self.offered.at(plain)
            for below, takes, gets in _misfits(given, place) if given is not None else ():
                yield Finding(name, f"{name}{below} takes {takes}, and {expression}{below} is {gets}.")

    def _read(self, expression: str) -> tuple[list[str], bool]:
        """What an expression reads that is not there, and whether it then gives nothing, whatever the event."""
        if expression not in self.reads:
            found = [_not_in_event(path) for path in sorted(expressions.paths_read(expression))]
            lacking = [message for message in found if message]
            for read in sorted(expressions.fields_read(expression)) if self.offered is not None else ():
                if self.offered is not None and self.offered.at(read) is None:
                    lacking.append(f"{_PAYLOAD}.{'.'.join(read)}, which the event does not have")
            self.reads[expression] = lacking, bool(lacking) and _gives_nothing(expression, self.source)
        return self.reads[expression]

    def _is_needed(self, names: _Names) -> bool:
        """Whether no run starts without the target: it is required, and so is the object in it, or others build it."""
        here = self.wanted
        for depth, name in enumerate(names, start=1):
            above = names[:depth] if depth < len(names) else None
            if here is None:
                return False
            # At the top, the form that the payload is taken to have asks for fields too.
            required = here.required.union(*(form_.required for form_ in self.picked)) if depth == 1 else here.required
            if name not in required and not self._is_built(above, without=names):
                return False
            here = here.child(name)
        return True

    def _is_built(self, above: _Names | None, *, without: _Names) -> bool:
        """Whether other targets give something inside an object."""
        for target, value in self.given.items():
            names = expressions.names(target)
            if above is not None and names != without and names[: len(above)] == above:
                written = value[EXPRESSION] if expressions.is_expression(value) else None
                if not isinstance(written, str) or not self._read(written)[1]:
                    return True
        return False

    def _lacking(self, place: Field, tree: _Tree, above: _Names) -> Iterator[Finding]:
        """What the objects that a mapping builds lack."""
        names = frozenset(tree)
        lacks = place.lacking(names)
        for name in sorted(lacks, key=[*place.declared, *sorted(lacks)].index):
            target = expressions.target((*above, name))
            why = "is required by the workflow's schema" if name in place.required else "is required beside the others"
            yield Finding(target, f"{target} {why} and is not mapped.")
        for name, below in tree.items():
            child = place.child_beside(name, names, self.picked) if below else None
            if child is not None:
                yield from self._lacking(child, below, (*above, name))


def targets(schema: JsonSchema) -> list[Target]:
    """The fields of a workflow's schema that a mapping can fill, those of nested objects after their object."""
    found: list[Target] = []

    def add(some: list[SchemaField], above: _Names) -> None:
        for one in some:
            names = (*above, one.name)
            found.append(Target(expressions.target(names), one, one.types))
            if "array" not in one.types:  # a list is mapped as a whole
                add(one.children, names)

    add(outline(schema), ())
    return found


def source_expressions(schema: JsonSchema, *, above: str = _PAYLOAD) -> dict[str, str]:
    """Expressions for the fields of an event's payload, or of what `above` gives, with the type of each."""
    found: dict[str, str] = {}

    def add(some: list[SchemaField], within: str) -> None:
        for one in some:
            path = f"{within}.{plain.written(one.name)}"
            found[path] = one.type
            add(one.children, path)

    add(outline(schema), above)
    return found


def suggest(place: Target, source: JsonSchema) -> str | None:
    """The event's field that most likely belongs to a target: the same name, and a type that fits."""
    for expression in source_expressions(source):
        names = _plain(expression)
        if names and names[-1].casefold() == place.field.name.casefold():
            if _fit(fields.types_at(source, names) or frozenset(), place.types):
                return expression
    return None


def _not_in_event(path: _Names) -> str | None:
    """What is wrong with a path of a mapping's expression, which sees the event alone; None if nothing is."""
    if not path or path[0] == "event":
        if len(path) < 2 or path[1] in EVENT_FIELDS:
            return None
        return f"{'.'.join(path[:2])}: an event has {', '.join(EVENT_FIELDS)}"
    hint = f"; write event.{'.'.join(path)}" if path[0] == "payload" else ""
    return f"{'.'.join(path)}, and a mapping sees only event{hint}"


def _gives_nothing(expression: str, source: JsonSchema | None) -> bool:
    """Whether an expression that reads something missing gives nothing even for an event with all its fields.

    One with a condition may have been written for two versions of the schema, and is not judged.
    """
    if "?" in expression:
        return False
    sample = sampling.sample(source) if source is not None else SchemaSample({})
    if sample.problem:
        return False  # what fits this schema is not known
    try:
        given = expressions.evaluate(expression, mapping.event_context("EVENT", sample.value))
    except MappingError:
        return False  # it does not fit the sample, which says nothing about what is missing
    return given is expressions.UNSET


def _built(given: Mapping[str, JsonValue], target: JsonSchema) -> Iterator[Finding]:
    """What is wrong with the payload that a mapping of fixed values alone builds, the same from every event."""
    if any(expressions.is_expression(value) for value in given.values()):
        return
    for violation in validation.violations(target, mapping.apply_mapping(given, {}).payload, limit=1).violations:
        names = tuple(takewhile(lambda step: isinstance(step, str), violation.path))
        name = expressions.target(tuple(map(str, names))) if names else ""
        yield Finding(name, f"{name or 'The payload'}: {violation.message}")


def _literal(name: str, value: JsonValue, place: Field, target: JsonSchema) -> Iterator[Finding]:
    # The field's schema may refer to definitions of the whole one.
    shared = {key: target[key] for key in ("$schema", "$defs", "definitions", "components") if key in target}
    verdict = validation.violations({**shared, **place.schema()}, value, limit=1)
    for violation in verdict.violations:
        yield Finding(name, f"{name}: the value {violation.message}")


def _no_object(names: _Names, above: Iterable[Field | None]) -> str | None:
    """Why a target cannot be built where the schema takes no object around it; None if it can."""
    for depth, place in enumerate(above, start=1):
        if place is not None and "object" not in place.types:
            name, above_it = expressions.target(names), expressions.target(names[:depth])
            return f"{name}: {above_it} takes {_words(place.types)}, and the mapping builds an object there."
    return None


def _refused(place: Field, names: _Names) -> bool:
    """Whether no value with something at these names fits."""
    here: Field | None = place
    for name in names:
        if here is None:
            return False
        if "object" not in here.types or not here.allows(name):
            return True
        here = here.child(name)
    return here is not None and not here.types


def _plain(expression: Any) -> _Names | None:
    """The names of the payload's field when the expression is nothing but its path, and so of the field's type."""
    found = plain.read(expression) if isinstance(expression, str) else None
    above = tuple(_PAYLOAD.split("."))
    is_inside = found and len(found.names) > len(above) and found.names[: len(above)] == above
    return found.names[len(above) :] if found and is_inside else None


def _misfits(given: Field, wanted: Field, below: str = "", depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """Places where no value is both what is given and what is wanted, with what either is."""
    if not _fit(given.types, wanted.types):
        yield below, _words(wanted.types), _words(given.types)
        return
    if given.options is not None and wanted.options is not None and "array" not in given.types:
        if not {*map(identity, given.options)} & {*map(identity, wanted.options)}:
            yield below, messages.either(wanted.options), messages.either(given.options)
        return
    if depth == _DEEPEST:
        return
    if "object" in given.types & wanted.types:
        for name in sorted({*wanted.required, *wanted.declared, *given.required}):
            mine, theirs = given.child(name), wanted.child(name)
            if mine is None and name in wanted.required:
                yield f"{below}.{name}", _words(theirs.types if theirs else frozenset()), "not there"
            elif mine is not None and theirs is not None:
                yield from _misfits(mine, theirs, f"{below}.{name}", depth + 1)
            elif name in given.required and not wanted.allows(name):
                yield f"{below}.{name}", "nothing", _words(mine.types if mine else frozenset())
    if "array" in given.types & wanted.types and given.items is not None and wanted.items is not None:
        mine, theirs = given.item(), wanted.item()
        if mine is not None and theirs is not None:
            yield from _misfits(mine, theirs, f"{below}[]", depth + 1)


def _words(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "nothing"


def _fit(given: frozenset[str], wanted: frozenset[str]) -> bool:
    """Whether some value of the given types is of a wanted one. Null does not count where there could be a value."""
    wanted = wanted | {"integer"} if "number" in wanted else wanted
    given = given | {"integer"} if "number" in given else given
    return bool((given & wanted) - {"null"}) or (given == {"null"} and "null" in wanted)
