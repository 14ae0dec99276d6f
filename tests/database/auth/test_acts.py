"""Whatever a person changes is in the audit trail, in the transaction of the change."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text

from lib import database
from lib.auth import downloads, members, saved_views, sessions, tokens
from lib.auth.actors import Actor
from lib.auth.acts import ACTS, sentence
from lib.auth.sessions import SignIn
from lib.catalog import redacted_fields, schema_registry
from lib.catalog.definitions import EntryDefinition
from lib.catalog.interchange import reading
from lib.database import Connection, Database, named_queries
from lib.events import activity, ingestion, saved_cases, simulation, starting, unknown_events
from lib.events.activity import EventFilters
from lib.events.judging import SentEvent
from lib.events.simulation import EventDraft
from lib.runs import records as run_records
from lib.runs import repeating
from lib.runs.repeating import FailedRun
from lib.workflows import backfill, changes, imports, own_events, versions
from tests.conftest import ActorFactory
from tests.database.auth.test_sessions import begin, enter, identity_of, stands
from tests.database.workflows.test_records import EVENT, attach, detach, edit, get, publish, published
from tests.support.tickets import event_ticket
from tests.support.workflow_runs import insert_run

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime.now(UTC)
Call = Callable[[Connection, Actor], Any]
_T = TypeVar("_T")


#: Acts that take the id of what they change, by what makes them ready.
ON_A_TARGET: dict[Callable[[Actor], Call], Callable[[Connection, Actor, Any], Any]] = {}


def _of(prepare: Callable[[Actor], _T], act: Callable[[Connection, Actor, _T], Any]) -> Callable[[Actor], Call]:
    """What to prepare, and the act on what was prepared."""

    def ready(actor: Actor) -> Call:
        target = prepare(actor)
        return lambda conn, who: act(conn, who, target)

    ON_A_TARGET[ready] = act
    return ready


def _attach_existing(actor: Actor) -> Call:
    workflow = get(actor, attach(actor))
    return lambda conn, who: changes.attach_existing(
        conn,
        who,
        workflow_id=workflow.workflow_id,
        event_type="TICKET_UPDATED",
        expected_draft_version=workflow.draft_version,
    )


def _save_draft(actor: Actor) -> Call:
    draft = get(actor, attach(actor))
    return lambda conn, who: changes.save_draft(
        conn,
        who,
        workflow_id=draft.workflow_id,
        definition={**draft.draft, "description": "Other words."},
        expected_draft_version=draft.draft_version,
    )


def _publish(actor: Actor) -> Call:
    workflow = published(actor)
    edit(actor, workflow, description="Other words.")
    version = get(actor, workflow).draft_version
    return lambda conn, who: versions.publish(
        conn, who, workflow_id=workflow, expected_draft_version=version, expected_version=1
    )


def _delete_draft(actor: Actor) -> Call:
    workflow = published(actor)
    seen = edit(actor, workflow, description="Other words.")
    return lambda conn, who: changes.delete_draft(conn, who, workflow_id=workflow, expected_draft_version=seen)


def _two_versions(actor: Actor) -> UUID:
    workflow = published(actor)
    edit(actor, workflow, description="Other words.")
    publish(actor, workflow)
    return workflow


def _detached(actor: Actor) -> UUID:
    workflow = published(actor)
    detach(actor, workflow, 1)
    return workflow


def _replayable(actor: Actor) -> UUID:
    with database.write(actor) as conn:
        ingestion.submit_event(conn, actor, event_type=EVENT, payload={"ticketId": "t"}, origin="live")
    return published(actor)


def _replaying(actor: Actor) -> UUID:
    workflow = _replayable(actor)
    with database.write(actor) as conn:
        _start(conn, actor, workflow)
    return workflow


def _start(conn: Connection, actor: Actor, workflow: UUID) -> Any:
    return backfill.start(
        conn, actor, workflow_id=workflow, since=NOW - timedelta(days=1), now=datetime.now(UTC) + timedelta(seconds=5)
    )


def _archived(actor: Actor) -> UUID:
    workflow = published(actor)
    with database.write(actor) as conn:
        changes.set_archived(conn, actor, workflow_id=workflow, archived=True)
    return workflow


def _run(status: str) -> Callable[[Actor], UUID]:
    def made(actor: Actor) -> UUID:
        workflow = published(actor)
        with database.write(actor) as conn:
            run = insert_run(conn, actor.tenant, workflow)
        if status == "FAILED":
            with database.operate() as conn:
                statement = text("UPDATE workflow_runs SET status = 'FAILED', completed_at = now() WHERE run_id = :r")
                conn.execute(statement, {"r": run})
        return run

    return made


def _failed(run: UUID) -> FailedRun:
    """The run as a page offers it, whether it is there or not."""
    return FailedRun(SimpleNamespace(run_id=run), 0)  # type: ignore[arg-type]


def _event_in_error(actor: Actor) -> UUID:
    """An event whose workflow could not be started, and could be by now."""
    published(actor)
    event = _event(actor)
    with database.operate() as conn:
        keys = {"e": event}
        for statement in (
            "DELETE FROM workflow_runs WHERE trigger_event_id = :e",
            "UPDATE workflow_event_matches SET outcome = 'failed', reason = 'start_failed', run_id = NULL"
            " WHERE event_id = :e",
            "UPDATE workflow_runtime_events SET matched_run_id = NULL, error_message = 'It could not be started.'"
            " WHERE event_id = :e",
        ):
            conn.execute(text(statement), keys)
    return event


def _token(actor: Actor) -> UUID:
    with database.write(actor) as conn:
        tokens.create_token(conn, actor, name="old", permission="read")
    query = text("SELECT token_id FROM api_tokens WHERE tenant = :t AND name = 'old'")
    with database.operate() as conn:
        return UUID(str(conn.execute(query, {"t": actor.tenant}).scalar_one()))


def _member(actor: Actor) -> UUID:
    with database.write(actor) as conn:
        return members.add(conn, actor, email="old@example.com", name="Old", permission="read").user_id


def _case(actor: Actor) -> UUID:
    with database.write(actor) as conn:
        return saved_cases.save(conn, actor, name="one", draft=EventDraft(EVENT, {}), expected_workflows=[])


def _view(*, shared: bool) -> Callable[[Actor], UUID]:
    def made(actor: Actor) -> UUID:
        with database.write(actor) as conn:
            return saved_views.save(conn, actor, page="runs", name="one", parameters=_FAILED, shared=shared)

    return made


def _event(actor: Actor) -> UUID:
    with database.write(actor) as conn:
        sent = ingestion.submit_event(conn, actor, event_type=EVENT, payload={"ticketId": "t"})
    assert sent.event_id is not None
    return sent.event_id


_FAILED = {"runStatus": ["Failed"]}
_OWN = EntryDefinition("OURS", "Ours", category="Own")


def _defined(actor: Actor) -> str:
    with database.write(actor) as conn:
        own_events.create(conn, actor, definition=_OWN)
    return _OWN.event_type


def _with_traffic(actor: Actor) -> str:
    event_type = _defined(actor)
    with database.write(actor) as conn:
        ingestion.submit_event(conn, actor, event_type=event_type, payload={}, origin="live")
    return event_type


def _deleted(actor: Actor) -> str:
    event_type = _defined(actor)
    with database.write(actor) as conn:
        own_events.delete(conn, actor, event_type=event_type, expected_version=1)
    return event_type


def _unknown(actor: Actor) -> UUID:
    unknown_events.count(actor, [SentEvent("NOPE", {}, "/test")])
    return actor.tenant


def _dismissed(actor: Actor) -> UUID:
    _unknown(actor)
    with database.write(actor) as conn:
        unknown_events.dismiss(conn, actor, event_type="NOPE")
    return actor.tenant


def _download(actor: Actor) -> str:
    return event_ticket(actor, EventFilters(origin="live", path="a.b", value="a secret"))


def _sign_in(actor: Actor) -> SignIn:
    begin(identity := identity_of(actor))
    found = stands(identity)
    assert found is not None
    return found


def _end_session(actor: Actor) -> Call:
    member = Actor(actor.tenant, _member(actor), "old@example.com", "read")
    begin(identity := identity_of(member))
    session = enter(member, identity)
    return lambda conn, who: sessions.end(conn, who, session=session)


#: Every function by which a person changes something: how to make it ready, and which act it leaves.
def _import(conn: Connection, who: Actor) -> None:
    document = reading.read({"a.yaml": "event_catalog: 1\nevents: [{event_type: OURS}]"})
    planned = imports.plan(conn, tenant=who.tenant, document=document)
    imports.apply(conn, who, plan=planned, chosen=["event OURS"], source="a.yaml")


RECORDED: dict[tuple[Any, str], Callable[[Actor], Call]] = {
    (changes.create_for_event, "workflow.created"): lambda actor: (
        lambda conn, who: changes.create_for_event(conn, who, event_type=EVENT)
    ),
    (changes.attach_existing, "workflow.attach_drafted"): _attach_existing,
    (changes.save_draft, "workflow.draft_saved"): _save_draft,
    (changes.duplicate, "workflow.duplicated"): _of(
        published, lambda conn, who, w: changes.duplicate(conn, who, workflow_id=w)
    ),
    (changes.delete_draft, "workflow.draft_deleted"): _delete_draft,
    (changes.set_paused, "workflow.paused"): _of(
        published, lambda conn, who, w: changes.set_paused(conn, who, workflow_id=w, paused=True)
    ),
    (changes.set_archived, "workflow.archived"): _of(
        published, lambda conn, who, w: changes.set_archived(conn, who, workflow_id=w, archived=True)
    ),
    (changes.set_archived, "workflow.restored"): _of(
        _archived, lambda conn, who, w: changes.set_archived(conn, who, workflow_id=w, archived=False)
    ),
    (changes.end_backfill, "workflow.backfill_canceled"): _of(
        _replaying, lambda conn, who, w: changes.end_backfill(conn, who, get(who, w), reason="it is a test")
    ),
    (versions.publish, "workflow.published"): _publish,
    (versions.roll_back, "workflow.rolled_back"): _of(
        _two_versions,
        lambda conn, who, w: versions.roll_back(conn, who, workflow_id=w, to_version=1, expected_version=2),
    ),
    (versions.detach, "workflow.detached"): _of(
        published,
        lambda conn, who, w: versions.detach(
            conn, who, workflow_id=w, event_type=EVENT, expected_version=1, expected_changes=False
        ),
    ),
    (versions.undo_detach, "workflow.reattached"): _of(
        _detached, lambda conn, who, w: versions.undo_detach(conn, who, workflow_id=w, detached_version=2)
    ),
    (backfill.start, "workflow.backfill_started"): _of(_replayable, _start),
    (backfill.cancel, "workflow.backfill_canceled"): _of(
        _replaying, lambda conn, who, w: backfill.cancel(conn, who, workflow_id=w)
    ),
    (run_records.cancel, "run.canceled"): _of(
        _run("QUEUED"), lambda conn, who, run: run_records.cancel(conn, who, run_id=run)
    ),
    (repeating.run_again, "run.retried"): _of(
        _run("FAILED"), lambda conn, who, run: repeating.run_again(conn, who, run_id=run)
    ),
    (repeating.run_many_again, "run.retried"): _of(
        _run("FAILED"),
        lambda conn, who, run: repeating.run_many_again(conn, who, chosen=[_failed(run)]),
    ),
    (starting.start_again, "event.started_again"): _of(
        _event_in_error, lambda conn, who, event: starting.start_again(conn, who, event_id=event)
    ),
    (tokens.create_token, "api_token.created"): lambda actor: (
        lambda conn, who: tokens.create_token(conn, who, name="new", permission="read")
    ),
    (tokens.revoke, "api_token.revoked"): _of(
        _token, lambda conn, who, token: tokens.revoke(conn, who, token_id=token)
    ),
    (tokens.revoke_of_person, "api_token.revoked"): _of(
        _token, lambda conn, who, _: tokens.revoke_of_person(conn, who, user_id=who.user_id)
    ),
    (members.add, "member.added"): lambda actor: (
        lambda conn, who: members.add(conn, who, email="new@example.com", name="New", permission="read")
    ),
    (members.change_permission, "member.changed"): _of(
        _member, lambda conn, who, user: members.change_permission(conn, who, user_id=user, permission="manage")
    ),
    (members.remove, "member.removed"): _of(
        _member, lambda conn, who, user: members.remove(conn, who, user_id=user, end_tokens=True)
    ),
    (tokens.change, "api_token.changed"): _of(
        _token, lambda conn, who, token: tokens.change(conn, who, token_id=token, name="old", permission="manage")
    ),
    (tokens.rotate, "api_token.rotated"): _of(
        _token, lambda conn, who, token: tokens.rotate(conn, who, token_id=token, overlap=timedelta(hours=1))
    ),
    (sessions.enter, "session.started"): _of(
        _sign_in,
        lambda conn, who, found: sessions.enter(
            conn, who, sign_in=found, address="203.0.113.7", browser="Firefox on Linux"
        ),
    ),
    (sessions.end, "session.ended"): _end_session,
    (redacted_fields.change, "redacted_fields.changed"): lambda actor: (
        lambda conn, who: redacted_fields.change(conn, who, event_type=EVENT, pointers=["/ticketId"])
    ),
    (own_events.create, "event_type.defined"): lambda actor: (
        lambda conn, who: own_events.create(conn, who, definition=_OWN)
    ),
    (own_events.change, "event_type.changed"): _of(
        _defined,
        lambda conn, who, event: own_events.change(
            conn, who, event_type=event, definition=replace(_OWN, name="Other"), expected_version=1
        ),
    ),
    (own_events.set_status, "event_type.status_changed"): _of(
        _defined,
        lambda conn, who, event: own_events.set_status(conn, who, event_type=event, status="beta", expected_version=1),
    ),
    (own_events.delete, "event_type.deleted"): _of(
        _defined, lambda conn, who, event: own_events.delete(conn, who, event_type=event, expected_version=1)
    ),
    (own_events.delete, "event_type.status_changed"): _of(
        _with_traffic, lambda conn, who, event: own_events.delete(conn, who, event_type=event, expected_version=1)
    ),
    (own_events.restore, "event_type.restored"): _of(
        _deleted, lambda conn, who, event: own_events.restore(conn, who, event_type=event)
    ),
    (unknown_events.dismiss, "event_type.dismissed"): _of(
        _unknown, lambda conn, who, _: unknown_events.dismiss(conn, who, event_type="NOPE")
    ),
    (unknown_events.bring_back, "event_type.brought_back"): _of(
        _dismissed, lambda conn, who, _: unknown_events.bring_back(conn, who, event_type="NOPE")
    ),
    (imports.apply, "catalog.imported"): lambda actor: _import,
    (schema_registry.register, "schema.registered"): lambda actor: (
        lambda conn, who: schema_registry.register(conn, who, schemas={"acme.New.v1": {"type": "object"}})
    ),
    (simulation.send, "event.simulated"): lambda actor: (
        lambda conn, who: simulation.send(conn, who, draft=EventDraft(EVENT, {"ticketId": "t"}))
    ),
    (saved_cases.save, "test_case.saved"): lambda actor: (
        lambda conn, who: saved_cases.save(conn, who, name="new", draft=EventDraft(EVENT, {}), expected_workflows=[])
    ),
    (saved_cases.delete, "test_case.deleted"): _of(
        _case, lambda conn, who, case: saved_cases.delete(conn, who, case_id=case)
    ),
    (saved_views.save, "saved_view.shared"): lambda actor: (
        lambda conn, who: saved_views.save(conn, who, page="runs", name="new", parameters=_FAILED, shared=True)
    ),
    (saved_views.change, "saved_view.changed"): _of(
        _view(shared=True), lambda conn, who, view: saved_views.change(conn, who, view_id=view, name="other")
    ),
    (saved_views.change, "saved_view.withdrawn"): _of(
        _view(shared=True), lambda conn, who, view: saved_views.change(conn, who, view_id=view, shared=False)
    ),
    (saved_views.delete, "saved_view.deleted"): _of(
        _view(shared=True), lambda conn, who, view: saved_views.delete(conn, who, view_id=view)
    ),
    (downloads.begin, "export.started"): _of(
        _download, lambda conn, who, token: downloads.begin(conn, who, ticket=downloads.of_ticket(token))
    ),
    (activity.reveal_payload, "event.payload_revealed"): _of(
        _event,
        lambda conn, who, event: activity.reveal_payload(conn, who, event_id=event, reason="A customer asked."),
    ),
}
# The lines of a whole trail are counted, so nothing else may have written to it.
pytestmark = pytest.mark.own_database

#: Functions that write for a person and record nothing, each with the reason.
UNRECORDED = {
    "lib.auth.preferences.put": "how one's own pages look concerns nobody else",
    "lib.auth.saved_views.set_default": "the same",
    "lib.auth.sessions.end_own": "it records, in several tenants: test_sessions.py looks",
    "lib.auth.members.add_admin": "it records, with the owner's connection: tests of commands and the start look",
    "lib.api.rate_limit.lease": "how many requests a process may let in is nobody's act",
    "lib.catalog.definition_drafts.keep": "a draft is of one tab, and defines nothing",
    "lib.catalog.definition_drafts.drop": "the same",
    "lib.auth.downloads.ticket": "that its file is fetched is an act, not that a link to it is drawn",
    "lib.auth.audit_export.ticket": "the same",
    "lib.catalog.exports.ticket": "the same",
    "lib.events.export.ticket": "the same",
    "lib.events.ingestion.start_recorded": "starting.start_again records it",
    "lib.events.ingestion.submit_event": "the event is its own record: it names who sent it",
    "lib.events.ingestion.submit_events": "the events are their own record",
    "lib.events.submission.record": "it is how submit_event writes the event",
    "lib.events.unknown_events.add": "what was refused is counted, whoever sent it",
    "lib.events.unknown_events.count": "the same in a transaction of its own",
    "lib.workflows.backfill.advance": "a worker carries on what a recorded start began",
}


EACH = pytest.mark.parametrize(("function", "action"), RECORDED, ids=lambda one: getattr(one, "__name__", one))


@EACH
def test_a_change_leaves_one_line_that_tells_it(
    function: Any, action: str, db: Database, new_actor: ActorFactory
) -> None:
    actor = new_actor("admin")
    call = RECORDED[function, action](actor)
    query = text("SELECT * FROM audit_logs ORDER BY audit_id")
    with db.owner.connect() as conn:
        before = conn.execute(query).all()
    with database.write(actor) as conn:
        call(conn, actor)
    with db.owner.connect() as conn:
        *entries, line = conn.execute(query).all()[len(before) :]
    # An import has a line for each entry that it defined, too.
    assert [one.action for one in entries] == (["event_type.defined"] if action == "catalog.imported" else [])
    assert (line.action, line.user_id, line.email) == (action, actor.user_id, actor.email)
    act = ACTS[action]
    assert line.target_type == act.target_type and line.detail.keys() == set(act.details().values())
    said = sentence(line.action, who="Ada", target_id=line.target_id, detail=line.detail)
    assert said.startswith("Ada ") and "…" not in said and "None" not in said


def test_a_change_that_is_rolled_back_leaves_no_line(db: Database, new_actor: ActorFactory) -> None:
    actor = new_actor("admin")
    call = RECORDED[changes.create_for_event, "workflow.created"](actor)
    with pytest.raises(ZeroDivisionError), database.write(actor) as conn:
        call(conn, actor)
        raise ZeroDivisionError
    with db.owner.connect() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM audit_logs").scalar_one() == 0


def test_every_function_that_changes_something_for_a_person_is_in_the_table(db: Database) -> None:
    record = frozenset({"lib.auth.audit:record"})
    writes = _writes(db) - record
    changing = {name for name, node in _functions().items() if _is_public(node) and _reaches(name, writes)}
    tested = {f"{function.__module__}.{function.__name__}" for function, _ in RECORDED}
    # It changes nothing, and is recorded all the same.
    reading = {"lib.events.activity.reveal_payload"}
    assert changing - tested == set(UNRECORDED)
    assert tested - changing == reading
    assert [name for name in tested if not _reaches(name, record)] == []


@cache
def _functions() -> dict[str, ast.FunctionDef]:
    """Every function of the domain by its full name."""
    found = {}
    for path in sorted((ROOT / "lib").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if module.startswith("lib.ui"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found[f"{module}.{node.name}"] = node
    return found


def _is_public(function: ast.FunctionDef) -> bool:
    """Whether others call it in the name of a person."""
    names = [one.annotation for one in [*function.args.args, *function.args.kwonlyargs] if one.annotation]
    return not function.name.startswith("_") and "Actor" in map(ast.unparse, names)


def _writes(db: Database) -> frozenset[str]:
    """Statements (module:name) that change rows, themselves or through a function of the database's."""
    change = "INSERT INTO|UPDATE|DELETE FROM"
    with db.owner.connect() as conn:
        query = text("SELECT proname FROM pg_proc WHERE provolatile = 'v' AND prosrc ~ :change")
        routines = set(conn.execute(query, {"change": change}).scalars())
    found = set()
    for path in (ROOT / "queries").rglob("*.sql"):
        module = f"lib.{path.relative_to(ROOT / 'queries').with_suffix('').as_posix().replace('/', '.')}"
        for name, statement in named_queries.parse(path).items():
            plain = re.sub(r"FOR (NO KEY )?UPDATE|DO UPDATE", "", str(statement))
            calls = set(re.findall(r"\b(\w+)\(", plain))
            if re.search(change, plain) or calls & routines:
                found.add(f"{module}:{name}")
    return frozenset(found)


def _reaches(name: str, goals: frozenset[str]) -> bool:
    """Whether the function, or one that it calls, executes one of the statements."""
    seen, todo = set(), [name]
    while todo:
        one = todo.pop()
        if one in seen or one not in _functions():
            continue
        seen.add(one)
        statements, called = _uses(one)
        if statements & goals:
            return True
        todo += called
    return False


@cache
def _uses(name: str) -> tuple[set[str], tuple[str, ...]]:
    """The statements that a function executes, and the functions of ours that it calls."""
    module, function = name.rpartition(".")[0], _functions()[name]
    imported = _imported(module)
    statements, called = set(), []
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "queries":
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            statements |= {f"{module}:{key}"} if key else _all_of(module)
        elif isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            whole = imported.get(first, f"{module}.{first}")
            called.append(f"{whole}.{rest}" if rest else whole)
    return statements, tuple(called)


@cache
def _all_of(module: str) -> set[str]:
    """All statements of a module, for a name that is only known when the program runs."""
    path = ROOT / "queries" / f"{module.removeprefix('lib.').replace('.', '/')}.sql"
    return {f"{module}:{name}" for name in named_queries.parse(path)} if path.exists() else set()


@cache
def _imported(module: str) -> dict[str, str]:
    path = ROOT / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
