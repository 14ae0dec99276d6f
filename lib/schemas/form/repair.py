"""Makes a sample keep the conditions between fields, by mending what the validator still finds wrong."""

from __future__ import annotations

from typing import Any, Protocol

from lib.schemas.document import SchemaDocument
from lib.schemas.form.branches import settle
from lib.schemas.form.violations import Breach, Path, Validator
from lib.schemas.parts import Part, Parts
from lib.schemas.telling import branch_breaches
from lib.serialization.json_values import ABSENT, same

#: Faults mended before giving up.
ATTEMPTS = 40


class SamplesParts(Protocol):
    """What mending needs of whoever makes the sample."""

    document: SchemaDocument
    validator: Validator

    def make_named(self, parts: Parts, name: str) -> Any:
        """Make a value for a place."""


def repair(sampler: SamplesParts, parts: Parts, value: Any) -> Any:
    """Mend one fault after another and give the value, mended as far as it went."""
    for _ in range(ATTEMPTS):
        faults = (_innermost(sampler, error) for error in sampler.validator.errors(parts, value))
        tried = (_mended(sampler, parts, value, error, path) for error, path in faults if _is_there(value, path))
        mended = next((one for one in tried if not same(one, value)), ABSENT)
        if mended is ABSENT:
            break
        value = mended
    return value


def _innermost(sampler: SamplesParts, error: Breach) -> tuple[Breach, Path]:
    """Follow a failed choice into its nearest branch, down to the fault itself."""
    while inner := branch_breaches(sampler.document, error):
        error = inner[0]
    return error, error.path


def _mended(sampler: SamplesParts, parts: Parts, value: Any, error: Breach, path: Path) -> Any:
    """Mend one fault: add what is missing, drop what may not be, else make the place anew."""
    here = _at(value, path)
    local = _parts_at(sampler, parts, value, path)
    stated = Part(error.schema, local[0].resolver if local else parts[0].resolver)
    missing = _missing(error, here)
    if missing and isinstance(here, dict):
        spec = sampler.document.spec((*local, stated))
        added = {name: sampler.make_named(spec.child(name), name) for name in missing}
        return _with(value, path, here | added)
    if isinstance(here, dict) and (dropped := _dropped(error, here)):
        return _with(value, path, {name: item for name, item in here.items() if name not in dropped})
    if error.keyword == "const":
        return _with(value, path, error.wanted)
    if isinstance(here, dict | list) and error.keyword not in (
        "type",
        "minItems",
        "uniqueItems",
        "contains",
    ):
        return value
    return _with(value, path, sampler.make_named((*local, stated), str(path[-1]) if path else ""))


def _missing(error: Breach, here: Any) -> list[str]:
    """Name the properties whose absence is the fault."""
    wanted: Any = error.wanted
    if not isinstance(here, dict):
        return []
    names: list[Any] = []
    if error.keyword == "required" and isinstance(wanted, list):
        names = wanted
    elif error.keyword in ("dependentRequired", "dependencies") and isinstance(wanted, dict):
        names = [name for key, rest in wanted.items() if key in here and isinstance(rest, list) for name in rest]
    elif error.keyword == "minProperties":
        names = [f"key{number}" for number in range(1, int(wanted) - len(here) + 1)]
    return [name for name in names if isinstance(name, str) and name not in here]


def _dropped(error: Breach, here: dict[str, Any]) -> set[str]:
    """Name the properties whose presence is the fault; of too many, the last ones go."""
    schema: Any = error.schema
    wanted: Any = error.wanted
    if error.key is not None or error.keyword == "propertyNames":
        return {name for name in (error.key, *error.names) if name in here}
    if error.keyword in ("additionalProperties", "unevaluatedProperties") and isinstance(schema, dict):
        known = schema.get("properties", {}).keys() if isinstance(schema.get("properties"), dict) else set()
        return here.keys() - known
    if error.keyword == "not" and isinstance(wanted, dict):
        names = wanted.get("required", list(wanted.get("properties", ())))
        return {name for name in names if name in here}
    if error.keyword == "maxProperties":
        return set(list(here)[int(wanted) :])
    if error.keyword == "oneOf" and isinstance(wanted, list):  # more than one branch fits
        names = [branch.get("required", ()) for branch in wanted if isinstance(branch, dict)]
        return {name for extra in names[1:] for name in extra if name not in names[0] and name in here}
    return set()


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _is_there(value: Any, path: Path) -> bool:
    """Tell whether a path leads to a value; of a missing property, draft 3 gives the path that it would have."""
    try:
        _at(value, path)
    except LookupError:
        return False
    return True


def _with(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = _with(value[path[0]], path[1:], new)  # type: ignore[index]
    return changed


def _parts_at(sampler: SamplesParts, parts: Parts, value: Any, path: Path) -> Parts:
    """Find the parts that hold at a path, following the branches that the value follows."""
    for step in path:
        spec = settle(sampler.document, sampler.validator, parts, value, {})
        parts = spec.item(step) if isinstance(step, int) else spec.child(step)
        value = value[step]
    return parts
