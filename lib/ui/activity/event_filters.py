"""The activity page's filters. Each is bound to the URL parameter of its key, so a URL is a view."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.database.paging import Cursor
from lib.events.activity import EventFilters, EventPage
from lib.events.search import DEEPEST, MOST_VALUES
from lib.metrics.rollups import EVENT_STATUSES, ORIGINS
from lib.ui.components import guard, time_range, url_filters, viewer_time
from lib.ui.components.text import code, escape, shorten

_STATUSES = ("All", *(status.capitalize() for status in EVENT_STATUSES))
_ORIGINS = tuple(origin.capitalize() for origin in ORIGINS)
_TEXTS = ("key", "field", "value", "id")
_CLEARED: dict[str, object] = {
    "event": [],
    "eventStatus": "All",
    "origin": None,
    "time": None,
    **dict.fromkeys(_TEXTS, ""),
}
# What other pages call theirs, and people will try. Ours differ, as going from one page to another Streamlit takes
# out of the URL what the page before has a filter of the same name for.
_ALIASES = {"eventType": "event", "status": "eventStatus", "range": "time", "from": "since", "to": "until"}
_FIELD_HELP = (
    "Names joined by dots: `ticketId`, `changes.status`. In lists, `items.sku` looks into every item, `items[0].sku` "
    'into the first. A name with a dot in it is written `["a.b"]`; a JSON pointer will do, too: `/items/0/sku`.  \n'
    f"Searched are the first {MOST_VALUES} values of an event, up to {DEEPEST} levels deep; not what is redacted, and "
    "no times."
)
_ENDS = ("since", "until")
_VALUE_HELP = "The whole value, as it is written; numbers by what they are worth: `100` finds `100.0` and `1e2`."
_ID_HELP = "The event's id here, or the one that its sender gave it."
# What the list may be asked for besides filters: the page before or after a place in it.
_OLDER_THAN, _NEWER_THAN = "before", "after"
_COMPLAINTS = "activity_complaints"


def draw(actor: Actor) -> EventFilters:
    """Draw the filters and read them."""
    _accept_plain_values()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        names = st.multiselect(
            "Event",
            _event_types(actor),
            key="event",
            bind="query-params",
            width=240,
            placeholder="All events",
            accept_new_options=True,
            on_change=guard.callback(first_page),
        )
        status = st.segmented_control(
            "Status",
            _STATUSES,
            default="All",
            required=True,
            key="eventStatus",
            bind="query-params",
            on_change=guard.callback(first_page),
        )
        origin = st.selectbox(
            "Origin",
            _ORIGINS,
            index=None,
            key="origin",
            bind="query-params",
            width=130,
            placeholder="Any origin",
            on_change=guard.callback(first_page),
        )
        span = st.selectbox(
            "Time",
            list(time_range.RANGES),
            index=None,
            key="time",
            bind="query-params",
            width=150,
            placeholder="Any time",
            on_change=guard.callback(first_page),
        )
        (since, until), problem = time_range.of_choice(span, _ENDS, viewer_time.zone(), changed=first_page)
        key, field, value, event_id = _draw_exact()
    if problem:
        st.warning(f"{problem} Any time is shown.", icon=":material/date_range:")
    filters = EventFilters(
        event_types=tuple(names),
        status=None if status in (None, "All") else status.lower(),  # type: ignore[arg-type]
        origin=origin.lower() if origin else None,  # type: ignore[arg-type]
        since=since,
        until=until,
        correlation_key=key or None,
        event_id=event_id or None,
        path=field or None,
        value=value or None,
    )
    if filters != EventFilters():
        _draw_exact_in_words(filters)
    for complaint in st.session_state.get(_COMPLAINTS, ()):
        st.warning(complaint, icon=":material/link_off:")
    return filters


def clear() -> None:
    """Callback: back to everything, latest first."""
    st.session_state.update(_CLEARED)
    for name in _ENDS:
        st.query_params.pop(name, None)
    first_page()


def first_page() -> None:
    """Callback: back to the latest events."""
    st.session_state.pop(_COMPLAINTS, None)
    for parameter in (_OLDER_THAN, _NEWER_THAN):
        st.query_params.pop(parameter, None)


def older_than() -> Cursor | None:
    """Where the page that the URL asks for begins; None for the latest events."""
    return Cursor.parse(st.query_params.get(_OLDER_THAN))


def newer_than() -> Cursor | None:
    """Where the page that the URL asks for ends, if it is asked for by its end."""
    return Cursor.parse(st.query_params.get(_NEWER_THAN))


def draw_pages(page: EventPage) -> None:
    """Draw the ways to the pages beside this one."""
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        st.button(
            "Newest",
            icon=":material/first_page:",
            key="activity-newest",
            type="tertiary",
            disabled=page.newer is None,
            on_click=guard.callback(first_page),
        )
        st.button(
            "Newer",
            icon=":material/chevron_left:",
            key="activity-newer",
            disabled=page.newer is None,
            on_click=guard.callback(_turn),
            args=(_NEWER_THAN, page.newer),
        )
        st.button(
            "Older",
            icon=":material/chevron_right:",
            icon_position="right",
            key="activity-older",
            disabled=page.older is None,
            on_click=guard.callback(_turn),
            args=(_OLDER_THAN, page.older),
        )


def _turn(parameter: str, cursor: Cursor) -> None:
    first_page()
    st.query_params[parameter] = str(cursor)


def _draw_exact() -> tuple[str | None, ...]:
    """The filters by exact value, folded away; the fold says how many are set."""
    used = sum(bool(_asked(key)) for key in _TEXTS)
    with st.popover(
        f"Find · {used}" if used else "Find",
        icon=":material/search:",
        key="find",
        help="By correlation key, event id or a value in the payload",
    ):
        key = _draw_text("Correlation key", "key", "Exact key")
        field = _draw_text("Payload field", "field", "ticketId", _FIELD_HELP)
        value = _draw_text("equals", "value", "Exact value", _VALUE_HELP)
        event_id = _draw_text("Event id", "id", "0197a1b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b", _ID_HELP)
    return key, field, value, event_id


def _draw_text(label: str, key: str, example: str, help_text: str | None = None) -> str | None:
    return st.text_input(
        label,
        key=key,
        bind="query-params",
        placeholder=example,
        help=help_text,
        width=320,
        on_change=guard.callback(first_page),
    )


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
            on_click=guard.callback(clear),
        )


def _asked(key: str) -> str | None:
    """A filter's value before its widget is drawn: the widget's of the last run, else the URL's."""
    value: str | None = st.session_state.get(key) or st.query_params.get(key)
    return value


