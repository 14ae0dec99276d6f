"""control.forEach: the same steps for every item of a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lib.errors import StepFailed
from lib.serialization.strict_json import JsonValue
from lib.steps.execution import MAX_LOOP_ITEMS, ROOTS, Execution, Outcome, Step
from lib.steps.step_type import (
    EXPRESSION,
    Config,
    ConfigFault,
    StepList,
    StepType,
    config_object,
    nested_steps,
    written,
)

#: What expressions call the number of the current item.
_INDEX = "index"
_ITEM = "item"


def _run(step: Step, run: Execution) -> Outcome:
    items = _items(step, run)
    failures: list[dict[str, Any]] = []
    for index, item in enumerate(items):
        scope = run.with_names({step.config.get("itemName", _ITEM): item, _INDEX: index})
        try:
            scope.run_steps(step.config["steps"], f"{step.path}[{index}]/")
        except StepFailed as error:
            if step.config.get("onItemError", "stop") == "stop":
                raise StepFailed(error.code, f"Item {index}: {error}") from error
            failures.append({"index": index, "code": error.code, "message": str(error)})
    return Outcome({"count": len(items), "failed": len(failures), "failures": failures[:20]})


def _items(step: Step, run: Execution) -> list[JsonValue]:
    """The items as they were when the loop began, so that a resumed loop goes on over the same ones."""
    if (noted := run.journal.noted(step)) is not None:
        return list(noted["items"])
    items = run.evaluate(step.config["items"])
    if items is None:
        items = []
    if not isinstance(items, list):
        items = [items]  # JSONata gives a sequence of one as its only item
    if len(items) > MAX_LOOP_ITEMS:
        raise StepFailed(
            "too_many_items",
            f"Step {step.said} got {len(items):,} items; at most {MAX_LOOP_ITEMS:,} are allowed.",
        )
    run.journal.begin(step, {"items": len(items)}, {"items": items})
    return items


def _names(config: Config) -> tuple[str, str]:
    return str(config.get("itemName", _ITEM)), _INDEX


def _faults(config: Config) -> Iterator[ConfigFault]:
    name = config.get("itemName")
    if name in (*ROOTS, _INDEX):
        yield ConfigFault(("itemName",), f"{name} already names something else.")


FOR_EACH = StepType(
    type="control.forEach",
    label="For each",
    icon=":material/repeat:",
    description="Runs the same steps for every item of a list, one after the other.",
    config_schema=config_object(
        {
            "items": {**EXPRESSION, "title": "Items", "description": "An expression that gives the list."},
            "itemName": {
                "type": "string",
                "title": "Item name",
                "description": "What expressions call the current item; index is its number from 0.",
                "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
                "default": _ITEM,
            },
            "steps": nested_steps("Steps", "Steps to run for each item."),
            "onItemError": {
                "type": "string",
                "title": "When an item fails",
                "description": "Stop the whole run, or go on with the next item.",
                "enum": ["stop", "continue"],
                "default": "stop",
            },
        },
        ["items", "steps"],
    ),
    starter={"items": {"$expr": "[1, 2, 3]"}, "steps": []},
    id_stem="each",
    run=_run,
    repeats=True,
    flow="loop",
    shape="loop",
    lists=(StepList("steps", "Each item", "each"),),
    output=lambda config: {
        "type": "object",
        "properties": {"count": {"type": "integer"}, "failed": {"type": "integer"}, "failures": {"type": "array"}},
        "additionalProperties": False,
    },
    names=_names,
    faults=_faults,
    does=lambda config: written(config.get("items", "")),
)
