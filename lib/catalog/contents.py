"""What a tenant's catalog holds in all: how many entries, and the categories, owners and tags that they have.

Every page asks for it, and it takes a look at each entry. So each process keeps it for some tenants until an entry
changes. A transaction that changes entries counts that as it commits, and every read looks at the count.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from lib.database import Connection, named_queries

_MOST_KEPT = 100

queries = named_queries.of(__name__)


@dataclass(frozen=True)
class CatalogContents:
    """How many entries there are, how many of them are deprecated, and what they can be narrowed to, in order.

    `changes` names the committed changes that are in it; it differs after each. It is None where the transaction itself
    may have changed entries: that may be undone, so nothing read there is kept.
    """

    changes: str | None
    entries: int
    deprecated: int
    categories: tuple[str, ...]
    owners: tuple[str, ...]
    tags: tuple[str, ...]


_kept: dict[UUID, CatalogContents] = {}


def kept(tenant: UUID) -> CatalogContents | None:
    """What was read last, if that is kept. Entries may have changed since."""
    return _kept.get(tenant)


def read(conn: Connection, *, tenant: UUID) -> CatalogContents:
    """What the catalog of this tenant holds now."""
    # The changes are read first, so that what is kept can be newer than they say, but not older.
    changes: str | None = conn.execute(queries["changes"], {"tenant": tenant}).scalar_one_or_none()
    held = kept(tenant)
    if held is not None and held.changes == changes:
        return held
    row = conn.execute(queries["contents"], {"tenant": tenant}).one()
    found = CatalogContents(
        changes, row.entries, row.deprecated, tuple(row.categories), tuple(row.owners), tuple(row.tags)
    )
    if changes is not None:  # what this transaction changed may be undone
        _keep(tenant, found)
    return found


def _keep(tenant: UUID, found: CatalogContents) -> None:
    _kept.pop(tenant, None)
    _kept[tenant] = found
    for oldest in list(_kept)[:-_MOST_KEPT]:
        _kept.pop(oldest, None)
