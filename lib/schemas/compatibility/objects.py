"""Keywords about the fields of an object."""

from __future__ import annotations

from typing import Any

from lib.schemas import patterns
from lib.schemas.compatibility.comparing import Check, Comparing, inside, says_nothing
from lib.schemas.compatibility.reasons import Mismatch, shown
from lib.schemas.compatibility.scalars import least, most
from lib.schemas.compatibility.sides import Atoms, Compiled
from lib.schemas.compatibility.views import View

#: How often a field that is there asks for another one, at most.
_MOST_TURNS = 10
_OPTIONAL_ADDED = "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"


def _forbids(comparing: Comparing, view: View, name: str) -> bool:
    return comparing.is_empty(comparing.sides.atoms(view.child(name)))


def _is_open(comparing: Comparing, schemas: list[Compiled]) -> bool:
    """Whether these say nothing at all."""
    return not comparing.sides.atoms(schemas).schemas


def _properties(comparing: Comparing, view: View, atom: dict[str, Any], wanted: dict[str, Compiled]) -> list[Mismatch]:
    if "object" not in view.types:
        return []
    found: list[Mismatch] = []
    for name, schema in wanted.items():
        if says_nothing(schema):
            continue
        child = view.child(name)
        if not _is_open(comparing, child):
            reasons = inside(comparing, child, schema, name)
            found += reasons if name in view.declared or not reasons else [_not_covered(comparing, name, reasons)]
        elif name in view.mentioned:
            found += inside(comparing, child, schema, name)
        elif name in atom.get("required", ()):
            continue  # which `required` tells, in both readings
        elif not comparing.includes(comparing.sides.atoms([]), schema):
            if schema is False:
                reason = comparing.teller.said(
                    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
                    "must not be there now",
                    mirrored="PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL",
                    turned="may be there now, as it was not before",
                )
            else:
                reason = comparing.teller.said(
                    _OPTIONAL_ADDED,
                    "is declared now, where anything was allowed before",
                    mirrored="PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL",
                    turned="is not declared any more, so that anything is allowed there",
                    only_strict=True,
                )
            found.append(reason.below(name))
    return found


def _not_covered(comparing: Comparing, name: str, reasons: list[Mismatch]) -> Mismatch:
    """A field that was one among the further ones has a schema of its own, which is narrower."""
    only_strict = all(one.only_strict for one in reasons)
    return comparing.teller.said(
        "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        f"is a field now and {reasons[0].text}, unlike the further fields before",
        mirrored="PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        turned=f"is no field any more: as one of the further fields it {reasons[0].text}",
        only_strict=only_strict,
    ).below(name)


def _required(comparing: Comparing, view: View, atom: dict[str, Any], wanted: list[str]) -> list[Mismatch]:
    if "object" not in view.types:
        return []
    found = []
    for name in wanted:
        if name in view.required:
            continue
        schema = atom.get("properties", {}).get(name, True)
        default = _default(comparing, schema)
        ending = "" if default is None else f"; its default, {default}, is not filled in"
        if name in view.mentioned:
            stem = "REQUIRED_ATTRIBUTE{}_ADDED"
        elif _is_open(comparing, view.child(name)):
            stem = "REQUIRED_PROPERTY{}_ADDED_TO_OPEN_CONTENT_MODEL"
        else:
            stem = "REQUIRED_PROPERTY{}_ADDED_TO_UNOPEN_CONTENT_MODEL"
        found.append(
            comparing.teller.said(
                stem.format("" if default is None else "_WITH_DEFAULT"),
                f"is required now, and was not before{ending}",
                mirrored="REQUIRED_ATTRIBUTE_REMOVED",
                turned="is not required any more",
            ).below(name)
        )
    return found


def _default(comparing: Comparing, schema: Compiled) -> str | None:
    for original in comparing.sides.originals(schema):
        if "default" in original:
            return shown(original["default"])
    return None


