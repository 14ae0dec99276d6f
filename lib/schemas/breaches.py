"""What the engine finds wrong with a value, told in terms of the schema as its author wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jsonschema_rs

from lib.schemas.compiling import Compiler
from lib.schemas.origins import SchemaOrigin, step
from lib.schemas.parts import listed
from lib.serialization.json_values import identity

Path = tuple[str | int, ...]
_KIND = jsonschema_rs.ValidationErrorKind
_SEVERAL = (_KIND.AnyOf, _KIND.OneOfNotValid, _KIND.OneOfMultipleValid)
_ENDLESS = (_KIND.BacktrackLimitExceeded, _KIND.RegexEngineFailure)
_CLOSED = ("additionalProperties", "unevaluatedProperties")
#: Where false has another meaning than that nothing is allowed at a place, and the keyword that it is told as.
_TOLD_BY_HOLDER = {
    "dependentSchemas": "dependentSchemas",
    "dependencies": "dependentSchemas",
    "then": "not",
    "else": "not",
}
_RESTS = ("items", "additionalItems", "unevaluatedItems")


@dataclass(frozen=True, slots=True)
class Breach:
    """A keyword that a value fails: `wanted` is what it holds in `schema`, `path` leads to `value`."""

    keyword: str
    wanted: Any
    schema: Any
    path: Path
    value: Any
    #: Of a failed anyOf or oneOf, what is wrong with each branch.
    branches: tuple[tuple[Breach, ...], ...] = ()
    #: The members that it is about: missing, or not allowed.
    names: tuple[str, ...] = ()
    #: How many items it is about: those that are not allowed, or how many are.
    count: int = 0
    #: What the references in `schema` need.
    resolver: Any = field(default=None, compare=False, repr=False)
    #: The key of the object at `path` that is to blame, which is then the value.
    key: str | None = None


def read(compiler: Compiler, errors: Iterator[Any], value: Any) -> Iterator[Breach]:
    """Yield the breaches behind errors of the engine about a value."""
    for error in errors:
        breach = _breach(compiler, error, value)
        if breach is not None:
            yield breach


def _breach(compiler: Compiler, error: Any, value: Any) -> Breach | None:
    path, here = _located(value, error)
    if isinstance(error.kind, _KIND.PropertyNames):
        found = _breach(compiler, error.kind.error, value)
        return found and _of_key(found, path, str(error.kind.error.instance))
    location = error.absolute_keyword_location or _location(compiler, error.schema_path)
    if isinstance(error.kind, _KIND.FalseSchema):
        return _refusal(compiler.origins.get(location), path, here, value)
    address, _, spelled = location.rpartition("/")
    if isinstance(error.kind, _KIND.Required) and spelled.isdigit():
        address, _, spelled = address.rpartition("/")  # of dependentRequired, whose members the engine counts
    origin = compiler.origins.get(address, SchemaOrigin({}))
    keyword = origin.renamed.get(spelled, spelled)
    wanted = origin.schema.get(keyword) if isinstance(origin.schema, Mapping) else None
    if isinstance(error.kind, _ENDLESS):
        return Breach("unfinished", wanted, origin.schema, path, here)
    if isinstance(error.kind, _KIND.Required):
        name = error.kind.property
        if keyword == "properties":  # of draft 3, where a field itself says that it is required
            return Breach("required", True, origin.schema, (*path, name), None, names=(name,))
        return Breach(keyword, wanted, origin.schema, path, here, names=(name,))
    if keyword.startswith("exclusive") and isinstance(wanted, bool):  # of draft 4
        wanted = origin.schema.get({"exclusiveMinimum": "minimum"}.get(keyword, "maximum"))
    names = tuple(getattr(error.kind, "unexpected", ())) if keyword in _CLOSED else ()
    branches: tuple[tuple[Breach, ...], ...] = ()
    if isinstance(error.kind, _SEVERAL[:2]) and keyword in ("anyOf", "oneOf"):
        branches = tuple(tuple(read(compiler, iter(branch), value)) for branch in error.kind.context)
    count = len(error.kind.unexpected) if isinstance(error.kind, _KIND.UnevaluatedItems) else 0
    return Breach(keyword, wanted, origin.schema, path, here, branches, names, count, origin.resolver)


def _of_key(breach: Breach, path: Path, key: str) -> Breach:
    """The same breach, as one of a key of the object at a path."""
    inner = tuple(tuple(_of_key(one, path, key) for one in branch) for branch in breach.branches)
    if breach.keyword == "false":
        return replace(breach, keyword="propertyNames", path=path, names=(key,))
    return replace(breach, path=path, value=key, key=key, branches=inner)


def _location(compiler: Compiler, steps: list[str | int]) -> str:
    """Find where a keyword stands. The engine does not say it where it gave up."""
    below = "".join(f"/{step(str(one))}" for one in steps)
    holder = below.rpartition("/")[0]
    return next((f"{urn}#{below}" for urn in compiler.resources if f"{urn}#{holder}" in compiler.origins), below)


def _refusal(origin: SchemaOrigin | None, path: Path, here: Any, value: Any) -> Breach | None:
    """What a schema that is plain false means where it stands."""
    if origin is None or not isinstance(origin.holder, Mapping):
        return Breach("false", False, False, path, here)
    keyword, holder = origin.keyword, origin.holder
    if keyword in (*_CLOSED, "propertyNames") and isinstance(here, dict):  # that names no property
        return Breach(keyword, False, holder, path, here, names=tuple(here))
    if keyword in _RESTS and holder.get(keyword) is False and path:
        allowed = len(listed(holder.get("prefixItems", holder.get("items"))))
        if path[-1] != allowed:
            return None  # said of the first item that is too many
        return Breach(keyword, False, holder, path[:-1], _at(value, path[:-1]), count=allowed)
    if _TOLD_BY_HOLDER.get(keyword) == "dependentSchemas" and isinstance(here, dict):
        names = tuple(name for name, schema in holder[keyword].items() if schema is False and name in here)
        return Breach("dependentSchemas", False, holder, path, here, names=names)
    return Breach(_TOLD_BY_HOLDER.get(keyword, "false"), False, False, path, here)


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _located(value: Any, error: Any) -> tuple[Path, Any]:
    """Find the place of an error. The engine writes a key such as "01" or "+1" as a number, and leaves out ""."""
    steps = error.instance_path
    found = _followed(value, steps)
    if found is not None and not _may_be_elsewhere(value, steps):
        return found
    wanted = identity(error.instance)
    ways = list(_ways(value, steps, ()))
    return next((way for way in ways if identity(way[1]) == wanted), ways[0] if ways else ((), value))


def _followed(value: Any, steps: list[str | int]) -> tuple[Path, Any] | None:
    path: list[str | int] = []
    for one in steps:
        key = str(one) if isinstance(value, dict) else one
        try:
            value = value[key]
        except (LookupError, TypeError):
            return None
        path.append(key)
    return tuple(path), value


def _may_be_elsewhere(value: Any, steps: list[str | int]) -> bool:
    for one in [*steps, None]:
        if isinstance(value, dict):
            if "" in value or (isinstance(one, int) and sum(_number(key) == one for key in value) > 1):
                return True
            one = str(one) if one is not None else None
        if one is not None:
            value = value[one]
    return False


def _ways(value: Any, steps: list[str | int], path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield each place that these steps may lead to."""
    if not steps:
        yield path, value
    elif isinstance(value, list | tuple):
        if isinstance(steps[0], int) and steps[0] < len(value):
            yield from _ways(value[steps[0]], steps[1:], (*path, steps[0]))
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == steps[0] or (isinstance(steps[0], int) and _number(key) == steps[0]):
                yield from _ways(inner, steps[1:], (*path, key))
    if isinstance(value, dict) and "" in value:
        yield from _ways(value[""], steps, (*path, ""))


def _number(key: str) -> int | None:
    """Read a key as the engine reads it."""
    digits = key.removeprefix("+")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
