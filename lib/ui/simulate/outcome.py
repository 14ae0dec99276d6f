"""What sending would do, what it did, and how the runs it started are getting on."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.errors import NotFound
from lib.events import simulation, submission
from lib.events.matching import Match
from lib.events.simulation import EventDraft
from lib.events.submission import Submission
from lib.runs import records as run_records
from lib.runs.records import RunSummary
from lib.ui.components import facts, guard, links, match_trace, statuses, url_filters, viewer_time
from lib.ui.components.text import code, duration, escape, plural
from lib.ui.workflows import attach
from lib.workflows import rehearsal
from lib.workflows.dry_run import DryRun

#: Names the event that was sent, in the URL.
SENT = "sent"

_POLL_SECONDS = 1


def draw_preview(actor: Actor, draft: EventDraft) -> Submission | None:
    """Decide without sending, run dry what would start, and draw each workflow's answer."""
    with guard.errors_shown(), st.container(border=True, gap="small"):
        with database.read(actor) as conn:
            would = simulation.preview(conn, actor, draft=draft)
            tried = rehearsal.rehearse(conn, actor, draft=draft, would=would)
        st.markdown("**What would happen** :gray[nothing is sent]")
        _draw_schema_verdict(would)
        match_trace.draw(would, notes={workflow_id: _rehearsed(run) for workflow_id, run in tried.items()})
        return would
    return None


def send(actor: Actor, draft: EventDraft) -> Submission | None:
    """Send for real; whatever goes wrong is shown, and every input stays. The URL names the event from now on."""
    with guard.errors_shown(), st.spinner("Sending …"):
        with database.write(actor) as conn:
            sent = simulation.send(conn, actor, draft=draft)
        st.query_params[SENT] = str(sent.event_id)
        return sent
    return None


def asked(actor: Actor, event_type: str, kept: Submission | None) -> Submission | None:
    """What became of the event that the URL names: as this session keeps it, else as it was recorded."""
    given = st.query_params.get(SENT)
    if not given or (kept and str(kept.event_id) == given):
        return kept if given else None
    try:
        with database.read(actor) as conn:
            found = submission.get_submission(conn, tenant=actor.tenant, event_id=UUID(given))
    except (ValueError, NotFound):
        found = None
    if found is None or found.event_type != event_type:
        st.caption(f":orange[:material/link_off: {url_filters.left_out(SENT, given, 'no event of this type')}]")
        return None
    return found


def draw_result(actor: Actor, sent: Submission, *, outdated: bool) -> None:
    """The event's id and status, and a row a workflow, with its run until that ends.

    `outdated` says that the form holds something else by now.
    """
    with st.container(border=True, gap="small"):
        if outdated:
            st.caption(":orange[:material/history: The payload has changed since.] This is what came of the one sent.")
        st.markdown(f"**Event sent** {statuses.EVENT[sent.status].badge()}")
        of_event = {"Event id": code(str(sent.event_id))}
        if sent.correlation_key:
            of_event["Correlation key"] = code(sent.correlation_key)
        facts.draw(of_event | {"Sent": viewer_time.shown(sent.created_at, "%H:%M:%S")}, key="sent")
        _draw_schema_verdict(sent)
        if sent.schema_ref_conflict:
            st.caption(
                f":orange[:material/warning:] Sent as {code(sent.schema_ref_conflict['submitted'])}; "
                f"the catalog says {code(sent.schema_ref_conflict['catalog'])}."
            )
        _draw_rows(actor, sent)
        if any(match.reason == "no_workflow" for match in sent.matches):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.caption("Attach a workflow, and the next one starts it:", width="content")
                attach.button(actor, sent.event_type, key="result", in_drawer=False)
            guard.say_why(guard.refused(actor, "manage"))
        links.page_link(
            "activity.py",
            label="Open in activity",
            icon=":material/list_alt:",
            query_params={"eventId": str(sent.event_id)},
        )


def _draw_rows(actor: Actor, sent: Submission) -> None:
    """A row a workflow, drawn again until every run has ended."""
    done_key = f"runs-ended-{sent.event_id}"
    has_runs = any(match.run_id for match in sent.matches)
    wait = _POLL_SECONDS if has_runs and not st.session_state.get(done_key) else None

    @guard.fragment(run_every=wait)
    def live() -> None:
        found = _runs(actor, sent) if has_runs else {}
        for match in sent.matches:
            with st.container(border=True, gap="xxsmall"):
                _draw_row(match, found.get(match.run_id) if match.run_id else None)
                match_trace.draw_payload(match, sent.inputs, "Payload it got")
        if has_runs and all(run.has_ended for run in found.values()) and not st.session_state.get(done_key):
            st.session_state[done_key] = True
            st.rerun()  # ends the polling

    live()


def _draw_row(match: Match, run: RunSummary | None) -> None:
    """Status, name and duration of the run as the link to it, its id, and its error; else why there is no run."""
    if run is None:
        match_trace.draw_headline(match, dry=False)
        return
    said = [
        f"v{match.workflow_version}",
        *(["resumed"] if match.outcome == "resumed" else []),
        *([duration(run.seconds)] if run.seconds is not None else []),
    ]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="xsmall"):
        links.page_link(
            "runs.py",
            label=f"{statuses.RUN[run.status].badge()} **{escape(run.workflow_name)}**",
            query_params={"runId": str(run.run_id)},
            help="Open the run",
        )
        st.caption(" · ".join(said), width="content")
    st.caption(f"Run {code(str(run.run_id))}")
    if run.error:
        st.caption(f":red[{escape(str(run.error.get('message', '')))}]")


def _runs(actor: Actor, sent: Submission) -> dict[UUID, RunSummary]:
    wanted: set[UUID | None] = {match.run_id for match in sent.matches if match.run_id}
    with database.read(actor) as conn:
        runs = run_records.runs_of_event(conn, tenant=actor.tenant, event_id=sent.event_id)
        found = {run.run_id: run for run in runs}
        for run_id in wanted - set(found):
            if run_id:
                found[run_id] = run_records.get_run(conn, tenant=actor.tenant, run_id=run_id).summary
    return found


def _rehearsed(run: DryRun) -> str:
    """How the run would go, as Markdown."""
    if run.start.refusals:
        return statuses.RUN["FAILED"].text(f"Would not start: {escape(run.start.refusals[0])}")
    if run.failure:
        return statuses.RUN["FAILED"].text(f"Its run would fail: {escape(run.failure)}")
    assumed = sum(step.state == "assumed" for step in run.steps)
    taken = f", {assumed} of them assumed" if assumed else ""
    return statuses.RUN["SUCCEEDED"].text(f"Its run would succeed after {plural(len(run.steps), 'step')}{taken}")


def _draw_schema_verdict(sent: Submission) -> None:
    broken = len(sent.schema_errors)
    said = {
        "valid": "The payload fits its schema.",
        "invalid": f"The payload breaks its schema in {plural(broken, 'place')}.",
        "timed_out": "Checking the payload against its schema took too long.",
        "schema_error": "The event's schema cannot be used.",
        "unknown": "The schema ref is not in the registry, so nothing was checked.",
        "missing": "This event has no schema, so nothing was checked.",
    }
    st.caption(f"{statuses.VERDICT[sent.schema_status].mark} {said[sent.schema_status]}")
