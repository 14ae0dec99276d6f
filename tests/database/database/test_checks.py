"""A database that does not fit is refused in one sentence; one that does works, whoever owns it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, make_url

from lib import database, demo
from lib.database import checks, embedded_server
from lib.errors import ConfigurationError
from lib.operations import startup
from lib.settings import Settings
from tests.support import pgbouncer, postgresql15

#: Connections that a process may hold open, as docs/hosting.md says.
_A_PROCESS = 60
POOLER = pytest.mark.skipif(not pgbouncer.PROGRAM.exists(), reason="PgBouncer is not installed")
_numbers = itertools.count()


class Server:
    """A cluster of its own, where tests make databases, logins and roles as they like."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.admin: Engine = database.owner_engine(url.render_as_string(hide_password=False))

    def run(self, *statements: str, where: str | None = None) -> None:
        engine = self.admin if where is None else database.owner_engine(self.of(where))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            for statement in statements:
                conn.exec_driver_sql(statement)
        if engine is not self.admin:
            engine.dispose()

    def of(self, name: str, login: str | None = None) -> str:
        """URL of that database, as the superuser or as that login."""
        url = self.url.set(database=name)
        return (url.set(username=login, password="secret") if login else url).render_as_string(hide_password=False)

    def login(self, options: str = "") -> str:
        name = f"login_{next(_numbers)}"
        self.run(f"CREATE ROLE {name} LOGIN PASSWORD 'secret' {options}")
        return name

    def database(self, owner: str | None = None, options: str = "") -> str:
        name = f"checked_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} {f'OWNER {owner}' if owner else ''} {options}")
        return name


