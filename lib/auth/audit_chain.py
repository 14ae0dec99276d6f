"""Whether the audit trail is whole: each row is chained by a hash to the one before it, tenant by tenant.

The database writes the links (migration 0028). Here they are computed anew, by statements of ours and in Python: an
owner who bends the trail could bend a function of the database too. Who rewrites the whole end of a chain writes right
hashes. That is found by checkpoints: a number and its hash, kept where that owner cannot write.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from lib.database import Connection, named_queries
from lib.errors import InvalidInput, NotFound
from lib.serialization import strict_json

_BATCH = 2000
# How a checkpoint begins.
_MARK = '{"auditCheckpoint":'
# Who logs checkpoints, and how such a message begins.
_LOGGER = "lib.operations.upkeep"
_LOGGED = f"Audit checkpoint {_MARK}"
# A line of the log as text up to the end of the checkpoint; ids may follow.
_TEXT_LINE = re.compile(rf"\S+ INFO {re.escape(_LOGGER)}: {re.escape(_LOGGED)}.*?(?:\}}\}}|$)")

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """The last link that a tenant's chain had at some time."""

    tenant: UUID
    number: int
    hash: str
    at: str

    def __str__(self) -> str:
        """The line that a file or log has of it."""
        said = {"tenant": str(self.tenant), "number": self.number, "hash": self.hash, "at": self.at}
        return f"{_MARK}{strict_json.dumps(said)}}}"


@dataclass(frozen=True)
class TrailVerdict:
    """What is to be said of one tenant's trail: how many rows are sound, and the first fault, if there is one."""

    tenant: UUID
    tenant_name: str
    rows: int
    fault: str | None


class _Fault(Exception):
    """The first place where a chain does not hold."""


def verify(
    conn: Connection, *, tenant_name: str | None = None, checkpoints: Sequence[Checkpoint] = ()
) -> list[TrailVerdict]:
    """Recompute the chain of the tenant of that name or id, else of all; owner's connection.

    Memory is bounded, however long a chain is. Acts may come in meanwhile: each statement sees rows with their links.

    Raises NotFound when no tenant has that name.
    """
    known = {row.tenant: row.name for row in conn.execute(queries["tenants"], {"name": tenant_name})}
    if tenant_name is not None and not known:
        raise NotFound(f"There is no tenant {tenant_name}.")
    if tenant_name is None:
        known |= {one.tenant: str(one.tenant) for one in checkpoints if one.tenant not in known}
    return [
        _verdict(conn, tenant, name, [one for one in checkpoints if one.tenant == tenant])
        for tenant, name in known.items()
    ]


def checkpoint(conn: Connection) -> list[Checkpoint]:
    """The last link of every tenant that has acts; owner's connection."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return [Checkpoint(**row, at=at) for row in conn.execute(queries["ends"]).mappings()]


def append_to(path: Path, checkpoints: Iterable[Checkpoint]) -> None:
    """Add the checkpoints to a file; they are on the disk when this returns. Raises InvalidInput."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{one}\n" for one in checkpoints))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unwritable(path, error) from None


def check_appendable(path: Path) -> None:
    """Raise InvalidInput if `append_to` could not write there. Nothing is made, changed or left."""
    try:
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
        except FileNotFoundError:
            with tempfile.TemporaryFile(dir=Path(os.path.realpath(path)).parent):
                pass  # a file may be made in the folder
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> InvalidInput:
    return InvalidInput("checkpoint file", f"{path} cannot be written: {error.strerror}")


def read_from(path: Path) -> list[Checkpoint]:
    """The checkpoints of a file or of a log, which has other lines too. Raises InvalidInput."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = ((number, _checkpoint_in(line)) for number, line in enumerate(file, start=1))
            found = [_parsed(said, number) for number, said in lines if said]
    except OSError as error:
        raise InvalidInput("checkpoint file", f"{path} cannot be read: {error.strerror}") from None
    if not found:
        raise InvalidInput("checkpoint file", f"{path} has no checkpoint")
    return found


def _checkpoint_in(line: str) -> str | None:
    """The part of a line that is a checkpoint: the whole line, or what upkeep logged.

    Strangers write into lines of other loggers. So a mark in such a line counts nothing, nor does one further on.
    """
    if line.startswith(_MARK):
        return line.strip()
    if _LOGGER not in line:
        return None
    if as_text := _TEXT_LINE.match(line):
        return as_text[0][as_text[0].index(_MARK) :]
    try:
        logged = json.loads(line)
        message = str(logged["message"]) if logged["logger"] == _LOGGER else ""
    except (ValueError, KeyError, TypeError):
        return None
    return message[message.index(_MARK) :] if message.startswith(_LOGGED) else None


def _parsed(said: str, number: int) -> Checkpoint:
    try:
        value: Any = strict_json.loads(said)["auditCheckpoint"]
        digest = bytes.fromhex(value["hash"]).hex()
        return Checkpoint(UUID(value["tenant"]), int(value["number"]), digest, str(value["at"]))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidInput):
        raise InvalidInput("checkpoint file", f"line {number} is no checkpoint") from None


def _verdict(conn: Connection, tenant: UUID, name: str, checkpoints: Sequence[Checkpoint]) -> TrailVerdict:
    rows = 0
    try:
        for _ in _sound(conn, tenant, sorted(checkpoints, key=lambda one: one.number)):
            rows += 1
    except _Fault as fault:
        return TrailVerdict(tenant, name, rows, str(fault))
    return TrailVerdict(tenant, name, rows, None)


def _sound(conn: Connection, tenant: UUID, checkpoints: list[Checkpoint]) -> Iterator[int]:
    """The numbers of the links that hold, in order. Raises _Fault at the first that does not."""
    digest, number, held = b"", 0, 0
    waiting = list(reversed(checkpoints))
    options = {"stream_results": True, "yield_per": _BATCH}
    for link in conn.execute(queries["chain"], {"tenant": tenant}, execution_options=options):
        if link.number > number + 1:
            raise _Fault(f"rows are missing from number {number + 1} to number {link.number - 1}")
        if link.number <= number:
            raise _Fault(f"number {link.number} is there more than once")
        number = link.number
        row = f"row {number} ({link.audit_id})"
        if not link.has_row:
            raise _Fault(f"{row} is missing")
        digest = hashlib.sha256(digest + link.content.encode()).digest()
        if digest != link.hash:
            raise _Fault(f"{row} was altered, or does not follow from the row before it")
        while waiting and waiting[-1].number == number:
            known = waiting.pop()
            if known.hash != digest.hex():
                raise _Fault(
                    f"rows were rewritten between number {held + 1} and number {number}: "
                    f"number {number} has another hash than the checkpoint of {known.at}"
                )
            held = number
        yield number
    if waiting:
        last = checkpoints[-1]
        raise _Fault(
            f"rows are missing from number {number + 1}: the checkpoint of {last.at} has a number {last.number}"
        )
    if alien := conn.execute(queries["unlinked"], {"tenant": tenant}).scalar_one_or_none():
        raise _Fault(f"row {alien} was inserted beside the chain")
