"""What sending would do, what it did, and how the runs it started are getting on."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.events import simulation
from lib.events.simulation import EventDraft
from lib.events.submission import Submission
from lib.runs import records as run_records
from lib.runs.records import RunSummary
from lib.ui.components import guard, match_trace, statuses
from lib.ui.components.text import code, duration, escape, plural
from lib.ui.workflows import attach

_POLL_SECONDS = 1


def draw_preview(actor: Actor, draft: EventDraft) -> Submission | None:
    """Decide without sending, and draw each workflow's answer."""
    with guard.errors_shown(), st.container(border=True, gap="small"):
        with database.read(actor) as conn:
            would = simulation.preview(conn, actor, draft=draft)
        st.markdown("**What would happen** :gray[nothing is sent]")
        _draw_schema_verdict(would)
        match_trace.draw(would, dry=True)
        return would
    return None


def send(actor: Actor, draft: EventDraft) -> Submission | None:
    """Send for real; whatever goes wrong is shown, and every input stays."""
    with guard.errors_shown(), st.spinner("Sending …"):
        with database.write(actor) as conn:
            return simulation.send(conn, actor, draft=draft)
    return None


def draw_result(actor: Actor, submission: Submission, *, outdated: bool) -> None:
    """The event's id and status, what it matched, and its runs until they end.

    `outdated` says that the form holds something else by now.
    """
    with st.container(border=True, gap="small"):
        if outdated:
            st.caption(":orange[:material/history: The payload has changed since.] This is what came of the one sent.")
        st.markdown(f"**Event sent** {statuses.EVENT[submission.status].badge()}")
        facts = [f":gray[Event id] :small[{code(str(submission.event_id))}]"]
        if submission.correlation_key:
            facts.append(f":gray[Correlation key] :small[{code(submission.correlation_key)}]")
        facts.append(f":gray[Sent] {submission.created_at:%H:%M:%S} UTC")
        st.markdown("  \n".join(facts))
        _draw_schema_verdict(submission)
        if submission.schema_ref_conflict:
            st.caption(
                f":orange[:material/warning:] Sent as {code(submission.schema_ref_conflict['submitted'])}; "
                f"the catalog says {code(submission.schema_ref_conflict['catalog'])}."
            )
        match_trace.draw(submission, dry=False)
        if submission.of("started") or submission.of("resumed"):
            _draw_runs(actor, submission)
        elif any(match.reason == "no_workflow" for match in submission.matches):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.caption("Attach a workflow, and the next one starts it:", width="content")
                attach.button(actor, submission.event_type, key="result", in_drawer=False)
        st.page_link(
            "activity.py",
            label="Open in activity",
            icon=":material/list_alt:",
            query_params={"eventId": str(submission.event_id)},
        )


def _draw_runs(actor: Actor, submission: Submission) -> None:
    done_key = f"runs-ended-{submission.event_id}"
    wait = None if st.session_state.get(done_key) else _POLL_SECONDS

    @guard.fragment(run_every=wait)
    def live() -> None:
        found = _runs(actor, submission)
        for run in found:
            took = f":gray[{duration(run.seconds)}]" if run.seconds is not None else ""
            label = f"{statuses.RUN[run.status].badge()} {escape(run.workflow_name)} {took} :material/arrow_outward:"
            st.page_link("runs.py", label=label, query_params={"runId": str(run.run_id)}, help="Open the run")
            if run.error:
                st.caption(f":red[{escape(str(run.error.get('message', '')))}]")
        if all(run.has_ended for run in found) and not st.session_state.get(done_key):
            st.session_state[done_key] = True
            st.rerun()  # ends the polling

    live()


def _runs(actor: Actor, submission: Submission) -> list[RunSummary]:
    wanted: set[UUID | None] = {match.run_id for match in submission.matches if match.run_id}
    with database.read(actor) as conn:
        runs = run_records.runs_of_event(conn, tenant=actor.tenant, event_id=submission.event_id)
        found = {run.run_id: run for run in runs}
        for run_id in wanted - set(found):
            if run_id:
                found[run_id] = run_records.get_run(conn, tenant=actor.tenant, run_id=run_id).summary
    return list(found.values())


def _draw_schema_verdict(submission: Submission) -> None:
    broken = len(submission.schema_errors)
    said = {
        "valid": "The payload fits its schema.",
        "invalid": f"The payload breaks its schema in {plural(broken, 'place')}.",
        "timed_out": "Checking the payload against its schema took too long.",
        "schema_error": "The event's schema cannot be used.",
        "unknown": "The schema ref is not in the registry, so nothing was checked.",
        "missing": "This event has no schema, so nothing was checked.",
    }
    st.caption(f"{statuses.VERDICT[submission.schema_status].mark} {said[submission.schema_status]}")