@pytest.fixture(scope="module", params=["18", pytest.param("15", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("cluster")
    if request.param == "15":
        if not postgresql15.BIN.exists():
            pytest.skip("PostgreSQL 15 is not installed")
        with postgresql15.running(folder) as url:
            made = Server(make_url(url).set(drivername="postgresql+psycopg"))
            yield made
            made.admin.dispose()
        return
    embedded = embedded_server.start(folder)
    made = Server(make_url(embedded.url()))
    yield made
    made.admin.dispose()
    embedded.stop()


Refused = Callable[..., str]


@pytest.fixture
def refused() -> Refused:
    """The sentence with which a start is refused; nothing is left running."""

    def start(url: str, app_url: str | None = None) -> str:
        given = Settings(database_url=url, app_database_url=app_url, auth="off", worker="external")
        with pytest.raises(ConfigurationError) as error:
            startup.start(given)
        assert error.value.exit_code == 3
        assert "\n" not in str(error.value)
        return str(error.value)

    return start


def works(server: Server, url: str, app_url: str | None = None) -> None:
    """It starts twice, pages read and write as the role of pages, and the demo loads."""
    given = Settings(database_url=url, app_database_url=app_url, auth="off", worker="external")
    for _ in range(2):
        startup.start(given)
        startup.stop()
    startup.start(given)
    try:
        with database.operate() as conn:
            assert demo.load(conn, events=60)
            [tenant, *_] = conn.exec_driver_sql("SELECT tenant FROM tenants ORDER BY tenant").scalars()
            everywhere = conn.exec_driver_sql("SELECT count(*) FROM workflow_runtime_events").scalar_one()
            assert conn.exec_driver_sql("SELECT CAST('2026-02-01' AS date)::text").scalar_one() == "2026-02-01"
        for _ in range(12):  # often enough for statements to be prepared
            with database.read(type("Scope", (), {"tenant": tenant})()) as conn:
                seen = conn.exec_driver_sql("SELECT count(*) FROM workflow_runtime_events").scalar_one()
                assert 0 < seen < everywhere
    finally:
        startup.stop()


def test_the_shape_of_a_fresh_database_is_the_one_on_file(server: Server) -> None:
    """When a migration changes it, write the lines that are printed here to migrations/shape.txt, sorted."""
    name = server.database()
    owner = database.owner_engine(server.of(name))
    database.migrate(owner)
    with owner.connect() as conn:
        made = sorted(conn.execute(checks.queries["shape"]).scalars())
    owner.dispose()
    if os.environ.get("UPDATE_SHAPE"):
        checks.SHAPE.write_text("\n".join(made) + "\n", encoding="utf-8")
    on_file = checks.SHAPE.read_text(encoding="utf-8").splitlines()
    assert made == on_file


def test_a_plain_owner_will_do(server: Server) -> None:
    owner = server.login("CREATEROLE")
    works(server, server.of(server.database(owner), owner))


@pytest.mark.slow
def test_two_owners_share_a_cluster(server: Server) -> None:
    for _ in range(2):
        owner, pages = server.login("CREATEROLE"), server.login()
        name = server.database(owner)
        works(server, server.of(name, owner))
        engine = database.owner_engine(server.of(name))
        role = checks.role_of(engine)
        engine.dispose()
        server.run(f"GRANT {role} TO {pages}")
        given = Settings(
            database_url=server.of(name, owner), app_database_url=server.of(name, pages), auth="off", worker="external"
        )
        startup.start(given)
        assert database.current().app_has_login
        startup.stop()


def test_odd_dates_zones_and_another_schema_change_nothing(server: Server) -> None:
    owner = server.login("CREATEROLE")
    name = server.database(owner)
    server.run(
        f"ALTER DATABASE {name} SET datestyle = 'SQL, DMY'",
        f"ALTER DATABASE {name} SET timezone = 'Asia/Kathmandu'",
        f"ALTER ROLE {owner} SET statement_timeout = '20ms'",
        f"ALTER ROLE {owner} SET search_path = elsewhere, public",
    )
    server.run("CREATE SCHEMA elsewhere", f"CREATE SCHEMA {owner} AUTHORIZATION {owner}", where=name)
    works(server, server.of(name, owner))


@POOLER
def test_pages_may_go_through_a_pooler(server: Server, tmp_path: Path) -> None:
    owner, pages = server.login("CREATEROLE"), server.login()
    name = server.database(owner)
    server.run(
        f"DO $$ BEGIN IF to_regrole('{checks.APP_ROLE}') IS NULL THEN CREATE ROLE {checks.APP_ROLE}; END IF; END $$"
    )
    server.run(f"GRANT {checks.APP_ROLE} TO {owner} WITH ADMIN OPTION", f"GRANT {checks.APP_ROLE} TO {pages}")
    with pgbouncer.pooling(make_url(server.of(name, pages)), tmp_path / "pooler") as pooled:
        works(server, server.of(name, owner), pooled.render_as_string(hide_password=False))


@POOLER
@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("more", ["", "ignore_startup_parameters = options\n"])
def test_the_owner_needs_a_direct_connection(
    server: Server, refused: Refused, tmp_path: Path, mode: str, more: str
) -> None:
    owner = server.login("CREATEROLE")
    name = server.database(owner)
    direct = make_url(server.of(name, owner))
    settings = f"pool_mode = {mode}\n{more}"
    with pgbouncer.pooling(direct, tmp_path / "pooler", settings=settings, size=_A_PROCESS) as pooled:
        url = pooled.render_as_string(hide_password=False)
        if mode == "session" and more:
            startup.start(Settings(database_url=url, auth="off", worker="external"))
            startup.stop()
        else:
            assert "through a pooler" in refused(url)


def test_an_owner_without_rights_is_told_which(server: Server, refused: Refused) -> None:
    stranger = server.login("CREATEROLE")
    name = server.database()
    assert f"GRANT CREATE ON DATABASE {name} TO {stranger}" in refused(server.of(name, stranger))
    server.run(f"GRANT CREATE ON DATABASE {name} TO {stranger}")
    assert f"GRANT USAGE, CREATE ON SCHEMA public TO {stranger}" in refused(server.of(name, stranger))
    server.run(f"GRANT USAGE, CREATE ON SCHEMA public TO {stranger}", where=name)
    works(server, server.of(name, stranger))


def test_an_owner_that_may_not_make_roles_is_told_what_to_run(server: Server, refused: Refused) -> None:
    owner = server.login("NOCREATEROLE")
    name = server.database(owner)
    told = refused(server.of(name, owner))
    run = told.split("Run as a superuser: ")[1]
    assert run.startswith("CREATE ROLE event_catalog_app")
    server.run(*run.split("; "))
    works(server, server.of(name, owner))


def test_a_login_of_pages_outside_the_role_or_above_it_is_refused(server: Server, refused: Refused) -> None:
    owner, pages, mighty = server.login("CREATEROLE"), server.login(), server.login("BYPASSRLS")
    name = server.database(owner)
    url = server.of(name, owner)
    told = refused(url, server.of(name, pages))
    assert f"logs in as {pages}, which is no member of" in told
    server.run(told.split("Run as a superuser: ")[1])
    assert "which row-level security does not bind" in refused(url, server.of(name, mighty))
    elsewhere = server.database(owner)
    assert "another database" in refused(url, server.of(elsewhere, pages))
    assert "APP_DATABASE_URL cannot be reached" in refused(url, server.of("nowhere_at_all", pages))
    works(server, url, server.of(name, pages))


def test_an_encoding_without_every_text_is_refused(server: Server, refused: Refused) -> None:
    name = server.database(options="ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "has the encoding LATIN1" in refused(server.of(name))


def test_a_search_path_of_the_url_is_refused(server: Server, refused: Refused) -> None:
    url = server.of(server.database())
    assert "sets search_path to app" in refused(f"{url}?options=-csearch_path%3Dapp")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DROP TABLE workflow_backfills CASCADE", "Missing: column workflow_backfills."),
        ("ALTER TABLE tenants DROP COLUMN time_zone", "Missing: column tenants.time_zone"),
        ("DROP TRIGGER append_only ON audit_logs", "Missing: trigger audit_logs.append_only"),
        ("DROP POLICY tenant ON workflow_runtime_events", "Missing: policy workflow_runtime_events.tenant"),
        ("ALTER TABLE api_tokens ALTER COLUMN token_hash TYPE text", "Missing: column api_tokens.token_hash bytea"),
        ("ALTER FUNCTION app_link_audit_log() RESET lock_timeout", "Missing: routine app_link_audit_log()"),
        (
            "CREATE OR REPLACE FUNCTION app_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "Missing: routine app_append_only()",
        ),
        ("UPDATE alembic_version SET version_num = '9999'", "revision 9999, which this version does not know"),
        ("UPDATE alembic_version SET version_num = '0012'", "could not be brought to the newest revision"),
        ("DELETE FROM alembic_version", "could not be brought to the newest revision"),
    ],
)
def test_tables_that_do_not_fit_their_revision_are_refused(
    server: Server, refused: Refused, statement: str, says: str
) -> None:
    name = server.database()
    owner = database.owner_engine(server.of(name))
    database.migrate(owner)
    owner.dispose()
    server.run(statement, where=name)
    assert says in refused(server.of(name))


def test_an_old_server_is_refused() -> None:
    class Row:
        version = 140011

    assert checks._version(Row()).problem == "PostgreSQL 15 or newer is needed; this server is 14."  # type: ignore[arg-type]


def command(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "DATABASE", "APP_DATABASE"))}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        env={**clean, **environment},
        timeout=120,
    )


