"""Two invented tenants with a month of traffic, so that a first look finds something to see.

`load()` runs by itself on a fresh embedded database; an external one gets it only by
`python -m lib.demo`. The history is drawn from a fixed seed: loaded twice at the same hour, it is the same.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from lib import command_line  # noqa: F401 (Python loads this before the command: Ctrl-C meanwhile)
from lib.auth import actors
from lib.database import Connection, driver, named_queries
from lib.demo import arrivals, definitions, history, trail

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent
EVENTS = 200_000
DAYS = 30
PEOPLE: dict[str, list[tuple[str, str, actors.Permission]]] = {
    "Northwind IT": [
        ("ada@northwind.example", "Ada Admin", "admin"),
        ("max@northwind.example", "Max Manager", "manage"),
        ("rae@northwind.example", "Rae Reader", "read"),
    ],
    "Blue Harbor MSP": [
        ("ana@blueharbor.example", "Ana Admin", "admin"),
        ("moe@blueharbor.example", "Moe Manager", "manage"),
        ("rob@blueharbor.example", "Rob Reader", "read"),
    ],
}

queries = named_queries.of(__name__)


def load(conn: Connection, *, events: int = EVENTS, now: datetime | None = None) -> bool:
    """Load the demo unless it is there; returns whether it was loaded. Owner's connection.

    `events` is about how many events the month has. Everything lands in the caller's transaction.
    """
    if conn.execute(queries["is_loaded"]).scalar_one():
        return False
    now = now or datetime.now(UTC)
    settings: dict[str, Any] = yaml.safe_load((FOLDER / "traffic.yaml").read_text(encoding="utf-8"))
    catalog = {row["event_type"]: row for row in conn.execute(queries["catalog"]).mappings()}
    weight = sum(sum(tenant["events"].values()) for tenant in settings["tenants"].values())
    for number, (name, tenant) in enumerate(settings["tenants"].items()):
        since = now - timedelta(days=DAYS)
        trail.set_time(conn, since)  # what the month finds was there when it began
        tenant_id = _people(conn, name, tenant["time_zone"])
        workflows = definitions.publish(conn, tenant=tenant_id, tenant_name=name, now=now)
        trail.write(conn, tenant=tenant_id, time_zone=tenant["time_zone"], workflows=workflows, since=since, now=now)
        share = events * sum(tenant["events"].values()) / weight
        plan = arrivals.Plan(
            tenant_id,
            tenant["time_zone"],
            tenant["events"],
            settings["incidents"],
            settings["drifting"],
            round(share),
            DAYS,
            now,
            number,
        )
        for table, columns, rows in history.tables(plan, catalog, workflows):
            _progress(f"Demo data: {name}, {table.removeprefix('workflow_').replace('_', ' ')} …")
            driver.copy_rows(conn, table, columns, rows)
    _progress("Demo data loaded: two invented tenants, a month of invented traffic.\n")
    return True


def analyze(conn: Connection) -> None:
    """Give the planner and index-only scans what they need after a bulk load; not in a transaction."""
    for table in ("workflow_runtime_events", "workflow_event_matches", "workflow_runs", "workflow_run_steps"):
        conn.exec_driver_sql(f"VACUUM (ANALYZE) {table}")


def _people(conn: Connection, tenant_name: str, time_zone: str) -> UUID:
    tenant = actors.add_tenant(conn, name=tenant_name, time_zone=time_zone, is_demo=True)
    for email, name, permission in PEOPLE[tenant_name]:
        actors.add_member(conn, tenant=tenant, email=email, name=name, permission=permission)
    return tenant


def _progress(line: str) -> None:
    """One line that is overwritten, for whoever watches the first start; lines of the log where nobody does."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + line)
        sys.stderr.flush()
    else:
        log.info("%s", line.strip())
