"""What a database must be like for the application, and for each requirement the sentence that says what to do.

A start stops at the first that is not met; `python -m lib.doctor` prints all of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Row
from sqlalchemy.exc import DBAPIError, OperationalError

from lib.database import advisory_locks, named_queries
from lib.database.translation import first_line
from lib.errors import ConfigurationError
from lib.settings import ROOT

MINIMUM_VERSION = 150000
APP_ROLE = "event_catalog_app"
#: Everything that migrations make, a line each; see tests/database/database/test_checks.py.
SHAPE = ROOT / "migrations" / "shape.txt"
_MOST_NAMED = 3
# How PgBouncer answers a session that asks for settings of its own.
_POOLERS_ANSWER = "unsupported startup parameter"
_POOLED = (
    "DATABASE_URL leads through a pooler, where workers could neither hold their lock nor listen. Name the server "
    "itself; APP_DATABASE_URL may go through the pooler."
)
_READ_ONLY = (
    "{name} leads to a database that is read-only for {login}: default_transaction_read_only is on. Many hosts set it "
    "when the disk is nearly full; make room then. It may also be set for the role or the database, or in the URL."
)

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Check:
    """A requirement with what was found, and the sentence that says what to do when it is not met."""

    name: str
    found: str
    problem: str | None = None


def require(checks: Iterable[Check]) -> None:
    """Raise ConfigurationError with the sentence of the first that is not met."""
    for check in checks:
        if check.problem:
            raise ConfigurationError(check.problem)


def before_migrations(owner: Engine, app: Engine | None = None) -> Iterator[Check]:
    """What must hold before tables are made or changed. Later checks are left out once one fails that they need.

    `app` is the pages' own login, if they have one.
    """
    try:
        with owner.connect() as conn:
            server = conn.execute(queries["server"]).one()
            rights = conn.execute(queries["rights"]).one()
    except OperationalError as error:
        is_pooler = _POOLERS_ANSWER in str(error.orig)
        problem = _POOLED if is_pooler else f"DATABASE_URL cannot be reached: {first_line(error.orig)}"
        yield Check("connection", "a pooler" if is_pooler else "none", problem)
        return
    yield Check("connection", f"database {server.database} as {server.login}", _no_changes(server))
    yield _version(server)
    yield _encoding(server)
    yield _direct(owner)
    yield from _rights(server, rights)
    yield _role(owner, server)
    yield _revision(owner)
    if app is not None:
        yield _app_login(owner, app)


def after_migrations(owner: Engine, app: Engine | None, *, role: str) -> Iterator[Check]:
    """What must hold before anybody is served, besides what held before migrations, which make the role."""
    yield _shape(owner)
    if app is not None:
        yield _app_role(app, role)


def role_of(owner: Engine) -> str:
    """The role that pages act as in this database: the one that its tables were granted to, else the one to make.

    Roles belong to the whole cluster. Where another owner made the usual one and keeps it, this database gets its own.
    """
    with owner.connect() as conn:
        if granted := conn.execute(queries["app_role"]).scalar_one_or_none():
            return str(granted)
        usual = conn.execute(queries["usable_role"], {"role": APP_ROLE}).one()
        if not usual.is_there or usual.may_grant or usual.is_member:
            return APP_ROLE
        return f"{APP_ROLE}_{conn.execute(queries['database_oid']).scalar_one()}"


def is_migrated(owner: Engine) -> bool:
    """Whether every migration was made."""
    with owner.connect() as conn:
        if not conn.execute(queries["revision"]).scalar_one():
            return False
        return conn.execute(queries["at_revision"]).scalars().all() == [_known()[-1]]


def is_pooled(engine: Engine) -> bool:
    """Whether two connections can share a session of the server, as behind a pooler that lends one a transaction."""
    word = secrets.token_hex(8)
    with engine.connect() as one, engine.connect() as other:
        for conn in (one, other):
            conn.execution_options(isolation_level="AUTOCOMMIT")
        one.execute(queries["remember"], {"word": word})
        shared = other.execute(queries["recall"]).scalar_one() == word
        one.execute(queries["remember"], {"word": ""})
    return bool(shared)


def _no_changes(server: Row[Any]) -> str | None:
    if server.is_standby:
        return "DATABASE_URL leads to a standby, which nothing can be written to. Name the primary server."
    return _READ_ONLY.format(name="DATABASE_URL", login=server.login) if server.is_read_only else None


def _version(server: Row[Any]) -> Check:
    name = f"PostgreSQL {server.version // 10000}.{server.version % 10000}"
    problem = f"PostgreSQL 15 or newer is needed; this server is {server.version // 10000}."
    return Check("version", name, problem if server.version < MINIMUM_VERSION else None)


def _encoding(server: Row[Any]) -> Check:
    problem = (
        f"The database {server.database} has the encoding {server.encoding}, in which not every text can be stored. "
        "Make one with: CREATE DATABASE event_catalog ENCODING 'UTF8' TEMPLATE template0"
    )
    return Check("encoding", server.encoding, problem if server.encoding != "UTF8" else None)


def _direct(owner: Engine) -> Check:
    pooled = is_pooled(owner)
    return Check("connection mode", "pooled by transaction" if pooled else "direct", _POOLED if pooled else None)


def _rights(server: Row[Any], rights: Row[Any]) -> Iterator[Check]:
    login, database = _quoted(server.login), _quoted(server.database)
    yield Check(
        "right to add schemas",
        "yes" if rights.may_add_schemas else "no",
        None
        if rights.may_add_schemas
        else f"{server.login} may not add schemas to the database {server.database}. "
        f"Run as a superuser: GRANT CREATE ON DATABASE {database} TO {login}",
    )
    yield Check(
        "right to add tables",
        "yes" if rights.may_add_tables else "no",
        None
        if rights.may_add_tables
        else f"{server.login} may not add tables to the schema public of the database {server.database}. "
        f"Run as a superuser, in that database: GRANT USAGE, CREATE ON SCHEMA public TO {login}",
    )


def _role(owner: Engine, server: Row[Any]) -> Check:
    role = role_of(owner)
    with owner.connect() as conn:
        found = conn.execute(queries["usable_role"], {"role": role}).one()
        rights = conn.execute(queries["rights"]).one()
    if found.is_there:
        return Check("role of pages", role)
    problem = (
        f"{server.login} may not make roles, and pages need the role {role}. "
        f"Run as a superuser: CREATE ROLE {role}; GRANT {role} TO {_quoted(server.login)} WITH ADMIN OPTION"
    )
    return Check("role of pages", f"{role}, to be made", None if rights.may_add_roles else problem)


def _revision(owner: Engine) -> Check:
    known = _known()
    with owner.connect() as conn:
        if not conn.execute(queries["revision"]).scalar_one():
            return Check("revision", "none yet")
        at = conn.execute(queries["at_revision"]).scalars().all()
    if unknown := [one for one in at if one not in known]:
        problem = (
            f"The database is at revision {', '.join(unknown)}, which this version does not know: a newer one migrated "
            "it. Start that version, or restore a backup from before."
        )
        return Check("revision", ", ".join(at), problem)
    left = len(known) - 1 - max((known.index(one) for one in at), default=-1)
    return Check("revision", f"{', '.join(at) or 'none yet'}, {left} to go" if left else f"{at[0]}, the newest")


def _known() -> list[str]:
    """The revisions that this version knows, from the first to the newest."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def _shape(owner: Engine) -> Check:
    with owner.connect() as conn:
        there = set(conn.execute(queries["shape"]).scalars())
    wanted = SHAPE.read_text(encoding="utf-8").splitlines()
    missing = [line for line in wanted if line not in there]
    if not missing:
        return Check("tables", f"all {len(wanted)} parts are there")
    named = "; ".join(missing[:_MOST_NAMED]) + (
        f" and {len(missing) - _MOST_NAMED} more" if missing[_MOST_NAMED:] else ""
    )
    problem = (
        f"The tables do not fit their revision. Missing: {named}. "
        "Somebody changed them, or a version that never was released made them. Restore a backup, or begin with an "
        "empty database."
    )
    return Check("tables", f"{len(missing)} of {len(wanted)} parts are missing", problem)


