"""Files that a person may fetch once they are signed in: each is an address that no one can guess, good for minutes.

A page cannot stream, and what Streamlit offers for download it keeps in memory. So the page hands out a ticket for an
address of the HTTP API, where the file is sent as it is read (decision 0048). Fetching it is an act.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from lib.auth import acts, audit
from lib.auth.actors import Actor
from lib.database import Connection
from lib.errors import NotFound

FileFormat = Literal["csv", "json", "yaml", "zip"]

#: How long a ticket is good for.
GOOD_FOR = timedelta(minutes=10)

_MOST_TICKETS = 1000


@dataclass(frozen=True)
class Download:
    """Who asked for which rows, and as what. `narrowed` has the filters; `until` is when the ticket for it ends."""

    actor: Actor
    name: str
    form: FileFormat
    narrowed: str
    lines: Callable[[], Iterator[str | bytes]]
    until: datetime


_tickets: dict[str, Download] = {}
_lock = threading.Lock()


def ticket(
    actor: Actor,
    *,
    name: str,
    form: FileFormat,
    narrowed: Mapping[str, object],
    lines: Callable[[], Iterator[str | bytes]],
) -> str:
    """A ticket for the file. Only this process knows it, as only this process draws its holder's pages."""
    now = datetime.now(UTC)
    token = secrets.token_urlsafe(32)
    said = ", ".join(f"{name} {value}" for name, value in narrowed.items() if value) or "all of it"
    with _lock:
        for old in [t for t, d in _tickets.items() if d.until < now] or list(_tickets)[: -(_MOST_TICKETS - 1)]:
            del _tickets[old]
        _tickets[token] = Download(actor, name, form, said, lines, now + GOOD_FOR)
    return token


def of_ticket(token: str) -> Download:
    """What the ticket is for. Raises NotFound for one that has ended or never was."""
    with _lock:
        found = _tickets.get(token)
    if found is None or found.until < datetime.now(UTC):
        raise NotFound("This download has expired. Open Export again for a new one.")
    return found


def begun(conn: Connection, actor: Actor, *, download: Download) -> None:
    """Keep in the audit trail that the file is being fetched."""
    act = acts.ExportStarted(target_id=download.name, form=download.form, narrowed=download.narrowed)
    audit.record(conn, actor, act)


def chunks(lines: Iterator[str | bytes], size: int = 64 * 1024) -> Iterator[bytes]:
    """The lines in pieces of about that many bytes: a thread is asked for each."""
    piece = bytearray()
    for line in lines:
        piece += line.encode() if isinstance(line, str) else line
        if len(piece) >= size:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
