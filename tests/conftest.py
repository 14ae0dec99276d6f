"""A real PostgreSQL for every test that wants one.

One embedded server a run (TEST_DATABASE_URL names another, such as a PostgreSQL 15); a template database
migrated once; a clone of it for each module. The tests of a module share that clone and stay in tenants of their
own. A test that looks beyond its tenant, or changes what all tenants share, is marked `own_database` and gets a
clone for itself.
"""

from __future__ import annotations

import fcntl
import importlib
import itertools
import os
import pkgutil
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, make_url, text

import lib
from lib import database
from lib.auth.actors import Actor
from lib.catalog import system as system_catalog
from lib.database import Database, embedded_server
from lib.runs import engine

# How many examples a property is tried on. `make test` tries a few new ones at every run. What judges a change tries
# the same ones every time, so that it judges what was changed: a few with all tests, and many in
# `make test-properties`. Whoever has a night tries as many as fit.
_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]}
_same = {"derandomize": True, "database": None, "print_blob": True}
settings.register_profile("quick", max_examples=10, **_common)
settings.register_profile("ci-quick", max_examples=25, **_same, **_common)
settings.register_profile("ci", max_examples=300, **_same, **_common)
settings.register_profile("night", max_examples=3000, **_common)
settings.load_profile("quick")

# What PostgreSQL does so that a crash of the machine loses nothing. Databases of tests are gone before the next one.
NOT_FOR_LONG = ("fsync", "full_page_writes", "synchronous_commit")

# Bytes that the server of the tests may take in memory: its log alone grows to one gigabyte.
_ROOM = 4 << 30

_counter = itertools.count()
APP_PASSWORD = "app-role-of-the-tests"
CloneFactory = Callable[[], AbstractContextManager[Database]]


