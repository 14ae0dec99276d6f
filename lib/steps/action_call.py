"""action.call: the actions that reach outside the run, with retries."""

from __future__ import annotations

from lib.errors import InvalidInput, StepFailed
from lib.steps import egress
from lib.steps.action import Action
from lib.steps.execution import Execution, Outcome, Step
from lib.steps.http_request import HTTP_REQUEST
from lib.steps.log_write import LOG_WRITE
from lib.steps.step_type import Config, ConfigFault, Schema, StepType, config_object

_LONGEST_BACKOFF_SECONDS = 30.0

#: What the step can call, by name, in the order in which a form offers it.
ACTIONS: dict[str, Action] = {action.name: action for action in (LOG_WRITE, HTTP_REQUEST)}


def _run(step: Step, run: Execution) -> Outcome:
    arguments = run.evaluate(step.config["input"])
    retry = step.config.get("retry", {})
    while True:
        attempt = run.journal.begin(step, arguments)
        try:
            return Outcome(ACTIONS[step.config["action"]].run(step, run, arguments), arguments)
        except (egress.Refused, InvalidInput) as error:
            raise StepFailed("refused", f"Step {step.said}: {error}") from error
        except egress.Failed as error:
            if not error.passing or attempt >= retry.get("maxAttempts", 3):
                raise StepFailed(error.code, f"Step {step.said}, attempt {attempt}: {error}") from error
        backoff = float(retry.get("backoffSeconds", 1)) * 2 ** (attempt - 1)
        run.journal.pause(min(backoff, _LONGEST_BACKOFF_SECONDS))


def _refusal(config: Config) -> ConfigFault | None:
    action, arguments = _action(config), config.get("input")
    fault = action.refusal(arguments) if action and isinstance(arguments, dict) else None
    return ConfigFault(("input", *fault.field), fault.message) if fault else None


def _does(config: Config) -> str | None:
    action, arguments = _action(config), config.get("input")
    return action.does(arguments) if action and isinstance(arguments, dict) else None


def _output(config: Config) -> Schema | None:
    action = _action(config)
    return action.output if action else None


def _action(config: Config) -> Action | None:
    name = config.get("action")
    return ACTIONS.get(name) if isinstance(name, str) else None


_RETRY: Schema = {
    "type": "object",
    "title": "Retry",
    "description": "What to do about network errors and answers 429 and 5xx.",
    "properties": {
        "maxAttempts": {
            "type": "integer",
            "title": "Attempts",
            "description": "How often to try in all when the receiver cannot be reached or is busy.",
            "minimum": 1,
            "maximum": 10,
            "default": 3,
        },
        "backoffSeconds": {
            "type": "number",
            "title": "First pause (seconds)",
            "description": "Pause before the second attempt; it doubles for each one after, up to 30.",
            "minimum": 0,
            "maximum": 30,
            "default": 1,
        },
    },
    "additionalProperties": False,
}

ACTION_CALL = StepType(
    type="action.call",
    label="Action",
    icon=":material/bolt:",
    description="Writes a log line or sends an HTTP request.",
    config_schema=config_object(
        {
            "action": {
                "type": "string",
                "title": "Action",
                "description": "What to do.",
                "enum": list(ACTIONS),
            },
            "input": {"type": "object", "title": "Input", "description": "What the action needs."},
            "onError": {
                "type": "string",
                "title": "On error",
                "description": "Fail the run, or go on; steps.<id>.error then says what happened.",
                "enum": ["fail", "continue"],
                "default": "fail",
            },
            "retry": _RETRY,
        },
        ["action", "input"],
        oneOf=[action.branch() for action in ACTIONS.values()],
    ),
    starter={"action": LOG_WRITE.name, "input": LOG_WRITE.starter},
    id_stem="action",
    run=_run,
    effect="act",
    continues=lambda config: config.get("onError", "fail") == "continue",
    output=_output,
    refusal=_refusal,
    does=_does,
    variants=tuple(action.offer() for action in ACTIONS.values()),
)
