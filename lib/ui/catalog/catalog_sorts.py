"""The orders of the catalog: the URL has one, a select box offers all, and headings of the list choose among them."""

from __future__ import annotations

from dataclasses import dataclass

from lib.catalog.entries import EntrySort


@dataclass(frozen=True)
class Order:
    """One order: how people choose it, and what the database sorts by. None: best match, then category, name."""

    label: str
    by: EntrySort | None
    descending: bool = False

    @property
    def direction(self) -> str:
        """Which way the arrow of its heading points."""
        return "descending" if self.descending else "ascending"


#: By their names in the URL.
ORDERS = {
    "active": Order("Most active", "executions", True),
    "inactive": Order("Least active", "executions"),
    "name": Order("Category · Name", None),
    "names": Order("Name A–Z", "name"),
    "names-back": Order("Name Z–A", "name", True),
    "types": Order("Type A–Z", "type"),
    "types-back": Order("Type Z–A", "type", True),
    "failing": Order("Lowest success", "success"),
    "succeeding": Order("Highest success", "success", True),
    "slow": Order("Longest average", "average", True),
    "fast": Order("Shortest average", "average"),
    "attached": Order("Most workflows", "workflows", True),
    "unattached": Order("Fewest workflows", "workflows"),
    "status": Order("Status A–Z", "status"),
    "status-back": Order("Status Z–A", "status", True),
    "category": Order("Category A–Z", "category"),
    "category-back": Order("Category Z–A", "category", True),
    "source": Order("Source A–Z", "source"),
    "source-back": Order("Source Z–A", "source", True),
}
#: What people read of types that had events and have none now.
STOPPED = "Stopped coming"
#: What is sorted by where nothing is asked for.
DEFAULT = "active"
