"""Changes to a workflow definition, as the designer makes them. Pure: each gives a new definition.

A place is where a step is, as the keys that lead to it: ("steps", 0, "config", "then", 1); the place of a list
of steps is the same without the last number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lib.serialization import json_pointer
from lib.steps import each_step, offers, type_of

Place = tuple[str | int, ...]
Definition = dict[str, Any]

TOP: Place = ("steps",)


@dataclass(frozen=True)
class ListPlace:
    """A list that steps can be in, and what it is called."""

    place: Place
    label: str


def place_of(path: str) -> Place:
    """The place that a JSON pointer leads to."""
    return json_pointer.places(path)


def editable(definition: Any) -> bool:
    """Whether steps and trigger have the shape that a visual editor can show; else only text can mend it."""
    if not isinstance(definition, Mapping) or not isinstance(definition.get("steps", []), list):
        return False
    trigger = definition.get("trigger")
    if trigger is not None and not (isinstance(trigger, Mapping) and _mapping_fits(trigger)):
        return False
    return all(_fits(step) for step in definition.get("steps", []))


def step_at(definition: Mapping[str, Any], place: Place) -> dict[str, Any] | None:
    """The step at a place, None when there is none."""
    node: Any = definition
    for part in place:
        if isinstance(part, int):
            node = node[part] if isinstance(node, list) and 0 <= part < len(node) else None
        else:
            node = node.get(part) if isinstance(node, Mapping) else None
    return node if isinstance(node, dict) else None


def place_of_id(definition: Mapping[str, Any], step_id: str) -> Place | None:
    """The place of the first step with this id, None when there is none."""
    return next((place_of(path) for path, step in each_step(definition) if step.get("id") == step_id), None)


def lists(definition: Mapping[str, Any]) -> list[ListPlace]:
    """Every list that a step can be in, the top one first."""
    found = [ListPlace(TOP, "Top level")]
    for path, step in each_step(definition):
        place = place_of(path)
        kind, name = type_of(step), step.get("name") or step.get("id")
        for one in kind.lists if kind else ():
            found.append(ListPlace((*place, "config", one.key), f"{name}: {one.label}"))
    return found


def add(definition: Definition, to: Place, offered: str) -> tuple[Definition, Place]:
    """A new step of what is offered by this name at the end of a list; the definition, and where the step is."""
    kind, offer = offers()[offered]
    step = {"id": fresh_id(definition, offer.id_stem), "type": kind.type, "config": deepcopy(dict(offer.starter))}
    return insert(definition, to, step)


def insert(definition: Definition, to: Place, step: dict[str, Any]) -> tuple[Definition, Place]:
    """The step at the end of a list."""
    changed = deepcopy(definition)
    steps = _list(changed, to)
    steps.append(step)
    return changed, (*to, len(steps) - 1)


def replace(definition: Definition, place: Place, step: dict[str, Any]) -> Definition:
    """The step in place of the one that is there."""
    changed = deepcopy(definition)
    steps, index = _list(changed, place[:-1]), place[-1]
    assert isinstance(index, int)
    steps[index] = deepcopy(step)
    return changed


def delete(definition: Definition, place: Place) -> Definition:
    """Without the step at a place and all inside it."""
    changed = deepcopy(definition)
    steps, index = _list(changed, place[:-1]), place[-1]
    assert isinstance(index, int)
    del steps[index]
    return changed


def duplicate(definition: Definition, place: Place) -> tuple[Definition, Place]:
    """With a copy of the step right after it; every step in the copy gets an id of its own."""
    changed = deepcopy(definition)
    steps, index = _list(changed, place[:-1]), place[-1]
    assert isinstance(index, int)
    copy = deepcopy(steps[index])
    taken = {str(step.get("id")) for _, step in each_step(changed)}
    for _, step in each_step({"steps": [copy]}):
        step["id"] = _unused(str(step.get("id") or "step"), taken)
        taken.add(step["id"])
    steps.insert(index + 1, copy)
    return changed, (*place[:-1], index + 1)


def move(definition: Definition, place: Place, by: int) -> tuple[Definition, Place]:
    """The step moved up (-1) or down (+1) in its list, as far as that goes."""
    changed = deepcopy(definition)
    steps, index = _list(changed, place[:-1]), place[-1]
    assert isinstance(index, int)
    to = max(0, min(len(steps) - 1, index + by))
    steps.insert(to, steps.pop(index))
    return changed, (*place[:-1], to)


def move_to(definition: Definition, place: Place, to: Place) -> tuple[Definition, Place]:
    """The step moved to the end of another list. A list inside the step itself leaves all as it is."""
    step = step_at(definition, place)
    if step is None or to[: len(place)] == place:
        return definition, place
    inserted, _ = insert(definition, to, deepcopy(step))
    changed = delete(inserted, place)
    moved = place_of_id(changed, str(step.get("id")))
    assert moved is not None
    return changed, moved


def fresh_id(definition: Mapping[str, Any], stem: str) -> str:
    """A step id that the definition does not use: the stem, or the stem with a number."""
    return _unused(stem, {str(step.get("id")) for _, step in each_step(definition)})


def _unused(wanted: str, taken: set[str]) -> str:
    if wanted not in taken:
        return wanted
    stem = wanted[:56].rstrip("0123456789-") or "step"
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _list(definition: Definition, place: Place) -> list[Any]:
    node: Any = definition
    for part in place[:-1]:
        node = node[part]
    steps: list[Any] = node.setdefault(place[-1], [])
    return steps


def _mapping_fits(trigger: Mapping[str, Any]) -> bool:
    texts: Iterator[Any] = (trigger.get(key) for key in ("eventName", "sourcePayloadSchemaRef"))
    return isinstance(trigger.get("payloadMapping", {}), Mapping) and all(isinstance(t, str | None) for t in texts)


def _fits(step: Any) -> bool:
    kind = type_of(step) if isinstance(step, Mapping) else None
    if kind is None or not isinstance(step.get("id"), str) or not isinstance(step.get("config"), Mapping):
        return False
    nested = [step["config"].get(key, []) for key in kind.children]
    return all(isinstance(steps, list) and all(_fits(inner) for inner in steps) for steps in nested)
