"""The filtered events as a file to download: CSV or JSON, redacted as on the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO

import streamlit as st

from lib import activity, database, export, payloads
from lib.activity import EXPORT_LIMIT, EventSummary, Filters
from lib.auth import Actor

_COLUMNS = ("event_id", "event_name", "status", "origin", "source", "correlation_key", "created_at", "processed_at",
            "schema_status", "workflows_started", "reason", "error_message", "payload")  # fmt: skip


def draw(actor: Actor, filters: Filters) -> None:
    """Draw the menu. Nothing is read before a format is chosen."""
    name = f"activity-{datetime.now(UTC):%Y-%m-%d}"
    with st.popover("Export", icon=":material/download:"):
        st.caption(f"The events that these filters let through, latest first, at most {EXPORT_LIMIT:,}. Payloads "
                   "are redacted.")  # fmt: skip
        with st.container(horizontal=True):
            st.download_button("CSV", lambda: as_csv(actor, filters), f"{name}.csv", "text/csv", key="export-csv",
                               on_click="ignore", icon=":material/table:")  # fmt: skip
            st.download_button("JSON", lambda: as_json(actor, filters), f"{name}.json", "application/json",
                               key="export-json", on_click="ignore", icon=":material/data_object:")  # fmt: skip


def as_csv(actor: Actor, filters: Filters) -> BytesIO:
    """The events as CSV, the payload as JSON in one column."""
    with database.read(actor) as conn:
        events = activity.every(conn, tenant=actor.tenant, filters=filters)
        return export.as_file(export.csv_lines(_COLUMNS, _rows(events)))


def as_json(actor: Actor, filters: Filters) -> BytesIO:
    """The events as a JSON array of objects."""
    with database.read(actor) as conn:
        events = activity.every(conn, tenant=actor.tenant, filters=filters)
        items = (dict(zip(_COLUMNS, (*row[:-1], payloads.loads(str(row[-1]))), strict=True)) for row in _rows(events))
        return export.as_file(export.json_items(items))


def _rows(events: Iterable[EventSummary]) -> Iterator[tuple[str | int | None, ...]]:
    for event in events:
        yield (
            str(event.event_id), event.event_name, event.status, event.origin, event.source, event.correlation_key,
            event.created_at.astimezone(UTC).isoformat(),
            event.processed_at.astimezone(UTC).isoformat() if event.processed_at else None,
            event.schema_status, event.started, event.reason, event.error_message, event.payload,
        )  # fmt: skip
