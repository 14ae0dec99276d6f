"""The audit trail cannot be bent unnoticed: each row is chained to the one before, and checkpoints hold the end."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from uuid import UUID

import pytest
from alembic import command as alembic
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from lib import database
from lib.auth import acts, audit, audit_chain
from lib.auth.actors import Actor
from lib.auth.audit_chain import Checkpoint, TrailVerdict
from lib.database import Database
from lib.errors import ConfigurationError, InvalidInput, NotFound
from lib.operations import startup
from lib.operations.upkeep import Upkeep
from lib.settings import Settings
from lib.telemetry import context, logs
from tests.conftest import ActorFactory, add_person
from tests.support import postgresql15

own_database = pytest.mark.own_database

ROOT = Path(__file__).resolve().parents[3]
ROWS = 8


def act(actor: Actor, number: int = 1, *, name: str = "Ünïcode “x” \\ \U0001f600") -> None:
    for n in range(number):
        with database.write(actor) as conn:
            audit.record(conn, actor, acts.WorkflowPaused(target_id=f"w-{n}", name=name))


def verify(checkpoints: list[Checkpoint] | None = None) -> list[TrailVerdict]:
    with database.operate() as conn:
        return audit_chain.verify(conn, checkpoints=checkpoints or [])


def fault(actor: Actor, checkpoints: list[Checkpoint] | None = None) -> str | None:
    return verdict(actor, checkpoints).fault


def verdict(actor: Actor, checkpoints: list[Checkpoint] | None = None) -> TrailVerdict:
    with database.operate() as conn:
        [found] = audit_chain.verify(conn, tenant_name=str(actor.tenant), checkpoints=checkpoints or [])
    return found


def checkpoints() -> list[Checkpoint]:
    with database.operate() as conn:
        return audit_chain.checkpoint(conn)


def ids(db: Database, actor: Actor) -> list[UUID]:
    """The rows of a tenant by their number, from number 1 on."""
    statement = text("SELECT audit_id FROM audit_links WHERE tenant = :t ORDER BY number")
    with db.owner.connect() as conn:
        return list(conn.execute(statement, {"t": actor.tenant}).scalars())


def bend(db: Database, *statements: str, **parameters: object) -> None:
    """What an owner can do who has switched off all triggers."""
    with db.owner.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            conn.execute(text(statement), parameters)


def rewrite_from(conn: Connection, actor: Actor, number: int) -> None:
    """Give all links from this number on the hash that their rows and the links before them have now."""
    previous = b""
    if number > 1:
        statement = text("SELECT hash FROM audit_links WHERE tenant = :t AND number = :n")
        previous = conn.execute(statement, {"t": actor.tenant, "n": number - 1}).scalar_one()
    for link in conn.execute(audit_chain.queries["chain"], {"tenant": actor.tenant}).all():
        if link.number >= number:
            previous = hashlib.sha256(previous + link.content.encode()).digest()
            statement = text("UPDATE audit_links SET hash = :h WHERE tenant = :t AND number = :n")
            conn.execute(statement, {"h": previous, "t": actor.tenant, "n": link.number})


@pytest.fixture
def other(db: Database, new_actor: ActorFactory) -> Actor:
    """Someone of another tenant, with a trail of eight rows."""
    made = new_actor("admin", name="Other")
    act(made, ROWS)
    return made


@pytest.fixture
def actor(db: Database, other: Actor, new_actor: ActorFactory) -> Actor:
    """Someone with a trail of eight rows, beside another tenant's."""
    made = new_actor("admin", name="One")
    act(made, ROWS)
    assert [fault(one, checkpoints()) for one in (made, other)] == [None, None]
    return made


def columns(db: Database) -> list[str]:
    statement = "SELECT attname FROM pg_attribute WHERE attrelid = 'audit_logs'::regclass AND attnum > 0"
    with db.owner.connect() as conn:
        return list(conn.exec_driver_sql(statement).scalars())


