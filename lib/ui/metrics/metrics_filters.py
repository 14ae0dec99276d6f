"""Which range the metrics page is about, in whose time, and which traffic. All of it is in the URL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.metrics import reconciliation, rollups
from lib.metrics.rollups import ORIGINS, Origin
from lib.metrics.time_window import LONGEST_BY_HOUR, SliceStep, Window, clock, end_of_this_minute, iso, zone_names
from lib.ui.components import (
    choices,
    guard,
    kept,
    links,
    page_head,
    printed,
    tab_title,
    time_range,
    url_parameters,
    viewer_time,
)
from lib.ui.components.text import ago, code, escape, plural
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import Choice, Flag
from lib.ui.metrics import metrics_slice

_RANGES = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
_DEFAULT = "7d"
_WORDS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days"}
_STEPS: dict[str, SliceStep | None] = {"Auto": None, "Hours": "hour", "Days": "day"}
_ALL_EVENTS = "All events"
_ZONE, _VIEWERS_ZONE = "tz", "metrics-viewers-zone"
_LONGEST = timedelta(days=3660)

# What a day or week of the calendar is called, and what it is compared with.
_CALENDAR = {
    "Today": ("today", "yesterday up to this time"),
    "Yesterday": ("yesterday", "the day before"),
    "This week": ("this week", "last week up to this time"),
    "Last week": ("last week", "the week before"),
}

RANGE = Choice(
    "range",
    "Range",
    {name: name for name in (*_RANGES, *time_range.CALENDAR, time_range.CUSTOM)},
    default=_DEFAULT,
    segmented=True,
)
_STEP = Choice(
    "step",
    "By",
    {name: name for name in _STEPS},
    default="Auto",
    segmented=True,
    help="Auto: hours below 3 days, else days. Hours up to 15 days.",
)
_TESTS = Flag("tests")
ENDS = ("from", "to")
FILTERS = UrlFilters(
    metrics_slice.PAGE,
    others=(RANGE, _STEP, _TESTS),
    aliases={"since": "from", "until": "to"},  # as the activity page has them
    implied={"range": (time_range.CUSTOM, ENDS)},
    more=("eventType", _ZONE, "show", "outcome"),
    labels="visible",
)


@dataclass(frozen=True)
class MetricsView:
    """What to show. `these` says the range ("these 7 days", "today"), `against` what it is compared with."""

    window: Window
    origins: tuple[Origin, ...]
    these: str
    against: str


def draw(actor: Actor, event_type: str | None) -> MetricsView:
    """Draw the head of the page with its controls, and read them."""
    _follow_viewer()
    FILTERS.begin(_zone())
    everything, folded = _draw_head(actor, event_type)
    with st.container(horizontal=True, vertical_alignment="top", gap="small", key="metrics-filters"):
        _draw_event(actor, event_type)
        span = FILTERS.choose(RANGE, changed=metrics_slice.forget) or _DEFAULT
        with folded:
            zone = ZoneInfo(FILTERS.choose(_zone(), changed=metrics_slice.forget) or "UTC")
        (since, until, compared_from), problem = _draw_range(span, zone)
        with folded:
            too_long = until - since > LONGEST_BY_HOUR
            step = FILTERS.choose(_STEP, changed=metrics_slice.forget, disabled=too_long) or "Auto"
    window = Window.of(since, until, zone, _STEPS[step], compared_from)
    if problem:
        st.warning(problem, icon=":material/date_range:")
    FILTERS.draw_complaints()
    view = MetricsView(window, ORIGINS if everything else ("live",), *_called(span, window))
    printed.draw_line(in_words(view, guard.tenant_name()))
    return view


def during(span: str) -> str:
    """A span of a view as part of a sentence: "in these 7 days", but "yesterday"."""
    return span if span.startswith(("today", "yesterday", "this week", "last week")) else f"in {span}"


def in_words(view: MetricsView, tenant: str) -> str:
    """The view as a line of text: whose events, of which time, read how, and which traffic."""
    since, until = (f"{at.day} {at:%b %Y} {clock(at)}" for at in _ends(view.window))
    traffic = "live events" if view.origins == ("live",) else "live, simulated and replayed events"
    return (
        f"{tenant} · {since} to {until} ({view.these}), by {view.window.step} · {view.window.zone.key} · {traffic} · "
        f"compared with {view.against}"
    )


def _ends(window: Window) -> tuple[datetime, datetime]:
    return window.since.astimezone(window.zone), window.until.astimezone(window.zone)


def _draw_range(span: str, zone: ZoneInfo) -> tuple[tuple[datetime, datetime, datetime | None], str | None]:
    """Where the range begins and ends, and the one it is compared with begins if that is not the one just before.

    Draws the ends that are to be picked. And what is wrong with them, in a sentence.
    """
    if span in _CALENDAR:
        return time_range.of_calendar(span, zone, now=end_of_this_minute()), None
    ends, problem = _draw_custom(zone) if span == time_range.CUSTOM else (_latest(span), None)
    return (*ends, None), problem


def zoom(since: datetime, until: datetime) -> None:
    """Callback: show this range alone. Back leads to the one before."""
    metrics_slice.forget()
    st.session_state[RANGE.key] = time_range.CUSTOM
    for name, at in zip(ENDS, (since, until), strict=True):
        st.query_params[name] = iso(at)


def draw_longer(window: Window) -> None:
    """Draw the way to the longest range up to now, where this one is shorter."""
    longest = max(_RANGES, key=_RANGES.__getitem__)
    if window.until - window.since < _RANGES[longest]:
        st.button(
            f"Last {_WORDS[longest]}",
            icon=":material/date_range:",
            key="metrics-longer",
            on_click=guard.callback(_show_latest),
            args=(longest,),
        )


def _show_latest(span: str) -> None:
    """Callback: show this range up to now."""
    metrics_slice.forget()
    st.session_state[RANGE.key] = span
    for name in ENDS:
        st.query_params.pop(name, None)


def _called(span: str, window: Window) -> tuple[str, str]:
    """What the range is called, and what it is compared with."""
    if span in _CALENDAR:
        return _CALENDAR[span]
    words = _WORDS.get(span) or length(window)
    return f"{'these' if words[0].isdigit() else 'this'} {words}", f"the {words} before"


def _draw_head(actor: Actor, event_type: str | None) -> tuple[bool, DeltaGenerator]:
    """Draw the title and what stands beside it; whether tests count, too, and where the time zone is to be drawn."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        _draw_title(actor, event_type)
        everything = st.toggle(
            "Test traffic",
            key=_TESTS.key,
            bind="query-params",
            on_change=guard.callback(metrics_slice.forget),
            help="Count simulated and replayed events too, and the runs they started",
        )
        # What is asked for more seldom has a place of its own here.
        folded = st.popover(
            str(url_parameters.asked(_ZONE) or _zone().default),
            icon=":material/schedule:",
            key="metrics-when",
            help="The time zone, and whether the range is read by hours or days",
        )
        if event_type:
            with st.container(key="screen-event-details", width="content"):
                links.page_link(
                    "event.py", label="Event details", icon=":material/bolt:", query_params={"eventType": event_type}
                )
    return everything, folded


