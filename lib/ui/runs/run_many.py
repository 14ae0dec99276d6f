"""The dialog in which many failed runs are chosen and run again."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.runs import repeating
from lib.runs.records import RunFilters
from lib.runs.repeating import BATCH, MOST_AT_ONCE, FailedRun, Progress
from lib.ui.components import dialogs, guard, table, viewer_time
from lib.ui.components.text import escape, plural

_CHOSEN = "run-many-table"
_VERSIONS = {"own": "The version that each ran", "newest": "The newest published version"}
_ROWS_IN_SIGHT = 8


def draw_button(actor: Actor, filters: RunFilters) -> None:
    """Draw the button that opens the dialog; disabled for those who may not. The page says why."""
    refusal = guard.refused(actor, "manage")
    opened = st.button(
        "Run failed ones again",
        icon=":material/replay:",
        key="run-many",
        disabled=refusal is not None,
        help=refusal or "Choose among the failed runs that these filters let through",
    )
    if opened:
        # Kept, and not read anew: a second click must mean the runs that were seen, as often as they were repeated.
        with database.read(actor) as conn:
            offered = repeating.failed_runs(conn, tenant=actor.tenant, filters=filters)
        _open.ask(offered)
    if (offered := _open.about) is not None:
        _open.draw(actor, offered)


@dialogs.dialog("Run failed runs again", forgets=(_CHOSEN,), width="large", icon=":material/replay:")
def _open(actor: Actor, offered: tuple[FailedRun, ...]) -> None:
    if not offered:
        st.info("No failed run is left here: those that were run again already are not offered.")
        return
    more = f", the latest {MOST_AT_ONCE}" if len(offered) == MOST_AT_ONCE else ""
    st.markdown(
        f"{plural(len(offered), 'failed run')}{more}, each not run again yet. At most {MOST_AT_ONCE} at once. "
        "Each begins at its first step, with the input that it had."
    )
    chosen = _draw_choice(offered)
    version = st.radio(
        "With", list(_VERSIONS), format_func=_VERSIONS.__getitem__, horizontal=True, key="run-many-version"
    )
    pressed = _open.draw_acts(
        f"Run {len(chosen):,} again", key="run-many-start", icon=":material/replay:", disabled=not chosen
    )
    if pressed:
        with guard.errors_shown():
            _draw_told(_run(actor, chosen, newest=version == "newest"))


def _draw_choice(offered: tuple[FailedRun, ...]) -> list[FailedRun]:
    """Draw the runs, all of them chosen at first; those that are chosen."""
    rows = [
        {
            "Workflow": one.summary.workflow_name,
            "Version": f"v{one.summary.workflow_version}",
            "Triggered": viewer_time.clock(one.summary.triggered_at),
            "Event": one.summary.event_type,
            "Error": (one.summary.error or {}).get("message"),
        }
        for one in offered
    ]
    places = table.choose_rows(
        rows,
        {
            "Workflow": table.text(width=180),
            "Version": table.text(width=70),
            "Triggered": table.text(width=150),
            "Event": table.text(width=190),
            "Error": table.text(),
        },
        key=_CHOSEN,
        most_in_sight=_ROWS_IN_SIGHT,
    )
    return [offered[place] for place in places]


def _run(actor: Actor, chosen: list[FailedRun], *, newest: bool) -> Progress:
    """Run them again, and draw how far it is."""
    progress = Progress()
    with guard.one_at_a_time():
        shown = st.progress(0.0, "Running them again …")
        for first in range(0, len(chosen), BATCH):
            batch = chosen[first : first + BATCH]
            with database.write(actor) as conn:
                progress = repeating.run_many_again(conn, actor, chosen=batch, newest=newest, so_far=progress)
            shown.progress(progress.done / len(chosen), f"{progress.done:,} of {len(chosen):,}")
    shown.empty()
    return progress


def _draw_told(progress: Progress) -> None:
    said = [f"{plural(progress.started, 'run')} started."]
    if progress.repeated_before:
        said.append(f"{plural(progress.repeated_before, 'run')} had been run again already, and no other was made.")
    said += [f"{plural(number, 'run')} left out: {escape(why)}" for why, number in progress.left_out]
    st.success("  \n".join(said), icon=":material/replay:")
    st.caption("They stand on top of the latest runs; close this to see them.")
