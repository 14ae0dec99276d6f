"""control.return: end the run with an output."""

from __future__ import annotations

from lib.serialization.strict_json import JsonValue
from lib.steps.execution import Execution, Outcome, Returned, Step
from lib.steps.step_type import StepType, any_or_expression, config_object, written


def _run(step: Step, run: Execution) -> Outcome:
    return Outcome(run.evaluate(step.config.get("output")))


def _then(step: Step, result: JsonValue, run: Execution) -> None:
    raise Returned(result)


RETURN = StepType(
    type="control.return",
    label="Return",
    icon=":material/keyboard_return:",
    description="Ends the run as succeeded, with this output.",
    config_schema=config_object(
        {"output": any_or_expression("Output", "What the run gives back.")},
        [],
    ),
    starter={"output": {"$expr": "payload"}},
    id_stem="return",
    run=_run,
    then=_then,
    flow="end",
    shape="stop",
    does=lambda config: written(config.get("output", "")),
)