# What another value of a column can be.
ALTERED = {
    "tenant": "CAST(:other AS uuid)",
    "audit_id": "app_uuidv7()",
    "at": "at - interval '1 microsecond'",
    "user_id": "NULL",
    "email": "email || ' '",
    "action": "'workflow.resumed'",
    "target_type": "'run'",
    "target_id": "'w-100'",
    "detail": 'detail || \'{"name": "Other"}\'',
    "origin": "'engine'",
    "address": "'192.0.2.1'",
}


@pytest.mark.parametrize("column", ALTERED)
def test_a_row_altered_in_any_column_is_named(column: str, db: Database, actor: Actor, other: Actor) -> None:
    assert set(ALTERED) == set(columns(db)), "each column is chained"
    row = ids(db, actor)[4]
    bend(db, f"UPDATE audit_logs SET {column} = {ALTERED[column]} WHERE audit_id = :row", row=row, other=other.tenant)
    found = fault(actor)
    assert found and found.startswith(f"row 5 ({row}) ")
    assert ("is missing" in found) == (column in ("tenant", "audit_id"))


def _delete_row(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(db, "DELETE FROM audit_logs WHERE audit_id = :row", row=row)
    return f"row 5 ({row}) is missing"


def _delete_row_and_link(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(db, "DELETE FROM audit_logs WHERE audit_id = :row", "DELETE FROM audit_links WHERE audit_id = :row", row=row)
    return "rows are missing from number 5 to number 5"


def _delete_and_renumber(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    _delete_row_and_link(db, one, other, row)
    bend(
        db,
        *[f"UPDATE audit_links SET number = {n} WHERE number = {n + 1} AND tenant = :t" for n in (5, 6, 7)],
        t=one.tenant,
    )
    return f"row 5 ({ids(db, one)[4]}) was altered"


def _insert_unlinked(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(
        db,
        "INSERT INTO audit_logs (audit_id, tenant, at, user_id, email, action, target_type, target_id)"
        " SELECT CAST('00000000-0000-7000-8000-000000000000' AS uuid), tenant, at, user_id, email, action, 'run', 'x'"
        " FROM audit_logs WHERE audit_id = :row",
        row=row,
    )
    return "row 00000000-0000-7000-8000-000000000000 was inserted beside the chain"


def _insert_linked(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    _insert_unlinked(db, one, other, row)
    bend(
        db,
        *[f"UPDATE audit_links SET number = {n + 1} WHERE number = {n} AND tenant = :t" for n in (8, 7, 6)],
        "INSERT INTO audit_links VALUES (:t, 6, '00000000-0000-7000-8000-000000000000', sha256('guessed'))",
        t=one.tenant,
    )
    return "row 6 (00000000-0000-7000-8000-000000000000) was altered"


def _swap_links(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(
        db,
        "UPDATE audit_links SET number = number + 100 WHERE number IN (5, 6) AND tenant = :t",
        "UPDATE audit_links SET number = CASE number WHEN 105 THEN 6 ELSE 5 END WHERE number > 100 AND tenant = :t",
        t=one.tenant,
    )
    return f"row 5 ({ids(db, one)[4]}) was altered"


def _swap_contents(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(
        db,
        "UPDATE audit_logs a SET target_id = b.target_id FROM audit_logs b"
        " WHERE a.audit_id IN (:row, :next) AND b.audit_id IN (:row, :next) AND a.audit_id <> b.audit_id",
        row=row,
        next=ids(db, one)[5],
    )
    return f"row 5 ({row}) was altered"


def _swap_audit_ids(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    spare = UUID(int=1)
    for old, new in ((row, spare), (ids(db, one)[5], row), (spare, ids(db, one)[5])):
        bend(db, "UPDATE audit_logs SET audit_id = :new WHERE audit_id = :old", old=old, new=new)
    return f"row 5 ({row}) was altered"


def _truncate_rows(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    first = ids(db, one)[0]
    bend(db, "TRUNCATE audit_logs")
    return f"row 1 ({first}) is missing"


def _truncate_links(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    first = ids(db, one)[0]
    bend(db, "TRUNCATE audit_links")
    return f"row {first} was inserted beside the chain"


def _renumber(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(db, "UPDATE audit_links SET number = number + 1000 WHERE number > 4 AND tenant = :t", t=one.tenant)
    return "rows are missing from number 5 to number 1004"


def _cut_the_head(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(
        db,
        "DELETE FROM audit_logs a USING audit_links l WHERE l.audit_id = a.audit_id AND number < 5 AND l.tenant = :t",
        "DELETE FROM audit_links WHERE number < 5 AND tenant = :t",
        t=one.tenant,
    )
    return "rows are missing from number 1 to number 4"


def _twice(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(
        db,
        "ALTER TABLE audit_links DROP CONSTRAINT audit_links_pkey, DROP CONSTRAINT audit_links_audit_key",
        "INSERT INTO audit_links SELECT * FROM audit_links WHERE number = 5 AND tenant = :t",
        t=one.tenant,
    )
    return "number 5 is there more than once"


def _another_hash(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(db, "UPDATE audit_links SET hash = sha256(hash) WHERE audit_id = :row", row=row)
    return f"row 5 ({row}) was altered"


def _rows_of_another_tenant(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    bend(
        db,
        "UPDATE audit_logs SET tenant = :t WHERE audit_id = :moved",
        t=one.tenant,
        moved=(moved := ids(db, other)[2]),
    )
    assert fault(other) == f"row 3 ({moved}) is missing", "the tenant that lost it, too"
    return f"row {moved} was inserted beside the chain"


def _chain_of_another_tenant(db: Database, one: Actor, other: Actor, row: UUID) -> str:
    """The whole trail of one tenant in place of the other's."""
    bend(
        db,
        "DELETE FROM audit_logs WHERE tenant = :t",
        "DELETE FROM audit_links WHERE tenant = :t",
        "UPDATE audit_logs SET tenant = :t WHERE tenant = :other",
        "UPDATE audit_links SET tenant = :t WHERE tenant = :other",
        t=one.tenant,
        other=other.tenant,
    )
    return f"row 1 ({ids(db, one)[0]}) was altered"


WAYS = [
    _delete_row,
    _delete_row_and_link,
    _delete_and_renumber,
    _insert_unlinked,
    _insert_linked,
    _swap_links,
    _swap_contents,
    _swap_audit_ids,
    pytest.param(_truncate_rows, marks=own_database),
    pytest.param(_truncate_links, marks=own_database),
    _renumber,
    _cut_the_head,
    pytest.param(_twice, marks=own_database),
    _another_hash,
    _rows_of_another_tenant,
    _chain_of_another_tenant,
]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_tampering_is_found(
    way: Callable[[Database, Actor, Actor, UUID], str], db: Database, actor: Actor, other: Actor
) -> None:
    expected = way(db, actor, other, ids(db, actor)[4])
    assert (fault(actor) or "sound").startswith(expected)


def test_rows_past_a_fault_do_not_hide_it(db: Database, actor: Actor) -> None:
    bend(db, "UPDATE audit_logs SET email = 'x' WHERE audit_id = :row", row=ids(db, actor)[4])
    act(actor, 3)
    assert (fault(actor) or "").startswith("row 5 (")


def test_a_tail_rewritten_with_right_hashes_is_found_by_a_checkpoint(db: Database, actor: Actor) -> None:
    early = [Checkpoint(actor.tenant, 3, _hash(db, actor, 3), "2026-01-01")]
    held = early + checkpoints()
    with db.owner.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.execute(text("UPDATE audit_logs SET email = 'x' WHERE audit_id = :r"), {"r": ids(db, actor)[4]})
        rewrite_from(conn, actor, 5)
    assert fault(actor) is None, "the chain alone cannot know"
    found = fault(actor, held)
    assert found and found.startswith("rows were rewritten between number 4 and number 8: number 8 has another hash")


@pytest.mark.parametrize("cut", [5, 1])
def test_a_tail_that_was_cut_is_found_by_a_checkpoint(cut: int, db: Database, actor: Actor) -> None:
    held = checkpoints()
    bend(
        db,
        "DELETE FROM audit_logs a USING audit_links l WHERE l.audit_id = a.audit_id AND number >= :n AND l.tenant = :t",
        "DELETE FROM audit_links WHERE number >= :n AND tenant = :t",
        n=cut,
        t=actor.tenant,
    )
    assert fault(actor) is None, "the chain alone cannot know"
    assert (fault(actor, held) or "").startswith(f"rows are missing from number {cut}: the checkpoint of ")
    act(actor, ROWS)
    assert (fault(actor, held) or "").startswith("rows were rewritten between number 1 and number 8")


@own_database
def test_an_old_dump_that_was_restored_is_found_by_a_checkpoint(db: Database, actor: Actor) -> None:
    bend(
        db,
        "CREATE TABLE old_logs AS SELECT * FROM audit_logs",
        "CREATE TABLE old_links AS SELECT * FROM audit_links",
    )
    act(actor, 2)
    held = checkpoints()
    bend(
        db,
        "TRUNCATE audit_logs, audit_links",
        "INSERT INTO audit_logs SELECT * FROM old_logs",
        "INSERT INTO audit_links SELECT * FROM old_links",
    )
    assert fault(actor) is None
    assert (fault(actor, held) or "").startswith("rows are missing from number 9: ")


@own_database
def test_a_tenant_that_is_gone_is_found_by_its_checkpoint(db: Database, actor: Actor) -> None:
    gone = Checkpoint(UUID(int=7), 2, "00" * 32, "2026-01-01")
    found = {one.tenant_name: one.fault for one in verify([gone, *checkpoints()])}
    assert (found[str(UUID(int=7))] or "").startswith("rows are missing from number 1: ")
    assert found["One"] is None and found["Other"] is None


def _hash(db: Database, actor: Actor, number: int) -> str:
    statement = text("SELECT encode(hash, 'hex') FROM audit_links WHERE tenant = :t AND number = :n")
    with db.owner.connect() as conn:
        return str(conn.execute(statement, {"t": actor.tenant, "n": number}).scalar_one())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_links VALUES (app_tenant(), 9, app_uuidv7(), sha256('x'))",
        "UPDATE audit_links SET hash = 'x'",
        "DELETE FROM audit_links",
        "TRUNCATE audit_links",
        "ALTER TABLE audit_logs DISABLE TRIGGER link",
        "SET session_replication_role = replica",
        "SELECT app_append_audit_link(a) FROM audit_logs a",
        "DROP TRIGGER link ON audit_logs",
    ],
)
def test_the_applications_role_writes_no_links(statement: str, db: Database, actor: Actor) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), database.write(actor) as conn:
        conn.exec_driver_sql(statement)
    if statement.startswith(("UPDATE", "DELETE", "TRUNCATE")):
        with pytest.raises(DBAPIError, match="audit_links is append-only"), db.owner.begin() as conn:
            conn.exec_driver_sql(statement)
    assert fault(actor) is None


def test_what_is_rolled_back_leaves_no_link(db: Database, actor: Actor) -> None:
    with database.write(actor) as conn:
        audit.record(conn, actor, acts.WorkflowPaused(target_id="kept", name="x"))
        with pytest.raises(ZeroDivisionError), conn.begin_nested():
            audit.record(conn, actor, acts.WorkflowPaused(target_id="not kept", name="x"))
            raise ZeroDivisionError
        with conn.begin_nested():
            audit.record(conn, actor, acts.WorkflowPaused(target_id="kept too", name="x"))
    with pytest.raises(ZeroDivisionError), database.write(actor) as conn:
        audit.record(conn, actor, acts.WorkflowPaused(target_id="never", name="x"))
        raise ZeroDivisionError
    found = verdict(actor, checkpoints())
    assert (found.rows, found.fault) == (ROWS + 2, None)


@own_database
def test_many_rows_of_several_tenants_in_one_statement(db: Database, actor: Actor) -> None:
    statement = (
        "INSERT INTO audit_logs (tenant, at, action, target_type, target_id)"
        " SELECT tenant, now() - n * interval '1 minute', 'a', 'b', n::text FROM tenants, generate_series(1, 500) n"
    )
    with db.owner.begin() as conn:
        conn.exec_driver_sql(statement)
    assert [(one.rows, one.fault) for one in verify(checkpoints())] == [(ROWS + 500, None)] * 2


def test_whatever_a_session_has_set_the_hash_is_the_same(db: Database, actor: Actor) -> None:
    for setting in (
        "TimeZone = 'Asia/Kolkata'",
        "DateStyle = 'German'",
        "bytea_output = 'escape'",
        "row_security = on",
    ):
        with database.write(actor) as conn:
            conn.exec_driver_sql(f"SET LOCAL {setting}")
            audit.record(conn, actor, acts.WorkflowPaused(target_id="w", name=setting))
    with database.write(actor) as conn:
        conn.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        audit.record(conn, actor, acts.WorkflowPaused(target_id="w", name="at once"))
        audit.record(conn, actor, acts.WorkflowPaused(target_id="w", name="at once, too"))
    assert fault(actor) is None


def test_acts_at_the_same_time_make_one_chain(db: Database, actor: Actor) -> None:
    """Two hold a row of each other's tenants' making while they act: neither waits for the chain before it commits."""
    first, second = database.write(actor), database.write(actor)
    one, two = first.__enter__(), second.__enter__()
    for conn in (one, two, one, two):
        audit.record(conn, actor, acts.WorkflowPaused(target_id="w", name="interleaved"))
    second.__exit__(None, None, None)
    first.__exit__(None, None, None)
    threads = [threading.Thread(target=act, args=(actor, 20)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verdict(actor, checkpoints())
    assert (found.rows, found.fault) == (ROWS + 4 + 120, None)


def test_without_a_login_of_its_own_acts_are_chained_too(db: Database, actor: Actor) -> None:
    database.use(Database(db.owner, db.owner, False, 5000, None))
    act(actor, 3)
    found = verdict(actor, checkpoints())
    assert (found.rows, found.fault) == (ROWS + 3, None)


def test_verifying_holds_a_batch_at_a_time(db: Database, actor: Actor) -> None:
    with db.owner.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO audit_logs (tenant, action, target_type, target_id, detail)"
                " SELECT :t, 'a', 'b', n::text, jsonb_build_object('x', repeat('x', 3000))"
                " FROM generate_series(1, 10000) n"
            ),
            {"t": actor.tenant},
        )
    tracemalloc.start()
    try:
        found = verdict(actor)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.rows, found.fault) == (ROWS + 10_000, None)
    assert peak < 15_000_000, "30 MB of rows"


FORMATTERS = [logs.TextLines(), logs.JsonLines()]


def logged(formatter: logging.Formatter, message: str, *, logger: str = "lib.operations.upkeep") -> str:
    """A line of the log as the formatter writes it."""
    return formatter.format(logging.LogRecord(logger, logging.INFO, __file__, 1, "%s", (message,), None))


@pytest.mark.parametrize("formatter", FORMATTERS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(
    ("logger", "before"),
    [
        ("streamlit.auth", "OAuth error: "),
        ("lib.steps.log", "Audit checkpoint "),
        ("lib.steps.log", ""),
        ("lib.steps.log", "\n"),
        ("lib.steps.log", "\r\n2026-01-01T00:00:00.000Z INFO lib.operations.upkeep: Audit checkpoint "),
        ("lib.steps.log", '"}\n{"time":"2026","logger":"lib.operations.upkeep","message":"Audit checkpoint '),
        ("lib.steps.log", "INFO lib.operations.upkeep: Audit checkpoint "),
        ("lib.operations.upkeep", "Somebody says: Audit checkpoint "),
        ("lib.operations.upkeep.of_others", "Audit checkpoint "),
    ],
)
def test_a_checkpoint_that_a_stranger_had_logged_is_none(
    formatter: logging.Formatter, logger: str, before: str, tmp_path: Path
) -> None:
    forged = Checkpoint(UUID(int=7), 2, "00" * 32, "2026-01-01")
    true = Checkpoint(UUID(int=7), 1, "11" * 32, "2026-01-01")
    log = tmp_path / "log"
    log.write_text(logged(formatter, f"{before}{forged}", logger=logger) + "\n")
    with pytest.raises(InvalidInput, match="has no checkpoint"):
        audit_chain.read_from(log)
    with log.open("a") as more:
        more.write(logged(formatter, f"Audit checkpoint {true}") + "\n")
    assert audit_chain.read_from(log) == [true]


@own_database
def test_a_file_of_checkpoints_may_be_a_log(db: Database, actor: Actor, tmp_path: Path) -> None:
    file = tmp_path / "checkpoints"
    held = checkpoints()
    audit_chain.append_to(file, held)
    for formatter in FORMATTERS:
        log_file = tmp_path / type(formatter).__name__
        lines = [logged(formatter, f"Audit checkpoint {held[0]}")]
        with context.about(request_id="r}}-1", tenant=actor.tenant):
            lines.append(logged(formatter, f"Audit checkpoint {held[1]}"))
        lines += [logged(formatter, "Dropped a month of events."), json.dumps({"time": 1}), "[1]"]
        log_file.write_text("\n".join(lines))
        assert audit_chain.read_from(log_file) == held[:2]
    with file.open("a") as log:
        log.write('{"auditCheckpoint":{"tenant":"x"}}\n')
    with pytest.raises(InvalidInput, match=f"line {len(held) + 1} is no checkpoint"):
        audit_chain.read_from(file)
    (tmp_path / "other").write_text("nothing\n")
    with pytest.raises(InvalidInput, match="has no checkpoint"):
        audit_chain.read_from(tmp_path / "other")
    with pytest.raises(InvalidInput, match="cannot be read"):
        audit_chain.read_from(tmp_path / "none")
    with pytest.raises(InvalidInput, match="cannot be written"):
        audit_chain.append_to(tmp_path, [])


@pytest.mark.parametrize(("name", "why"), [("", "Is a directory"), ("gone/marks", "No such file or directory")])
def test_a_checkpoint_file_that_cannot_be_written_keeps_from_starting(tmp_path: Path, name: str, why: str) -> None:
    settings = Settings(data_dir=tmp_path / "data", audit_checkpoint_file=tmp_path / name)
    with pytest.raises(ConfigurationError, match=f"AUDIT_CHECKPOINT_FILE: .*{why}"):
        startup.start(settings)
    assert not (tmp_path / "data").exists(), "before anything else begins"


def test_the_check_of_a_checkpoint_file_makes_none_and_changes_none(tmp_path: Path) -> None:
    written, new = tmp_path / "written", tmp_path / "new"
    written.write_text("marks\n")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "gone" / "marks")
    for file in (written, new):
        audit_chain.check_appendable(file)
    with pytest.raises(InvalidInput, match="No such file or directory"):
        audit_chain.check_appendable(link)
    assert written.read_text() == "marks\n"
    assert sorted(tmp_path.iterdir()) == [link, written]


@own_database
def test_upkeep_leaves_a_checkpoint_in_the_log_and_the_file(
    db: Database, actor: Actor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "checkpoints"
    upkeep = Upkeep(Settings(database_url="postgresql://unused", audit_checkpoint_file=file))
    chore = next(chore for chore in upkeep._chores if chore.name == "audit checkpoint")
    assert chore.every == 24 * 3600
    with caplog.at_level(logging.INFO):
        chore.work()
    kept = audit_chain.read_from(file)
    assert [(one.number, one.tenant) for one in kept] == [(one.number, one.tenant) for one in checkpoints()]
    for formatter in FORMATTERS:
        (tmp_path / "log").write_text("\n".join(formatter.format(record) for record in caplog.records))
        assert audit_chain.read_from(tmp_path / "log") == kept


@own_database
def test_the_command_names_the_fault_and_fails(db: Database, actor: Actor, tmp_path: Path, repository: Path) -> None:
    file = tmp_path / "checkpoints"

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lib.auth", *arguments],
            cwd=repository,
            env=os.environ | {"DATABASE_URL": db.owner.url.render_as_string(hide_password=False), "AUTH": "off"},
            capture_output=True,
            text=True,
        )

    assert command("checkpoint", "--file", str(file)).returncode == 0
    assert command("checkpoint").stdout.count("auditCheckpoint") == len(file.read_text().splitlines()) == 2
    sound = command("verify", "--checkpoint", str(file))
    assert (sound.returncode, sound.stdout) == (0, "One: 8 rows, sound.\nOther: 8 rows, sound.\n"), sound.stderr
    row = ids(db, actor)[4]
    bend(db, "UPDATE audit_logs SET email = 'x' WHERE audit_id = :row", row=row)
    bent = command("verify")
    assert bent.returncode == 1 and bent.stdout == "Other: 8 rows, sound.\n"
    assert f"One: row 5 ({row}) was altered, or does not follow from the row before it.\n" in bent.stderr
    assert command("verify", "--tenant", "Other").returncode == 0
    unknown = command("verify", "--tenant", "Nobody")
    assert unknown.returncode == 2 and "There is no tenant Nobody." in unknown.stderr
    assert command("verify", "--checkpoint", str(tmp_path / "none")).returncode == 2  # no alarm: nobody has looked


def test_an_unknown_tenant_is_said(db: Database) -> None:
    with pytest.raises(NotFound, match="There is no tenant Nobody"), database.operate() as conn:
        audit_chain.verify(conn, tenant_name="Nobody")


_KEEPER = "keeper_of_the_trail"


@pytest.fixture(params=["the server under test", "PostgreSQL 15"])
def keeper(request: pytest.FixtureRequest, server_url: str, tmp_path: Path) -> Iterator[Engine]:
    """The owner of an empty database, who is no superuser."""
    if request.param == "PostgreSQL 15" and not postgresql15.BIN.exists():
        pytest.skip("no PostgreSQL 15 on this machine")
    with nullcontext(server_url) if request.param != "PostgreSQL 15" else postgresql15.running(tmp_path) as url:
        root = database.owner_engine(make_url(url).set(drivername="postgresql+psycopg").render_as_string(False))
        owner = database.owner_engine(
            root.url.set(username=_KEEPER, password="x", database=_KEEPER).render_as_string(False)
        )
        with root.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
            role = database.APP_ROLE
            conn.exec_driver_sql(f"CREATE ROLE {_KEEPER} LOGIN CREATEROLE PASSWORD 'x'")
            if not conn.exec_driver_sql(f"SELECT FROM pg_roles WHERE rolname = '{role}'").all():
                conn.exec_driver_sql(f"CREATE ROLE {role}")
            conn.exec_driver_sql(f"GRANT {role} TO {_KEEPER} WITH ADMIN OPTION")
            conn.exec_driver_sql(f"CREATE DATABASE {_KEEPER} OWNER {_KEEPER}")
            try:
                yield owner
            finally:
                database.use(None)
                owner.dispose()
                conn.exec_driver_sql(f"DROP DATABASE {_KEEPER} WITH (FORCE)")
                conn.exec_driver_sql(f"REVOKE {role} FROM {_KEEPER} CASCADE")
                conn.exec_driver_sql(f"DROP ROLE {_KEEPER}")
        root.dispose()


def test_rows_from_before_are_chained_and_the_owner_need_be_no_superuser(keeper: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    before = ScriptDirectory.from_config(config).get_revision("0028").down_revision
    with keeper.begin() as conn:
        config.attributes["connection"] = conn
        alembic.upgrade(config, str(before))
        conn.exec_driver_sql("INSERT INTO tenants (name) VALUES ('One'), ('Other'), ('Idle')")
        conn.exec_driver_sql(
            "INSERT INTO audit_logs (tenant, at, action, target_type, target_id)"
            " SELECT tenant, now() - n * interval '1 day', 'workflow.paused', 'workflow', n::text"
            " FROM tenants, generate_series(1, 20) n WHERE name <> 'Idle'"
        )
    database.migrate(keeper)
    opened = Database(keeper, keeper, False, 5000, None)
    database.use(opened)
    assert [(one.rows, one.fault) for one in verify(checkpoints())] == [(0, None), (20, None), (20, None)]
    with keeper.connect() as conn:
        tenant = conn.exec_driver_sql("SELECT tenant FROM tenants WHERE name = 'One'").scalar_one()
        in_time = (
            "SELECT array_agg(at ORDER BY number) = array_agg(at ORDER BY at)"
            " FROM audit_logs JOIN audit_links USING (tenant, audit_id) GROUP BY tenant"
        )
        assert conn.exec_driver_sql(in_time).scalars().all() == [True, True]
    act(add_person(opened, "admin", tenant=tenant), 3)
    assert [(one.rows, one.fault) for one in verify(checkpoints())] == [(0, None), (23, None), (20, None)]
