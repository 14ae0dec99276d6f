"""Who sees what on which page. A new page needs an expectation.

Routes of the API and acts have theirs in tests/database/auth/test_matrix.py: what a button does is an act.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

from lib.auth.actors import Actor
from lib.database import Database
from tests.conftest import ActorFactory
from tests.database.events.test_activity import add
from tests.database.workflows.test_records import published
from tests.pages.runs.test_runs import add_run
from tests.support import pages
from tests.support.tenant_catalog import add_entry

OWN_TYPE = "OURS_ALONE"
#: All of it; all of it with nothing to change, and why; why not, and nothing else.
SEEN, READ_ONLY, REFUSED = "seen", "read only", "refused"
EVERYONE = {"read": SEEN, "manage": SEEN, "admin": SEEN}


@dataclass(frozen=True)
class Expected:
    """What people see of a page; `query` is an address of it that names something of a tenant's own."""

    outcomes: dict[str, str] = field(default_factory=lambda: EVERYONE)
    query: dict[str, str] = field(default_factory=dict)


PAGES: dict[str, Expected] = {
    "catalog.py": Expected(query={"eventType": OWN_TYPE}),
    "event.py": Expected(query={"eventType": OWN_TYPE}),
    "metrics.py": Expected(query={"eventType": OWN_TYPE}),
    "simulate.py": Expected(query={"eventType": OWN_TYPE}),  # a reader may preview
    "activity.py": Expected(query={"eventId": "{event}"}),
    "timeline.py": Expected(query={"key": "{key}"}),
    "runs.py": Expected(query={"runId": "{run}"}),
    "designer.py": Expected({"read": READ_ONLY, "manage": SEEN, "admin": SEEN}, {"workflowId": "{workflow}"}),
    "workflows.py": Expected(),
    "settings.py": Expected({"read": REFUSED, "manage": REFUSED, "admin": SEEN}),
    "me.py": Expected(),
    "audit.py": Expected(),
    "schemas.py": Expected(),
    "define.py": Expected({"read": REFUSED, "manage": SEEN, "admin": SEEN}, {"eventType": OWN_TYPE}),
    "import.py": Expected(),
}


@pytest.fixture
def ours(db: Database, new_actor: ActorFactory) -> tuple[Actor, dict[str, UUID]]:
    """An admin, with a workflow, a run and an event; ids by what they are of."""
    boss = new_actor("admin", name="Ours")
    workflow = published(boss, "Only ours")
    key = uuid4()
    run, event = add_run(db, boss, workflow), add(db, boss.tenant, {"n": 1}, correlation_key=str(key))
    return boss, {"workflow": workflow, "run": run, "event": event, "key": key}


def visit(page: str, person: Actor, tenant: str, query: dict[str, str]) -> AppTest:
    app = pages.open_page(page, person=pages.label_of(person, tenant), **query)
    assert app.session_state["person"].user_id == person.user_id
    return app


def texts(app: AppTest, *hidden: str) -> str:
    """All that the page shows, without moments and without what is hidden on purpose."""
    kinds = ("title", "header", "markdown", "caption", "error", "warning", "info", "success", "code", "json")
    parts = [f"{kind}: {one.value}" for kind in kinds for one in app.get(kind)]
    parts += [f"button: {one.label} {one.help} {one.disabled}" for one in app.button]
    parts += [one.value.to_csv() for one in app.dataframe]
    shown = "\n".join(parts)
    for one in hidden:
        shown = shown.replace(one, "ID")
    return re.sub(r"\d{4}-\d\d-\d\d[T ]?(\d\d:\d\d(:\d\d)?)?", "MOMENT", shown)


def test_every_page_has_an_expectation() -> None:
    assert {path.name for path in pages.PAGES.glob("*.py")} - {"shell.py"} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_is_reached_past_the_shell_shows_the_way_in_alone(page: str, new_actor: ActorFactory) -> None:
    new_actor("admin")
    app = AppTest.from_file(str(pages.PAGES / page), default_timeout=60).run()
    assert not app.exception
    assert [one.value for one in app.info] == ["Please enter through the [event catalog](/)."]
    rest = [*app.title, *app.markdown, *app.caption, *app.button, *app.dataframe, *app.get("expander")]
    assert not rest


@pytest.mark.parametrize("page", PAGES)
def test_each_person_sees_of_a_page_what_is_expected(
    page: str, db: Database, ours: tuple[Actor, dict[str, UUID]], new_actor: ActorFactory
) -> None:
    boss, ids = ours
    add_entry(db, boss.tenant, OWN_TYPE, name="Ours alone")
    people = {"admin": boss, **{one: new_actor(one, tenant=boss.tenant, name="Ours") for one in ("read", "manage")}}
    query = {name: value.format_map(ids) for name, value in PAGES[page].query.items()}
    found = {}
    for permission, person in people.items():
        app = visit(page, person, "Ours", query)
        assert not app.error
        for link in app.get("page_link"):
            assert parse_qs(link.proto.query_string)["tenant"] == [str(boss.tenant)], link.proto.label
        refusals = [one for one in app.info if "permission; to" in one.value]
        assert not refusals or f"Ask an admin of Ours ({boss.email})" in plain(refusals[0].value)
        found[permission] = SEEN if not refusals else READ_ONLY if app.main.button else REFUSED
    assert found == PAGES[page].outcomes


def plain(shown: Any) -> str:
    """What a person reads of a Markdown text."""
    return str(shown).replace("\\", "").replace("\N{WORD JOINER}", "")


@pytest.mark.parametrize("page", [page for page, expected in PAGES.items() if expected.query])
def test_what_is_another_tenants_reads_like_what_is_not_there(
    page: str, db: Database, ours: tuple[Actor, dict[str, UUID]], new_actor: ActorFactory
) -> None:
    boss, ids = ours
    stranger = new_actor("admin", name="Theirs")
    query, nothing = PAGES[page].query, str(uuid4())
    missing = texts(
        visit(page, stranger, "Theirs", {k: v.format_map(dict.fromkeys(ids, nothing)) for k, v in query.items()}),
        nothing,
    )
    add_entry(db, boss.tenant, OWN_TYPE, name="Ours alone")
    wanted = {name: value.format_map(ids) for name, value in query.items()}
    foreign = texts(visit(page, stranger, "Theirs", wanted), *map(str, ids.values()))
    assert foreign == missing
    own = texts(visit(page, boss, "Ours", wanted), *map(str, ids.values()))
    assert own != foreign, "the address shows something to whom it belongs"