def length(window: Window) -> str:
    """How long the window is: "2 days", "day", "90 minutes", "5 hours 20 minutes", "19 days 8 hours"."""
    since, until = (at.astimezone(window.zone) for at in (window.since, window.until))
    minutes = round((window.until - window.since) / timedelta(minutes=1))
    if since.time() == until.time() or minutes > 3 * 1440:
        # By the clock, so that a day of 23 or 25 hours is a day.
        hours = round((until.replace(tzinfo=None) - since.replace(tzinfo=None)) / timedelta(hours=1))
        if hours % 24:
            return f"{plural(hours // 24, 'day')} {plural(hours % 24, 'hour')}"
        number, unit = hours // 24, "day"
    elif not minutes:
        number, unit = max(round((window.until - window.since).total_seconds()), 1), "second"
    elif minutes % 60 == 0:
        number, unit = minutes // 60, "hour"
    elif minutes > 3 * 60:
        return f"{plural(minutes // 60, 'hour')} {plural(minutes % 60, 'minute')}"
    else:
        number, unit = minutes, "minute"
    return unit if number == 1 else f"{number} {unit}s"


def known(actor: Actor, event_type: str) -> bool:
    """Whether the catalog has this event type, or ever had events of it."""
    if _name(actor, event_type) is not None:
        return True
    with database.read(actor) as conn:
        return event_type in rollups.names(conn, tenant=actor.tenant)


