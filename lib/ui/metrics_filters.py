"""Which range the metrics page is about, in whose time, and which traffic. All of it is in the URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from lib import catalog, database, rollups
from lib.auth import Actor
from lib.rollups import ORIGINS, Origin
from lib.time_window import LONGEST_BY_HOUR, Step, Window, start_of

_RANGES = {
    "24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90),
}  # fmt: skip
_CUSTOM = "Custom"
_DEFAULT = "7d"
_WORDS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days"}
_STEPS: dict[str, Step | None] = {"Auto": None, "Hours": "hour", "Days": "day"}
_ALL_EVENTS = "All events"
_EARLIEST = date(2000, 1, 1)
_LONGEST_DAYS = 3660
#: What belongs to one view of the page and not to the next.
_OF_A_VIEW = ("slice", "outcome", "older", "newer")


@dataclass(frozen=True)
class MetricsView:
    """What to show; `words` says the range's length ("7 days")."""

    window: Window
    origins: tuple[Origin, ...]
    words: str


def draw(actor: Actor, event_type: str | None) -> MetricsView:
    """Draw the head of the page with its controls, and read them."""
    _accept_plain_urls()
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.title("Metrics", anchor=False)
        everything = st.toggle("Test traffic", key="tests", bind="query-params", on_change=forget_slice,
                               help="Count simulated and replayed events too, and the runs they started")  # fmt: skip
        if event_type:
            st.page_link("event.py", label="Event details", icon=":material/bolt:",
                         query_params={"eventType": event_type})  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        _draw_event(actor, event_type)
        span = st.segmented_control("Range", [*_RANGES, _CUSTOM], default=_DEFAULT, required=True, key="range",
                                    bind="query-params", on_change=forget_slice)  # fmt: skip
        zone = _draw_zone()
        since, until = _draw_custom(zone) if span == _CUSTOM else _latest(span or _DEFAULT)
        step = st.segmented_control("By", list(_STEPS), default="Auto", required=True, key="step", bind="query-params",
                                    disabled=until - since > LONGEST_BY_HOUR, on_change=forget_slice,
                                    help="Auto: hours below 3 days, else days. Hours up to 15 days.")  # fmt: skip
    window = Window.of(since, until, zone, _STEPS[step or "Auto"])
    days = round((until - since) / timedelta(days=1))
    words = _WORDS.get(span or _DEFAULT) or ("day" if days == 1 else f"{days} days")
    return MetricsView(window, ORIGINS if everything else ("live",), words)


def known(actor: Actor, event_type: str) -> bool:
    """Whether the catalog has this event type, or ever had events of it."""
    if event_type in dict(_event_types(actor)):
        return True
    with database.read(actor) as conn:
        return event_type in rollups.names(conn, tenant=actor.tenant)


def forget_slice() -> None:
    """Callback: back to the first page of all recent events of the range."""
    for name in _OF_A_VIEW:
        st.query_params.pop(name, None)


def _draw_event(actor: Actor, event_type: str | None) -> None:
    names = dict(_event_types(actor))
    if event_type and event_type not in names:
        names[event_type] = event_type

    def choose() -> None:
        chosen = st.session_state["metrics-event"]
        forget_slice()
        if chosen == _ALL_EVENTS:
            st.query_params.pop("eventType", None)
        else:
            st.query_params["eventType"] = chosen

    options = [_ALL_EVENTS, *names]
    st.session_state["metrics-event"] = event_type or _ALL_EVENTS
    st.selectbox("Event", options, key="metrics-event", width=225, on_change=choose,
                 format_func=lambda name: names.get(name, name))  # fmt: skip


def _draw_zone() -> ZoneInfo:
    zones = _zones()
    theirs = st.context.timezone or "UTC"
    name = st.selectbox("Time zone", zones, index=zones.index(theirs if theirs in zones else "UTC"), key="tz",
                        bind="query-params", width=160, on_change=forget_slice,
                        help="Days and hours begin as they do there; at first it is your browser's.")  # fmt: skip
    return ZoneInfo(name or "UTC")


def _latest(span: str) -> tuple[datetime, datetime]:
    until = _end_of_this_minute()
    return until - _RANGES[span], until


def _end_of_this_minute() -> datetime:
    """And not now, so that a page that is drawn again in a moment is the same."""
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)


def _draw_custom(zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Whole days, the last one included; the wrong way round is turned, too long is cut."""
    today = datetime.now(zone).date()
    last_day = today + timedelta(days=1)
    first = st.date_input("From", today - timedelta(days=6), key="from", bind="query-params", width=130,
                          min_value=_EARLIEST, max_value=last_day, format="YYYY-MM-DD",
                          on_change=forget_slice)  # fmt: skip
    last = st.date_input("To", today, key="to", bind="query-params", width=130, min_value=_EARLIEST,
                         max_value=last_day, format="YYYY-MM-DD", on_change=forget_slice,
                         help="This day included")  # fmt: skip
    first, last = min(first, last), max(first, last)
    first = max(first, last - timedelta(days=_LONGEST_DAYS))
    since, until = start_of(first, zone), start_of(last + timedelta(days=1), zone)
    now = _end_of_this_minute()
    # What is still to come has no events, and would be compared with a time that has.
    return since, min(until, now) if since < now else until


def _accept_plain_urls() -> None:
    """Once a session: from= and to= mean a custom range, and may carry a time of day."""
    if "metrics_begun" in st.session_state:
        return
    st.session_state["metrics_begun"] = True
    asked = st.query_params.to_dict()
    plain: dict[str, str] = {name: asked[name][:10] for name in ("from", "to") if name in asked}
    if plain and "range" not in asked:
        plain["range"] = _CUSTOM
    if any(asked.get(name) != value for name, value in plain.items()):
        st.query_params.from_dict({**asked, **plain})
        st.rerun()  # a widget reads the URL only before this run has touched it


@cache
def _zones() -> Sequence[str]:
    """Places, and UTC first; not the aliases and offsets that the database of zones also has."""
    return ["UTC", *sorted(z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "SystemV/")))]


@st.cache_data(ttl=60, show_spinner=False)
def _event_types(actor: Actor) -> list[tuple[str, str]]:
    with database.read(actor) as conn:
        return catalog.event_types(conn, tenant=actor.tenant)
