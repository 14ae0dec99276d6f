"""How the latest real events do with a workflow: the figures, what fails where, and the way to each event."""

from __future__ import annotations

import streamlit as st

from lib.ui.components import links, viewer_time
from lib.ui.components.text import code, escape, plural
from lib.workflows.gate import Gate, GateGroup

#: Headlines for a definition that is to be published, and for one that is.
WOULD_START = "**{starting} of the last {checked}** of {event} would start it."
STARTS = "**{starting} of its last {checked}** would start it."
#: For another schema of the event.
WOULD_FIT = "**{starting} of the last {checked}** of {event} fit the new schema."
_MOST_GROUPS, _MOST_EVENTS, _MOST_PLACES = 5, 3, 5


def draw(gate: Gate, *, headline: str) -> None:
    """Draw the figures under a headline such as “97 of 100 would start it”; nothing for a workflow that nothing starts.

    The headline may use {starting}, {checked} and {event}.
    """
    if gate.event_type is None:
        return
    if not gate.total:
        st.caption(f":material/history: No real event of {code(gate.event_type)} came yet, so there is nothing to try.")
        return
    color, icon = _look(gate)
    said = headline.format(
        starting=gate.starting, checked=plural(gate.checked, "real event"), event=code(gate.event_type)
    )
    st.markdown(f":{color}[:material/{icon}:] {said}")
    for group in gate.groups[:_MOST_GROUPS]:
        _draw_group(group)
    if rest := sum(len(group.failures) for group in gate.groups[_MOST_GROUPS:]):
        st.caption(f"{rest} more {'fails' if rest == 1 else 'fail'} elsewhere.")
    _draw_limits(gate)


def _look(gate: Gate) -> tuple[str, str]:
    return ("orange", "warning") if gate.failures else ("green", "check_circle")


def _draw_group(group: GateGroup) -> None:
    """What fails at one place, and the way to some of the events."""
    verb = "fails" if len(group.failures) == 1 else "fail"
    place = code(group.place) if group.place else "the payload"
    st.markdown(f"**{len(group.failures)}** {verb} at {place}: {escape(group.sentence)}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for one in group.failures[:_MOST_EVENTS]:
            links.page_link(
                "activity.py",
                label=viewer_time.clock(one.created_at, "%Y-%m-%d %H:%M:%S"),
                icon=":material/receipt_long:",
                query_params={"eventId": str(one.event_id)},
            )
        if len(group.failures) > _MOST_EVENTS:
            st.markdown(f":small[:gray[and {len(group.failures) - _MOST_EVENTS} more]]", width="content")


def _draw_limits(gate: Gate) -> None:
    """What the figures do not say."""
    if gate.checked < gate.total:
        st.caption(f":material/timer: Checked {gate.checked} of {gate.total} within the time.")
    if gate.undecided:
        st.caption(
            f":material/visibility_off: Of {plural(gate.undecided, 'event')} it cannot be told: "
            "the mapping needs what was redacted."
        )
    if gate.skipped_places:
        places = ", ".join(code(place) for place in gate.skipped_places[:_MOST_PLACES])
        more = " and elsewhere" if len(gate.skipped_places) > _MOST_PLACES else ""
        st.caption(f":material/visibility_off: Redacted values at {places}{more} were not checked.")