def _accept_plain_values() -> None:
    """Streamlit reads a choice as its label, "Error", and drops what it cannot read; whoever types or links a URL
    will try "error", and is told what was left out."""
    if "activity_begun" in st.session_state:
        return
    st.session_state["activity_begun"] = True
    asked = {name: st.query_params.get_all(name) for name in st.query_params}
    plain = {_ALIASES.get(name, name): values for name, values in asked.items()}
    complaints = []
    for name, read in _READERS.items():
        try:
            plain |= {name: [read(value) for value in plain[name]]} if name in plain else {}
        except ValueError as error:
            written = next(one for one in asked if _ALIASES.get(one, one) == name)
            complaints.append(
                f"{code(written)} in the address is left out: {code(shorten(plain.pop(name)[-1], 40))} is {error}."
            )
    if plain.keys() & {"since", "until"}:
        plain["time"] = [time_range.CUSTOM]
    st.session_state[_COMPLAINTS] = complaints
    if plain != asked:
        url_filters.rewrite(plain)
        st.rerun()  # a widget reads the URL only before this run has touched it


def _choice(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.capitalize() not in choices:
            raise ValueError(f"not one of {', '.join(choices)}")
        return value.capitalize()

    return read


def _place(value: str) -> str:
    if Cursor.parse(value) is None:
        raise ValueError("no place in the list")
    return value


_READERS: dict[str, Callable[[str], str]] = {
    "eventStatus": _choice(*_STATUSES),
    "origin": _choice(*_ORIGINS),
    "time": _choice(*time_range.RANGES),
    _OLDER_THAN: _place,
    _NEWER_THAN: _place,
}


@st.cache_data(ttl=60, show_spinner=False)
def _event_types(actor: Actor) -> list[str]:
    with database.read(actor) as conn:
        return [event_type for event_type, _ in entries.event_types(conn, tenant=actor.tenant)]