def pytest_sessionstart() -> None:
    """Load all of lib where every run is to try the same examples: Hypothesis draws constants of what is loaded."""
    if settings().derandomize:
        for module in pkgutil.walk_packages(lib.__path__, "lib."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files with browser tests run first and the other long ones next, so that short ones keep every process busy
    until the end. With --reruns, as in .ci/run, only browser tests are tried again (docs/decisions/0110)."""
    browser = {item.path for item in items if item.get_closest_marker("browser")}
    order = {path: number for number, path in enumerate(dict.fromkeys(item.path for item in items))}

    def rank(item: pytest.Item) -> tuple[bool, bool, int, bool]:
        is_long = item.nodeid.startswith(("tests/e2e/", "tests/unit/test_"))  # these start processes
        return item.path not in browser, not is_long, order[item.path], not item.get_closest_marker("browser")

    items.sort(key=rank)
    if config.getoption("reruns", None):
        for item in items:
            if not item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.flaky(reruns=0))


def in_memory() -> Path:
    """A folder for a server that is thrown away: in memory where there is room, else where temporary files are.

    A clone makes a thousand files and then deletes them. For minutes ext4 looks at each file that was deleted before it
    makes another one, so after some clones the next takes ten times as long.
    """
    memory = Path("/dev/shm")
    has_room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return memory if has_room else Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of a superuser on the server under test. Parallel test processes share one server."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    # Not below pytest's own folder: another pytest that starts meanwhile would make it unreachable for the
    # server, which does not run as root.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = in_memory() / f"event-catalog-tests-{run}"
    server = embedded_server.start(folder)
    engine = database.owner_engine(server.url()).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        for setting in NOT_FOR_LONG:
            conn.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        conn.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
    yield server.url()
    server.stop()
    if not (folder / "postgres" / "postmaster.pid").exists():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def admin(server_url: str) -> Iterator[Engine]:
    """Creates and drops databases."""
    engine = database.owner_engine(server_url).execution_options(isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def template(admin: Engine, server_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a migrated database with the system catalog in it, to be cloned."""
    name = f"template_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with admin.connect() as conn:
        conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    owner = database.owner_engine(url_of(server_url, name))
    # Parallel test processes share the server's roles, so they take turns at making them.
    with (tmp_path_factory.getbasetemp().parent / "roles.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        database.migrate(owner)
        with owner.begin() as conn:
            conn.exec_driver_sql(f"ALTER ROLE {database.APP_ROLE} LOGIN PASSWORD '{APP_PASSWORD}'")
    with owner.begin() as conn:
        system_catalog.load(conn)
    engine.migrate(owner.url.render_as_string(hide_password=False))
    owner.dispose()
    return name


@pytest.fixture(scope="session")
def clone(admin: Engine, template: str, server_url: str) -> Iterator[CloneFactory]:
    """Makes a database like the template. Once its context has ended it is dropped, before the next one is made."""
    left: list[str] = []  # those whose sessions may still be ending, which a DROP DATABASE would sit and wait for

    @contextmanager
    def cloned() -> Iterator[Database]:
        name = f"{template}_{next(_counter)}"
        with admin.connect() as conn:
            _drop(conn, left)
            conn.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        owner_url = url_of(server_url, name)
        app_url = make_url(owner_url).set(username=database.APP_ROLE, password=APP_PASSWORD)
        opened = Database(
            owner=database.owner_engine(owner_url),
            app=database.app_engine(app_url.render_as_string(hide_password=False)),
            app_has_login=True,
            statement_timeout_ms=5000,
            server=None,
        )
        try:
            yield opened
        finally:
            opened.dispose()
            left.append(name)

    yield cloned
    with admin.connect() as conn:
        _drop(conn, left)


def _drop(conn: Connection, names: list[str]) -> None:
    while names:
        conn.exec_driver_sql(f"DROP DATABASE {names.pop()} WITH (FORCE)")


@pytest.fixture(scope="module")
def module_database(clone: CloneFactory) -> Iterator[Database]:
    """The database that the tests of a module share."""
    with clone() as opened:
        yield opened


@pytest.fixture
def own_database(clone: CloneFactory) -> Iterator[Database]:
    """A database for one test."""
    with clone() as opened:
        yield opened


@pytest.fixture
def db(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The module's database, or with the mark `own_database` the test's; the process's database meanwhile."""
    own = request.node.get_closest_marker("own_database")
    opened: Database = request.getfixturevalue("own_database" if own else "module_database")
    database.use(opened)
    yield opened
    database.use(None)


def url_of(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


ActorFactory = Callable[..., Actor]


@pytest.fixture
def new_actor(db: Database) -> ActorFactory:
    """Makes a person with a permission, in a new tenant or in the one given."""
    return partial(add_person, db)


def add_person(db: Database, permission: str = "manage", *, tenant: UUID | None = None, name: str = "Tenant") -> Actor:
    """A person with a permission, in a new tenant of that name or in the one given."""
    user = uuid4()
    email = f"{permission}-{user}@example.com"
    with db.owner.begin() as conn:
        # In order of creation, which is also the order in which pages offer them.
        tenant_id = tenant or conn.execute(text("SELECT app_uuidv7()")).scalar_one()
        conn.execute(
            text("INSERT INTO tenants (tenant, name) VALUES (:t, :n) ON CONFLICT DO NOTHING"),
            {"t": tenant_id, "n": name},
        )
        conn.execute(text("INSERT INTO users (user_id, email, name) VALUES (:u, :e, :e)"), {"u": user, "e": email})
        conn.execute(
            text("INSERT INTO memberships (tenant, user_id, permission) VALUES (:t, :u, :p)"),
            {"t": tenant_id, "u": user, "p": permission},
        )
    return Actor(tenant=tenant_id, user_id=user, email=email, permission=permission)  # type: ignore[arg-type]


@pytest.fixture
def repository() -> Path:
    """Root of the checkout."""
    return Path(__file__).resolve().parent.parent