def _pattern_properties(
    comparing: Comparing, view: View, atom: dict[str, Any], wanted: dict[str, Compiled]
) -> list[Mismatch]:
    if "object" not in view.types:
        return []
    found: list[Mismatch] = []
    for pattern, schema in wanted.items():
        if says_nothing(schema):
            continue
        if pattern in view.patterns and not inside(comparing, view.under_pattern(pattern), schema):
            continue
        for name in view.names:
            if patterns.matches(pattern, name):
                found += inside(comparing, view.child(name), schema, name)
        others = [*map(view.under_pattern, view.patterns), view.rest]
        if any(inside(comparing, other, schema) for other in others):
            found.append(
                comparing.teller.said(
                    "PATTERN_PROPERTIES_NARROWED",
                    f"takes less in fields that match {shown(pattern)} now",
                    turned=f"takes more in fields that match {shown(pattern)} now",
                )
            )
    return found


def _additional(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Compiled) -> list[Mismatch]:
    known = atom.get("properties", {}), atom.get("patternProperties", {})
    if "object" not in view.types or says_nothing(wanted):
        return []
    found: list[Mismatch] = []
    for name in view.names:
        if name in known[0] or any(patterns.matches(pattern, name) for pattern in known[1]):
            continue
        if _forbids(comparing, view, name):
            continue
        reasons = inside(comparing, view.child(name), wanted, name)
        found += [_removed(comparing, view, name, wanted, reasons)] if reasons else []
    for pattern in view.patterns:
        if pattern not in known[1] and inside(comparing, view.under_pattern(pattern), wanted):
            text = f"takes less in fields that match {shown(pattern)} now"
            turned = f"takes more in fields that match {shown(pattern)} now"
            found.append(comparing.teller.said("PATTERN_PROPERTIES_NARROWED", text, turned=turned))
    return found + _further(comparing, view, wanted)


def _removed(comparing: Comparing, view: View, name: str, wanted: Compiled, reasons: list[Mismatch]) -> Mismatch:
    """A field of the narrow schema that is one of the further ones in the wide schema."""
    if wanted is not False:
        return comparing.teller.said(
            "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
            f"is no field any more: as one of the further fields it {reasons[0].text}",
            mirrored="PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
            turned=f"is a field now and {reasons[0].text}, unlike the further fields before",
            only_strict=all(one.only_strict for one in reasons),
        ).below(name)
    added = "REQUIRED" if name in view.required else "OPTIONAL"
    return comparing.teller.said(
        "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        "is no field any more, and no other fields are allowed",
        mirrored=f"{added}_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        turned="is a field now, and no other fields were allowed before",
    ).below(name)


def _further(comparing: Comparing, view: View, wanted: Compiled) -> list[Mismatch]:
    """Names that the narrow schema does not declare."""
    rest = view.rest
    reasons = inside(comparing, rest, wanted, "*")
    if not reasons:
        return []
    if wanted is False:
        text, turned = "takes no further fields now", "takes further fields now, as it did not before"
        return [comparing.teller.said("ADDITIONAL_PROPERTIES_REMOVED", text, turned=turned)]
    if _is_open(comparing, rest):
        text = "takes less in further fields now, where it took anything"
        turned = "takes anything in further fields now"
        return [comparing.teller.said("ADDITIONAL_PROPERTIES_NARROWED", text, turned=turned)]
    return reasons


def _unevaluated(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Compiled) -> list[Mismatch]:
    """Names are surely evaluated that the schema itself, its references or all of its `allOf` declare."""
    if "object" not in view.types or says_nothing(wanted):
        return []
    always = comparing.sides.atoms([atom]).schemas
    if any("additionalProperties" in one for one in always):
        return []
    evaluated: dict[str, Any] = {
        "properties": {name: True for one in always for name in one.get("properties", ())},
        "patternProperties": {name: True for one in always for name in one.get("patternProperties", ())},
    }
    reasons = _additional(comparing, view, evaluated, wanted)
    if not reasons:
        return []
    if len(comparing.sides.same_place(atom)) > len(always):
        return [comparing.teller.undecided("which fields unevaluatedProperties is about depends on alternatives")]
    name = "UNEVALUATED_PROPERTIES_REMOVED" if wanted is False else "UNEVALUATED_PROPERTIES_NARROWED"
    text, turned = "takes less in further fields now", "takes more in further fields now"
    return [comparing.teller.said(name, text, turned=turned)]


