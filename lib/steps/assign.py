"""transform.assign: give variables a value."""

from __future__ import annotations

from typing import Any

from lib.serialization.strict_json import JsonValue
from lib.steps.execution import Execution, Outcome, Step
from lib.steps.step_type import Config, Schema, StepType, any_or_expression, config_object

VARIABLE = r"^vars(\.[A-Za-z_][A-Za-z0-9_]*)+$"


def _run(step: Step, run: Execution) -> Outcome:
    assignments: dict[str, Any] = step.config["assign"]
    return Outcome({target: run.evaluate(value) for target, value in assignments.items()})


def _then(step: Step, result: JsonValue, run: Execution) -> None:
    for target, value in result.items():
        run.set_variable(target.removeprefix("vars."), value)


def _assigned(config: Config) -> dict[str, Any]:
    assigned = config.get("assign")
    return assigned if isinstance(assigned, dict) else {}


def _output(config: Config) -> Schema:
    names: Schema = {name: {} for name in _assigned(config)}
    return {"type": "object", "properties": names, "additionalProperties": False}


ASSIGN = StepType(
    type="transform.assign",
    label="Set variables",
    icon=":material/edit_note:",
    description="Gives variables a value that later steps read as vars.name.",
    config_schema=config_object(
        {
            "assign": {
                "type": "object",
                "title": "Variables",
                "description": "Name (vars.name, dots build nested objects) and value of each variable.",
                "propertyNames": {
                    "pattern": VARIABLE,
                    "title": "Variable",
                    "description": "vars. and a name of letters, digits and _",
                },
                "additionalProperties": any_or_expression("Value", "What the variable becomes."),
                "minProperties": 1,
            }
        },
        ["assign"],
    ),
    starter={"assign": {"vars.name": ""}},
    id_stem="set",
    run=_run,
    then=_then,
    output=_output,
    does=lambda config: ", ".join(map(str, _assigned(config))) or None,
    sets=lambda config: [tuple(str(name).split(".")[1:]) for name in _assigned(config)],
)
