"""Files that a person may fetch: each by a link that no one can guess, good for one download within minutes.

A page cannot stream, and what Streamlit offers for download it keeps in memory. So the page hands out a ticket for an
address of the HTTP API, where the file is sent as it is read (decisions 0048, 0094). Fetching it is an act.

`<tenant>_<secret>`: the ticket names its tenant, as API tokens do. So it is looked up behind that tenant's row-level
security. Only its hash is stored.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic_core import to_jsonable_python

from lib import database
from lib.auth import acts, audit
from lib.auth.actors import Actor, Membership
from lib.database import Connection, named_queries
from lib.errors import DownloadEnded

DownloadKind = Literal["events", "catalog", "audit"]
FileFormat = Literal["csv", "json", "yaml", "zip"]

#: How long a ticket is good for.
GOOD_FOR = timedelta(minutes=10)

_TICKET = re.compile(r"(?P<tenant>[0-9a-f]{32})_[A-Za-z0-9_-]{43}")

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class _Claim:
    """The tenant that a ticket says it is for."""

    tenant: UUID


@dataclass(frozen=True)
class Download:
    """Which file is asked for: `narrowed` has its filters in words, `filters` has them as JSON."""

    kind: DownloadKind
    name: str
    form: FileFormat
    narrowed: str
    filters: Any


@dataclass(frozen=True)
class Ticket:
    """A ticket that is good: who asked, as their membership is now, and for what."""

    person: Membership
    download: Download
    text: str


def ticket(
    conn: Connection,
    actor: Actor,
    *,
    kind: DownloadKind,
    name: str,
    form: FileFormat,
    narrowed: Mapping[str, object],
    filters: object,
) -> str:
    """A ticket for the file. `filters` are a dataclass that JSON can hold, or None."""
    text = f"{actor.tenant.hex}_{secrets.token_urlsafe(32)}"
    said = ", ".join(f"{name} {value}" for name, value in narrowed.items() if value) or "all of it"
    asked = {"kind": kind, "name": name, "form": form, "narrowed": said, "filters": to_jsonable_python(filters)}
    row = {
        "tenant": actor.tenant,
        "ticket_hash": _hash(text),
        "user_id": actor.user_id,
        # ASCII only, so that a filter that no row can equal is refused when the rows are read, by its name.
        "asked": json.dumps(asked),
        "seconds": GOOD_FOR.total_seconds(),
    }
    conn.execute(queries["keep"], row)
    return text


def of_ticket(text: str) -> Ticket:
    """What a ticket is for; it stays good. Raises DownloadEnded for one that was used, has ended or never was."""
    claim = _claim(text)
    with database.read(claim) as conn:
        found = conn.execute(queries["find"], _key(claim, text)).mappings().one_or_none()
    if found is None:
        raise DownloadEnded
    row = dict(found)
    asked = row.pop("asked")
    return Ticket(Membership(**row), Download(**asked), text)


def begin(conn: Connection, actor: Actor, *, ticket: Ticket) -> None:
    """Use a ticket up, and keep in the audit trail that its file is being fetched.

    Raises DownloadEnded for all but one of those who try, by whichever process.
    """
    if conn.execute(queries["use"], _key(_Claim(actor.tenant), ticket.text)).one_or_none() is None:
        raise DownloadEnded
    asked = ticket.download
    audit.record(conn, actor, acts.ExportStarted(target_id=asked.name, form=asked.form, narrowed=asked.narrowed))


def forget_ended(conn: Connection) -> None:
    """Remove tickets that nobody used in time; owner's connection only."""
    conn.execute(queries["forget_ended"])


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


def _claim(text: str) -> _Claim:
    read = _TICKET.fullmatch(text)
    if read is None:
        raise DownloadEnded
    return _Claim(UUID(read["tenant"]))


def _key(claim: _Claim, text: str) -> dict[str, object]:
    return {"tenant": claim.tenant, "ticket_hash": _hash(text)}


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
