"""control.forEach: the same steps for every item of a list."""

from __future__ import annotations

from typing import Any

from lib.errors import StepFailed
from lib.serialization.strict_json import JsonValue
from lib.steps.step_type import (
    EXPRESSION,
    MAX_LOOP_ITEMS,
    Execution,
    Outcome,
    Step,
    StepType,
    config_object,
    nested_steps,
)


def _run(step: Step, run: Execution) -> Outcome:
    items = _items(step, run)
    failures: list[dict[str, Any]] = []
    for index, item in enumerate(items):
        scope = run.iteration(step.config.get("itemName", "item"), item, index)
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
            f"Step {step.id} got {len(items):,} items; at most {MAX_LOOP_ITEMS:,} are allowed.",
        )
    run.journal.begin(step, {"items": len(items)}, {"items": items})
    return items


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
                "default": "item",
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
    run=_run,
    repeats=True,
    children=("steps",),
)
