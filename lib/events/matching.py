"""Which workflows an event starts, and for every other candidate why not.

Deciding reads and never writes, so a dry run and the real thing decide alike. Each candidate is decided on
its own: whatever is wrong with one never stops another.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID, uuid4

from lib.errors import CatalogError, MappingError
from lib.events.known_schemas import known
from lib.mapping import mapping
from lib.redaction import Redacted
from lib.sandbox import validation
from lib.serialization import strict_json
from lib.serialization.strict_json import JsonValue

log = logging.getLogger(__name__)

MatchOutcome = Literal["started", "resumed", "skipped", "failed"]

#: The reason on the row that says that an event had no candidate.
NO_WORKFLOW = "no_workflow"


@dataclass(frozen=True)
class Reason:
    """Why a candidate did or did not start: in two or three words, and in a sentence; `{}` are facts of the detail."""

    word: str
    sentence: str


#: Every reason there is. Whatever shows one takes its words from here.
REASONS = {
    "started": Reason("Started", "A run was started."),
    "resumed": Reason("Resumed", "A waiting run was resumed."),
    NO_WORKFLOW: Reason("No workflow", "No published workflow is attached to this event, and none waits for it."),
    "paused": Reason("Paused", "The workflow is paused."),
    "no_mapping": Reason(
        "No mapping",
        "The workflow takes {workflowSchemaRef}, the event carries {eventSchemaRef}, "
        "and no mapping leads from one to the other.",
    ),
    "mapping_failed": Reason("Mapping failed", "The mapping of {target} does not work: {cause}"),
    "payload_invalid": Reason(
        "Payload does not fit", "The payload does not fit the workflow's schema at {path}: {cause}"
    ),
    "schema_unknown": Reason("Schema unknown", "The workflow's schema {workflowSchemaRef} is not in the registry."),
    "schema_timed_out": Reason("Schema too slow", "Checking the payload against the workflow's schema took too long."),
    "schema_error": Reason("Schema broken", "The workflow's schema cannot be used: {cause}"),
    "wait_ended": Reason("Wait had ended", "The wait ended by itself a moment before the event came."),
    "start_failed": Reason("Could not start", "The run could not be started: {cause}"),
}


def reason_word(code: str) -> str:
    """The reason in two or three words; the code itself where nothing is known of it."""
    return REASONS[code].word if code in REASONS else code


@dataclass(frozen=True)
class EventFacts:
    """What candidates are decided on.

    `correlation_key` is as people may see it. `schema_ref` is what the payload was judged by, None if unknown.
    """

    event_type: str
    redacted: Redacted
    correlation_key: str | None
    schema_ref: str | None


@dataclass(frozen=True)
class Match:
    """What became, or would become, of one candidate; `workflow_id` is None when there was no candidate.

    `wait_id` is that of the wait which the event ended or was to end, None for a candidate to be started.
    """

    workflow_id: UUID | None
    workflow_name: str | None
    workflow_version: int | None
    outcome: MatchOutcome
    reason: str
    detail: dict[str, Any] = field(default_factory=dict)
    run_id: UUID | None = None
    wait_id: UUID | None = None

    @property
    def tried(self) -> tuple[UUID | None, UUID | None]:
        """What was tried: to start the workflow, or to end a wait of one of its runs."""
        return self.workflow_id, self.wait_id

    @property
    def message(self) -> str:
        """The reason in a sentence."""
        known = REASONS.get(self.reason)
        return known.sentence.format_map(_Facts(self.detail)) if known else self.reason


@dataclass(frozen=True)
class Decision:
    """A candidate's match, with the input that its run gets when it starts."""

    match: Match
    input: JsonValue = None
    redacted_input: JsonValue = None
    mapped: bool = False
    step_path: str | None = None


class _Facts(dict[str, Any]):
    """The facts that a reason's sentence names; what was not recorded reads as “?”."""

    def __missing__(self, key: str) -> str:
        return "the cause was not recorded." if key == "cause" else "?"


NO_CANDIDATE = Decision(Match(None, None, None, "skipped", NO_WORKFLOW))


def decide(event: EventFacts, candidates: Sequence[Mapping[str, Any]]) -> list[Decision]:
    """A decision for each candidate row (see queries/events/judging.sql), in their order."""
    checked: dict[str, validation.SchemaVerdict] = {}
    return [_decide_one(event, candidate, checked) for candidate in candidates]


def resumed(wait: Mapping[str, Any]) -> Decision:
    """The decision for an open wait row: the event ends it."""
    match = Match(
        wait["workflow_id"],
        wait["name"],
        wait["workflow_version"],
        "resumed",
        "resumed",
        {"stepPath": wait["step_path"]},
        wait["run_id"],
        wait["wait_id"],
    )
    return Decision(match, step_path=wait["step_path"])


