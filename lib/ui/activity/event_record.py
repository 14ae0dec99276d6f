"""One runtime event in full: what it was, what it carried, what came of it and why."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.events import activity, starting
from lib.events.activity import EventRecord, Neighbour, TracedMatch
from lib.metrics.time_window import clock
from lib.schemas.form import json_text
from lib.serialization import json_pointer, json_positions
from lib.ui.activity.event_list import PARAMETER, open_record
from lib.ui.components import dialogs, facts, guard, history, links, presses, statuses, timeline_link, viewer_time
from lib.ui.components.text import NOTHING, code, duration, escape, plural

_VERDICT = {
    "valid": "Fits its schema",
    "invalid": "Violates its schema",
    "timed_out": "Not checked: checking took too long",
    "schema_error": "Not checked: the schema cannot be used",
    "unknown": "Not checked: the schema is not in the registry",
    "missing": "Not checked: the event has no schema",
}
_SHOWN_PAYLOAD = 520


def draw(actor: Actor, event_id: str, *, attach: Callable[[str], None]) -> None:
    """Draw the record, with the way back to the list; `attach` draws the way to attach a workflow to its type.

    Raises NotFound.
    """
    st.button(
        "Activity",
        icon=":material/arrow_back:",
        type="tertiary",
        key="back-to-activity",
        on_click=guard.callback(_close),
    )
    with database.read(actor) as conn:
        record = activity.record(conn, tenant=actor.tenant, event_id=event_id)
        entry = entries.entry(conn, tenant=actor.tenant, event_type=record.event_type)
    _draw_head(actor, record, entry.name if entry else record.event_type)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw_trace(record, attach)
        _draw_payload(record)
    with right:
        _draw_envelope(record)
        _draw_verdict(record)
        _draw_neighbours(record)


def _close() -> None:
    st.query_params.pop(PARAMETER, None)


def _draw_head(actor: Actor, record: EventRecord, name: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width="content", gap="xsmall"):
            st.title(escape(name), anchor=False)
            looks = (statuses.FATE[record.fate], statuses.ORIGIN[record.origin])
            badges = " ".join(look.badge() for look in looks)
            st.markdown(f"{code(record.event_type)} {badges} {code(str(record.event_id))}")
        with st.container(horizontal=True, vertical_alignment="center", width="content", key="event-acts"):
            refusal = guard.refused(actor, "manage")
            again = {"eventType": record.event_type, "fromEvent": str(record.event_id)}
            st.button(
                "Simulate again with this payload",
                icon=":material/play_arrow:",
                key="simulate-again",
                disabled=refusal is not None,
                help=refusal,
                on_click=guard.callback(st.switch_page),
                args=("simulate.py",),
                kwargs={"query_params": again},
            )
            history.link(str(record.event_id))
            if actor.may("admin"):
                if st.button("Raw payload", icon=":material/lock_open:", key="reveal"):
                    _reveal.ask()
                _reveal.draw(actor, record.event_id)
    with st.container(horizontal=True, gap="small"):
        of_type = {"eventType": record.event_type}
        links.page_link("event.py", label="Event in the catalog", icon=":material/bolt:", query_params=of_type)
        links.page_link("metrics.py", label="Its metrics", icon=":material/monitoring:", query_params=of_type)
        timeline_link.draw(record.correlation_key)
    guard.say_why(guard.refused(actor, "manage"))
    if record.error_message:
        st.error(escape(record.error_message), icon=":material/error:")
        _draw_start(actor, record.event_id)


def _draw_start(actor: Actor, event_id: UUID) -> None:
    refusal = guard.refused(actor, "manage")
    st.button(
        "Start now",
        icon=":material/restart_alt:",
        type="primary",
        key="start-event",
        disabled=refusal is not None,
        help=refusal or "Starts the workflows that it could not start, by this same event",
        on_click=presses.callback(_start),
        args=(actor, event_id),
    )


def _start(actor: Actor, event_id: UUID) -> None:
    with database.write(actor) as conn:
        matches = starting.start_again(conn, actor, event_id=event_id)
    done = sum(match.outcome in ("started", "resumed") for match in matches)
    guard.tell(f"{done:,} of {plural(len(matches), 'workflow')} started.", icon=":material/restart_alt:")


@dialogs.dialog("Raw payload", width="large", icon=":material/lock_open:")
def _reveal(actor: Actor, event_id: UUID) -> None:
    place = st.empty()  # what is shown takes the place of the form that asked for it
    with place.container():
        st.markdown(
            "Secrets and personal data are shown as they came. "
            "Your name, the time and the reason go into the audit trail."
        )
        with dialogs.form("reveal-form"):
            reason = st.text_input(
                "Reason", key="reveal-reason", placeholder="Why do you need to see it?", max_chars=500
            )
            press = _reveal.draw_acts("Reveal", key="reveal-confirm", icon=":material/visibility:", in_form=True)
    if press:
        with guard.errors_shown():
            # At each press: its reason is another one, and the session keeps nothing.
            with database.write(actor) as conn:
                payload = activity.reveal_payload(conn, actor, event_id=event_id, reason=reason)
            with place.container():
                _draw_revealed(payload)


def _draw_revealed(payload: object) -> None:
    st.markdown("This is how it came. Your name, the time and the reason are in the audit trail.")
    st.code(json_text(payload), language="json", wrap_lines=True)
    _reveal.draw_acts(
        "Close", key="reveal-done", icon=":material/close:", cancels=False, on_click=guard.callback(_reveal.close)
    )


def _draw_trace(record: EventRecord, attach: Callable[[str], None]) -> None:
    st.header(
        f"Match trace · {plural(sum(t.match.workflow_id is not None for t in record.trace), 'candidate')}", anchor=False
    )
    if not record.trace:
        st.caption("How this event was matched was not recorded.")
    for number, traced in enumerate(record.trace):
        with st.container(border=True, gap="xxsmall"):
            _draw_match(traced, number)
    if record.fate == "no_workflow":
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption("Attach a workflow, and the next one starts it:", width="content")
            attach(record.event_type)


def _draw_match(traced: TracedMatch, number: int) -> None:
    match = traced.match
    if match.workflow_id is None:
        st.markdown(f"{statuses.FATE['no_workflow'].badge()} Nothing was started")
    else:
        name = f"**{escape(match.workflow_name or 'A workflow')}** :gray[v{match.workflow_version}]"
        st.markdown(f"{statuses.OUTCOME[match.outcome].badge()} {name}")
    st.caption(escape(match.message))
    for error in match.detail.get("errors", []):
        st.markdown(f"{code(error['path'] or '/')} :small[{escape(error['message'])}]")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if traced.run_status:
            st.markdown(statuses.RUN[traced.run_status].badge(), width="content")
        if match.run_id:
            links.page_link(
                "runs.py", label="Open run", icon=":material/arrow_outward:", query_params={"runId": str(match.run_id)}
            )
        if match.workflow_id:
            links.page_link(
                "designer.py",
                label="Open workflow",
                icon=":material/account_tree:",
                query_params={"workflowId": str(match.workflow_id)},
            )


def _draw_payload(record: EventRecord) -> None:
    st.header("Payload", anchor=False)
    st.caption("Secrets are redacted.")
    shown = json_text(record.payload)
    height = _SHOWN_PAYLOAD if shown.count("\n") > 24 else "content"
    st.code(shown, language="json", line_numbers=True, height=height)  # type: ignore[arg-type]


def _draw_envelope(record: EventRecord) -> None:
    zone = viewer_time.zone()
    took = (record.processed_at - record.created_at).total_seconds() if record.processed_at else None
    with st.container(border=True, gap="xsmall"):
        st.header("Envelope", anchor=False)
        envelope = {
            "Type": code(record.event_type),
            "Id": code(str(record.event_id)),
            "Sender's id": code(record.sender_id) if record.sender_id else NOTHING,
            "Source": code(record.source) if record.source else NOTHING,
            "Created": _created(record, zone),
            "Processed": f"{duration(took)} later" if took is not None else NOTHING,
            "Submitted by": code(record.submitted_by) if record.submitted_by else NOTHING,
            "Correlation key": code(record.correlation_key) if record.correlation_key else NOTHING,
            "Schema ref": code(record.schema_ref) if record.schema_ref else NOTHING,
        }
        facts.draw(envelope, key="envelope")
        if record.parent_event_id:
            st.button(
                "Open the event it repeats",
                icon=":material/subdirectory_arrow_left:",
                key="open-parent",
                on_click=guard.callback(open_record),
                args=(str(record.parent_event_id),),
            )
        if conflict := record.schema_ref_conflict:
            st.warning(
                f"Sent as {code(str(conflict.get('submitted')))}, but the catalog says "
                f"{code(str(conflict.get('catalog')))}.",
                icon=":material/compare_arrows:",
            )


def _created(record: EventRecord, zone: ZoneInfo) -> str:
    local = record.created_at.astimezone(zone)
    return clock(local, f"%Y-%m-%d %H:%M:%S.{local.microsecond // 1000:03}") + f" {zone.key}"


def _draw_verdict(record: EventRecord) -> None:
    with st.container(border=True, gap="xsmall"):
        st.header("Schema verdict", anchor=False)
        st.markdown(statuses.VERDICT[record.schema_status].badge(_VERDICT[record.schema_status]))
        shown = json_text(record.payload)
        for error in record.schema_errors:
            path = error.get("path") or ""
            place = json_positions.line_of(shown, json_pointer.places(path))
            line = f":gray[line {place}]" if record.schema_status == "invalid" else ""
            st.markdown(f"{code(path or '/')} {line}  \n:small[{escape(error['message'])}]")


def _draw_neighbours(record: EventRecord) -> None:
    with st.container(border=True, gap="xsmall"):
        st.header("Same correlation key", anchor=False)
        if not (record.previous or record.next):
            st.caption("No other event carries this key." if record.correlation_key else "The event carries no key.")
            return
        _draw_neighbour(record, record.previous, "previous", "earlier", "arrow_upward")
        _draw_neighbour(record, record.next, "next", "later", "arrow_downward")


def _draw_neighbour(record: EventRecord, other: Neighbour | None, side: str, word: str, icon: str) -> None:
    if other is None:
        st.caption(f"No {word} event")
        return
    apart = duration(abs((other.created_at - record.created_at).total_seconds()))
    st.button(
        f"{escape(other.event_type)} :gray[{apart} {word}]",
        icon=f":material/{icon}:",
        type="tertiary",
        key=f"{side}-occurrence",
        on_click=guard.callback(open_record),
        args=(str(other.event_id),),
    )
