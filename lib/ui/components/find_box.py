"""One box that finds anything, from every page: / or Ctrl-K, or the button in the sidebar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape as html

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.errors import InvalidInput
from lib.operations import finding
from lib.operations.finding import FoundThing, Kind
from lib.ui import FIND
from lib.ui.components import guard
from lib.ui.components.text import escape, plain, shorten

_ASKED, _TEXT = "find-asked", "find-text"
_WIDTH = 60


@dataclass(frozen=True)
class _Way:
    """Where one gets to a thing of a kind: the page, the parameter that names the thing there, and the kind's icon."""

    page: str
    parameter: str
    icon: str


_WAYS: Mapping[Kind, _Way] = {
    "event type": _Way("event.py", "eventType", ":material/bolt:"),
    "workflow": _Way("designer.py", "workflowId", ":material/account_tree:"),
    "event": _Way("activity.py", "eventId", ":material/receipt_long:"),
    "run": _Way("runs.py", "runId", ":material/play_circle:"),
    "correlation key": _Way("activity.py", "key", ":material/key:"),
    "person": _Way("audit.py", "actBy", ":material/person:"),
}


def draw(actor: Actor) -> None:
    """Draw the button, and what it opens. Call it before a page draws: of two dialogs the first one is shown."""
    st.button(
        "Find anything",
        icon=":material/search:",
        key="find-anything",
        shortcut="Ctrl+K",
        width="stretch",
        on_click=guard.callback(_ask),
    )
    script = FIND.read_text(encoding="utf-8")
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
    if st.session_state.get(_ASKED):
        _open(actor)


def _ask() -> None:
    """Callback: the box is open, and empty."""
    st.session_state[_ASKED] = True
    st.session_state[_TEXT] = ""


def _close() -> None:
    st.session_state[_ASKED] = False


@guard.dialog("Find anything", icon=":material/search:", width="medium", on_dismiss=guard.callback(_close))
def _open(actor: Actor) -> None:
    text = st.text_input(
        "Find",
        key=_TEXT,
        type="search",
        live="200ms",
        placeholder="Event type, workflow, id or key",
        label_visibility="collapsed",
    )
    text = text or ""
    try:
        with database.read(actor) as conn:
            found = finding.find(conn, actor, text=text, now=datetime.now(UTC))
    except InvalidInput as error:
        st.warning(escape(error.sentence), icon=":material/error:")
        return
    if not found:
        _draw_nothing(actor, text.strip())
    for number, one in enumerate(found):
        _draw_finding(number, one)
    # Enter waits for this: it opens the first thing found for what is written now, not for what was a moment ago.
    st.html(f'<span data-found-for="{html(text)}"></span>')


def _draw_finding(number: int, one: FoundThing) -> None:
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        gap="xsmall",
        key=f"finding-{number}",
    ):
        st.button(
            plain(shorten(one.name, _WIDTH)),
            icon=_WAYS[one.kind].icon,
            key=f"found-{number}",
            type="tertiary",
            on_click=guard.callback(_go_to),
            args=(one,),
        )
        about = "" if one.about == one.name else f"{escape(shorten(one.about, _WIDTH))} · "
        st.caption(f"{about}{one.kind}", width="content")


def _draw_nothing(actor: Actor, text: str) -> None:
    kinds = "event types and workflows by their names, events and runs by their ids, correlation keys"
    people = ", and people" if actor.may("admin") else ""
    if text:
        st.caption(f"Nothing found. The box finds {kinds}{people}. Ids and keys must be whole.")
    else:
        st.caption(f"Finds {kinds}{people}. Enter opens the first thing found, ↑ and ↓ move.")


def _go_to(one: FoundThing) -> None:
    """Callback: open the page of what was found."""
    _close()
    way = _WAYS[one.kind]
    st.switch_page(way.page, query_params={way.parameter: one.target})
