"""log.write: one line in the process log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from lib.serialization import strict_json
from lib.serialization.json_values import printable
from lib.serialization.strict_json import JsonValue
from lib.steps.action import Action
from lib.steps.execution import Execution, Step
from lib.steps.step_type import text_or_expression, written

log = logging.getLogger(__name__)

_LEVELS = ("debug", "info", "warning", "error")


def _run(step: Step, run: Execution, arguments: Mapping[str, Any]) -> JsonValue:
    message = arguments["message"]
    shown = run.journal.shown(message)
    text = shown if isinstance(shown, str) else strict_json.dumps(shown)
    level = logging.getLevelNamesMapping()[arguments.get("level", "info").upper()]
    # Always one line: a message with line ends could forge lines of other runs, and one with ESC rewrite them.
    log.log(level, "Run %s, step %s: %s", run.facts.run_id, step.path, printable(text))
    return {"message": text}


LOG_WRITE = Action(
    name="log.write",
    label="Write log",
    description="Writes a line to the process log.",
    icon=":material/terminal:",
    id_stem="log",
    starter={"message": "Something happened"},
    inputs={
        "level": {
            "type": "string",
            "title": "Level",
            "description": "How important the line is.",
            "enum": list(_LEVELS),
            "default": "info",
        },
        "message": text_or_expression("Message", "What to write; secrets in it are redacted."),
    },
    required=("message",),
    output={"type": "object", "properties": {"message": {"type": "string"}}, "additionalProperties": False},
    run=_run,
    does=lambda arguments: written(arguments.get("message", "")),
)