def test_the_doctor_prints_every_check_and_changes_nothing(server: Server) -> None:
    owner = server.login("CREATEROLE")
    name = server.database(owner)
    url = server.of(name, owner)
    empty = command("lib.doctor", DATABASE_URL=url, AUTH="off")
    assert empty.returncode == 0 and "revision: none yet" in empty.stdout and "All is well." in empty.stdout
    server.run(f"ALTER ROLE {owner} NOCREATEROLE")
    engine = database.owner_engine(server.of(name))
    with engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT to_regclass('tenants')").scalar_one() is None
    engine.dispose()
    without_auth = command("lib.doctor", DATABASE_URL=url)
    assert without_auth.returncode == 3 and "FAILED sign-in" in without_auth.stdout
    assert without_auth.stderr == ""
    mistyped = command("lib.doctor", "--fix", DATABASE_URL=url)
    assert mistyped.returncode == 2 and "unrecognized arguments: --fix" in mistyped.stderr and mistyped.stdout == ""


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AUDIT_CHECKPOINT_FILE", "/nonexistent/x", "AUDIT_CHECKPOINT_FILE: /nonexistent/x cannot be written: No such"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_ENDPOINT: is not a URL such as"),
        ("PROXY_KEY_FILE", "/nonexistent/x", "PROXY_KEY_FILE has no public key in it"),
        ("APP_DATABASE_URL", "junk", "APP_DATABASE_URL is not a URL such as"),
        ("APP_DATABASE_URL", "postgresql://u:p@127.0.0.1:1/d", "APP_DATABASE_URL cannot be reached"),
    ],
)
def test_what_the_doctor_refuses_is_refused_before_anything_is_made(
    server: Server, name: str, value: str, says: str
) -> None:
    url = server.of(server.database())
    by_proxy = {"AUTH": "proxy", "PROXY_HEADER": "X-Token", "PROXY_ISSUER": "https://a", "PROXY_AUDIENCE": "b"}
    given = {"DATABASE_URL": url, "AUTH": "off"} | (by_proxy if name == "PROXY_KEY_FILE" else {}) | {name: value}
    examined = command("lib.doctor", **given)
    assert examined.returncode == 3 and says in examined.stdout and "FAILED" in examined.stdout
    assert examined.stderr == ""
    started = command("streamlit", "run", "app.py", "--server.port", "0", **given)
    assert started.returncode == 3 and says in started.stderr and "Traceback" not in started.stderr
    if name != "PROXY_KEY_FILE":
        worker = command("lib.worker", **given)
        assert worker.returncode == 3 and says in worker.stderr and "Traceback" not in worker.stderr
    engine = database.owner_engine(url)
    with engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT to_regclass('tenants')").scalar_one() is None
    engine.dispose()


