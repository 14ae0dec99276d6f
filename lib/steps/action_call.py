"""action.call: the actions that reach outside the run, with retries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from lib.errors import InvalidInput, StepFailed
from lib.redaction import redact, redact_text
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue
from lib.settings import settings
from lib.steps import egress
from lib.steps.step_type import (
    Execution,
    Outcome,
    Schema,
    Step,
    StepType,
    any_or_expression,
    config_object,
    text_or_expression,
)

log = logging.getLogger(__name__)

_LEVELS = ("debug", "info", "warning", "error")
_LONGEST_BACKOFF_SECONDS = 30.0


def _write_log(step: Step, run: Execution, arguments: Mapping[str, Any]) -> JsonValue:
    message = arguments["message"]
    text = redact_text(message if isinstance(message, str) else strict_json.dumps(redact(message)))
    level = logging.getLevelNamesMapping()[arguments.get("level", "info").upper()]
    # One line whatever the message holds, so that nobody writes a line that looks like another's.
    log.log(level, "Run %s, step %s: %s", run.facts.run_id, step.path, text.replace("\n", "\\n"))
    return {"message": text}


def refusal(config: Any) -> str | None:
    """Why the action of this configuration would be refused whatever a run holds; None where that is not known."""
    if not isinstance(config, dict) or config.get("action") != "http.request":
        return None
    arguments = config.get("input")
    url = arguments.get("url") if isinstance(arguments, dict) else None
    try:
        if isinstance(url, str):
            egress.check(url, policy=_policy())
    except egress.Refused as refused:
        return str(refused)
    return None


def _policy() -> egress.Policy:
    return egress.Policy.parse(settings().egress_allow, private=settings().egress_allow_private)


def _http_request(step: Step, run: Execution, arguments: Mapping[str, Any]) -> JsonValue:
    request = egress.Request(
        method=arguments.get("method", "GET"),
        url=_text(step, "url", arguments["url"]),
        headers={
            **{name: _text(step, f"headers.{name}", value) for name, value in arguments.get("headers", {}).items()},
            # The receiver sees repetitions of one request as such, after a crash or a lost answer too.
            "Idempotency-Key": f"{run.facts.run_id}:{step.path}",
        },
        body=arguments.get("body"),
        timeout_seconds=float(arguments.get("timeoutSeconds", 10)),
    )
    response = egress.send(request, policy=_policy())
    return {"status": response.status, "headers": response.headers, "body": response.body}


def _text(step: Step, field: str, value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    raise StepFailed("invalid", f"Step {step.id}: {field} must give a text, not {type(value).__name__}.")


#: What action.call can call: evaluated input -> output.
ACTIONS: dict[str, Callable[[Step, Execution, Mapping[str, Any]], JsonValue]] = {
    "log.write": _write_log,
    "http.request": _http_request,
}


def _run(step: Step, run: Execution) -> Outcome:
    arguments = run.evaluate(step.config["input"])
    retry = step.config.get("retry", {})
    while True:
        attempt = run.journal.begin(step, arguments)
        try:
            return Outcome(ACTIONS[step.config["action"]](step, run, arguments), arguments)
        except (egress.Refused, InvalidInput) as error:
            raise StepFailed("refused", f"Step {step.id}: {error}") from error
        except egress.Failed as error:
            if not error.passing or attempt >= retry.get("maxAttempts", 3):
                raise StepFailed(error.code, f"Step {step.id}, attempt {attempt}: {error}") from error
        backoff = float(retry.get("backoffSeconds", 1)) * 2 ** (attempt - 1)
        run.journal.pause(min(backoff, _LONGEST_BACKOFF_SECONDS))


def _action(name: str, title: str, description: str, inputs: Schema, required: list[str]) -> Schema:
    """The branch of the configuration's oneOf for one action."""
    return {
        "title": title,
        "description": description,
        "properties": {
            "action": {"const": name},
            "input": {
                "type": "object",
                "title": "Input",
                "description": f"What {name} needs; each field takes a value or an expression.",
                "properties": inputs,
                "required": required,
                "additionalProperties": False,
            },
        },
    }


_LOG_INPUT: Schema = {
    "level": {
        "type": "string",
        "title": "Level",
        "description": "How important the line is.",
        "enum": list(_LEVELS),
        "default": "info",
    },
    "message": text_or_expression("Message", "What to write; secrets in it are redacted."),
}
_HTTP_INPUT: Schema = {
    "method": {
        "type": "string",
        "title": "Method",
        "description": "HTTP method of the request.",
        "enum": ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"],
        "default": "GET",
    },
    "url": text_or_expression("URL", "Where to; its host must be allowed by EGRESS_ALLOW.", minLength=1),
    "headers": {
        "type": "object",
        "title": "Headers",
        "description": "Header names and values.",
        "additionalProperties": text_or_expression("Value", "The header's value."),
    },
    "body": any_or_expression("Body", "Sent as JSON, or as it stands if it is a text."),
    "timeoutSeconds": {
        "type": "number",
        "title": "Timeout (seconds)",
        "description": "How long one attempt may take in all.",
        "exclusiveMinimum": 0,
        "maximum": 30,
        "default": 10,
    },
}
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
        oneOf=[
            _action("log.write", "Write log", "Writes a line to the process log.", _LOG_INPUT, ["message"]),
            _action("http.request", "HTTP request", "Sends one HTTP request.", _HTTP_INPUT, ["url"]),
        ],
    ),
    run=_run,
    continues=lambda config: config.get("onError", "fail") == "continue",
)
