"""A database of every state that the migrations ever made comes up to the newest schema with its rows, or says why."""

from __future__ import annotations

import itertools
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from lib import database
from lib.auth import audit_chain
from lib.database import checks
from lib.errors import ConfigurationError
from lib.settings import ROOT
from tests.conftest import url_of
from tests.support import representative_rows

_numbers = itertools.count()

#: More than `checks.queries["shape"]` tells: what routines, constraints, defaults, indexes, policies and rights say.
DEFINITIONS = """
SELECT 'routine ' || p.oid::regprocedure || ' ' || pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '')
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'constraint ' || c.conrelid::regclass || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.connamespace = 'public'::regnamespace AND NOT t.relispartition AND c.contype <> 'n'
UNION ALL
SELECT 'default ' || d.adrelid::regclass || ' ' || a.attname || ' ' || pg_get_expr(d.adbin, d.adrelid)
FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
JOIN pg_class t ON t.oid = d.adrelid WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
UNION ALL
SELECT 'index ' || pg_get_indexdef(x.indexrelid)
FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
UNION ALL
SELECT 'view ' || c.relname || ' ' || pg_get_viewdef(c.oid) || coalesce(c.reloptions::text, '')
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(g.oid)
FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
WHERE t.relnamespace = 'public'::regnamespace AND NOT g.tgisinternal AND NOT t.relispartition
UNION ALL
SELECT 'policy ' || p.tablename || ' ' || p.policyname || ' ' || p.roles::text || coalesce(p.qual, '') ||
       coalesce(p.with_check, '')
FROM pg_policies p JOIN pg_class t ON t.relname = p.tablename
WHERE p.schemaname = 'public' AND t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
UNION ALL
SELECT 'right on ' || c.relname || ' ' || entry.grantee::regrole || ' ' || entry.privilege_type
FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) entry
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND entry.grantee <> c.relowner
UNION ALL
SELECT 'right on ' || c.relname || '.' || a.attname || ' ' || entry.grantee::regrole || ' ' || entry.privilege_type
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) entry
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND a.attnum > 0
UNION ALL
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || a.attnum || coalesce(col_description(c.oid, a.attnum), '')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relkind = 'v' AND a.attnum > 0
"""


def definitions(owner: Engine) -> set[str]:
    """Everything that the database's tables and routines are made of."""
    with owner.connect() as conn:
        shape = set(conn.execute(checks.queries["shape"]).scalars())
        return shape | {" ".join(line.split()) for line in conn.exec_driver_sql(DEFINITIONS).scalars()}


Empty = Callable[[], Any]


@pytest.fixture(scope="module")
def empty(admin: Engine, server_url: str, template: str) -> Empty:
    """Makes an empty database, which is dropped when its context ends."""

    @contextmanager
    def made() -> Iterator[Engine]:
        name = f"{template}_former_{next(_numbers)}"
        with admin.connect() as conn:
            conn.exec_driver_sql(f"CREATE DATABASE {name}")
        owner = database.owner_engine(url_of(server_url, name))
        try:
            yield owner
        finally:
            owner.dispose()
            with admin.connect() as conn:
                conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")

    return made


@pytest.fixture(scope="module")
def fresh(empty: Empty) -> set[str]:
    """What a database has that the newest version made."""
    with empty() as owner:
        database.migrate(owner)
        return definitions(owner)


def build(owner: Engine, folder: Path, revision: str) -> None:
    """Bring the database to a revision by the migrations in a folder."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["role"] = checks.APP_ROLE
    with owner.begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, revision)


def revisions(folder: Path) -> list[str]:
    """The revisions of the migrations in a folder, from the first to the newest."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def upgrade(owner: Engine) -> str | None:
    """Do what a start does with the tables; the sentence with which it is refused."""
    try:
        checks.require(checks.before_migrations(owner))
        database.migrate(owner)
        checks.require(checks.after_migrations(owner, None, role=checks.APP_ROLE))
    except ConfigurationError as error:
        assert "\n" not in str(error) and error.exit_code == 3
        return str(error)
    return None


