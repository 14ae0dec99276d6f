"""event.wait and time.wait: let go of the worker until an event comes or time has passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from lib.catalog.event_types import LONGEST_KEY, LONGEST_TYPE
from lib.errors import StepFailed
from lib.serialization.strict_json import JsonValue
from lib.steps.execution import MAX_WAIT_SECONDS, Execution, Outcome, Step, Wait
from lib.steps.step_type import EXPRESSION, Config, Schema, StepType, config_object, text_or_expression, written

_WEEK = 7 * 86_400
#: The database keeps an earlier one too, but in some time zones it is of a year before the first, which Python cannot
#: read back.
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)


def _seconds(title: str, description: str, **more: Any) -> Schema:
    return {
        "type": "number",
        "title": title,
        "description": description,
        "exclusiveMinimum": 0,
        "maximum": MAX_WAIT_SECONDS,
        **more,
    }


def _one_field(title: str, name: str, schema: Schema) -> Schema:
    return {"title": title, "properties": {name: schema}, "required": [name], "additionalProperties": False}


def _wait_for_event(step: Step, run: Execution) -> Outcome:
    end = run.journal.waited(step)
    if end is None:
        name = step.config["eventName"]
        key = _key(step, run.evaluate(step.config["correlationKey"]))
        wait = Wait(name, key, seconds=float(step.config.get("timeoutSeconds", _WEEK)))
        run.journal.wait(step, wait, {"eventName": name, "correlationKey": key})
    elif end.timed_out and not _continues(step.config):
        raise StepFailed("timed_out", f"Step {step.said}: no {step.config['eventName']} came in time.")
    return Outcome(end.payload if end else None)


def _key(step: Step, value: JsonValue) -> str:
    if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
        key = str(value)
        if len(key) > LONGEST_KEY:
            raise StepFailed(
                "key_too_long",
                f"The correlation key of step {step.said} has {len(key):,} characters, and no event's key has more "
                f"than {LONGEST_KEY}.",
            )
        return key
    raise StepFailed(
        "no_correlation_key",
        f"The correlation key of step {step.said} must give a text or a whole number, and gives "
        f"{'nothing' if value is None or value == '' else type(value).__name__}.",
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def _continues(config: Config) -> bool:
    return bool(config.get("onTimeout", "fail") == "continue")


def _wait_for_time(step: Step, run: Execution) -> Outcome:
    if run.journal.waited(step) is None:
        if "seconds" in step.config:
            seconds = float(step.config["seconds"])
            run.journal.wait(step, Wait(None, None, seconds=seconds), {"seconds": step.config["seconds"]})
        else:
            until = _instant(step, run.evaluate(step.config["until"]), run)
            run.journal.wait(step, Wait(None, None, until=until), {"until": until.isoformat()})
    return Outcome(None)


def _pause_said(config: Config) -> str | None:
    return f"{written(config['seconds'])} s" if "seconds" in config else written(config.get("until", ""))


def _instant(step: Step, value: JsonValue, run: Execution) -> datetime:
    """The instant an ISO 8601 text names, UTC if it names no offset."""
    try:
        instant = datetime.fromisoformat(value)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        if instant - datetime.now(UTC) > timedelta(seconds=MAX_WAIT_SECONDS):
            raise StepFailed("too_long", f"Step {step.said} would wait until {value}, more than a year.")
        if (in_utc := instant.astimezone(UTC)) >= _EARLIEST:
            return in_utc
    except (TypeError, ValueError, OverflowError):
        pass
    shown = "nothing" if value is None else repr(run.journal.shown(value))[:60]
    raise StepFailed(
        "not_an_instant", f"Step {step.said} waits until an ISO 8601 date and time, but until gives {shown}."
    )


WAIT_FOR_EVENT = StepType(
    type="event.wait",
    label="Wait for event",
    icon=":material/hourglass_top:",
    description="Waits for another event with the same correlation key; its payload is the step's output.",
    config_schema=config_object(
        {
            "eventName": {
                "type": "string",
                "title": "Event",
                "description": "Event type to wait for.",
                "minLength": 1,
                "maxLength": LONGEST_TYPE,
            },
            "correlationKey": text_or_expression(
                "Correlation key", f"The event must carry this key, up to {LONGEST_KEY} characters.", minLength=1
            ),
            "timeoutSeconds": _seconds("Timeout (seconds)", "How long to wait at most.", default=_WEEK),
            "onTimeout": {
                "type": "string",
                "title": "On timeout",
                "description": "Fail the run, or go on without the event.",
                "enum": ["fail", "continue"],
                "default": "fail",
            },
        },
        ["eventName", "correlationKey"],
    ),
    starter={"eventName": "", "correlationKey": {"$expr": "event.correlationKey"}},
    id_stem="wait",
    run=_wait_for_event,
    effect="wait",
    shape="wait",
    needs=frozenset({"correlationKey"}),
    event_fields=("eventName",),
    waits_at_most=lambda config: _number(config.get("timeoutSeconds", _WEEK)),
    does=lambda config: written(config.get("eventName", "")),
)

WAIT_FOR_TIME = StepType(
    type="time.wait",
    label="Wait",
    icon=":material/timer:",
    description="Waits for some time, or until an instant.",
    # Fields of the branches alone: so a form offers one of them, never both.
    config_schema={
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "oneOf": [
            _one_field("For some time", "seconds", _seconds("Seconds", "How long to wait.")),
            _one_field(
                "Until an instant",
                "until",
                {
                    **EXPRESSION,
                    "title": "Until",
                    "description": "An expression that gives the instant, such as 2030-01-31T09:00:00Z.",
                },
            ),
        ],
    },
    starter={"seconds": 60},
    id_stem="pause",
    run=_wait_for_time,
    effect="wait",
    shape="wait",
    needs=frozenset({"until"}),
    waits_at_most=lambda config: _number(config.get("seconds")),
    does=_pause_said,
)
