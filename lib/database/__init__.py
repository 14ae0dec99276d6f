"""The one place that knows where the database is and who is asking.

`start()` decides between the embedded server and DATABASE_URL, migrates, and leaves one process-wide
Database behind. Pages and domain code then open transactions:

    with database.read(actor) as conn: ...     # read-only, statement timeout
    with database.write(actor) as conn: ...    # commits when the block ends, rolls back on any error

Both run as the unprivileged role event_catalog_app with the actor's tenant set for that transaction only,
so row-level security hides every other tenant even from a query that forgets to ask. `operate()` is for
migrations, catalog loading and the engine, and belongs to nobody's page.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection as Connection  # domain modules take theirs from here
from sqlalchemy import Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError

from lib.database import address, advisory_locks, checks, driver, embedded_server, named_queries, resting
from lib.database.checks import APP_ROLE as APP_ROLE
from lib.database.embedded_server import EmbeddedServer
from lib.database.translation import NO_CHANGES
from lib.database.translation import translated as translated
from lib.errors import ConfigurationError, DatabaseUnavailable, PermissionDenied
from lib.settings import ROOT, Settings

log = logging.getLogger(__name__)
queries = named_queries.of(__name__)


_POOL: dict[str, Any] = {
    "max_overflow": 10,
    "pool_timeout": 10,
    "connect_args": {"connect_timeout": 5, "application_name": "event-catalog"},
}

_ONE_LOGIN = (
    "APP_DATABASE_URL is not set: pages use DATABASE_URL with SET LOCAL ROLE %s, which injected SQL could reset. "
    "Give pages a login of their own."
)

# Where a connection keeps what `on_commit` was given.
_ON_COMMIT = "on_commit"


class Scoped(Protocol):
    """Whoever acts for a tenant."""

    @property
    def tenant(self) -> UUID: ...


@dataclass(frozen=True)
class Database:
    """The engines of this process: `owner` migrates and operates, `app` serves people."""

    owner: Engine
    app: Engine
    app_has_login: bool
    statement_timeout_ms: int
    server: EmbeddedServer | None
    #: The role that pages act as.
    app_role: str = APP_ROLE

    def dispose(self) -> None:
        """Close all connections and let go of the embedded server."""
        self.app.dispose()
        self.owner.dispose()
        if self.server:
            self.server.stop()


_current: Database | None = None


def start(settings: Settings) -> Database:
    """Bring the database up, migrated, and make it this process's database.

    Raises ConfigurationError, with a sentence that says what to do, when it is not as `lib.database.checks` wants it,
    and DatabaseUnavailable when it goes away meanwhile.
    """
    global _current
    with translated():
        _current = _bring_up(settings)
    if _current.server:
        _current.server.supervise()
    return _current


def _bring_up(settings: Settings) -> Database:
    server = None if settings.database_url else embedded_server.start(settings.data_dir)
    owner: Engine | None = None
    app: Engine | None = None
    try:
        owner_url = server.url() if server else address.of_owner(settings.database_url or "")
        app_url = address.of_pages(settings.app_database_url)
        owner = owner_engine(owner_url)
        app = app_engine(app_url) if app_url else None
        checks.require(checks.before_migrations(owner, app))
        role = checks.role_of(owner)
        migrate(owner, role=role)
        if app is None and server is not None:
            app = app_engine(_own_login(owner, owner_url, server, role))
        elif app is None:
            log.warning(_ONE_LOGIN, role)
        checks.require(checks.after_migrations(owner, app, role=role))
        if app is not None and app_url and checks.is_pooled(app):
            app.dispose()
            app = app_engine(app_url, pooled=True)
    except BaseException:
        for engine in (app, owner):
            if engine is not None:
                engine.dispose()
        if server:
            server.stop()
        raise
    return Database(
        owner, app or app_engine(owner_url), app is not None, settings.statement_timeout_ms, server, app_role=role
    )


def examine(settings: Settings) -> Iterator[checks.Check]:
    """Check what `start` checks, and change nothing. Where the application brings its own server, that is started."""
    try:
        with translated():
            yield from _examine(settings)
    except (ConfigurationError, DatabaseUnavailable) as error:
        yield checks.Check("database", "cannot be used", error.for_operators)


def _examine(settings: Settings) -> Iterator[checks.Check]:
    server = None
    owner: Engine | None = None
    app: Engine | None = None
    try:
        server = None if settings.database_url else embedded_server.start(settings.data_dir)
        owner_url = server.url() if server else address.of_owner(settings.database_url or "")
        owner = owner_engine(owner_url)
        found = []
        try:
            app_url = address.of_pages(settings.app_database_url)
            app = app_engine(app_url) if app_url else None
        except ConfigurationError as error:
            found.append(checks.Check("login of pages", "cannot be read", str(error)))
        found.extend(checks.before_migrations(owner, app))
        yield from found
        if any(check.problem for check in found) or not checks.is_migrated(owner):
            return
        yield from checks.after_migrations(owner, app, role=checks.role_of(owner))
    finally:
        for engine in (app, owner):
            if engine is not None:
                engine.dispose()
        if server:
            server.stop()


def use(db: Database | None) -> None:
    """Make an already built Database (or none) this process's own; `start()` does so itself."""
    global _current
    _current = db


