"""The columns of the catalog's list: what each says of an entry, and the orders that its heading chooses.

Some stand in pairs, one below the other, so that a row fits the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lib.catalog.entries import Activity, EntrySummary
from lib.ui.catalog import cards
from lib.ui.catalog.catalog_sorts import ORDERS
from lib.ui.components import statuses
from lib.ui.components.statuses import Look
from lib.ui.components.text import NOTHING, count, duration, exactly, one_line, percent, shorten

CellKind = Literal["words", "code", "number", "state", "trend", "long"]
ListCell = dict[str, str]


@dataclass(frozen=True)
class ListColumn:
    """One column. A heading chooses the first of its orders, and the other one where it is chosen already.

    It stands below the column that `below` names, if that is shown.
    """

    label: str
    kind: CellKind
    read: Callable[[EntrySummary, Activity], ListCell]
    orders: tuple[str, ...] = ()
    help: str = ""
    below: str = ""

    def heading(self, order: str) -> dict[str, str]:
        """What the component is told of it, while entries stand in this order."""
        told = {"label": self.label, "kind": self.kind, "help": self.help, "below": self.below}
        if not self.orders:
            return told
        if order not in self.orders:
            return told | {"sort": self.orders[0]}
        other = self.orders[1 - self.orders.index(order)]
        return told | {"sort": other, "sorted": ORDERS[order].direction}

    def cell(self, entry: EntrySummary, activity: Activity) -> ListCell:
        """What it says of an entry."""
        return {"kind": self.kind} | self.read(entry, activity)


Columns = Sequence[ListColumn]


def of(entries: Sequence[EntrySummary]) -> Columns:
    """The columns for these entries; owners and tags only where there are some."""
    has = {"Owner": any(entry.owner for entry in entries), "Tags": any(entry.tags for entry in entries)}
    shown = [column for column in _COLUMNS if has.get(column.label, True)]
    labels = {column.label for column in shown}
    return [column if column.below in labels else replace(column, below="") for column in shown]


def _words(text: str | None) -> ListCell:
    return {"word": one_line(text) if text else NOTHING}


def _state(look: Look) -> ListCell:
    return {"word": look.word, "tone": look.color, "icon": look.icon}


def _executions(_: EntrySummary, activity: Activity) -> ListCell:
    if not activity.executions:
        return {"word": NOTHING}
    return {"word": count(activity.executions), "title": exactly(activity.executions)}


def _success(_: EntrySummary, activity: Activity) -> ListCell:
    rate = activity.success_rate
    return {"word": percent(rate)} | ({} if rate is None else {"tone": statuses.rate_color(rate)})


_COLUMNS = (
    ListColumn("Event", "words", lambda e, _: _words(e.name), ("names", "names-back"), "Opens the event"),
    ListColumn(
        "Type",
        "code",
        lambda e, _: _words(e.event_type),
        ("types", "types-back"),
        "What a sender names the event",
        below="Event",
    ),
    ListColumn(
        "Executions",
        "number",
        _executions,
        ("active", "inactive"),
        "Live events of the last 7 days, without tests and replays",
    ),
    ListColumn("7 days", "trend", lambda *_: {}),
    ListColumn("Success", "number", _success, ("failing", "succeeding"), "Of the runs of the last 7 days"),
    ListColumn(
        "Avg",
        "number",
        lambda _, a: {"word": duration(a.average_seconds)},
        ("slow", "fast"),
        "Mean duration of these runs",
    ),
    ListColumn(
        "Workflows",
        "number",
        lambda e, _: {"word": f"{e.attached:,}"},
        ("attached", "unattached"),
        "Published workflows that react to it",
    ),
    ListColumn("Status", "state", lambda e, _: _state(statuses.ENTRY[e.status]), ("status", "status-back")),
    ListColumn(
        "Source", "state", lambda e, _: _state(statuses.SOURCE[e.source]), ("source", "source-back"), below="Status"
    ),
    ListColumn("Category", "words", lambda e, _: _words(e.category), ("category", "category-back")),
    ListColumn("Schema", "state", lambda e, _: _state(statuses.SCHEMA[e.schema_state]), below="Category"),
    ListColumn("Owner", "words", lambda e, _: _words(e.owner)),
    ListColumn("Tags", "words", lambda e, _: _words(", ".join(e.tags)), below="Owner"),
    ListColumn("Description", "long", lambda e, _: _words(shorten(e.description, cards.LONGEST_DESCRIPTION))),
)
