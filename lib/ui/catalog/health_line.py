"""One line above the catalog that tells how the last seven days went, each figure a link to what is behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import traffic as traffic_of_types
from lib.catalog.traffic import MOST_LOOKED_AT, Traffic
from lib.events import matching
from lib.metrics.time_window import end_of_this_minute
from lib.ui.catalog.catalog_sorts import STOPPED
from lib.ui.components import guard, kept, links, own_component, statuses
from lib.ui.components.statuses import Color
from lib.ui.components.text import changed_by, count, exactly, plural

#: Key of the component in the session.
KEY = "catalog-health"
#: The ranges of time of the lists that the figures lead to.
_WEEK = "Last 7 days"
_LIVE = {"time": _WEEK, "origin": "Live"}
_SPAN = {"range": "7d"}
_MOST_NAMED = 20

_component = own_component.of(__file__, name="catalog_health")


@dataclass(frozen=True)
class HealthFigure:
    """One figure with a note on it, and the page that it leads to."""

    name: str
    label: str
    value: int
    note: str
    page: str
    query: Mapping[str, str | list[str]]
    title: str
    tone: Color = "gray"
    #: The colour of the figure itself.
    color: Color | None = None


@st.cache_data(ttl=kept.SECONDS, show_spinner=False, hash_funcs=kept.BY_TENANT)
def recent(actor: Actor) -> Traffic:
    """The traffic of the tenant: every page of every viewer asks."""
    with database.read(actor) as conn:
        return traffic_of_types.read(conn, tenant=actor.tenant, now=end_of_this_minute())


def draw(traffic: Traffic) -> None:
    """Draw the line."""
    shown = {figure.name: figure for figure in figures(traffic)}

    def go() -> None:
        said = st.session_state[KEY].get("go")
        if isinstance(said, str) and (figure := shown.get(said)):
            st.switch_page(f"{figure.page}.py", query_params=dict(figure.query))

    _component(
        key=KEY,
        data=[
            {
                "name": figure.name,
                "label": figure.label,
                "value": count(figure.value),
                "note": figure.note,
                "tone": figure.tone,
                "color": figure.color or "",
                "title": exactly(figure.value, figure.title),
                "href": links.address("" if figure.page == "catalog" else figure.page, figure.query),
            }
            for figure in shown.values()
        ],
        on_go_change=guard.callback(go),
    )


def figures(traffic: Traffic) -> list[HealthFigure]:
    """What the line says."""
    return [
        HealthFigure(
            "events",
            "Events, 7 days",
            traffic.events.total,
            _change(traffic.events.total, traffic.events_before.total),
            "metrics",
            _SPAN,
            "Live events of the last 7 days, and how many more or fewer than in the 7 days before.",
        ),
        _started(traffic),
        _skipped(traffic),
        _failed(traffic),
        _stopped(traffic),
    ]


def _started(traffic: Traffic) -> HealthFigure:
    # Of a type whose workflow was detached since, or whose events some run waits for, events may be matched, too.
    attached = sum(one.events.total for one in traffic.by_type.values() if one.workflows or one.events.matched)
    return HealthFigure(
        "started",
        "Started a run",
        traffic.events.matched,
        f"of {count(attached)} attached",
        "activity",
        {**_LIVE, "eventStatus": "Matched"},
        "Events without an error that started or resumed a run, and all events of types of which some did or that have "
        "a workflow now.",
    )


def _failed(traffic: Traffic) -> HealthFigure:
    failed, before = traffic.runs.failed, traffic.runs_before.failed
    return HealthFigure(
        "failed",
        "Failed runs",
        failed,
        _difference(failed, before),
        "runs",
        {"runStatus": statuses.RUN["FAILED"].word, "runTime": _WEEK, "runOrigin": "Live"},
        "Runs that these events started and that failed, and how many more or fewer than in the 7 days before.",
        "red" if failed > before else "gray",
    )


def _stopped(traffic: Traffic) -> HealthFigure:
    return HealthFigure(
        "stopped",
        STOPPED,
        len(traffic.stopped),
        f"of {plural(len(traffic.busy) + len(traffic.stopped), 'type')}",
        "catalog",
        {"traffic": STOPPED},
        "Event types that had events in the 7 days before, and none since.",
        color="orange" if traffic.stopped else None,
    )


def _skipped(traffic: Traffic) -> HealthFigure:
    skipped = sum(traffic.skipped.values())
    types = [name for name, one in traffic.by_type.items() if one.workflows and one.events.unmatched]
    narrowed = {"event": types} if 0 < len(types) <= _MOST_NAMED else {}
    note = _reasons(traffic.skipped) if skipped else "none"
    title = "Events that started nothing although a workflow was attached, and the most frequent reason."
    if not narrowed:
        title = f"{title} The list that opens has every event that started nothing."
    unmatched = sum(one.events.unmatched for one in traffic.by_type.values() if one.workflows)
    if unmatched > MOST_LOOKED_AT:
        note = f"{note}, or more" if skipped else f"none in {count(MOST_LOOKED_AT)}"
        title = f"{title} {MOST_LOOKED_AT:,} of {unmatched:,} unmatched events were looked at."
    return HealthFigure(
        "skipped",
        "Skipped",
        skipped,
        note,
        "activity",
        {**_LIVE, "eventStatus": "Unmatched", **narrowed},
        title,
        "orange" if skipped else "gray",
    )


def _reasons(skipped: Mapping[str, int]) -> str:
    """The most frequent reason, with its number where there are others."""
    reason, events = next(iter(skipped.items()))
    word = matching.reason_word(reason).lower()
    return word if len(skipped) == 1 else f"{word} {count(events)}"


def _change(now: int, before: int) -> str:
    """+0.2 %, against what was before."""
    if not before:
        return "none before" if now else ""
    return changed_by((now - before) / before)


def _difference(now: int, before: int) -> str:
    """+18, against what was before."""
    return f"{now - before:+,}".replace("-", "−") if now != before else "as before" if now else "none"