def _draw_title(actor: Actor, event_type: str | None) -> None:
    with st.container(width="stretch"):
        if event_type:
            name = _name(actor, event_type) or event_type
            tab_title.name(name, "Metrics")
            page_head.draw(escape(name), f"Metrics of {code(event_type)}{_compared(actor)}")
        else:
            page_head.draw("Metrics", f"All events beside each other{_compared(actor)}")


def _compared(actor: Actor) -> str:
    """That counts are exact, and how we know."""
    at = _compared_at(actor)
    return f" · counts checked against the events {ago(at, datetime.now(UTC))}" if at else ""


@st.cache_data(ttl=kept.SECONDS, show_spinner=False, hash_funcs=kept.BY_TENANT)
def _compared_at(actor: Actor) -> datetime | None:
    with database.read(actor) as conn:
        return reconciliation.compared_at(conn)


def _draw_event(actor: Actor, event_type: str | None) -> None:
    names = choices.events(actor, key="metrics-event", chosen=[event_type], is_filter=True)
    if event_type and event_type not in names:
        names[event_type] = event_type

    def choose() -> None:
        chosen = st.session_state["metrics-event"]
        metrics_slice.forget()
        if chosen == _ALL_EVENTS:
            st.query_params.pop("eventType", None)
        else:
            st.query_params["eventType"] = chosen

    options = [_ALL_EVENTS, *names]
    st.session_state["metrics-event"] = event_type or _ALL_EVENTS
    st.selectbox(
        "Event",
        options,
        key="metrics-event",
        width=225,
        on_change=guard.callback(choose),
        format_func=lambda name: names.get(name, name),
    )


def _follow_viewer() -> None:
    """Forget the time zone that the page was left in, if it was the viewer's and theirs is another one by now."""
    theirs = viewer_time.zone().key
    before = st.session_state.get(_VIEWERS_ZONE, theirs)
    if before != theirs and st.session_state.get(_ZONE) == before:
        del st.session_state[_ZONE]
    st.session_state[_VIEWERS_ZONE] = theirs


def _zone() -> Choice[str]:
    """The time zone, at first the viewer's. It can be chosen even if it is none of the places."""
    theirs, offered = viewer_time.zone().key, _any_zone()
    return replace(offered, options={**offered.options, theirs: theirs}, default=theirs)


@cache
def _any_zone() -> Choice[str]:
    """Places, and UTC first; not the aliases and offsets that the database of zones also has."""
    places = sorted(z for z in zone_names() if "/" in z and not z.startswith(("Etc/", "SystemV/")))
    return Choice(
        _ZONE,
        "Time zone",
        {name: name for name in ("UTC", *places)},
        width=160,
        noun="a time zone",
        help="Days and hours begin as they do there. At first it is the one chosen on My page, else your browser's.",
    )


def _latest(span: str) -> tuple[datetime, datetime]:
    until = end_of_this_minute()
    return until - _RANGES[span], until


def _draw_custom(zone: ZoneInfo) -> tuple[tuple[datetime, datetime], str | None]:
    """The range picked, up to now; seven days unless said otherwise. And what is wrong with it, in a sentence."""
    usual = _latest(_DEFAULT)
    now = usual[1]
    (first, last), problem = time_range.draw(ENDS, zone, otherwise=usual, changed=metrics_slice.forget)
    since, until = first or usual[0], last or usual[1]
    if since < now:
        # What is still to come has no events, and would be compared with a time that has.
        until = min(until, now)
    if until - since > _LONGEST:
        problem, (since, until) = f"A range can have at most {_LONGEST.days:,} days.", usual
    return (since, until), problem and f"{problem} The last seven days are shown."


@st.cache_data(ttl=kept.SECONDS, show_spinner=False, hash_funcs=kept.BY_TENANT)
def _name(actor: Actor, event_type: str) -> str | None:
    """The name of an event that the catalog has."""
    with database.read(actor) as conn:
        entry = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
    return entry.name if entry else None
