"""The audit page's filters. Each is bound to the URL parameter of its key, so a URL is a view."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import database
from lib.auth import audit_trail
from lib.auth.actors import Actor, ActOrigin
from lib.auth.acts import ACTS, ActRefused, act_word, kind_word
from lib.auth.audit_trail import AuditFilters
from lib.metrics.time_window import iso
from lib.ui.components import guard, history, kept, page_buttons, statuses, time_range, url_parameters, viewer_time
from lib.ui.components.url_filters import UrlFilters
from lib.ui.components.url_parameters import ALL, Choice, Text

_WIDTH = 170

_SEARCH = Text(history.SEARCH, "Search the trail", "Search names, ids, addresses, reasons")
_PERSON: Choice[str] = Choice(
    "actBy", "Person", placeholder="Anybody", width=_WIDTH + 30, noun="somebody whose acts you may see"
)
_ACT = Choice(
    "act",
    "Act",
    {one: act_word(one) for one in sorted(ACTS) if one != ActRefused.action},
    "Any act",
    width=_WIDTH + 20,
)
_KIND = Choice(
    "actOn",
    "Kind of object",
    {kind: kind_word(kind) for kind in sorted({act.target_type for act in ACTS.values()} - {ActRefused.target_type})},
    "Any kind",
    width=_WIDTH,
)
_ORIGIN: Choice[ActOrigin] = Choice(
    "actOrigin",
    "Origin",
    {origin: look.word for origin, look in statuses.ACT_ORIGIN.items()},  # type: ignore[misc]
    "Any origin",
    width=_WIDTH - 20,
)
_TIME = Choice("actTime", "Time", {name: name for name in time_range.RANGES}, "Any time", width=_WIDTH - 30)
_OUTCOME = Choice("actOutcome", "Outcome", {ALL: "All", "refused": "Refused"}, default=ALL, segmented=True)
_OBJECT = Text(history.OBJECT, "Object id", "The whole id of what was acted on")
_ENDS = ("actSince", "actUntil")

FILTERS = UrlFilters(
    "audit",
    (_SEARCH, _PERSON, _ACT, _KIND, _ORIGIN, _TIME, _OUTCOME, _OBJECT),
    positions=(page_buttons.BEFORE, page_buttons.AFTER),
    # What other pages call theirs, and people will try.
    aliases={
        "search": "actSearch",
        "person": "actBy",
        "action": "act",
        "kind": "actOn",
        "origin": "actOrigin",
        "time": "actTime",
        "since": "actSince",
        "until": "actUntil",
    },
    implied={"actTime": (time_range.CUSTOM, _ENDS)},
    labels="visible",
)


def draw(actor: Actor) -> AuditFilters:
    """Draw the filters and read them. Whoever sees their own acts alone chooses no person."""
    people = _people(actor)
    FILTERS.begin(_PERSON.of(people))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="labelled-filters"):
        search = FILTERS.search(_SEARCH, width=265)
        person = FILTERS.choose(_PERSON.of(people)) if actor.may("admin") else None
        action = FILTERS.choose(_ACT)
        span = FILTERS.choose(_TIME)
        (since, until), problem = time_range.of_choice(span, _ENDS, viewer_time.zone(), changed=FILTERS.changed)
        outcome = FILTERS.choose(_OUTCOME)
        with _folded():
            kind, origin, object_id = FILTERS.choose(_KIND), FILTERS.choose(_ORIGIN), FILTERS.type_text(_OBJECT)
    if problem:
        st.warning(f"{problem} Any time is shown.", icon=":material/date_range:")
    FILTERS.draw_complaints()
    return AuditFilters(
        person=UUID(person) if person else None,
        action=action,
        object_kind=kind,
        object_id=object_id,
        since=since,
        until=until,
        origin=origin,
        refused=outcome == "refused",
        search=search or None,
    )


def between(since: datetime, until: datetime) -> dict[str, str]:
    """Parameters with which the audit page shows the acts of [since, until)."""
    return {_TIME.key: time_range.CUSTOM, _ENDS[0]: iso(since), _ENDS[1]: iso(until)}


def _folded() -> DeltaGenerator:
    """What is asked for more seldom, folded away; the fold says how many filters in it are set."""
    # The URL too: when one comes back from a page, a widget may still hold what it held when this one was left.
    used = 0
    for one in (_KIND, _ORIGIN, _OBJECT):
        asked = (url_parameters.asked(one.key), st.query_params.get(one.key))
        used += any(value and value != one.cleared for value in asked)
    return st.popover(
        f"More · {used}" if used else "More",
        icon=":material/filter_list:",
        key="audit-more",
        help="By kind of object, object id or origin",
    )


def draw_clear() -> None:
    """Draw the way back to everything."""
    st.button(
        "Clear filters",
        key="clear-audit",
        icon=":material/filter_alt_off:",
        type="tertiary",
        on_click=guard.callback(FILTERS.clear),
    )


@st.cache_data(ttl=kept.SECONDS, show_spinner=False)
def _people(actor: Actor) -> dict[str, str]:
    """Everybody whose acts can be asked for by their id; those of the same name are told apart by it."""
    with database.read(actor) as conn:
        found = audit_trail.people(conn, actor)
    named = Counter(person.email for person in found)
    return {
        str(one.user_id): one.email if named[one.email] == 1 else f"{one.email} · {str(one.user_id)[:8]}"
        for one in found
    }
