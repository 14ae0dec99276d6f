"""The steps of a definition that may be malformed: each one, those nested in others too, and what type it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib.steps.registry import STEP_TYPES
from lib.steps.step_type import StepType


def type_of(step: Mapping[str, Any]) -> StepType | None:
    """The step's type, None when no such type is registered."""
    name = step.get("type")
    return STEP_TYPES.get(name) if isinstance(name, str) else None


def config_of(step: Mapping[str, Any]) -> Mapping[str, Any]:
    """The step's configuration, an empty one where it has none."""
    config = step.get("config")
    return config if isinstance(config, Mapping) else {}


def lists_in(step: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The lists of steps inside a step, by their key in its configuration."""
    kind, config = type_of(step), config_of(step)
    found = {key: config.get(key) for key in (kind.children if kind else ())}
    return {key: steps if isinstance(steps, list) else [] for key, steps in found.items()}


def each_step(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(JSON pointer, step) of every step, nested ones after the list they are in; malformed ones left out."""
    todo = [("/steps", definition.get("steps"))]
    while todo:
        path, steps = todo.pop(0)
        nested: list[tuple[str, Any]] = []
        for index, step in enumerate(steps if isinstance(steps, list) else []):
            if isinstance(step, dict):
                where = f"{path}/{index}"
                yield where, step
                nested += [(f"{where}/config/{key}", inner) for key, inner in lists_in(step).items()]
        todo = nested + todo
