"""A row or more for every table that holds what people and events gave, for each schema that ever was."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, text

TENANT, OTHER = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"
USER = "00000000-0000-7000-8000-00000000000c"
WORKFLOW, RUN, WAITING = (f"00000000-0000-7000-8000-0000000000{n}" for n in ("d1", "d2", "d3"))
EVENT, LATER = "00000000-0000-7000-8000-0000000000e1", "00000000-0000-7000-8000-0000000000e2"
SIGN_IN = "00000000-0000-7000-8000-0000000000f1"
AT = "2026-11-20T10:00:00+00:00"
SCHEMA = '{"type": "object", "properties": {"n": {"type": "number"}}}'

#: Table and row, in an order in which each finds what it refers to. Columns that a schema does not have are left out.
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("tenants", {"tenant": TENANT, "name": "Acme", "time_zone": "Europe/Berlin"}),
    ("tenants", {"tenant": OTHER, "name": "Other"}),
    ("users", {"user_id": USER, "email": "ada@acme.example", "name": "Ada"}),
    ("memberships", {"tenant": TENANT, "user_id": USER, "permission": "admin"}),
    ("memberships", {"tenant": OTHER, "user_id": USER, "permission": "read"}),
    ("user_preferences", {"tenant": TENANT, "user_id": USER, "name": "view", "value": '{"a": 1.10}'}),
    ("api_tokens", {"tenant": TENANT, "name": "Desk", "permission": "manage", "token_hash": b"\x01" * 32}),
    ("system_payload_schemas", {"schema_ref": "payload.Made.v1", "family": "payload.Made", "schema": SCHEMA}),
    (
        "system_event_catalog",
        {
            "event_type": "MADE",
            "name": "Made",
            "description": "",
            "category": "Own",
            "status": "active",
            "payload_schema_ref": "payload.Made.v1",
        },
    ),
    ("payload_schemas", {"tenant": TENANT, "schema_ref": "payload.Own.v1", "family": "payload.Own", "schema": SCHEMA}),
    (
        "event_catalog",
        {
            "tenant": TENANT,
            "event_type": "OWN",
            "name": "Own",
            "description": "",
            "category": "Own",
            "status": "draft",
            "payload_schema_ref": "payload.Own.v1",
        },
    ),
    (
        "event_catalog",
        {
            "tenant": OTHER,
            "event_type": "INLINE",
            "name": "Inline",
            "description": "",
            "category": "Own",
            "status": "active",
            "payload_schema": SCHEMA,
        },
    ),
    (
        "workflow_definitions",
        {
            "tenant": TENANT,
            "workflow_id": WORKFLOW,
            "name": "Triage",
            "status": "published",
            "trigger": '{"type": "event", "eventName": "OWN"}',
            "published_version": 1,
        },
    ),
    (
        "workflow_definition_versions",
        {"tenant": TENANT, "workflow_id": WORKFLOW, "version": 1, "definition_json": '{"steps": []}'},
    ),
    *[
        (
            "workflow_runtime_events",
            {
                "tenant": TENANT,
                "event_id": event_id,
                "event_name": "OWN",
                "source": "/desk",
                "correlation_key": "k",
                "payload": '{"n": 1.10, "s": "é"}',
                "redacted_payload": '{"n": 1.10, "s": "é"}',
                "created_at": at,
                "matched_run_id": run_id,
            },
        )
        for event_id, run_id, at in ((EVENT, RUN, AT), (LATER, None, "2026-11-21T10:00:00+00:00"))
    ],
    (
        "workflow_event_matches",
        {
            "tenant": TENANT,
            "event_id": EVENT,
            "match_no": 0,
            "workflow_id": WORKFLOW,
            "workflow_version": 1,
            "outcome": "started",
            "reason": "started",
            "run_id": RUN,
        },
    ),
    *[
        (
            "workflow_runs",
            {
                "tenant": TENANT,
                "run_id": run_id,
                "workflow_id": WORKFLOW,
                "workflow_version": 1,
                "status": status,
                "event_type": "OWN",
                "trigger_event_id": EVENT,
                "triggered_at": AT,
                "input_json": '{"n": 1.10}',
                "redacted_input_json": '{"n": 1.10}',
                "started_at": AT,
                "completed_at": AT if status == "SUCCEEDED" else None,
            },
        )
        for run_id, status in ((RUN, "SUCCEEDED"), (WAITING, "WAITING"))
    ],
    (
        "workflow_run_steps",
        {
            "tenant": TENANT,
            "run_id": RUN,
            "step_path": "say",
            "step_type": "action.call",
            "status": "SUCCEEDED",
            "output_json": '{"message": "done"}',
            "completed_at": AT,
        },
    ),
    (
        "workflow_run_waits",
        {
            "tenant": TENANT,
            "run_id": WAITING,
            "step_path": "wait",
            "wait_type": "event",
            "event_name": "OWN",
            "key": "k",
            "timeout_at": "2027-11-21T10:00:00+00:00",
        },
    ),
    ("workflow_run_results", {"tenant": TENANT, "run_id": WAITING, "step_path": "say", "result": '{"a": [1.10]}'}),
    (
        "event_submissions",
        {"tenant": TENANT, "source": "/desk", "submission_id": "1", "event_id": EVENT, "content_hash": b"\x02" * 32},
    ),
    (
        "event_test_cases",
        {
            "tenant": TENANT,
            "event_type": "OWN",
            "name": "Case",
            "payload": '{"n":  1.10}',
            "expected_workflows": [WORKFLOW],
            "created_by": USER,
        },
    ),
    (
        "workflow_backfills",
        {
            "tenant": TENANT,
            "workflow_id": WORKFLOW,
            "event_type": "OWN",
            "since": AT,
            "until": AT,
            "total": 1,
            "status": "done",
            "reasons": "{}",
        },
    ),
    ("redacted_fields", {"tenant": TENANT, "event_type": "OWN", "pointers": ["/s"]}),
    ("unknown_event_types", {"tenant": TENANT, "event_type": "ELSE", "events": 2, "first_at": AT, "last_at": AT}),
    (
        "unknown_event_sources",
        {"tenant": TENANT, "event_type": "ELSE", "source": "/desk", "events": 2, "last_at": AT},
    ),
    (
        "unknown_event_samples",
        {"tenant": TENANT, "event_type": "ELSE", "sample_no": 0, "payload": "{}", "received_at": AT},
    ),
    *[
        (
            "audit_logs",
            {
                "tenant": TENANT,
                "user_id": USER,
                "action": action,
                "target_type": "workflow",
                "target_id": WORKFLOW,
                "detail": '{"was": 1.10}',
                "at": AT,
            },
        )
        for action in ("workflow.publish", "workflow.detach")
    ],
    ("sign_ins", {"sign_in_id": SIGN_IN, "user_id": USER, "proof_hash": b"\x03" * 32}),
    (
        "sessions",
        {
            "sign_in_id": SIGN_IN,
            "tenant": TENANT,
            "user_id": USER,
            "signed_in_at": AT,
            "address": "::1",
            "browser": "Firefox",
        },
    ),
    (
        "saved_views",
        {
            "tenant": TENANT,
            "owner": USER,
            "page": "runs",
            "name": "Éach",
            "folded_name": "éach",
            "parameters": '{"runStatus": ["Failed"]}',
            "is_shared": True,
        },
    ),
]


def fill(conn: Connection) -> None:
    """Insert every row that the tables of this schema can hold, as its owner."""
    known = _columns(conn)
    for table, row in ROWS:
        given = {name: value for name, value in row.items() if name in known.get(table, {})}
        if given:
            casts = ", ".join(f"CAST(:{name} AS {known[table][name]})" for name in given)
            conn.execute(text(f"INSERT INTO {table} ({', '.join(given)}) VALUES ({casts})"), given)


def kept(conn: Connection) -> dict[str, list[dict[str, Any]]]:
    """What the tables of `ROWS` hold, by table."""
    known = _columns(conn)
    return {
        table: [json.loads(row) for row in conn.exec_driver_sql(f"SELECT to_jsonb(t)::text FROM {table} t").scalars()]
        for table in dict.fromkeys(table for table, _ in ROWS)
        if table in known
    }


def _columns(conn: Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    statement = (
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace"
        " AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
    )
    for table, column, kind in conn.exec_driver_sql(statement):
        found.setdefault(table, {})[column] = kind
    return found
