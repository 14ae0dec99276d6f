"""A reader calls whatever a page draws, also what is disabled, as a forged message over the websocket would.

What is called is gathered from what is drawn, so a new button, field or dialog is covered by itself. Streamlit discards
what it is told of a disabled widget. Here it does not: what is behind the button has to refuse by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
import streamlit as st
from sqlalchemy import text
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth import members, tokens
from lib.auth.actors import Actor
from lib.catalog import schema_registry
from lib.catalog.definitions import EntryDefinition
from lib.database import Database
from lib.events import saved_cases, unknown_events
from lib.events.judging import SentEvent
from lib.events.simulation import EventDraft
from lib.workflows import own_events
from tests.conftest import ActorFactory
from tests.database.events.test_activity import add
from tests.database.workflows.test_records import EVENT, detach, edit, publish, published
from tests.pages.people.test_matrix import PAGES, plain
from tests.pages.runs.test_runs import add_run
from tests.support import pages

OWN = "OURS_ALONE"
TABS = ("Trigger", "Steps", "Details", "Code", "Dry run", "Versions")
#: Clicks on the way to a button: what a click draws is clicked too.
DEEP = 3
#: What somebody changes about themselves alone, and what the refusal itself leaves.
OWN_TABLES = {"user_preferences", "saved_views", "audit_logs", "audit_links"}  # a view that is shared leaves an act
#: Buttons that a page draws for a reader, by how their names begin: the walk is not to pass by seeing nothing.
REFUSED = {
    # What cards say is pressed is tried in tests/pages/catalog/test_card_grid.py.
    "catalog.py": ("details-attach-", "details-simulate-", "unknown-", "restore-GONE"),
    "event.py": ("own-event-delete", "own-event-deprecate", "define-from-copy", "detach-", "undo-"),
    "activity.py": ("simulate-again",),
    "runs.py": ("retry-run",),
    "designer.py": ("publish", "roll-back-"),
    "workflows.py": ("pause-", "archive-"),
    "schemas.py": ("new-schema",),
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[A-Z][A-Z_]+\b|#[0-9]+")
KINDS = ("button", "checkbox", "toggle", "selectbox", "radio", "text_input", "text_area", "button_group")


@dataclass(frozen=True)
class Widget:
    """One that was drawn: its kind, what tells it from others of the page, and whether and why it is disabled."""

    kind: str
    name: str
    disabled: bool
    refuses: bool

    @property
    def shape(self) -> tuple[str, str, bool]:
        """What it has in common with its like in other rows and on other cards."""
        return self.kind, _ID.sub("*", self.name), self.refuses


@pytest.fixture
def gullible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit takes what it is told of a widget, disabled or not."""
    register = SessionState.register_widget

    def with_all_enabled(self: SessionState, metadata: WidgetMetadata[Any], user_key: str | None) -> Any:
        return register(self, replace(metadata, disabled=False), user_key)

    monkeypatch.setattr(SessionState, "register_widget", with_all_enabled)


@pytest.fixture
def reader(db: Database, new_actor: ActorFactory) -> tuple[Actor, dict[str, UUID]]:
    """A reader in a tenant that has one of everything which could be changed."""
    boss = new_actor("admin", name="Ours")
    workflow, detached, key = published(boss, "Ours"), published(boss, "Detached"), uuid4()
    event = add(db, boss.tenant, {"n": 1}, correlation_key=str(key))
    edit(boss, workflow, description="Other words.")
    publish(boss, workflow)
    edit(boss, workflow, description="A draft.")
    detach(boss, detached, 1)
    run = add_run(db, boss, workflow)
    with db.owner.begin() as conn:
        failed = text("UPDATE workflow_runs SET status = 'FAILED', completed_at = now() WHERE run_id = :r")
        conn.execute(failed, {"r": run})
    with database.write(boss) as conn:
        own_events.create(conn, boss, definition=EntryDefinition(OWN, "Ours alone", category="Own"))
        own_events.create(conn, boss, definition=EntryDefinition("GONE", "Gone", category="Own"))
        own_events.delete(conn, boss, event_type="GONE", expected_version=1)
        schema_registry.register(conn, boss, schemas={"acme.Ours.v1": {"type": "object"}})
        saved_cases.save(conn, boss, name="one", draft=EventDraft(EVENT, {}), expected_workflows=[])
        tokens.create_token(conn, boss, name="Desk", permission="read")
        members.add(conn, boss, email="max@example.com", name="Max", permission="manage")
    unknown_events.count(boss, [SentEvent("NOPE", {}, "/test")])
    ids = {"workflow": workflow, "run": run, "event": event, "key": key}
    return new_actor("read", tenant=boss.tenant, name="Ours"), ids


