"""control.if: one of two lists of steps."""

from __future__ import annotations

from lib.errors import StepFailed
from lib.serialization.strict_json import JsonValue
from lib.steps.execution import Execution, Outcome, Step
from lib.steps.step_type import EXPRESSION, StepList, StepType, config_object, nested_steps, written


def _run(step: Step, run: Execution) -> Outcome:
    condition = run.evaluate(step.config["condition"])
    # JSONata gives nothing for a missing field; treating that as false is what its own ?: does.
    if condition is not None and not isinstance(condition, bool):
        raise StepFailed(
            "not_boolean",
            f"The condition of step {step.said} must give true or false, not {type(condition).__name__}; "
            "$boolean(…) turns any value into one.",
        )
    return Outcome({"branch": "then" if condition else "else"}, {"condition": condition})


def _then(step: Step, result: JsonValue, run: Execution) -> None:
    run.run_steps(step.config.get(result["branch"], []), f"{step.path}/")


BRANCH = StepType(
    type="control.if",
    label="If",
    icon=":material/alt_route:",
    description="Runs one list of steps when the condition holds, and another when it does not.",
    config_schema=config_object(
        {
            "condition": {
                **EXPRESSION,
                "title": "Condition",
                "description": "An expression that gives true or false.",
            },
            "then": nested_steps("Then", "Steps to run when the condition is true."),
            "else": nested_steps("Else", "Steps to run when it is false or gives nothing."),
        },
        ["condition", "then"],
    ),
    starter={"condition": {"$expr": "true"}, "then": [], "else": []},
    id_stem="if",
    run=_run,
    then=_then,
    flow="choice",
    shape="choice",
    lists=(StepList("then", "Yes", "yes"), StepList("else", "No", "no")),
    output=lambda config: {
        "type": "object",
        "properties": {"branch": {"enum": ["then", "else"]}},
        "additionalProperties": False,
    },
    does=lambda config: written(config.get("condition", "")),
)
