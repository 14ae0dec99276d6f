"""A throw-away PostgreSQL 15 from Debian's binaries, to hold the oldest server we promise."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BIN = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """URL of a superuser on a fresh server in the folder; stopped afterwards."""
    cluster = folder / "pg15"
    cluster.mkdir()
    for parent in (cluster, *cluster.parents):
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    if os.geteuid() == 0:
        subprocess.run(["chown", "postgres", str(cluster)], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _run(cluster, "initdb", "-U", "tester", "--auth=trust")
    start(folder, port)
    try:
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        _run(cluster, "pg_ctl", "stop", "-m", "fast", "-w")


def start(folder: Path, port: int) -> None:
    """Start the server of that folder, as its host would after it died."""
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
    _run(folder / "pg15", "pg_ctl", "start", "-w", "-l", str(folder / "pg15" / "log"), "-o", options)


def _run(cluster: Path, program: str, *arguments: str) -> None:
    subprocess.run(
        [str(BIN / program), "-D", str(cluster), *arguments],
        check=True,
        user="postgres" if os.geteuid() == 0 else None,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
