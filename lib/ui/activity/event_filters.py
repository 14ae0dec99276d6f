"""The activity page's filters. Each is bound to the URL parameter of its key, so a URL is a view."""

from __future__ import annotations

import streamlit as st

from lib.auth.actors import Actor
from lib.events.activity import EventFilters
from lib.events.search import DEEPEST, MOST_VALUES
from lib.metrics.rollups import EVENT_STATUSES, ORIGINS, EventStatus, Origin
from lib.ui.components import (
    choices,
    guard,
    page_buttons,
    statuses,
    time_range,
    timeline_link,
    url_parameters,
    viewer_time,
)
from lib.ui.components.text import code, escape, shorten
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import ALL, Choice, Flag, Names, Text

_FIELD_HELP = (
    "Names joined by dots: `ticketId`, `changes.status`. In lists, `items.sku` looks into every item, `items[0].sku` "
    'into the first. A name with a dot in it is written `["a.b"]`; a JSON pointer will do, too: `/items/0/sku`.  \n'
    f"Searched are the first {MOST_VALUES} values of an event, up to {DEEPEST} levels deep; not what is redacted, and "
    "no times."
)
_VALUE_HELP = "The whole value, as it is written; numbers by what they are worth: `100` finds `100.0` and `1e2`."
_ID_HELP = "The event's id here, or the one that its sender gave it."

_EVENTS = Names("event", "Event", "All events", width=195)
_STATUS: Choice[EventStatus | str] = Choice(
    "eventStatus",
    "Status",
    {ALL: "All", **{s: s.capitalize() for s in EVENT_STATUSES}},
    default=ALL,
    segmented=True,
)
_ORIGIN: Choice[Origin] = Choice(
    "origin", "Origin", {origin: origin.capitalize() for origin in ORIGINS}, "Any origin", width=130
)
_RUNS: Choice[str] = Choice(
    "eventRuns",
    "Runs",
    {state: look.word for state, look in statuses.RUN.items()},
    "Any runs",
    width=120,
    help="Events that started a run which is so now. Of a run that was run again, its repeat counts.",
)
_TIME = Choice("time", "Time", {name: name for name in time_range.RANGES}, "Any time", width=125)
_KEY = Text("eventKey", "Correlation key", "Exact key")
_FIELD = Text("field", "Payload field", "ticketId", _FIELD_HELP)
_VALUE = Text("value", "Equals", "Exact value", _VALUE_HELP)
_ID = Text("id", "Event id", "0197a1b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b", _ID_HELP)
_TEXTS = (_KEY, _FIELD, _VALUE, _ID)
_ENDS = ("since", "until")
LIVE = Flag("live")

FILTERS = UrlFilters(
    "activity",
    (_EVENTS, _STATUS, _RUNS, _ORIGIN, _TIME, *_TEXTS),
    others=(LIVE,),
    positions=(page_buttons.BEFORE, page_buttons.AFTER),
    # What other pages call theirs, and people will try. Ours differ, as going from one page to another Streamlit takes
    # out of the URL what the page before has a filter of the same name for.
    aliases={
        "eventType": "event",
        "status": "eventStatus",
        "runStatus": "eventRuns",
        "key": "eventKey",
        "range": "time",
        "from": "since",
        "to": "until",
    },
    implied={"time": (time_range.CUSTOM, _ENDS)},
    labels="visible",
)


def draw(actor: Actor) -> EventFilters:
    """Draw the filters and read them."""
    FILTERS.begin()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="labelled-filters"):
        names = FILTERS.choose_names(_EVENTS, choices.events(actor, key=_EVENTS.key, is_filter=True))
        status = FILTERS.choose(_STATUS)
        run_status = FILTERS.choose(_RUNS)
        origin = FILTERS.choose(_ORIGIN)
        span = FILTERS.choose(_TIME)
        (since, until), problem = time_range.of_choice(span, _ENDS, viewer_time.zone(), changed=FILTERS.changed)
        key, field, value, event_id = _draw_exact()
    if problem:
        st.warning(f"{problem} Any time is shown.", icon=":material/date_range:")
    filters = EventFilters(
        event_types=names,
        status=status,  # type: ignore[arg-type]
        origin=origin,
        since=since,
        until=until,
        correlation_key=key,
        event_id=event_id,
        # Whoever has typed one of them is about to type the other: until then the list stays as it is.
        path=field if field and value else None,
        value=value if field and value else None,
        run_status=run_status,
    )
    if filters != EventFilters():
        _draw_exact_in_words(filters)
    FILTERS.draw_complaints()
    return filters


def _draw_exact() -> list[str | None]:
    """The filters by exact value, folded away; the fold says how many are set."""
    asked = {text: bool(url_parameters.asked(text.key)) for text in _TEXTS}
    used = asked[_KEY] + asked[_ID] + (asked[_FIELD] and asked[_VALUE])
    with st.popover(
        f"Find · {used}" if used else "Find",
        icon=":material/search:",
        key="find",
        help="By correlation key, event id or a value in the payload",
    ):
        typed = [FILTERS.type_text(text) for text in _TEXTS]
        if asked[_FIELD] != asked[_VALUE]:
            missing = "value that it must have" if asked[_FIELD] else "field that must have it"
            st.caption(f"Name the {missing}, too. Until then all events are listed.")
        return typed


def _draw_exact_in_words(filters: EventFilters) -> None:
    """What the fold hides, if it is in use, and the way back to everything."""
    words = {
        "Key": filters.correlation_key,
        "Event id": filters.event_id,
        filters.path or "Payload": filters.value,
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        timeline_link.draw(filters.correlation_key, "Timeline of this key")
        for name, value in words.items():
            if value:
                st.markdown(f":blue-badge[{escape(shorten(name, 40))}] {code(shorten(value, 60))}", width="content")
        st.button(
            "Clear filters",
            key="clear-activity",
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=guard.callback(FILTERS.clear),
        )
