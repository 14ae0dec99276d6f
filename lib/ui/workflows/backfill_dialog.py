"""Replaying unmatched events to a workflow: offered after publishing, and watched while it goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.ui.components import guard, statuses
from lib.ui.components.text import code, escape, plural, shorten
from lib.workflows import backfill
from lib.workflows import records as workflow_records
from lib.workflows.backfill import Backfill
from lib.workflows.records import Workflow

_OFFERED = "backfill-offered"
_DAYS = {"Last day": 1, "Last 7 days": 7, "Last 30 days": 30}
_POLL_SECONDS = 1.2
_REASONS_SHOWN = 5


def offer(workflow_id: UUID) -> None:
    """Offer a backfill of this workflow where it is drawn next."""
    st.session_state[_OFFERED] = workflow_id


def offer_if_missed(actor: Actor, workflow_id: UUID) -> None:
    """Offer a backfill of this workflow if it missed events in the longest span one may choose."""
    now = datetime.now(UTC)
    with database.read(actor) as conn:
        workflow = workflow_records.get(conn, tenant=actor.tenant, workflow_id=workflow_id)
        since = now - timedelta(days=max(_DAYS.values()))
        if backfill.count(conn, tenant=actor.tenant, workflow=workflow, since=since, until=now):
            offer(workflow_id)


def draw(actor: Actor, workflow: Workflow) -> None:
    """Draw the running backfill with its progress, or the offer to begin one."""
    refusal = guard.refusal(actor, workflow)
    with database.read(actor) as conn:
        latest = backfill.latest(conn, tenant=actor.tenant, workflow_id=workflow.workflow_id)
    if latest and latest.status == "running":
        offer(workflow.workflow_id)  # which says how it ended
        _draw_running(actor, workflow, may=refusal is None)
    elif refusal is None and st.session_state.get(_OFFERED) == workflow.workflow_id:
        _draw_offer(actor, workflow, latest)


def _draw_offer(actor: Actor, workflow: Workflow, latest: Backfill | None) -> None:
    with st.container(border=True):
        if latest:
            _draw_outcome(latest)
        if workflow.event_type is None:
            st.button("Close", type="tertiary", key="backfill-close", on_click=guard.callback(_withdraw))
            return
        st.markdown(
            "**Replay missed events?** :gray[· Events that came before this workflow was attached can still start it.]"
        )
        now = datetime.now(UTC)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            span = st.segmented_control(
                "Since",
                list(_DAYS),
                default="Last 7 days",
                required=True,
                key="backfill-span",
                label_visibility="collapsed",
            )
            since = now - timedelta(days=_DAYS[span or "Last 7 days"])
            with database.read(actor) as conn:
                found = backfill.count(conn, tenant=actor.tenant, workflow=workflow, since=since, until=now)
            bound = f" (the first {found:,})" if found >= backfill.BOUND else ""
            st.markdown(
                f":material/history: **{plural(found, 'live event')}**{bound} of {code(workflow.event_type or '')} "
                "started nothing."
                if found
                else f":material/check: No unmatched {code(workflow.event_type or 'event')} in this time.",
                width="content",
            )
            with st.container(horizontal=True, width="content"):
                if found and st.button(f"Replay {found:,}", icon=":material/replay:", key="backfill-start"):
                    with guard.errors_shown():
                        with database.write(actor) as conn:
                            backfill.start(conn, actor, workflow_id=workflow.workflow_id, since=since, now=now)
                        st.rerun()
                st.button("Close", type="tertiary", key="backfill-close", on_click=guard.callback(_withdraw))


def _draw_running(actor: Actor, workflow: Workflow, *, may: bool) -> None:
    @guard.fragment(run_every=_POLL_SECONDS)
    def live() -> None:
        with guard.errors_shown():
            with database.read(actor) as conn:
                now = backfill.latest(conn, tenant=actor.tenant, workflow_id=workflow.workflow_id)
            if now is None or now.status != "running":
                st.rerun()
                return
            with st.container(border=True):
                doing = statuses.PAUSED.text("Held: the workflow is paused.") if now.is_held else "Replaying"
                st.progress(
                    min(1.0, now.replayed / max(now.total, 1)),
                    text=f"{doing} {code(now.event_type)}: {now.replayed:,} of {now.total:,}, {_counted(now)}",
                )
                _draw_reasons(now)
                if may and st.button("Cancel", icon=":material/cancel:", key="backfill-cancel"):
                    with database.write(actor) as conn:
                        backfill.cancel(conn, actor, workflow_id=workflow.workflow_id)
                    st.rerun()

    live()


def _draw_outcome(ended: Backfill) -> None:
    word = "Replayed" if ended.status == "done" else "Canceled after"
    because = f" because {escape(ended.ended_because)}" if ended.ended_because else ""
    st.markdown(
        f"{statuses.BACKFILL[ended.status].mark} {word} {plural(ended.replayed, 'event')}{because}: {_counted(ended)}."
    )
    _draw_reasons(ended)
    if ended.reasons:
        st.caption("What did not start can be replayed again once the cause is fixed.")


def _counted(one: Backfill) -> str:
    return f"{one.started:,} started, {one.skipped:,} skipped, {one.failed:,} failed"


def _draw_reasons(one: Backfill) -> None:
    most = sorted(one.reasons.items(), key=lambda reason: -reason[1])[:_REASONS_SHOWN]
    for sentence, number in most:
        st.caption(f":material/subdirectory_arrow_right: {plural(number, 'event')}: {escape(shorten(sentence, 200))}")
    if len(one.reasons) > len(most):
        st.caption(f"And {plural(len(one.reasons) - len(most), 'other reason')}.")


def _withdraw() -> None:
    """Callback: take the offer back."""
    st.session_state.pop(_OFFERED, None)
