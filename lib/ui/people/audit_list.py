"""The list of acts in the audit trail, and the way from a row to its record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st

from lib import database
from lib.auth import acts, audit_export, audit_trail
from lib.auth.actors import Actor
from lib.auth.audit_trail import MOST_COUNTED, MOST_SEARCHED, ActCount, AuditEntry, AuditFilters, AuditPage
from lib.ui.components import nothing_here, page_buttons, statuses, table, viewer_time
from lib.ui.components.text import plural
from lib.ui.people import audit_filters

PARAMETER = "auditId"


def draw(actor: Actor, filters: AuditFilters) -> None:
    """Draw the page of acts that the URL asks for, with how many there are."""
    older, newer = page_buttons.BEFORE.asked(), page_buttons.AFTER.asked()
    with database.read(actor) as conn:
        page = audit_trail.page(conn, actor, filters=filters, older_than=older, newer_than=newer)
        total = audit_trail.count(conn, actor, filters=filters)
    if not page.rows:
        _draw_nothing_found(page, narrowed=filters != AuditFilters() or older is not None)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        times = f"Times in {viewer_time.zone().key}"
        st.caption(f"{_count_line(len(page.rows), total)} · {times} · {table.SORTED}", width="content")
        if filters != AuditFilters():
            audit_filters.draw_clear()
    _draw_table(page)
    if page.searched_to:
        st.caption(_left_off(page.searched_to))
    page_buttons.draw_ways(audit_filters.FILTERS, page)


def draw_export(actor: Actor, filters: AuditFilters) -> None:
    """Draw the menu. The link is made when it is opened, and good for one download."""
    menu = st.popover("Export", icon=":material/download:", key="audit-export", on_change="rerun")
    if not menu.open:
        return
    with menu:
        st.caption(
            f"The acts that these filters let through, latest first, at most {audit_export.LIMIT:,}. Times are in UTC. "
            "Fetching it is an act, too."
        )
        with database.write(actor) as conn:
            token = audit_export.ticket(conn, actor, filters=filters)
        link = f"/api/v2/exports/{token}"
        st.link_button("CSV", link, icon=":material/table:", key="audit-export-csv", width="stretch")


def open_record(audit_id: str) -> None:
    """Callback: show this act."""
    st.query_params[PARAMETER] = audit_id


def _count_line(shown: int, total: ActCount) -> str:
    if total.number > MOST_COUNTED:
        return f"{shown} of more than {MOST_COUNTED:,} acts"
    if not total.is_complete:
        return f"{shown} of {plural(max(shown, total.number), 'act')} or more"
    return plural(shown, "act") if shown == total.number else f"{shown} of {plural(total.number, 'act')}"


def _left_off(searched_to: datetime) -> str:
    return f"This search ended at {viewer_time.shown(searched_to)}. Go on beside it, or choose a shorter time."


def _draw_table(page: AuditPage) -> None:
    table.draw(
        [_row(entry) for entry in page.rows],
        {
            "When": table.moment(),
            "Who": table.text(width=120),
            "Origin": table.state(statuses.ACT_ORIGIN, width=85),
            "Address": table.text(width=120, help="The client's network address, where it is known"),
            "Object": table.hidden(table.text(help="The kind of what was acted on")),
        },
        key=f"audit-table-{page.rows[0].audit_id if page.newer else 'latest'}",
        way_in=table.WayIn(
            "Act", lambda row: open_record(str(page.rows[row].audit_id)), width=575, help="Opens the act"
        ),
    )


def _row(entry: AuditEntry) -> Mapping[str, object]:
    return {
        "Act": entry.sentence,
        "When": entry.at,
        "Who": entry.who,
        "Object": "Refused" if entry.was_refused else acts.kind_word(entry.object_kind),
        "Origin": entry.origin or "unknown",
        "Address": entry.address,
    }


def _draw_nothing_found(page: AuditPage, *, narrowed: bool) -> None:
    if page.searched_to:
        with nothing_here.framed(f"No match among {MOST_SEARCHED:,} acts", _left_off(page.searched_to)):
            audit_filters.draw_clear()
    elif narrowed:
        with nothing_here.framed("No act matches these filters", "Try a longer time or fewer filters."):
            audit_filters.draw_clear()
    else:
        nothing_here.draw("Nothing was done yet", "Whatever you change, simulate or export appears here.")
    page_buttons.draw_ways(audit_filters.FILTERS, page)
