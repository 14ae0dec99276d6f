"""The embedded PostgreSQL comes back by itself, whatever ended it, and says why when it cannot."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from lib.database import embedded_server
from lib.database.embedded_server import EmbeddedServer
from lib.errors import ConfigurationError
from tests.support.waiting import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    running = embedded_server.start(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def supervised(server: EmbeddedServer) -> EmbeddedServer:
    server.supervise()
    return server


def connect(server: EmbeddedServer) -> psycopg.Connection:
    return psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True, connect_timeout=30)


def answers(server: EmbeddedServer) -> bool:
    try:
        with connect(server) as conn:
            conn.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def postmaster(server: EmbeddedServer) -> psutil.Process:
    return psutil.Process(int((server.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]))


def kill(server: EmbeddedServer) -> None:
    victim = postmaster(server)
    victim.kill()
    wait_for(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE)


def has_another(server: EmbeddedServer, before: psutil.Process) -> bool:
    return server.state() == "ready" and postmaster(server) != before and answers(server)


def kill_and_wait(server: EmbeddedServer) -> None:
    before = postmaster(server)
    kill(server)
    wait_for(lambda: has_another(server, before))


def backend(conn: psycopg.Connection) -> psutil.Process:
    return psutil.Process(conn.info.backend_pid)


def said(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


def test_a_killed_server_comes_back_under_the_same_address(supervised: EmbeddedServer) -> None:
    with connect(supervised) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS x")
    for _ in range(2):
        kill_and_wait(supervised)
    with connect(supervised) as conn:
        assert conn.execute("SELECT x FROM kept").fetchone() == (42,)


def test_a_server_that_was_stopped_in_order_comes_back_too(supervised: EmbeddedServer) -> None:
    before = postmaster(supervised)
    before.send_signal(signal.SIGINT)
    wait_for(lambda: has_another(supervised, before))


def test_a_killed_backend_is_recovered_from(supervised: EmbeddedServer) -> None:
    before = postmaster(supervised)
    with connect(supervised) as conn:
        backend(conn).kill()
        with pytest.raises(psycopg.OperationalError):
            conn.execute("SELECT 1")
    wait_for(lambda: has_another(supervised, before))


def test_what_a_dead_postmaster_left_keeps_no_new_one_from_starting(supervised: EmbeddedServer) -> None:
    before = postmaster(supervised)
    conn = connect(supervised)
    left = backend(conn)
    left.suspend()  # so that it does not notice, as one that is at work
    kill(supervised)
    assert left.is_running()
    wait_for(lambda: has_another(supervised, before))
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE


def test_one_of_several_processes_starts_it_again(supervised: EmbeddedServer, caplog: pytest.LogCaptureFixture) -> None:
    others = [embedded_server.start(supervised.data_dir) for _ in range(3)]
    for other in others:
        other.supervise()
    before = postmaster(supervised)
    kill(supervised)
    wait_for(lambda: has_another(supervised, before))
    now = postmaster(supervised)
    assert [one.start_again() for one in others] == [False] * 3  # behind the lock, when all had their turn
    for other in others:
        other.stop()
    wait_for(lambda: said(caplog, "was gone"))  # whoever started it says so once it has let go of the lock
    assert (postmaster(supervised), said(caplog, "was gone")) == (now, 1)


def test_a_pid_file_that_names_somebody_else_keeps_nobody_from_starting(server: EmbeddedServer) -> None:
    """As after a container was killed: the numbers of its processes come again."""
    pid_file = server.data_dir / "postgres" / "postmaster.pid"
    kill(server)
    # Of the server's own user: PostgreSQL looks past those of others.
    stranger = subprocess.Popen(["sleep", "60"], user=embedded_server._SYSTEM_USER if os.geteuid() == 0 else None)
    try:
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert server.state() == "gone"
        assert server.start_again()
        assert answers(server)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_first_start_that_was_killed_is_made_good(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    server = embedded_server.start(tmp_path)
    try:
        assert answers(server)
    finally:
        server.stop()


@contextmanager
def holding(port: int) -> Iterator[None]:
    """Another program on that port, as soon as it is free: what a killed server leaves behind holds it for a moment."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wait_for(lambda: is_bound(taken, port))
        taken.listen()
        yield


def is_bound(taken: socket.socket, port: int) -> bool:
    try:
        taken.bind(("127.0.0.1", port))
    except OSError as error:
        assert error.errno == errno.EADDRINUSE
        return False
    return True


def test_a_taken_port_is_said_and_waited_for_ever_longer(
    server: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    kill(server)
    with holding(server.port):
        server.supervise()
        wait_for(lambda: said(caplog, f"port {server.port} of 127.0.0.1 is taken by another program.") >= 3)
    wait_for(lambda: answers(server))
    pauses = [
        record.getMessage().rsplit("Trying again in ")[1]
        for record in caplog.records
        if record.levelno == logging.ERROR
    ]
    assert pauses[:3] == ["0.5 s.", "1 s.", "2 s."]


def test_a_server_that_was_halted_is_said_and_left_alone(
    supervised: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = postmaster(supervised)
    before.suspend()
    try:
        wait_for(lambda: said(caplog, "kill -CONT") == 1)
        with pytest.raises(ConfigurationError, match="kill -CONT"):
            embedded_server.start(supervised.data_dir)
    finally:
        before.resume()
    wait_for(lambda: said(caplog, "goes on.") == 1)
    assert postmaster(supervised) == before


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder]).returncode:
        pytest.skip("only who may mount can try a full disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_said_and_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, 120):
        server = embedded_server.start(folder)
        try:
            kill(server)
            fill(folder / "filling")
            server.supervise()
            wait_for(lambda: said(caplog, "the disk is full. Make room") >= 1)
            (folder / "filling").unlink()
            wait_for(lambda: answers(server))
        finally:
            server.stop()


def fill(path: Path) -> None:
    """Write until there is no room for a byte more."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_disk_too_small_for_a_first_start_is_said(tmp_path: Path) -> None:
    with small_disk(tmp_path, 20), pytest.raises(ConfigurationError, match="the disk is full"):
        embedded_server.start(tmp_path)
