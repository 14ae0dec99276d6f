"""A tenant in which every text that anybody can choose would load an image from a canary, if it were Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from lib import database
from lib.auth import actors
from lib.serialization import strict_json

#: What ends a line for some reader of text or other.
LINE_ENDS = ("\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029")
#: What would end code, code inside a directive, or a directive.
WAYS_OUT = ("`", "``", "]", "\\]", "`]", "**")
EVENT = "HOSTILE_EVENT"
REF = "hostile.v1"


@dataclass(frozen=True)
class Hostile:
    """Ids of what was stored."""

    event: UUID
    run: UUID
    waiting: UUID
    workflow: UUID
    draft: UUID
    event_type: str


def short(canary: str, name: str, way: str = "\n\n") -> str:
    """An image after one way out of code; short enough for what is cut after forty characters."""
    return f"{way}![]({canary.removeprefix('http:')}/{name})"


def evil(canary: str, name: str) -> str:
    """Images after every way out, links in every form, HTML, LaTeX, and what turns text around."""
    ways = [end * 2 for end in LINE_ENDS] + list(WAYS_OUT)
    images = "".join(short(canary, f"{name}-{number}", way) for number, way in enumerate(ways))
    return (
        f"{name}{images} [l]({canary}/{name}-l) <{canary}/{name}-a> {canary}/{name}-u "
        f'<img src="{canary}/{name}-h"> :red[![]({canary}/{name}-d)] $\\href{{{canary}}}{{x}}$ \u202e\\'
    )


def store(canary: str) -> Hostile:
    """Put the tenant and its person, events, runs and workflows into the database."""

    def bad(name: str) -> str:
        return evil(canary, name)

    with database.operate() as conn:
        tenant = actors.add_tenant(conn, name=bad("tenant"))
        person = actors.add_member(conn, tenant=tenant, email=bad("mail"), name=bad("person"), permission="admin")
        workflow, draft = uuid4(), uuid4()
        made = Hostile(uuid4(), uuid4(), uuid4(), workflow, draft, short(canary, "T"))
        put = _Rows(conn, tenant)
        put(
            "api_tokens",
            name=bad("token"),
            token_hash=b"0",
            permission="manage",
            event_types=[bad("type")],
            created_by=person,
        )
        schema = _schema(bad)
        put("payload_schemas", schema_ref=REF, schema=_json(schema))
        put("payload_schemas", schema_ref=bad("ref"), schema=_json(schema))
        sample = {name: bad("value") for name in (*schema["properties"], bad("key"))}
        for event_type, ref in ((EVENT, REF), (made.event_type, bad("unknown"))):
            put(
                "event_catalog",
                event_type=event_type,
                name=bad("event"),
                description=bad("description"),
                category=bad("category"),
                status="active",
                payload_schema_ref=ref,
                example=_json(sample),
                correlation_paths=[bad("path")],
                owner=bad("owner"),
                tags=[bad("tag")],
            )
            put(
                "event_test_cases",
                event_type=event_type,
                name=bad("case"),
                payload=_json(sample),
                correlation_key=bad("k"),
                expected_workflows=[workflow],
                created_by=person,
            )
            put("redacted_fields", event_type=event_type, pointers=[f"/{bad('pointer')}"])
        gone = {"event_type": "GONE", "name": bad("gone"), "category": bad("category"), "description": ""}
        put("event_catalog", **gone, status="draft", updated_by=person, deleted_at=datetime.now(UTC))
        definition = _definition(bad, workflow)
        put(
            "workflow_definitions",
            workflow_id=workflow,
            name=bad("workflow"),
            description=bad("about"),
            status="published",
            trigger=_json(definition["trigger"]),
            payload_schema_ref=REF,
            published_version=2,
            is_system=False,
            created_by=person,
            updated_by=person,
            draft_definition=_json({**definition, "name": bad("changed")}),
        )
        for version in (1, 2):
            put(
                "workflow_definition_versions",
                workflow_id=workflow,
                version=version,
                change_note=bad("note"),
                published_by=person,
                definition_json=_json({**definition, "version": version, "description": f"{version} {bad('about')}"}),
            )
        broken = {**definition, "id": str(draft), "trigger": {"type": "event", "eventName": bad("trigger")}}
        put(
            "workflow_definitions",
            workflow_id=draft,
            name=bad("draft"),
            description=bad("about"),
            updated_by=person,
            draft_definition=_json(broken),
        )
        _put_traffic(put, bad, made, person, sample)
    return made


class _Rows:
    """Inserts rows of one tenant."""

    def __init__(self, conn: database.Connection, tenant: UUID) -> None:
        self._conn, self._tenant = conn, tenant

    def __call__(self, table: str, **row: Any) -> None:
        row = {"tenant": self._tenant, **row}
        values = ", ".join(f":{name}" for name in row)
        self._conn.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)


def _json(value: Any) -> str:
    return strict_json.dumps(value)


def _schema(bad: Any) -> dict[str, Any]:
    plain = {"type": "string", "title": bad("title"), "description": bad("text"), "examples": [bad("example")]}
    return {
        "type": "object",
        "description": bad("whole"),
        "required": ["plain"],
        "properties": {
            "plain": plain,
            bad("property"): plain,
            "few": {"enum": [bad("one"), "two"], "description": bad("few")},
            "many": {"enum": [bad(f"many{number}") for number in range(9)], "default": bad("default")},
            "inner": {"type": "object", "title": bad("inner"), "properties": {bad("deep"): plain}},
            "list": {"type": "array", "items": {"type": "object", "properties": {bad("item"): plain}}},
            "either": {"oneOf": [{"type": "string", "title": bad("left")}, {"type": "integer", "title": bad("right")}]},
        },
    }


def _definition(bad: Any, workflow: UUID) -> dict[str, Any]:
    log = {"action": "log.write", "input": {"message": bad("message")}}
    steps = [
        {"id": "first", "name": bad("step"), "type": "action.call", "config": log},
        {
            "id": "fork",
            "name": bad("fork"),
            "type": "control.if",
            "config": {
                "condition": {"$expr": "true"},
                "then": [
                    {
                        "id": "wait",
                        "name": bad("wait"),
                        "type": "event.wait",
                        "config": {"eventName": EVENT, "key": {"$expr": "'k'"}},
                    }
                ],
                "else": [{"id": bad("id"), "type": "action.call", "config": log}],
            },
        },
    ]
    mapping = {"plain": {"$expr": "event.payload.plain"}, bad("target"): {"$expr": bad("expression")}}
    return {
        "id": str(workflow),
        "version": 2,
        "name": bad("workflow"),
        "description": bad("about"),
        "payloadSchemaRef": REF,
        bad("field"): bad("value"),
        "steps": steps,
        "trigger": {
            "type": "event",
            "eventName": EVENT,
            "sourcePayloadSchemaRef": bad("earlier"),
            "payloadMapping": mapping,
        },
    }


def _put_traffic(put: _Rows, bad: Any, made: Hostile, person: UUID, sample: dict[str, Any]) -> None:
    """Events with their verdicts and matches, a failed and a waiting run."""
    errors = [{"path": f"/{bad('where')}", "message": bad("violation")}]
    for event_id, name in ((made.event, EVENT), (uuid4(), EVENT), (uuid4(), made.event_type)):
        put(
            "workflow_runtime_events",
            event_id=event_id,
            event_name=name,
            source=bad("source"),
            correlation_key=bad("k"),
            payload=_json(sample),
            redacted_payload=_json(sample),
            payload_schema_ref=bad("ref"),
            error_message=bad("error"),
            submitted_by=person,
            schema_ref_conflict=_json({"submitted": bad("sent"), "catalog": bad("listed")}),
            schema_errors=_json({"status": "invalid", "errors": errors}),
        )
        put(
            "event_submissions",
            source=bad("source") + str(event_id),
            submission_id=bad("sender"),
            event_id=event_id,
            content_hash=b"0",
        )
        for number, outcome in enumerate(("failed", "skipped")):
            put(
                "workflow_event_matches",
                event_id=event_id,
                match_no=number,
                workflow_id=made.workflow,
                workflow_version=2,
                outcome=outcome,
                reason="payload_invalid",
                detail=_json(
                    {
                        "message": bad("because"),
                        "error": bad("because"),
                        "errors": errors,
                        "target": bad("target"),
                        "cause": bad("cause"),
                    }
                ),
            )
    for run, status in ((made.run, "FAILED"), (made.waiting, "WAITING")):
        error = _json({"code": bad("code"), "message": bad("failure")}) if status == "FAILED" else None
        put(
            "workflow_runs",
            run_id=run,
            workflow_id=made.workflow,
            workflow_version=2,
            status=status,
            event_type=bad("type"),
            trigger_event_id=made.event,
            correlation_key=bad("k"),
            error_json=error,
            redacted_input_json=_json(sample),
        )
        for path, kind in (("first", "action.call"), (bad("path"), bad("kind"))):
            put(
                "workflow_run_steps",
                run_id=run,
                step_path=path,
                step_type=kind,
                error_json=error,
                status="FAILED" if error else "WAITING",
                input_json=_json(sample),
            )
        put(
            "workflow_run_waits",
            run_id=run,
            step_path=bad("path"),
            wait_type="event",
            event_name=bad("name"),
            key=bad("k"),
            status="WAITING",
        )
