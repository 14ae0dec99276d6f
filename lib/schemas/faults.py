"""The facts of a violation, taken from jsonschema's errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema.exceptions import _Error, best_match

from lib.schemas.messages import Fault, kind
from lib.schemas.parts import entries, listed, matches

_FORMS = ("anyOf", "oneOf")
_CLOSED = ("additionalProperties", "unevaluatedProperties")


def fault(error: _Error) -> Fault:
    """Give what a violation is about; of several forms, the closest one's too."""
    keyword, wanted = _keyword(error), error.validator_value
    if keyword in _FORMS:
        several: Any = [error]
        closest: _Error | None = best_match(several) if error.context else None
        found = fault(closest) if closest is not None and closest is not error else None
        inside = tuple(closest.absolute_path)[len(error.absolute_path) :] if closest is not None else ()
        return Fault(keyword, wanted, fits_several=not error.context, closest=found, closest_at=inside)
    because, names = _names(error, keyword)
    return Fault(keyword, wanted, kind(error.instance), names, because)


def form_fault(error: _Error) -> Fault:
    """Give the same for one who sees what is wrong inside at its own place."""
    keyword = _keyword(error)
    return Fault(keyword, error.validator_value, fits_several=not error.context) if keyword in _FORMS else fault(error)


def _keyword(error: _Error) -> str:
    keyword = str(error.validator)
    exclusive = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}.get(keyword)
    if exclusive and isinstance(error.schema, Mapping) and error.schema.get(exclusive) is True:  # of draft 4
        return exclusive
    return keyword


def _names(error: _Error, keyword: str) -> tuple[str, tuple[str, ...]]:
    """Name the members that a violation is about, and the one that asks for them."""
    here: Any = error.instance
    wanted: Any = error.validator_value
    if keyword == "required" and wanted is True:  # of draft 3, whose path leads to what is missing
        return "", (str(error.relative_path[-1]),) if error.relative_path else ()
    if not isinstance(here, dict):
        return "", ()
    if keyword == "required":
        missing = [name for name in listed(wanted) if isinstance(name, str) and name not in here]
        return "", _told(error, missing)
    if keyword in _CLOSED:
        return "", tuple(_extra(error, here))
    for name, needed in wanted.items() if keyword in ("dependentRequired", "dependencies") else ():
        needed = [needed] if isinstance(needed, str) else listed(needed)
        if name in here and (lacking := [other for other in needed if isinstance(other, str) and other not in here]):
            return name, _told(error, lacking)
    return "", ()


def _told(error: _Error, missing: list[str]) -> tuple[str, ...]:
    """Pick the missing name that an error stands for: it is only in the message, as Python spells it."""
    return tuple(name for name in missing if error.message.startswith(repr(name)))[:1] or tuple(missing)


def _extra(error: _Error, here: dict[str, Any]) -> list[str]:
    if error.validator_value is not False or not isinstance(error.schema, Mapping):
        return []
    known, patterns = entries(error.schema.get("properties")), entries(error.schema.get("patternProperties"))
    extra = [name for name in here if name not in known]
    if error.validator == "unevaluatedProperties":  # whose message lists them as Python spells them
        return [name for name in extra if repr(name) in error.message]
    return [name for name in extra if not any(matches(pattern, name) for pattern in patterns)]