def failed(decision: Decision, reason: str = "start_failed", error: BaseException | None = None) -> Decision:
    """The decision for a candidate that could not be started or a wait that could not be ended.

    With what people may be told of the error.
    """
    old = decision.match
    outcome: MatchOutcome = "failed" if reason == "start_failed" else "skipped"
    detail = old.detail | ({"cause": cause(error)} if error else {})
    return Decision(replace(old, outcome=outcome, reason=reason, detail=detail, run_id=None))


# psycopg's names of errors that do not last.
_BUSY = {"LockNotAvailable", "QueryCanceled", "DeadlockDetected", "SerializationFailure"}


def cause(error: BaseException | str) -> str:
    """What people may be told of an error, given as itself or as its class: our own sentence, or only the class.

    The text of any other error may hold SQL or values of a payload.
    """
    if isinstance(error, CatalogError):
        return str(error)
    if not isinstance(error, str):
        error = type(getattr(error, "orig", None) or error).__name__  # the database's own, not its wrapper
    what = "the database was too busy" if error in _BUSY else f"an unexpected {error}"
    return (
        f"{what}. “Start now” in the event's record tries again; if that fails too, ask for the server's log of that "
        "time."
    )


def violated(
    redacted: Redacted, payload: JsonValue, violations: Sequence[validation.Violation]
) -> list[dict[str, str]]:
    """Where a payload breaks its schema, as people may see it. An event without data is told so, not of a null."""
    missing = "The event has no data. " if payload is None else ""
    return redacted.errors((v.pointer, missing + v.message) for v in violations)


def _decide_one(
    event: EventFacts, candidate: Mapping[str, Any], checked: dict[str, validation.SchemaVerdict]
) -> Decision:
    def skip(reason: str, **detail: Any) -> Decision:
        return Decision(Match(*_who(candidate), "skipped", reason, detail))

    if candidate["is_paused"]:
        return skip("paused")
    try:
        definition = _definition(candidate["definition"])
        workflow_ref = definition.get("payloadSchemaRef")
        given_mapping = definition["trigger"].get("payloadMapping")
        if given_mapping is None and workflow_ref != event.schema_ref:
            return skip("no_mapping", workflowSchemaRef=workflow_ref, eventSchemaRef=event.schema_ref)
        try:
            payload = _mapped(event, given_mapping)
        except MappingError as error:
            return skip("mapping_failed", target=error.target, cause=event.redacted.sentence(error.cause))
        if candidate["schema"] is None:
            return skip("schema_unknown", workflowSchemaRef=workflow_ref)
        if problem := _problem(candidate["schema"], payload, event.redacted, checked):
            return skip(problem[0], **problem[1])
    except Exception as error:
        of = (candidate["workflow_id"], event.event_type)
        log.error("Deciding on workflow %s for %s failed.", *of, extra={"error": error})
        said = event.redacted.sentence(cause(error))
        return Decision(Match(*_who(candidate), "failed", "start_failed", {"cause": said}))
    # Without a mapping the payload is the event's own. The event's rules have redacted that, and know no other form.
    shown = event.redacted.shown if given_mapping is None else payload
    shown = event.redacted.mask(shown, schema=known(candidate["schema"]).marks)
    match = Match(*_who(candidate), "started", "started", run_id=uuid4())
    return Decision(match, payload, shown, mapped=given_mapping is not None)


def _who(candidate: Mapping[str, Any]) -> tuple[UUID, str, int]:
    return candidate["workflow_id"], candidate["name"], candidate["version"]


@lru_cache(maxsize=256)
def _definition(text: str) -> Mapping[str, Any]:
    """A published definition, read once for the many events that it reacts to. Nobody may change it."""
    definition: Mapping[str, Any] = strict_json.loads(text)
    return definition


def _mapped(event: EventFacts, given_mapping: Mapping[str, JsonValue] | None) -> JsonValue:
    """The workflow's payload; without a mapping, the event's own."""
    if given_mapping is None:
        return event.redacted.payload
    context = mapping.event_context(
        event.event_type,
        event.redacted.payload,
        correlation_key=event.correlation_key,
        payload_schema_ref=event.schema_ref,
    )
    return mapping.apply_mapping(given_mapping, context).payload


def _problem(
    schema: str, payload: JsonValue, redacted: Redacted, checked: dict[str, validation.SchemaVerdict]
) -> tuple[str, dict[str, Any]] | None:
    """Reason and detail of a payload that the workflow's schema does not allow."""
    key = schema + "\n" + strict_json.dumps(payload)  # many workflows of an event share both
    verdict = checked.get(key)
    if verdict is None:
        verdict = checked[key] = known(schema).checker.violations(payload, limit=10)
    if verdict.status == "valid":
        return None
    if verdict.status == "timed_out":
        return "schema_timed_out", {}
    if verdict.status == "schema_error":
        return "schema_error", {"cause": verdict.error}
    errors = violated(redacted, payload, verdict.violations)
    first = errors[0]
    return "payload_invalid", {"path": first["path"] or "the top", "cause": first["message"], "errors": errors}
