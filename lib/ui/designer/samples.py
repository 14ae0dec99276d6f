"""Which payload the designer tries a mapping or a whole workflow with."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from lib import database
from lib.catalog import entries
from lib.events import saved_cases, simulation
from lib.sandbox import sampling
from lib.serialization.strict_json import JsonValue
from lib.ui.components import viewer_time
from lib.ui.components.text import code, plain
from lib.ui.designer.state import Draft
from lib.workflows import records as workflow_records
from lib.workflows.dry_run import Start


@dataclass(frozen=True)
class Sample:
    """A payload of the trigger's event. Its label stays the same: a choice is kept by it."""

    label: str
    payload: JsonValue
    correlation_key: str | None = None
    #: What to say about it, as Markdown; None when there is nothing.
    note: str | None = None


def choose(draft: Draft, *, key: str) -> Sample | None:
    """Let the person choose: the catalog's example, the last recorded payload, or a saved one; None without any."""
    event_type = workflow_records.triggered_by(draft.definition.get("trigger"))
    if event_type is None:
        return None
    tenant = draft.actor.tenant
    with database.read(draft.actor) as conn:
        entry = entries.entry(conn, tenant=tenant, event_type=event_type)
        last = simulation.last_payload(conn, tenant=tenant, event_type=event_type)
        cases = saved_cases.of_event(conn, tenant=tenant, event_type=event_type)
    found = []
    if entry and entry.example is not None:
        found.append(Sample("Example of the catalog", entry.example))
    elif entry and entry.schema is not None:
        made = sampling.sample(entry.schema)
        note = f":orange[:material/hourglass_disabled:] {plain(made.problem)}" if made.problem else None
        found.append(Sample("Sample made from the schema", made.value, note=note))
    if last:
        when = viewer_time.shown(last.created_at, "%m-%d %H:%M")
        found.append(Sample("Last recorded (redacted)", last.payload, note=f":material/history: Recorded {when}"))
    found += [Sample(f"Saved: {case.name}", case.payload, case.correlation_key) for case in cases]
    if not found:
        return None
    labels = {sample.label: sample for sample in found}
    chosen = labels[
        st.selectbox(
            "Try with",
            list(labels),
            key=f"design-{draft.workflow.workflow_id}-sample-{key}",  # stays when the draft changes
            width=340,
            persist_state="session",
        )
    ]
    if chosen.note:
        st.caption(chosen.note)
    return chosen


def draw_unchecked(start: Start) -> None:
    """Say at which places the payload is redacted, so that nobody can tell whether the schema allows it."""
    if start.unchecked:
        places = ", ".join(code(pointer) for pointer in start.unchecked)
        st.caption(f":orange[:material/visibility_off:] Redacted, not checked: {places}")