def stop() -> None:
    """Close the process's database, stopping the embedded server with it."""
    global _current
    if _current:
        _current.dispose()
        _current = None


def current() -> Database:
    """The process's database. Raises DatabaseUnavailable before `start()`."""
    if _current is None:
        raise DatabaseUnavailable
    return _current


def probe() -> None:
    """Raise DatabaseUnavailable unless the owner and the login of pages get answers and may change something."""
    for engine in (current().owner, current().app):
        try:
            with translated(), engine.connect() as conn:
                takes_changes = conn.execute(queries["probe"]).scalar_one()
        except DBAPIError as error:
            raise DatabaseUnavailable from error
        if not takes_changes:
            raise DatabaseUnavailable(NO_CHANGES)


def answers() -> bool:
    """Whether the database can be worked with right now."""
    try:
        probe()
    except DatabaseUnavailable:
        return False
    return True


def read(actor: Scoped) -> AbstractContextManager[Connection]:
    """A read-only transaction on the actor's tenant, each statement bounded in time."""
    return _as_app(actor, read_only=True)


def write(actor: Scoped, *, keep_plans: bool = False) -> AbstractContextManager[Connection]:
    """A transaction on the actor's tenant that commits when the block ends without an error.

    With `keep_plans`, PostgreSQL plans a statement once for all parameters. That is for statements that are
    executed very often and find a few rows by their keys: planning one can cost more than executing it.
    """
    return _as_app(actor, read_only=False, keep_plans=keep_plans)


@contextmanager
def operate() -> Iterator[Connection]:
    """A transaction as the owner, across tenants: migrations, catalog loading, the engine; never a page."""
    with translated(), current().owner.begin() as conn:
        yield conn


@contextmanager
def operate_outside_transaction() -> Iterator[Connection]:
    """The owner's connection for what PostgreSQL refuses inside a transaction, such as VACUUM, and for what is a single
    statement anyway."""
    with translated(), current().owner.connect() as conn:
        yield conn.execution_options(isolation_level="AUTOCOMMIT")


def on_commit(conn: Connection, call: Callable[[], None]) -> None:
    """Do that when the transaction commits, and not if it, or the savepoint it is in now, is rolled back."""
    waiting: list[Callable[[], None]] = conn.info.setdefault(_ON_COMMIT, [])
    if not conn.in_nested_transaction():
        waiting.append(call)
        return
    released: list[bool] = []  # whether the savepoint was, first; what happens to later ones does not matter
    event.listen(conn, "release_savepoint", lambda *_: released.append(True), once=True)
    event.listen(conn, "rollback_savepoint", lambda *_: released.append(False), once=True)
    waiting.append(lambda: call() if released[0] else None)


def migrate(owner: Engine, *, role: str = APP_ROLE) -> None:
    """Bring the schema to the newest revision; harmless when it is there, safe when several start at once.

    `role` is what pages act as. Raises ConfigurationError when a step fails; nothing is changed then.
    """
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["role"] = role
    try:
        with owner.begin() as conn:
            conn.execute(queries["lock_migrations"], {"key": advisory_locks.MIGRATE})
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
    except ProgrammingError as error:
        cause = str(error.orig).strip().splitlines()[0]
        raise ConfigurationError(
            f"The tables could not be brought to the newest revision: {cause}. Nothing was changed. Somebody changed "
            "the tables, or a version that never was released made them: restore a backup, or begin with an empty "
            "database."
        ) from error


