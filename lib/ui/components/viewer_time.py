"""Moments as the viewer reads them: in the time zone that they chose, else that of their browser.

A page names it once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from lib import database
from lib.auth import preferences
from lib.auth.actors import Actor
from lib.metrics import time_window
from lib.ui.components import kept

_CHOSEN, _CHOSEN_BY = "time_zone", "time_zone_of"
_PREFERENCE = "timeZone"


def zone() -> ZoneInfo:
    """The time zone that the viewer chose, else that of their browser; UTC when it says none."""
    return _zone(st.session_state.get(_CHOSEN)) or browser_zone()


def browser_zone() -> ZoneInfo:
    """The time zone of the browser; UTC when it says none."""
    return _zone(st.context.timezone) or ZoneInfo("UTC")


def recall(actor: Actor) -> None:
    """Once a session for each person: the time zone that they chose."""
    if st.session_state.get(_CHOSEN_BY) != (actor.tenant, actor.user_id):
        st.session_state[_CHOSEN] = _remembered(actor)
        st.session_state[_CHOSEN_BY] = (actor.tenant, actor.user_id)


def choose(actor: Actor, name: str | None) -> None:
    """Callback: the person reads times in this time zone from now on, or with None in that of their browser."""
    with database.write(actor) as conn:
        preferences.put(conn, actor, name=_PREFERENCE, value=name)
    _remembered.clear(actor)
    st.session_state[_CHOSEN] = name


def chosen() -> str | None:
    """The name of the time zone that the viewer chose."""
    found = _zone(st.session_state.get(_CHOSEN))
    return found.key if found else None


@st.cache_data(ttl=kept.SECONDS, show_spinner=False, hash_funcs=kept.BY_PERSON)
def _remembered(actor: Actor) -> Any:
    with database.read(actor) as conn:
        return preferences.get(conn, actor, name=_PREFERENCE)


def _zone(name: object) -> ZoneInfo | None:
    return ZoneInfo(name) if isinstance(name, str) and name in time_window.zone_names() else None


def shown(moment: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
    """The moment and the zone it is in: 2026-03-01 14:05 Europe/Berlin."""
    return f"{clock(moment, form)} {zone().key}"


def clock(moment: datetime, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """The moment alone; its zone's abbreviation is there only in the hour that a change of clocks repeats."""
    return time_window.clock(moment.astimezone(zone()), form)
