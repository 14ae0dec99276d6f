"""The activity page's filters. Each is bound to the URL parameter of its key, so a URL is a view."""

from __future__ import annotations

from functools import partial

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.database.paging import Cursor
from lib.events.activity import EventFilters, EventPage
from lib.events.search import DEEPEST, MOST_VALUES
from lib.metrics.rollups import EVENT_STATUSES, ORIGINS, EventStatus, Origin
from lib.ui.components import guard, page_buttons, time_range, url_parameters, viewer_time
from lib.ui.components.text import code, escape, shorten
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import ALL, Choice, Flag, Names, Place, Text

_FIELD_HELP = (
    "Names joined by dots: `ticketId`, `changes.status`. In lists, `items.sku` looks into every item, `items[0].sku` "
    'into the first. A name with a dot in it is written `["a.b"]`; a JSON pointer will do, too: `/items/0/sku`.  \n'
    f"Searched are the first {MOST_VALUES} values of an event, up to {DEEPEST} levels deep; not what is redacted, and "
    "no times."
)
_VALUE_HELP = "The whole value, as it is written; numbers by what they are worth: `100` finds `100.0` and `1e2`."
_ID_HELP = "The event's id here, or the one that its sender gave it."

_EVENTS = Names("event", "Event", "All events")
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
_TIME = Choice("time", "Time", {name: name for name in time_range.RANGES}, "Any time", width=150)
_KEY = Text("key", "Correlation key", "Exact key")
_FIELD = Text("field", "Payload field", "ticketId", _FIELD_HELP)
_VALUE = Text("value", "equals", "Exact value", _VALUE_HELP)
_ID = Text("id", "Event id", "0197a1b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b", _ID_HELP)
_TEXTS = (_KEY, _FIELD, _VALUE, _ID)
_ENDS = ("since", "until")
LIVE = Flag("live")
# What the list may be asked for besides filters: the page before or after a place in it.
_OLDER_THAN, _NEWER_THAN = Place("before", Cursor.parse), Place("after", Cursor.parse)

FILTERS = UrlFilters(
    "activity",
    (_EVENTS, _STATUS, _ORIGIN, _TIME, *_TEXTS),
    others=(LIVE,),
    positions=(_OLDER_THAN, _NEWER_THAN),
    # What other pages call theirs, and people will try. Ours differ, as going from one page to another Streamlit takes
    # out of the URL what the page before has a filter of the same name for.
    aliases={"eventType": "event", "status": "eventStatus", "range": "time", "from": "since", "to": "until"},
    implied={"time": (time_range.CUSTOM, _ENDS)},
    labels="visible",
)


def draw(actor: Actor) -> EventFilters:
    """Draw the filters and read them."""
    FILTERS.begin()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        names = FILTERS.choose_names(_EVENTS, _event_types(actor))
        status = FILTERS.choose(_STATUS)
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
        path=field,
        value=value,
    )
    if filters != EventFilters():
        _draw_exact_in_words(filters)
    FILTERS.draw_complaints()
    return filters


def older_than() -> Cursor | None:
    """Where the page that the URL asks for begins; None for the latest events."""
    return Cursor.parse(st.query_params.get(_OLDER_THAN.key))


def newer_than() -> Cursor | None:
    """Where the page that the URL asks for ends, if it is asked for by its end."""
    return Cursor.parse(st.query_params.get(_NEWER_THAN.key))


def draw_pages(page: EventPage) -> None:
    """Draw the ways to the pages beside this one."""
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        page_buttons.draw(
            "activity",
            newest=FILTERS.changed if page.newer else None,
            newer=partial(_turn, _NEWER_THAN, page.newer) if page.newer else None,
            older=partial(_turn, _OLDER_THAN, page.older) if page.older else None,
        )


def _turn(place: Place, cursor: Cursor) -> None:
    FILTERS.changed()
    st.query_params[place.key] = str(cursor)


def _draw_exact() -> list[str | None]:
    """The filters by exact value, folded away; the fold says how many are set."""
    used = sum(bool(url_parameters.asked(text.key)) for text in _TEXTS)
    with st.popover(
        f"Find · {used}" if used else "Find",
        icon=":material/search:",
        key="find",
        help="By correlation key, event id or a value in the payload",
    ):
        return [FILTERS.type_text(text) for text in _TEXTS]


def _draw_exact_in_words(filters: EventFilters) -> None:
    """What the fold hides, if it is in use, and the way back to everything."""
    words = {
        "Key": filters.correlation_key,
        "Event id": filters.event_id,
        filters.path or "Payload": filters.value,
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
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


@st.cache_data(ttl=60, show_spinner=False)
def _event_types(actor: Actor) -> list[str]:
    with database.read(actor) as conn:
        return [event_type for event_type, _ in entries.event_types(conn, tenant=actor.tenant)]
