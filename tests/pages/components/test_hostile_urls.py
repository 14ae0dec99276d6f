"""No value of any URL parameter breaks a page. Visiting finds pages and parameters, so new ones are held too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.state.query_params import QueryParams
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth import audit_trail
from lib.auth.actors import Actor
from lib.auth.audit_trail import AuditFilters
from lib.database import Database
from tests.conftest import ActorFactory
from tests.database.events.test_activity import START, add
from tests.database.workflows.test_records import published
from tests.pages.runs.test_runs import add_run
from tests.support.hostile_texts import BYTES
from tests.support.pages import SHELL, new_session

PAGES = sorted(p.name for p in Path(SHELL).parent.glob("*.py") if p.name != "shell.py")
# What opens more of a page than its bare address does; {names} are ids of what `seeded` makes.
DEEPER: dict[str, list[dict[str, str]]] = {
    "activity.py": [{"time": "Custom"}, {"eventId": "{event}"}],
    "audit.py": [{"actTime": "Custom"}, {"auditId": "{act}"}],
    "catalog.py": [{"eventType": "TICKET_CREATED"}],
    "define.py": [{"eventType": "TICKET_CREATED"}, {"copy": "TICKET_CREATED"}, {"from": "DEVICE_OFFLINE"}],
    "designer.py": [{"workflowId": "{workflow}"}, {"workflowId": "{workflow}", "tab": "versions"}],
    "event.py": [{"eventType": "TICKET_CREATED"}],
    "metrics.py": [{"range": "Custom", "from": "2026-01-01"}, {"eventType": "TICKET_CREATED"}],
    "runs.py": [{"workflowId": "{workflow}", "runTime": "Custom"}, {"runId": "{run}"}],
    "simulate.py": [{"eventType": "TICKET_CREATED"}],
}
WORST = ("NUL inside", "more digits than int() reads", "cursor after the last year")
OTHERS = [kind for kind in BYTES if kind not in WORST]
TURNS = len(WORST) + 1
VISITS = [(page, query) for page in PAGES for query in ({}, *DEEPER.get(page, []))]


@pytest.fixture
def seeded(db: Database, new_actor: ActorFactory) -> dict[str, str]:
    """An admin's tenant with a workflow, a run, and more events than a page holds; ids by what they are of."""
    actor: Actor = new_actor("admin", name="Acme")
    workflow = published(actor, "Triage")
    run = add_run(db, actor, workflow)
    events = [add(db, actor.tenant, {"n": n}, created_at=START + timedelta(minutes=n)) for n in range(60)]
    with database.read(actor) as conn:
        act = audit_trail.page(conn, actor, filters=AuditFilters()).rows[0]
    return {"workflow": str(workflow), "run": str(run), "event": str(events[0]), "act": str(act.audit_id)}


@contextmanager
def parameters_asked() -> Iterator[set[str]]:
    """Collects the parameters that pages read, or bind to widgets, meanwhile."""
    found: set[str] = set()
    read, bind = QueryParams.__getitem__, QueryParams.bind_widget

    def noted_read(self: QueryParams, key: str) -> str:
        found.add(key)
        return read(self, key)

    def noted_bind(self: QueryParams, param_key: str, *rest: Any, **more: Any) -> None:
        found.add(param_key)
        bind(self, param_key, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QueryParams, "__getitem__", noted_read)
        patch.setattr(QueryParams, "bind_widget", noted_bind)
        yield found


def visit(page: str, query: dict[str, Any]) -> AppTest:
    return new_session(**query).switch_page(page).run()


def asked_by(page: str, query: dict[str, str]) -> list[str]:
    """The parameters that a visit without hostile values asks for."""
    with parameters_asked() as names:
        app = visit(page, query)
    assert not app.exception and not app.error
    return sorted(names)


def kinds_for(number: int) -> list[str]:
    """The worst text, number and place in a list; and of the others one more, another for each parameter."""
    return [*WORST, OTHERS[number % len(OTHERS)]]


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, TURNS))])
@pytest.mark.parametrize(("page", "query"), VISITS, ids=lambda p: p if isinstance(p, str) else "&".join(p))
def test_no_value_of_any_parameter_breaks_a_page(
    page: str, query: dict[str, str], turn: int, seeded: dict[str, str]
) -> None:
    """Each parameter gets one kind of value; after all turns it has got four."""
    good = {name: value.format_map(seeded) for name, value in query.items()}
    names = asked_by(page, good)
    assert {"tenant", *good} <= set(names)
    known = set(asked_by(page, {})) if good else set()
    for number, name in enumerate(names, start=VISITS.index((page, query)) * 7):
        if name in known - set(good):
            continue  # held by the visit without a query
        kinds = kinds_for(number)
        kind = kinds[(number + turn) % len(kinds)]
        app = visit(page, good | {name: BYTES[kind]})
        said = [*app.exception, *(error for error in app.error if "went wrong" in error.value)]
        assert not said, f"{page}?{name}= with {kind}: {said[0].value}"