def test_a_database_that_is_read_only_for_a_login_is_refused(server: Server, refused: Refused) -> None:
    owner, pages = server.login("CREATEROLE"), server.login()
    url = server.of(server.database(owner), owner)
    startup.start(Settings(database_url=url, auth="off", worker="external"))
    role = database.current().app_role
    startup.stop()
    server.run(f"GRANT {role} TO {pages}", f"ALTER ROLE {pages} SET default_transaction_read_only = on")
    told = refused(url, make_url(url).set(username=pages).render_as_string(hide_password=False))
    assert told.startswith(f"APP_DATABASE_URL leads to a database that is read-only for {pages}: ")
    server.run(f"ALTER ROLE {owner} SET default_transaction_read_only = on")
    assert refused(url).startswith(f"DATABASE_URL leads to a database that is read-only for {owner}: ")


@pytest.mark.parametrize("limit", [0, 1])
@pytest.mark.parametrize("program", [("lib.doctor",), ("lib.auth", "verify"), ("lib.worker",)])
def test_a_login_that_may_open_too_few_connections_is_told_so(
    server: Server, limit: int, program: tuple[str, ...]
) -> None:
    owner = server.login("CREATEROLE")
    url = server.of(server.database(owner), owner)
    server.run(f"ALTER ROLE {owner} CONNECTION LIMIT {limit}")
    ended = command(*program, DATABASE_URL=url, AUTH="off")
    assert ended.returncode in ((2, 3) if program[-1] == "verify" else (1, 3)), "1 would be an altered trail"
    said = ended.stdout + ended.stderr
    assert f'too many connections for role "{owner}"' in said and "Traceback" not in said


@pytest.mark.parametrize(
    "program",
    [
        ("lib.worker",),
        ("lib.demo",),
        ("lib.doctor",),
        ("lib.auth", "tenant", "Acme", "boss@acme.example"),
        ("streamlit", "run", "app.py", "--server.port", "0"),
    ],
)
def test_every_command_ends_with_3_and_a_sentence(program: tuple[str, ...]) -> None:
    ended = command(*program, DATABASE_URL="postgresql://u:p@127.0.0.1:1/d", AUTH="off")
    assert ended.returncode == 3
    assert "DATABASE_URL cannot be reached" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
