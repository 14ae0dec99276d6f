"""POST /api/v2/events takes events in; GET /api/v2/events/{event_id} says what became of one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from lib import database, sandbox, telemetry
from lib.api import cloud_events, problems, request_body
from lib.api.cloud_events import CloudEvent
from lib.api.gate import Caller, TokenRoute
from lib.api.json_response import Json
from lib.api.problems import ApiProblem
from lib.auth import audit
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.database import named_queries
from lib.errors import CatalogError, Conflict, DatabaseUnavailable, NotFound, PermissionDenied, TokenEnded, TookTooLong
from lib.events import ingestion, judging, unknown_events
from lib.events.judging import SentEvent
from lib.events.matching import Match, MatchOutcome
from lib.events.submission import Submission, get_submission
from lib.runs import records as run_records
from lib.runs.records import RunSummary
from lib.serialization import strict_json
from lib.serialization.strict_json import MAX_BYTES

_ACCEPTED, _MULTI_STATUS = 202, 207
#: So many different unknown types of one request are told what they are most like.
_MOST_HINTS = 20
_MAX_BYTES = {"structured": MAX_BYTES, "binary": MAX_BYTES, "batch": 4 * MAX_BYTES}
# Only as we write ids. UUID() would read other spellings too.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

queries = named_queries.of(__name__)


async def post(request: Request, caller: Caller) -> Response:
    """Take in the event, or the batch of events, that the request carries."""
    mode = cloud_events.mode(request_body.content_type(request), request.headers)
    body = await request_body.read(request, max_bytes=_MAX_BYTES[mode])
    if mode == "batch":
        return await _post_batch(body, caller)
    read = partial(cloud_events.structured, body)
    if mode == "binary":
        read = partial(cloud_events.binary, request.headers.raw, body)
    [found] = await caller.run(lambda: _take_in(caller.actor, [read]))
    if isinstance(found, ApiProblem):
        raise found
    answer = _answer(found)
    return Json(answer, _ACCEPTED, {"Location": answer["links"]["self"]})


async def get(request: Request, caller: Caller) -> Response:
    """What became of an event, with its payload redacted and its runs as they are now."""
    event_id = request.path_params["event_id"]
    if not _ID.fullmatch(event_id):
        raise problems.not_found()
    return Json(await caller.run(lambda: _event(caller.actor, UUID(event_id))))


async def _post_batch(body: bytes, caller: Caller) -> Response:
    items = cloud_events.batch(body)
    await caller.spend(max(len(items) - 1, 0))  # the request itself is counted
    reads = [partial(cloud_events.structured, item) for item in items]
    found = await caller.run(lambda: _take_in(caller.actor, reads))
    results = [_result(one) for one in found]
    accepted = not any(isinstance(one, ApiProblem) for one in found)
    return Json({"items": results}, _ACCEPTED if accepted else _MULTI_STATUS)


def _result(found: Submission | ApiProblem) -> dict[str, Any]:
    if isinstance(found, ApiProblem):
        return {"status": found.status, "problem": found.body()}
    return {"status": _ACCEPTED, "event": _answer(found)}


def _take_in(actor: Actor, reads: Sequence[Callable[[], CloudEvent]]) -> list[Submission | ApiProblem]:
    """Read events and submit them; for each what became of it, or its problem, which is counted for /metrics.

    Events of unknown types are counted by themselves, so that somebody may define them.
    """
    read = [_read(one) for one in reads]
    sent = [one for one in read if isinstance(one, SentEvent)]
    with sandbox.within(judging.MOST_SECONDS):  # here, so that halves of a batch that failed share it too
        taken = iter(_submit(actor, sent) if sent else [])
    found = [one if isinstance(one, ApiProblem) else next(taken) for one in read]
    for one in found:
        if isinstance(one, ApiProblem):
            telemetry.event_refused(one.kind)
    unknown = [
        one
        for one, of in zip(read, found, strict=True)
        if isinstance(one, SentEvent) and isinstance(of, ApiProblem) and of.kind == "unknown-event-type"
    ]
    if unknown:
        unknown_events.count(actor, unknown)
    return found


def _read(read: Callable[[], CloudEvent]) -> SentEvent | ApiProblem:
    try:
        event = read()
    except Exception as error:
        return problems.of(error)
    return SentEvent(
        event.type, event.data, event.source, event.id, event.correlation_key, event.schema_ref, is_read=True
    )


def _submit(actor: Actor, sent: Sequence[SentEvent]) -> list[Submission | ApiProblem]:
    """Take events in, in one transaction. If that fails each half has one, until what is wrong costs only itself.

    Where the database is away or too slow, all of them are to be sent again: in halves they would be as slow.
    """
    try:
        with database.write(actor, keep_plans=True) as conn:
            found = ingestion.submit_events(conn, actor, sent)
    except TokenEnded:
        raise
    except Exception as error:
        if len(sent) > 1 and not isinstance(error, (DatabaseUnavailable, TookTooLong)):
            middle = len(sent) // 2
            return _submit(actor, sent[:middle]) + _submit(actor, sent[middle:])
        return [problems.of(error)] * len(sent)
    refused = {one.event_type: of for one, of in zip(sent, found, strict=True) if isinstance(of, PermissionDenied)}
    for of in islice(refused.values(), audit.MOST_REFUSED):
        of.keep()
    unknown = dict.fromkeys(one.event_type for one, of in zip(sent, found, strict=True) if isinstance(of, NotFound))
    nearest = _nearest(actor, list(unknown)) if unknown else {}
    return [
        _problem(one, of, nearest) if isinstance(of, CatalogError) else of for one, of in zip(sent, found, strict=True)
    ]


def _problem(sent: SentEvent, error: CatalogError, nearest: Mapping[str, list[str]]) -> ApiProblem:
    if isinstance(error, NotFound):
        return _unknown_type(sent.event_type, nearest)
    problem = problems.of(error)
    if isinstance(error, (Conflict, PermissionDenied)):
        problem.members["field"] = "id" if isinstance(error, Conflict) else "type"
    return problem


def _unknown_type(event_type: str, known: Mapping[str, list[str]]) -> ApiProblem:
    nearest = known.get(event_type, [])
    hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
    detail = f"type: the catalog has no event {json.dumps(event_type[:200], ensure_ascii=False)}.{hint}"
    return ApiProblem("unknown-event-type", detail, members={"field": "type", "nearest": nearest})


def _nearest(actor: Actor, event_types: Sequence[str]) -> dict[str, list[str]]:
    """The known types that are most like each of these. Looking for them takes longer than taking an event in."""
    with database.read(actor) as conn:
        return {
            event_type: [name for name, _ in entries.nearest(conn, tenant=actor.tenant, event_type=event_type)]
            for event_type in event_types[:_MOST_HINTS]
        }


def _event(actor: Actor, event_id: UUID) -> dict[str, Any]:
    """What the sender of an event was told, and beside it what was sent and how its runs are doing."""
    keys = {"tenant": actor.tenant, "event_id": event_id}
    with database.read(actor) as conn:
        submission = get_submission(conn, **keys)
        sent = conn.execute(queries["sent"], keys).one()
        started = run_records.runs_of_event(conn, **keys)
    return {
        **_answer(submission),
        "id": sent.id,
        "source": sent.source,
        "origin": sent.origin,
        "data": strict_json.loads(sent.data),
        "runs": [_run(run) for run in started],
    }


def _answer(submission: Submission) -> dict[str, Any]:
    """What the sender of an event is told of it, at once and whenever asked again."""
    found: dict[MatchOutcome, list[dict[str, Any]]] = {"started": [], "resumed": [], "skipped": [], "failed": []}
    for match in submission.matches:
        has_run = match.outcome in ("started", "resumed")
        found[match.outcome].append(_workflow(match) | ({"runId": _text(match.run_id)} if has_run else _reason(match)))
    started = {one["workflowId"] for one in found["started"]}  # maybe later, by somebody who saw that it had not
    return {
        "eventId": str(submission.event_id),
        "eventType": submission.event_type,
        "status": submission.status,
        "duplicate": submission.duplicate,
        "createdAt": submission.created_at.isoformat(),
        "correlationKey": submission.correlation_key,
        "schema": {
            "status": submission.schema_status,
            "ref": submission.schema_ref,
            "refConflict": submission.schema_ref_conflict,
            "errors": list(submission.schema_errors),
        },
        "error": submission.error_message,
        "started": found["started"],
        "resumed": found["resumed"],
        "skipped": found["skipped"],
        "failed": [one for one in found["failed"] if one["workflowId"] not in started],
        "links": _links(submission),
    }


def _workflow(match: Match) -> dict[str, Any]:
    return {
        "workflowId": _text(match.workflow_id),
        "workflow": match.workflow_name,
        "version": match.workflow_version,
    }


def _reason(match: Match) -> dict[str, Any]:
    return {"reason": match.reason, "message": match.message, "detail": match.detail}


def _run(run: RunSummary) -> dict[str, Any]:
    return {
        "runId": str(run.run_id),
        "workflowId": str(run.workflow_id),
        "workflow": run.workflow_name,
        "status": run.status,
        "startedAt": run.started_at.isoformat() if run.started_at else None,
        "completedAt": run.completed_at.isoformat() if run.completed_at else None,
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _links(submission: Submission) -> dict[str, str]:
    return {
        "self": f"/api/v2/events/{submission.event_id}",
        "schema": f"/api/v2/catalog/{quote(submission.event_type, safe='')}/schema",
    }


ROUTES = [
    TokenRoute("POST", "/api/v2/events", post, "send", asks_again=True),
    TokenRoute("GET", "/api/v2/events/{event_id}", get, "read"),
]