def lost(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Rows of before that are not there after, in the columns that both have."""
    missing = []
    for table, rows in before.items():
        for row in rows:
            alike = [other for other in after.get(table, []) if all(other.get(k, v) == v for k, v in row.items())]
            if not alike:
                missing.append(f"{table}: {row}")
    return missing


def check_comes_up(owner: Engine, fresh: set[str]) -> None:
    """Fill it, upgrade it, and hold it against a fresh one."""
    with owner.begin() as conn:
        representative_rows.fill(conn)
        before = representative_rows.kept(conn)
    assert sum(map(len, before.values())) >= 4
    assert upgrade(owner) is None
    now = definitions(owner)
    assert sorted(fresh - now) == [] and sorted(now - fresh) == []
    with owner.begin() as conn:
        assert lost(before, representative_rows.kept(conn)) == []
        assert [verdict.fault for verdict in audit_chain.verify(conn)] in ([], [None], [None, None])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_revision_comes_up_with_its_rows(empty: Empty, fresh: set[str]) -> None:
    known = revisions(ROOT / "migrations")
    assert len(known) >= 25
    for revision in known:
        with empty() as owner:
            build(owner, ROOT / "migrations", revision)
            check_comes_up(owner, fresh)


def test_waits_that_canceled_runs_left_open_are_ended(empty: Empty) -> None:
    known = revisions(ROOT / "migrations")
    with empty() as owner:
        build(owner, ROOT / "migrations", known[known.index("0043") - 1])
        with owner.begin() as conn:
            representative_rows.fill(conn)
            conn.execute(
                text(
                    "INSERT INTO workflow_run_waits (tenant, run_id, step_path, wait_type)"
                    " SELECT tenant, run_id, 'left open', 'event' FROM workflow_runs WHERE completed_at = :at"
                ),
                {"at": representative_rows.AT},
            )
            conn.exec_driver_sql("UPDATE workflow_runs SET status = 'CANCELED' WHERE status = 'SUCCEEDED'")
        assert upgrade(owner) is None
        with owner.connect() as conn:
            waits = conn.exec_driver_sql("SELECT step_path, status, resolved_at FROM workflow_run_waits").all()
    ended_at = datetime.fromisoformat(representative_rows.AT)
    assert sorted(waits) == [("left open", "CANCELED", ended_at), ("wait", "WAITING", None)]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def former_states(folder: Path) -> Iterator[tuple[str, Path]]:
    """The commits that left the migrations in a state that is no beginning of today's, and where theirs are now."""
    today = {path.name: path.read_text("utf-8") for path in (ROOT / "migrations" / "versions").glob("*.py")}
    seen = set[str]()
    for commit in git("log", "--reverse", "--format=%h", "HEAD", "--", "migrations/versions").split():
        names = git("ls-tree", "--name-only", commit, "migrations/versions/").split()
        texts = {Path(name).name: git("show", f"{commit}:{name}") for name in names}
        state = repr(sorted(texts.items()))
        is_beginning = all(today.get(name) == text for name, text in texts.items()) and (
            sorted(today)[: len(texts)] == sorted(texts)
        )
        if is_beginning or state in seen:
            continue
        seen.add(state)
        there = folder / commit
        (there / "versions").mkdir(parents=True)
        for name, content in texts.items():
            (there / "versions" / name).write_text(content, encoding="utf-8")
        (there / "env.py").write_text(git("show", f"{commit}:migrations/env.py"), encoding="utf-8")
        yield commit, there


def is_one_chain(folder: Path) -> bool:
    """Whether these migrations have one end, and each of them the one before it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return len(ScriptDirectory(str(folder)).get_heads()) == 1
        except UserWarning:
            return False


#: How a state that no migration leads on from is refused. A migration may break before it can be told what is missing:
#: PostgreSQL 15 looks for a column where 18 does not.
REFUSED = (
    "The tables do not fit their revision. Missing: ",
    "The tables could not be brought to the newest revision: ",
)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_state_of_the_past_comes_up_or_is_refused_in_words(empty: Empty, fresh: set[str], tmp_path: Path) -> None:
    """Migrations were changed, and put in another order, after they had been made somewhere."""
    if not (ROOT / ".git").exists() or git("rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("the history of the migrations is not here")
    known = revisions(ROOT / "migrations")
    up, refused = 0, 0
    for commit, folder in former_states(tmp_path):
        if not is_one_chain(folder):
            continue  # no application started with these, so no database has them
        made = revisions(folder)
        with empty() as owner:
            build(owner, folder, "head")
            if made == known[: len(made)]:
                check_comes_up(owner, fresh)
                up += 1
            else:
                assert (upgrade(owner) or "").startswith(REFUSED), commit
                refused += 1
    assert up >= 10 and refused >= 5
