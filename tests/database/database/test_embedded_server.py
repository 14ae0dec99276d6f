"""The embedded PostgreSQL: made on first use, kept between starts, shared, and stopped by the last to leave."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from lib import database
from lib.database import embedded_server
from lib.errors import ConfigurationError
from lib.operations import startup
from lib.settings import Settings


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url.replace("+psycopg", "")) as conn:
        row = conn.execute(statement).fetchone()  # type: ignore[arg-type]
        return row[0] if row else None


def test_data_and_address_are_kept_between_starts(tmp_path: Path) -> None:
    server = embedded_server.start(tmp_path)
    url = server.url()
    with psycopg.connect(url.replace("+psycopg", "")) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS x")
    assert str(ask(url, "SHOW server_version")).startswith("18")
    second = embedded_server.start(tmp_path)
    assert second.url() == url
    server.stop()
    assert ask(url, "SELECT x FROM kept") == 42, "another user keeps it running"
    second.stop()
    with pytest.raises(psycopg.OperationalError):
        ask(url, "SELECT 1")
    third = embedded_server.start(tmp_path)
    assert ask(third.url(), "SELECT x FROM kept") == 42
    third.stop()


def test_only_its_owner_may_read_the_password_and_nobody_enters_without(tmp_path: Path) -> None:
    server = embedded_server.start(tmp_path)
    try:
        assert (tmp_path / "postgres.password").stat().st_mode & 0o077 == 0
        with pytest.raises(psycopg.OperationalError, match="password"):
            ask(server.url(password="wrong"), "SELECT 1")
        assert ask(server.url(), "SHOW listen_addresses") == "127.0.0.1"
    finally:
        server.stop()


def test_servers_that_want_one_port_at_a_time_share_none(tmp_path: Path) -> None:
    first = tmp_path / "0"
    embedded_server.start(first).stop()
    folders = [first, *(tmp_path / str(number) for number in range(1, 4))]
    for folder in folders[1:]:
        subprocess.run(["cp", "-a", first, folder], check=True)
    with ThreadPoolExecutor(len(folders)) as threads:
        servers = list(threads.map(embedded_server.start, folders))
    try:
        assert len({server.port for server in servers}) == len(servers)
        assert [ask(server.url(), "SELECT 1") for server in servers] == [1] * len(servers)
    finally:
        for server in servers:
            server.stop()


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "of_another" / "start.lock").mkdir(parents=True)
    for place in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "of_another", Path("/proc")):
        with pytest.raises(ConfigurationError, match=f"DATA_DIR: {place} cannot be used: "):
            embedded_server.start(place)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for place in (Path("~nobody-at-all/data"), tmp_path / "loop"):
        with pytest.raises(ConfigurationError, match=f"DATA_DIR: {place} leads nowhere: "):
            embedded_server.start(place)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18\n")
    with pytest.raises(ConfigurationError, match="did not start"):
        embedded_server.start(tmp_path)


def test_an_embedded_start_without_demo_has_one_tenant_to_work_in(tmp_path: Path) -> None:
    startup.start(Settings(data_dir=tmp_path, demo=False, worker="external", database_url=None))
    try:
        with database.operate() as conn:
            names = conn.exec_driver_sql("SELECT name FROM tenants").scalars().all()
        assert names == ["My workspace"]
    finally:
        startup.stop()


@pytest.mark.skipif(not Path("/usr/lib/postgresql/15/bin/initdb").exists(), reason="no PostgreSQL 15 on this machine")
def test_an_external_postgresql_15_is_enough(tmp_path: Path) -> None:
    from tests.support.postgresql15 import running

    with running(tmp_path) as url:
        settings = Settings(database_url=url, auth="off", worker="external")
        startup.start(settings)
        try:
            with database.operate() as conn:
                assert conn.exec_driver_sql("SELECT count(*) FROM system_event_catalog").scalar_one() == 155
                assert conn.exec_driver_sql("SELECT count(*) FROM tenants").scalar_one() == 0, "no demo by itself"
                assert conn.exec_driver_sql("SELECT app_uuidv7()").scalar_one().version == 7
        finally:
            startup.stop()


def test_an_external_database_needs_sign_in_or_a_clear_no(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AUTH=off"):
        startup.start(Settings(database_url="postgresql://x@127.0.0.1:1/x"))
    with pytest.raises(ConfigurationError, match="cannot be reached"):
        startup.start(Settings(database_url="postgresql://x@127.0.0.1:1/x", auth="off"))
    with pytest.raises(ConfigurationError, match="must name PostgreSQL"):
        startup.start(Settings(database_url="mysql://x@127.0.0.1:1/x", auth="off"))
    assert os.environ.get("DATABASE_URL") is None
