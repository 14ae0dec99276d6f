"""Compare the counts with the rows that they count, report what differs, and repair it.

Triggers miss what passes them by: TRUNCATE, session_replication_role, writing to a partition; and anyone may have
written to the counts. `lib.operations.upkeep` compares the last days every hour, and one older day after the other
beside them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from lib.database import Connection, named_queries
from lib.metrics import rollups

log = logging.getLogger(__name__)

#: Days that are compared every hour, and how long a quarter hour counts as still being written.
RECENT_DAYS = 2
_SETTLED = timedelta(minutes=30)

CountKind = Literal["events", "runs", "durations"]
_KINDS: tuple[CountKind, ...] = get_args(CountKind)

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class Drift:
    """A bucket that did not equal what it counts, by how many events or runs (0: only by their kind).

    `grain` is the bucket's width in minutes: the narrowest are compared with the rows, wider ones with those.
    """

    kind: CountKind
    tenant: UUID
    name: str
    origin: str
    grain: int
    bucket: datetime
    missing: int


def reconcile(conn: Connection, *, since: datetime, until: datetime) -> list[Drift]:
    """Compare every width of bucket in the range, log what differs, repair it, and note that it was compared.

    Buckets that the range holds only a part of are left out of the comparison with the rows; those of a day or less
    are compared with each other in all days that it touches. Months whose events were dropped are compared among the
    counts only, those of runs too. Owner's connection; nothing is done while another process folds.
    """
    if not rollups.alone(conn):
        return []
    found: list[Drift] = []
    for step in ("repair", "widen"):
        for kind in _KINDS:
            rows = conn.execute(queries[f"{step}_{kind}"], {"since": since, "until": until}).mappings()
            found += [Drift(kind=kind, **row) for row in rows]
    for drift in found:
        log.warning(
            "Counts of %s by %d minutes were off by %d: %s (%s) of tenant %s at %s; repaired.",
            drift.kind,
            drift.grain,
            drift.missing,
            drift.name,
            drift.origin,
            drift.tenant,
            drift.bucket,
        )
    conn.execute(queries["record"], {"since": since, "until": until, "off": len(found)})
    return found


def reconcile_hourly(conn: Connection, *, now: datetime) -> list[Drift]:
    """Compare the last days and the older day whose turn it is; owner's connection."""
    found = reconcile(conn, since=now - timedelta(days=RECENT_DAYS), until=now - _SETTLED)
    counted, compared = conn.execute(queries["older_days"]).one()
    day = _older_day(now, oldest=counted, compared=compared)
    if day is not None:
        found += reconcile(conn, since=day, until=day + timedelta(days=1))
    return found


def _older_day(now: datetime, *, oldest: datetime | None, compared: datetime | None) -> datetime | None:
    """The day of UTC before the one compared last; past the oldest, the newest before those always compared."""
    newest = rollups.floor_to(now, 1440) - timedelta(days=RECENT_DAYS)
    if oldest is None or oldest > newest:
        return None
    before = newest if compared is None else compared - timedelta(days=1)
    return before if oldest <= before <= newest else newest


def compared_at(conn: Connection) -> datetime | None:
    """When counts were last compared with the rows; None when they never were."""
    at: datetime | None = conn.execute(queries["latest"]).scalar_one()
    return at
