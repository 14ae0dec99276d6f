"""The demo's trail: what its people did during the month, in agreement with what the month shows."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from lib import database, demo
from lib.auth import acts, audit_chain
from lib.auth.acts import ACTS, Act
from lib.database import Database

NOW = datetime(2026, 6, 17, 15, tzinfo=UTC)
#: Kinds of acts that charts have marks for.
WANTED = (
    acts.WorkflowPublished,
    acts.WorkflowPaused,
    acts.WorkflowResumed,
    acts.WorkflowDetached,
    acts.WorkflowReattached,
    acts.SchemaRegistered,
    acts.EntryDefined,
    acts.TokenCreated,
    acts.TokenRevoked,
    acts.RedactedFieldsChanged,
)


@pytest.fixture(scope="module")
def loaded(module_database: Database) -> Database:
    with module_database.owner.begin() as conn:
        assert demo.load(conn, events=20_000, now=NOW)
    return module_database


@pytest.fixture(autouse=True)
def month(loaded: Database, db: Database) -> None:
    """Every test of this module looks at it."""


def rows(statement: str, **parameters: Any) -> list[Any]:
    with database.operate() as conn:
        return list(conn.execute(text(statement), parameters))


def test_the_trail_of_the_month_is_sound_and_in_order_of_time() -> None:
    with database.operate() as conn:
        verdicts = audit_chain.verify(conn)
    assert [(one.tenant_name, one.fault) for one in verdicts] == [("Blue Harbor MSP", None), ("Northwind IT", None)]
    assert all(one.rows >= 12 for one in verdicts)
    linked = rows(
        "SELECT at, tenant FROM audit_logs JOIN audit_links l USING (tenant, audit_id) ORDER BY tenant, l.number"
    )
    assert linked == sorted(linked, key=lambda one: (str(one.tenant), one.at))
    assert min(one.at for one in linked) == NOW - timedelta(days=demo.DAYS) and max(one.at for one in linked) < NOW
    assert rows("SELECT current_setting('app.now', true)")[0][0] in (None, "")


def test_its_acts_are_those_that_are_declared_by_the_demos_people() -> None:
    done = rows("SELECT a.*, t.name AS tenant_name FROM audit_logs a JOIN tenants t USING (tenant)")
    kinds = Counter(one.action for one in done)
    assert all(kinds[act.action] for act in WANTED)
    during = [one for one in done if one.at > NOW - timedelta(days=demo.DAYS)]
    assert len(during) >= 12
    for one in done:
        act: type[Act] = ACTS[one.action]
        assert one.detail.keys() == set(act.details().values()) and one.target_type == act.target_type
        known = {email for email, *_ in demo.PEOPLE[one.tenant_name]} | {"operator"}
        assert one.email in known
        assert (one.origin, bool(one.address)) == (("command", False) if one.email == "operator" else ("page", True))


def test_what_the_acts_say_is_what_workflows_and_runs_show() -> None:
    """Each run is of the version that was published then, and there is none while its workflow was off."""
    lines = rows(
        "SELECT at, action, target_id, detail FROM audit_logs WHERE target_type = 'workflow' ORDER BY at, audit_id"
    )
    runs = rows("SELECT workflow_id, workflow_version, triggered_at FROM workflow_runs")
    flows = {
        str(one.workflow_id): one
        for one in rows("SELECT workflow_id, published_version, is_paused, trigger FROM workflow_definitions")
    }
    checked = 0
    for workflow, now in flows.items():
        mine = [line for line in lines if line.target_id == workflow]
        for run in [one for one in runs if str(one.workflow_id) == workflow]:
            before = [line for line in mine if line.at <= run.triggered_at]
            assert state(before) == (run.workflow_version, True), (before[-1], run)
            checked += 1
        version, is_on = state(mine)
        assert (now.published_version, now.is_paused) == (version, not is_on) and now.trigger
        versions = rows(
            "SELECT version, published_at FROM workflow_definition_versions WHERE workflow_id = :w ORDER BY 1",
            w=workflow,
        )
        told = [(line.detail["version"], line.at) for line in mine if "version" in line.detail]
        assert [tuple(one) for one in versions] == told
    assert checked > 1000


def state(lines: list[Any]) -> tuple[int, bool]:
    """The version after these lines, and whether events start it."""
    version, attached, paused = 0, True, False
    for line in lines:
        version = line.detail.get("version", version)
        attached = {"workflow.detached": False, "workflow.reattached": True}.get(line.action, attached)
        paused = {"workflow.paused": True, "workflow.resumed": False}.get(line.action, paused)
    return version, attached and not paused


def test_events_of_a_workflow_that_was_off_say_so() -> None:
    paused, detached = rows(
        "SELECT count(*) FILTER (WHERE m.reason = 'paused'), count(*) FILTER (WHERE m.reason = 'no_workflow'"
        " AND e.event_name = 'SURVEY_RESPONSE_RECEIVED')"
        " FROM workflow_event_matches m JOIN workflow_runtime_events e USING (tenant, event_id)"
    )[0]
    assert paused and detached


def test_an_incident_has_its_cause_among_the_acts() -> None:
    """The connector's token is ended a quarter of an hour before the syncs fail; a new one ends that."""
    traffic = yaml.safe_load((demo.FOLDER / "traffic.yaml").read_text(encoding="utf-8"))
    [incident] = [one for one in traffic["incidents"] if one["types"] == ["INTEGRATION_SYNC_FAILED"]]
    begin = NOW - timedelta(days=incident["days_ago"])

    def near(action: str) -> list[Any]:
        found = rows("SELECT at FROM audit_logs WHERE action = :a", a=action)
        return [one for one in found if abs(one.at - begin) < timedelta(hours=6)]

    [ended], [made] = near("api_token.revoked"), near("api_token.created")
    assert timedelta() < begin - ended.at < timedelta(hours=1)
    assert begin + timedelta(hours=incident["hours"]) <= made.at + timedelta(minutes=30)
    tokens = rows("SELECT name, revoked_at, created_at FROM api_tokens WHERE name LIKE 'Sync%' ORDER BY created_at")
    assert [(one.name, one.revoked_at) for one in tokens] == [
        ("Sync connector", ended.at),
        ("Sync connector (new)", None),
    ]