def addresses(page: str) -> list[dict[str, str]]:
    """The page by itself, what it shows of something, and each of its parts that an address opens."""
    found = [{}, PAGES[page].query] if PAGES[page].query else [{}]
    if page == "designer.py":
        found += [{**PAGES[page].query, "tab": tab.lower()} for tab in TABS]
    if page == "catalog.py":
        found.append({"unknownTypes": "all"})
    if page == "event.py":
        found += [{"eventType": EVENT}, {"eventType": "GONE"}]
    if page == "schemas.py":
        found.append({"ref": "acme.Ours.v1"})
    return found


def snapshot(db: Database, tenant: UUID) -> dict[str, str]:
    """All that the tenant has in the database, a digest a table, beside what is somebody's own."""
    tables = text(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace"
    )
    with db.owner.connect() as conn:
        parts = [
            f"SELECT '{name}' AS name, md5(string_agg(t::text, '|' ORDER BY t::text)) AS digest"
            f" FROM {name} t WHERE tenant = :t"
            for name in conn.execute(tables).scalars()
            if name not in OWN_TABLES
        ]
        assert len(parts) > 20
        digests = {row.name: row.digest for row in conn.execute(text(" UNION ALL ".join(parts)), {"t": tenant})}
        acts = text("SELECT count(*) FROM audit_logs WHERE tenant = :t AND action <> 'act.refused'")
        return {**digests, "acts": str(conn.execute(acts, {"t": tenant}).scalar_one())}


def drawn(app: AppTest) -> dict[Widget, Any]:
    """What the page draws that could be called, by what it is."""
    found: dict[Widget, Any] = {}
    for kind in KINDS:
        for element in app.get(kind):
            said = plain(getattr(element, "help", "") or "")
            refuses = element.disabled and re.search(r"permission; to|only an admin|system workflow", said) is not None
            name = element.key or element.label
            number = sum(one.kind == kind and one.name.partition("#")[0] == name for one in found)
            found[Widget(kind, f"{name}#{number}", element.disabled, refuses)] = element
    return found


def forge(element: Any, kind: str) -> None:
    """What a message would say that a browser does not send: a value for a widget, disabled or not."""
    if kind == "button":
        element._value = True
    elif kind in ("checkbox", "toggle"):
        element._value = not element.value
    elif kind in ("selectbox", "radio"):
        others = [one for one in element.options if one != element.value]
        element._value = others[0] if others else element.value
    elif kind == "button_group":
        element._value = element.options[0] if element._is_single_select else list(element.options[:1])
    else:
        element._value = "forged"


def told(app: AppTest) -> str:
    kinds = ("toast", "error", "warning", "info")
    return plain("\n".join(str(one.value) for kind in kinds for one in app.get(kind)))


def reached(page: str, query: dict[str, str], person: str, path: tuple[Widget, ...]) -> AppTest | None:
    """The page after these have been called one after the other; None if one of them is not drawn there."""
    app = pages.open_page(page, person=person, **query)
    for number, widget in enumerate(path):
        found = drawn(app)
        if widget not in found:
            return None
        # AppTest draws whole pages: what opened a dialog has to be pressed with what is in it.
        openers = [one for one in path[:number] if one.refuses and one in found]
        for one in (*openers, widget):
            forge(found[one], one.kind)
        app.run()
        assert not app.exception, (path, app.exception)
    return app


@pytest.fixture
def led_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that a click led to. They are walked by themselves; AppTest cannot go to one in a callback."""
    found: list[str] = []

    def lead(page: str, *, query_params: object = None) -> None:
        assert page in PAGES
        found.append(page)

    monkeypatch.setattr(st, "switch_page", lead)
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES)
def test_what_a_reader_calls_in_vain_changes_nothing_and_is_said(
    page: str, db: Database, reader: tuple[Actor, dict[str, UUID]], gullible: None, led_to: list[str]
) -> None:
    actor, ids = reader
    person = pages.label_of(actor, "Ours")
    before, refused, answered = snapshot(db, actor.tenant), set[Widget](), set[Widget]()
    for address in addresses(page):
        query = {name: value.format_map(ids) for name, value in address.items()}
        todo: list[tuple[Widget, ...]] = [()]
        seen = set[tuple[str, str, bool]]()
        while todo:
            path = todo.pop()
            led_to.clear()
            app = reached(page, query, person, path)
            if app is None:
                continue
            assert snapshot(db, actor.tenant) == before, f"{path} changed something"
            asked = {one for one in path if one.refuses}
            refused |= asked
            # The sentence may come later: what was refused may ask something first, which is then called too.
            if re.search("you need|only an admin", told(app)) or led_to or (path and waits_for_input(path[-1])):
                answered |= asked
            for one in drawn(app) if len(path) < DEEP else ():
                if one.shape not in seen and (one.kind == "button" or one.disabled):
                    seen.add(one.shape)
                    todo.append((*path, one))
    assert refused == answered, "nothing was said"
    names = {one.name for one in refused}
    assert all(any(name.startswith(wanted) for name in names) for wanted in REFUSED.get(page, ())), names


def waits_for_input(widget: Widget) -> bool:
    """Whether it is disabled for another reason, such as a dialog that is yet to be filled in."""
    return widget.disabled and not widget.refuses
