"""A throw-away PgBouncer from Debian's package, pooling by transaction in front of a server."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from tests.support.waiting import PATIENCE, wait_for

PROGRAM = Path("/usr/sbin/pgbouncer")


@contextmanager
def pooling(url: URL, folder: Path, *, settings: str = "pool_mode = transaction\n", size: int = 4) -> Iterator[URL]:
    """The same URL through a pooler with so many connections to the server; it ends with its context."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(exist_ok=True)
    (folder / "users.txt").write_text(f'"{url.username}" "{url.password or ""}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={url.host} port={url.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nauth_type = plain\nauth_file = {folder / 'users.txt'}\n"
        f"{settings}default_pool_size = {size}\nmax_client_conn = 200\nunix_socket_dir =\n"
    )
    user = None
    if os.geteuid() == 0:  # it refuses to run as root
        user = "nobody"
        for place in (folder, *folder.parents):
            if place.stat().st_uid == 0 and place != Path("/"):
                place.chmod(place.stat().st_mode | 0o055)
    process = subprocess.Popen(
        [str(PROGRAM), "-q", str(folder / "pgbouncer.ini")],
        user=user,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, port)
        yield url.set(host="127.0.0.1", port=port)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    def listens() -> bool:
        assert process.poll() is None, "PgBouncer ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens)