@contextmanager
def _as_app(actor: Scoped, *, read_only: bool, keep_plans: bool = False) -> Iterator[Connection]:
    db = current()
    with translated(changes=not read_only):
        try:
            conn = _enter(db, actor, read_only, keep_plans)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            conn = _enter(db, actor, read_only, keep_plans)  # left over from before a database restart; this one is new
        try:
            with conn, conn.get_transaction() or conn.begin():
                yield conn
                if conn.in_transaction():
                    driver.commit(conn, may_have_failed=read_only)
        except PermissionDenied as error:
            error.keep()  # now that the connection is free again
            raise


def _enter(db: Database, actor: Scoped, read_only: bool, keep_plans: bool) -> Connection:
    """A connection in a transaction that sees the actor's tenant alone."""
    conn = db.app.connect()
    try:
        conn.begin()
        # All in one round trip, which is why the engine leaves BEGIN to us. Local to the transaction: set for the
        # session, the next user of the pooled connection would see the previous tenant's rows.
        driver.execute(
            conn,
            # Not READ WRITE: a host that makes its database read-only, as its disk runs full, is obeyed.
            f"BEGIN{' READ ONLY' if read_only else ''};"
            + ("" if db.app_has_login else f" SET LOCAL ROLE {db.app_role};")
            + " SET LOCAL search_path = public;"
            + f" SET LOCAL app.tenant = '{actor.tenant if isinstance(actor.tenant, UUID) else UUID(actor.tenant)}';"
            f" SET LOCAL statement_timeout = {int(db.statement_timeout_ms)}"
            + ("; SET LOCAL plan_cache_mode = force_generic_plan" if keep_plans else ""),
        )
    except BaseException:
        conn.close()
        raise
    return conn


def owner_engine(url: str) -> Engine:
    """A pool of the owner's connections. After a database restart its first user gets a fresh one, not an error."""
    return _engine(url, pool_size=5, pool_events=resting.EVENTS)


def app_engine(url: str, *, pooled: bool = False) -> Engine:
    """A pool of connections for `read` and `write`, which begin their transactions themselves.

    Behind a pooler that lends a connection for one transaction, statements cannot be kept prepared.
    """
    # The connection used last comes first: its session's plans and the memory around them are still at hand.
    options = {"pool_size": 20, "pool_use_lifo": True, "isolation_level": "AUTOCOMMIT"}
    return _engine(url, {"prepare_threshold": None} if pooled else {}, **options)


def _engine(url: str, connect_args: dict[str, Any] | None = None, **options: Any) -> Engine:
    # libpq sends these when it connects, for us as for DBOS: whatever the database or the role sets, dates are read and
    # written in one way.
    os.environ["PGDATESTYLE"], os.environ["PGTZ"] = "ISO, MDY", "UTC"
    connect_args = {**_POOL["connect_args"], **(connect_args or {})}
    engine = create_engine(url, **options, **{**_POOL, "connect_args": connect_args})
    event.listen(engine, "handle_error", _refuse_unstorable_text)
    event.listen(engine, "do_connect", _connected)
    event.listen(engine, "commit", _committed)
    event.listen(engine, "rollback", _rolled_back)
    return engine


def _connected(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> driver.DatabaseSession:
    return driver.DatabaseSession.connect(*arguments, **options)


def _rolled_back(conn: Connection) -> None:
    if not conn.invalidated:  # else it has nothing any more
        conn.info.pop(_ON_COMMIT, None)


def _committed(conn: Connection) -> None:
    for call in conn.info.pop(_ON_COMMIT, ()):
        call()


def _refuse_unstorable_text(context: ExceptionContext) -> None:
    """When a statement fails on a text that PostgreSQL cannot store, raise InvalidInput naming its parameter.

    Every text meets this one place, wherever it comes from. A statement that succeeds does not pay for it.
    """
    driver.refuse_unstorable(context.parameters, context.original_exception)


def _own_login(owner: Engine, owner_url: str, server: EmbeddedServer, role: str) -> str:
    """URL of the login that the pages have on the embedded server."""
    # Derived, not drawn: several processes share the embedded server and must agree on it.
    password = hashlib.sha256(f"{role}:{server.password}".encode()).hexdigest()
    with owner.begin() as conn:
        statement = psycopg.sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
            psycopg.sql.Identifier(role), psycopg.sql.Literal(password)
        )
        conn.exec_driver_sql(statement.as_string())
    return make_url(owner_url).set(username=role, password=password).render_as_string(hide_password=False)