def _names(comparing: Comparing, view: View, atom: dict[str, Any], wanted: Compiled) -> list[Mismatch]:
    if "object" not in view.types or says_nothing(wanted):
        return []
    texts = comparing.sides.of_kinds(["string"])
    names = [*view.all("propertyNames"), texts]
    if comparing.compare(comparing.sides.atoms(names), wanted, inside=True):
        closed = not view.patterns and comparing.is_empty(comparing.sides.atoms(view.rest))
        if closed:
            known = [name for name in view.names if not _forbids(comparing, view, name)]
            listed = comparing.sides.of_value(*known)
            if not known or not comparing.compare(comparing.sides.atoms([*names, listed]), wanted, inside=True):
                return []
        text, turned = "takes fewer names of fields now", "takes more names of fields now"
        return [comparing.teller.said("PROPERTY_NAMES_NARROWED", text, turned=turned)]
    return []


def _with_field(comparing: Comparing, view: View, name: str) -> Atoms:
    """The objects of a place that have a field, with what this asks of them, which may ask for more in turn."""
    there = comparing.sides.also(view.atoms, comparing.sides.requiring(name))
    for _ in range(_MOST_TURNS):
        here = comparing.view(there)
        asked = {
            one for named in here.all("dependentRequired") for held in here.required for one in named.get(held, ())
        }
        schemas = [named[one] for named in here.all("dependentSchemas") for one in here.required if one in named]
        needed = map(comparing.sides.requiring, sorted(asked - here.required))
        further = comparing.sides.also(there, *schemas, *needed)
        if further.key == there.key:
            break
        there = further
    return there


def _dependent_names(
    comparing: Comparing, view: View, atom: dict[str, Any], wanted: dict[str, list[str]]
) -> list[Mismatch]:
    if "object" not in view.types:
        return []
    found = []
    for name, asked in wanted.items():
        own = {one for named in view.all("dependentRequired") for one in named.get(name, ())}
        there = comparing.view(_with_field(comparing, view, name)).required
        missing = [one for one in asked if one not in there]
        if not missing or _forbids(comparing, view, name):
            continue
        stem = "DEPENDENCY_ARRAY_EXTENDED" if own and own <= set(asked) else "DEPENDENCY_ARRAY_CHANGED"
        stem = stem if own else "DEPENDENCY_ARRAY_ADDED"
        text, turned = f"asks for {', '.join(missing)} now", f"asks for {', '.join(missing)} no longer"
        mirrored = stem if stem.endswith("CHANGED") else ""
        found.append(comparing.teller.said(stem, text, mirrored=mirrored, turned=turned).below(name))
    return found


def _dependent_schemas(
    comparing: Comparing, view: View, atom: dict[str, Any], wanted: dict[str, Compiled]
) -> list[Mismatch]:
    if "object" not in view.types:
        return []
    found: list[Mismatch] = []
    for name, schema in wanted.items():
        if says_nothing(schema) or _forbids(comparing, view, name):
            continue
        own = [named[name] for named in view.all("dependentSchemas") if name in named]
        reasons = comparing.compare(_with_field(comparing, view, name), schema)
        if not reasons:
            continue
        if own:
            found += reasons
        else:
            text, turned = "asks for more where it is there now", "asks for less where it is there now"
            strict = all(one.only_strict for one in reasons)
            found.append(
                comparing.teller.said("DEPENDENCY_SCHEMA_ADDED", text, turned=turned, only_strict=strict).below(name)
            )
    return found


def _possible_names(view: View) -> float:
    """How many fields there can be, where no others than the declared ones are allowed."""
    closed = any(rest is False for rest in view.rest) and not view.patterns
    return len(view.names) if closed else float("inf")


KEYWORDS: dict[str, Check] = {
    "properties": _properties,
    "required": _required,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "unevaluatedProperties": _unevaluated,
    "propertyNames": _names,
    "dependentRequired": _dependent_names,
    "dependentSchemas": _dependent_schemas,
    "minProperties": least("minProperties", "MIN_PROPERTIES", "object", lambda view: len(view.required)),
    "maxProperties": most("maxProperties", "MAX_PROPERTIES", "object", _possible_names),
}
