"""Marks on charts where something was done that may have changed how events went, and the list of what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from lib.auth import changes
from lib.auth.actors import Actor
from lib.auth.changes import MOST, Change, Subjects
from lib.catalog.entries import CatalogEntry
from lib.database import Connection
from lib.metrics.time_window import Window, clock
from lib.ui.components import links
from lib.ui.components.text import escape, plural
from lib.ui.people import audit_filters, audit_list
from lib.workflows import records as workflow_records

#: Name of the selection of a mark in a chart.
MARKS = "marks"

# Of a chart's width: marks that are closer are one.
_APART = 1 / 40
_LISTED = 4
_NAMED = 3


@dataclass(frozen=True)
class Mark:
    """One place in a chart at which something was done, or several things shortly after each other, latest first."""

    place: float
    when: str
    changes: tuple[Change, ...]

    @property
    def number(self) -> int:
        """How many changes it stands for."""
        return len(self.changes)

    @property
    def words(self) -> str:
        """What was done; of several, how many and the latest of them."""
        if self.number == 1:
            return self.changes[0].words
        named = " · ".join(one.words for one in self.changes[:_NAMED])
        return f"{plural(self.number, 'change')}: {named}" + (" · …" if self.number > _NAMED else "")


def load(
    conn: Connection, actor: Actor, window: Window, event_type: str | None = None, entry: CatalogEntry | None = None
) -> list[Change]:
    """What was done in the range, latest first: in the whole tenant, or about one event type with its entry."""
    subjects = None
    if event_type:
        refs = [entry.payload_schema_ref] if entry and entry.payload_schema_ref else []
        workflows = workflow_records.ever_attached(conn, tenant=actor.tenant, event_type=event_type)
        subjects = Subjects(event_type, refs, workflows)
    return changes.changes(conn, actor, since=window.since, until=window.until, subjects=subjects)


def joined(found: Sequence[Change], window: Window) -> list[Mark]:
    """The marks in order of time; changes that would stand on top of each other share one."""
    apart = len(window.starts) * _APART
    groups: list[list[Change]] = []
    for change in reversed(found):
        if groups and window.place(change.at) - window.place(groups[-1][0].at) < apart:
            groups[-1].append(change)
        else:
            groups.append([change])
    return [Mark(window.place(group[0].at), _when(group, window), tuple(reversed(group))) for group in groups]


def chosen(key: str, found: Sequence[Mark]) -> bool:
    """For a chart's callback: whether one of its marks was chosen; if it may be read, what it marks is opened."""
    points = st.session_state[key]["selection"].get(MARKS) or []
    numbers = [int(point["mark"]) for point in points if point.get("mark") is not None]
    if not numbers or not 0 <= numbers[0] < len(found):
        return False
    if query := _query(found[numbers[0]]):
        st.switch_page("audit.py", query_params=query)
    return True


def draw(found: Sequence[Change], window: Window, *, is_charted: bool = True) -> None:
    """List what was done, each with the way to its line in the audit trail where it may be read.

    It stands below the chart that has the marks, or where the chart would be.
    """
    if not found:
        return
    with st.container(gap="xxsmall", key="changes"):
        st.caption(f":violet[:material/arrow_drop_down:] {_count_line(found)}{', marked above' if is_charted else ''}")
        for change in found[:_LISTED]:
            _draw_change(change, window)
        if rest := found[_LISTED:]:
            with st.expander(f"{plural(len(rest), 'earlier change')}", type="compact", key="more-changes"):
                for change in rest:
                    _draw_change(change, window)


def _count_line(found: Sequence[Change]) -> str:
    if len(found) == MOST:
        return f"The latest {MOST} changes of the range"
    return f"{plural(len(found), 'change')} in this range"


def _draw_change(change: Change, window: Window) -> None:
    at = change.at.astimezone(window.zone)
    words = f"{at:%a} {at.day} {at:%b} {clock(at)} · {escape(change.words)}"
    if not change.audit_id:
        st.markdown(f":small[{words}]")
        return
    by = f" · {escape(change.who)}" if change.who else ""
    links.page_link(
        "audit.py",
        label=f":small[{words}{by}]",
        icon=":material/history:",
        query_params={audit_list.PARAMETER: str(change.audit_id)},
    )


def _query(mark: Mark) -> dict[str, str]:
    """What the audit page shows of the mark; nothing where none of it may be read."""
    readable = [change for change in mark.changes if change.audit_id]
    if len(readable) == 1:
        return {audit_list.PARAMETER: str(readable[0].audit_id)}
    if not readable:
        return {}
    return audit_filters.between(readable[-1].at, readable[0].at + timedelta(microseconds=1))


def _when(group: Sequence[Change], window: Window) -> str:
    first, last = (one.at.astimezone(window.zone) for one in (group[0], group[-1]))
    words = f"{first:%a} {first.day} {first:%b}, {clock(first)}"
    return words if clock(first) == clock(last) and first.date() == last.date() else f"{words} – {_end(first, last)}"


def _end(first: datetime, last: datetime) -> str:
    return clock(last) if first.date() == last.date() else f"{last:%a} {last.day} {last:%b}, {clock(last)}"
