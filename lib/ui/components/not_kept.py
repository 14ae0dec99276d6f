"""That a time has events which are counted but were dropped since, wherever one may look for them."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.metrics import rollups
from lib.ui.components import kept


def sentence(actor: Actor, since: datetime | None) -> str | None:
    """What is to be said of a list of events or runs since this moment, or of all; None where all of them are kept."""
    until = _dropped_until(actor)
    if until is None or (since is not None and since >= until):
        return None
    return f"Events before {until.day} {until:%b %Y} (UTC) and their runs are no longer kept; their counts are."


@st.cache_data(ttl=kept.SECONDS, show_spinner=False, hash_funcs=kept.BY_TENANT)
def _dropped_until(actor: Actor) -> datetime | None:
    with database.read(actor) as conn:
        return rollups.dropped_until(conn)