def _app_login(owner: Engine, app: Engine) -> Check:
    lock = {"class": advisory_locks.SAME_DATABASE, "word": secrets.randbelow(2**31)}
    try:
        with owner.connect() as held, app.connect() as conn:
            held.execute(queries["hold"], lock)
            found = conn.execute(queries["app_login"], lock).one()
            held.invalidate()  # and with its session the lock
    except (OperationalError, DBAPIError) as error:
        return Check("login of pages", "none", f"APP_DATABASE_URL cannot be reached: {first_line(error.orig)}")
    problem = None
    if not found.is_same_database:
        problem = "APP_DATABASE_URL names another database than DATABASE_URL. Both must name the same one."
    elif found.sees_all:
        problem = (
            f"APP_DATABASE_URL logs in as {found.login}, which row-level security does not bind, so pages could see "
            "every tenant. Use a login with no more than: "
            f"CREATE ROLE pages LOGIN PASSWORD '…' IN ROLE {role_of(owner)}"
        )
    elif found.is_read_only:
        problem = _READ_ONLY.format(name="APP_DATABASE_URL", login=found.login)
    return Check("login of pages", found.login, problem)


def _app_role(app: Engine, role: str) -> Check:
    with app.connect() as conn:
        found = conn.execute(queries["app_member"], {"role": role}).one()
    problem = (
        f"APP_DATABASE_URL logs in as {found.login}, which is no member of {role}. "
        f"Run as a superuser: GRANT {role} TO {_quoted(found.login)}"
    )
    return Check("role of that login", role if found.is_member else "none", None if found.is_member else problem)


def _quoted(name: str) -> str:
    return name if name.isidentifier() and name.islower() else '"' + name.replace('"', '""') + '"'
