"""http.request: one HTTP request to a host that the operator allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.errors import StepFailed
from lib.serialization.strict_json import JsonValue
from lib.settings import settings
from lib.steps import egress
from lib.steps.action import Action
from lib.steps.execution import Execution, Step
from lib.steps.step_type import ConfigFault, any_or_expression, text_or_expression, written

_KEY = "Idempotency-Key"


def _run(step: Step, run: Execution, arguments: Mapping[str, Any]) -> JsonValue:
    request = egress.Request(
        method=arguments.get("method", "GET"),
        url=_text(step, "url", arguments["url"]),
        headers={
            **{
                name: _text(step, f"headers.{name}", value)
                for name, value in arguments.get("headers", {}).items()
                if name.lower() != _KEY.lower()
            },
            # The receiver sees repetitions of one request as such, after a crash or a lost answer too. An author's
            # own key cannot promise that: an expression may give another one at each attempt.
            _KEY: f"{run.facts.run_id}:{step.path}",
        },
        body=arguments.get("body"),
        timeout_seconds=float(arguments.get("timeoutSeconds", 10)),
    )
    response = egress.send(request, policy=_policy())
    return {"status": response.status, "headers": response.headers, "body": response.body}


def _text(step: Step, field: str, value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    raise StepFailed("invalid", f"Step {step.said}: {field} must give a text, not {type(value).__name__}.")


def _refusal(arguments: Mapping[str, Any]) -> ConfigFault | None:
    url = arguments.get("url")
    try:
        if isinstance(url, str):
            egress.check(url, policy=_policy())
    except egress.Refused as refused:
        return ConfigFault(("url",), str(refused))
    return None


def _does(arguments: Mapping[str, Any]) -> str | None:
    url = written(arguments.get("url", ""))
    return f"{arguments.get('method', 'GET')} {url}" if url else None


def _policy() -> egress.Policy:
    return egress.Policy.parse(settings().egress_allow, private=settings().egress_allow_private)


HTTP_REQUEST = Action(
    name="http.request",
    label="HTTP request",
    description="Sends one HTTP request.",
    icon=":material/http:",
    id_stem="request",
    starter={"method": "POST", "url": "", "body": {"$expr": "payload"}},
    inputs={
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
            "description": f"Header names and values. {_KEY} is always the run's own.",
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
    },
    required=("url",),
    output={
        "type": "object",
        "properties": {"status": {"type": "integer"}, "headers": {"type": "object"}, "body": {}},
        "additionalProperties": False,
    },
    run=_run,
    refusal=_refusal,
    does=_does,
)
