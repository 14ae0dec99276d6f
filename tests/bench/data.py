"""Events and runs to measure on: 90 days, three tenants of 80, 15 and 5 %, 200 types of which few are busy.

Ours and the reference's rows are the same, in tables of their own with their own indexes.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from lib import database
from lib.auth.actors import Actor
from lib.catalog import system as system_catalog

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
TENANTS = [UUID(int=n) for n in (1, 2, 3)]

# Type n of 200 gets a share of about 1/n; the first 132 carry the names of the system catalog.
_TYPES = """
CREATE TABLE bench.types AS
SELECT n, coalesce((SELECT event_type FROM system_event_catalog ORDER BY md5(event_type) OFFSET n - 1 LIMIT 1),
                   'CUSTOM_' || n) AS event_name,
       sum(1.0 / n) OVER (ORDER BY n) / sum(1.0 / n) OVER () AS upto
FROM generate_series(1, 200) n
"""

# The random numbers are drawn before they are looked up, or every row of a lookup would draw its own.
_EVENTS = """
INSERT INTO workflow_runtime_events
  (tenant, event_id, event_name, origin, source, correlation_key, payload, redacted_payload, payload_schema_ref,
   created_at, processed_at, matched_run_id, error_message)
SELECT ('00000000-0000-0000-0000-00000000000' || CASE WHEN r.a < 0.8 THEN 1 WHEN r.a < 0.95 THEN 2 ELSE 3 END)::uuid,
       gen_random_uuid(), (ARRAY(SELECT event_name FROM bench.types ORDER BY n))[
         width_bucket(r.b, ARRAY(SELECT upto::float FROM bench.types ORDER BY n)) + 1],
       'live', 'bench', 'key-' || (r.c * 100000)::int,
       p.payload, p.payload, 'payload.X.v1', r.at, r.at + interval '12 ms',
       CASE WHEN r.d < 0.6 THEN gen_random_uuid() END, CASE WHEN r.d > 0.99 THEN 'failed' END
FROM (SELECT i, random() a, random() b, random() c, random() d,
             CAST(:now AS timestamptz) - random() * interval '90 days' AS at
      FROM generate_series(1, CAST(:events AS bigint)) i ORDER BY 6) r,
LATERAL (SELECT jsonb_build_object('ticketId', md5(r.i::text), 'note', repeat(md5(r.c::text), 8)) AS payload) p
"""

# What has not ended waits: the engine would take up runs that are said to be running, while the API is measured.
_RUNS = """
INSERT INTO workflow_runs
  (tenant, run_id, workflow_id, workflow_version, status, event_type, trigger_event_id, triggered_at, started_at,
   completed_at)
SELECT e.tenant, e.matched_run_id, w.workflow_id, 1,
       CASE WHEN s.x < 0.95 THEN 'SUCCEEDED' WHEN s.x < 0.99 THEN 'FAILED' ELSE 'WAITING' END,
       e.event_name, e.event_id, e.created_at, e.created_at + interval '50 ms',
       CASE WHEN s.x < 0.99 THEN e.created_at + interval '50 ms' + s.x * s.x * interval '4 s' END
FROM workflow_runtime_events e
JOIN workflow_definitions w ON w.tenant = e.tenant
CROSS JOIN LATERAL (SELECT random() + 0 * e.outcome AS x) s
WHERE e.matched_run_id IS NOT NULL
"""

# The reference: plain tables with one index a column, runs counted by their own start.
_REFERENCE = [
    "CREATE TABLE bench.events AS SELECT tenant, event_id, event_name, correlation_key, payload, payload_schema_ref,"
    " created_at, processed_at, matched_run_id, error_message FROM workflow_runtime_events",
    "ALTER TABLE bench.events ADD PRIMARY KEY (tenant, event_id)",
    "CREATE INDEX ON bench.events (event_name, correlation_key)",
    "CREATE INDEX ON bench.events (created_at)",
    "CREATE INDEX ON bench.events (matched_run_id)",
    "CREATE INDEX ON bench.events (payload_schema_ref)",
    "CREATE TABLE bench.runs AS SELECT tenant, run_id, workflow_id, status, event_type, started_at, completed_at,"
    " updated_at FROM workflow_runs",
    "ALTER TABLE bench.runs ADD PRIMARY KEY (tenant, run_id)",
    "CREATE INDEX ON bench.runs (status)",
    "CREATE INDEX ON bench.runs (event_type)",
    "CREATE INDEX ON bench.runs (workflow_id, status, updated_at)",
]


def prepare(events: int) -> Actor:
    """Make the events unless this folder has them; returns a manager of the biggest tenant."""
    with database.operate() as conn:
        made = conn.execute(text("SELECT to_regclass('bench.size') IS NOT NULL")).scalar_one()
        if made and conn.execute(text("SELECT events FROM bench.size")).scalar_one() != events:
            raise SystemExit("BENCH_DIR holds another number of events; name another folder.")
    if not made:
        _make(events)
    with database.operate() as conn:
        user = conn.execute(text("SELECT user_id FROM users")).scalar_one()
    return Actor(TENANTS[0], user, "bench@example.com", "manage")


def _make(events: int) -> None:
    started = time.monotonic()
    with database.operate() as conn:
        _foundation(conn)
        conn.execute(text(_EVENTS), {"now": NOW, "events": events})
        # Nothing here searches payloads, and indexing these would go on while the app is measured.
        conn.execute(text("TRUNCATE event_payload_pending"))
        _progress(f"{events:,} events", started)
        conn.execute(text(_RUNS))
        for statement in _REFERENCE:
            conn.execute(text(statement))
        conn.execute(text("CREATE TABLE bench.size AS SELECT CAST(:n AS bigint) AS events"), {"n": events})
        _progress("runs and reference tables", started)
    with database.operate_outside_transaction() as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")
        conn.exec_driver_sql("CHECKPOINT")
    _progress("vacuumed", started)


def _foundation(conn: Connection) -> None:
    system_catalog.load(conn)
    conn.execute(text("SELECT setseed(0.42)"))
    for first in range(-4, 2):
        conn.execute(
            text("CALL app_make_event_partition((CAST(:now AS date) + make_interval(months => :m))::date)"),
            {"now": NOW, "m": first},
        )
    for tenant in TENANTS:
        conn.execute(text("INSERT INTO tenants (tenant, name) VALUES (:t, 'Bench ' || :t)"), {"t": tenant})
        conn.execute(
            text("INSERT INTO workflow_definitions (tenant, name, status) VALUES (:t, 'Bench', 'published')"),
            {"t": tenant},
        )
    conn.execute(
        text(
            "WITH u AS (INSERT INTO users (email, name) VALUES ('bench@example.com', 'Bench') RETURNING user_id)"
            " INSERT INTO memberships SELECT CAST(:t AS uuid), user_id, 'manage' FROM u"
        ),
        {"t": TENANTS[0]},
    )
    conn.execute(text("CREATE SCHEMA bench"))
    conn.execute(text(_TYPES))


def _progress(what: str, started: float) -> None:
    print(f"# {what}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
