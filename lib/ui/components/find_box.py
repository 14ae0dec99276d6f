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
from lib.operations.finding import FoundMore, FoundThing, Kind
from lib.ui.components import dialogs, guard, links
from lib.ui.components.text import escape, plain, plural, shorten

_TEXT = "find-text"
_WIDTH = 60


@dataclass(frozen=True)
class _Way:
    """Where one gets to a thing of a kind: the page, the parameter that names the thing there, and the kind's icon."""

    page: str
    parameter: str
    icon: str
    #: Whether it leads to a list. One that is behind the box looks at its address anew only after a link.
    is_list: bool = False


@dataclass(frozen=True)
class _List:
    """Where all things of a kind are listed: the page, the parameter that asks for them by what was written, or by
    another value, and what they are called there."""

    page: str
    parameter: str
    noun: str
    value: str | None = None


_WAYS: Mapping[Kind, _Way] = {
    "event type": _Way("event.py", "eventType", ":material/bolt:"),
    "workflow": _Way("designer.py", "workflowId", ":material/account_tree:"),
    "event": _Way("activity.py", "eventId", ":material/receipt_long:"),
    "run": _Way("runs.py", "runId", ":material/play_circle:"),
    "correlation key": _Way("activity.py", "eventKey", ":material/key:", is_list=True),
    "person": _Way("audit.py", "actBy", ":material/person:", is_list=True),
}
# Those of which there may be more than the box finds.
_LISTS: Mapping[Kind, _List] = {
    "event type": _List("catalog.py", "q", "event type"),
    "workflow": _List("workflows.py", "workflowSearch", "workflow"),
    "event": _List("activity.py", "id", "event"),
    "person": _List("settings.py", "section", "member", value="members"),
}


def draw_dialog(actor: Actor) -> None:
    """Draw the box where it is open. Call it before a page draws: of two dialogs the first one is shown."""
    _open.draw(actor)


def draw() -> None:
    """Draw the button that opens the box."""
    st.button(
        "Find anything",
        icon=":material/search:",
        key="find-anything",
        shortcut="Ctrl+K",
        width="stretch",
        on_click=guard.callback(_ask),
    )


def _ask() -> None:
    """Callback: the box is open, and empty."""
    _open.ask()
    st.session_state[_TEXT] = ""


@dialogs.dialog("Find anything", icon=":material/search:", width="medium")
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
        if isinstance(one, FoundMore):
            _draw_more(one, text.strip())
        else:
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
        label, way = plain(shorten(one.name, _WIDTH)), _WAYS[one.kind]
        if way.is_list:
            with st.container(key=f"found-{number}", width="content"):
                links.page_link(way.page, label=label, icon=way.icon, query_params={way.parameter: one.target})
        else:
            st.button(
                label,
                icon=way.icon,
                key=f"found-{number}",
                type="tertiary",
                on_click=guard.callback(_go_to),
                args=(one,),
            )
        about = "" if one.about == one.name else f"{escape(shorten(one.about, _WIDTH))} · "
        st.caption(f"{about}{one.kind}", width="content")


def _draw_more(more: FoundMore, text: str) -> None:
    """A link to all of them, which may be behind the box."""
    listed = _LISTS[more.kind]
    noun = f"more {listed.noun}"
    with st.container(key=f"found-more-{listed.noun}"):
        links.page_link(
            listed.page,
            label=f"More {listed.noun}s" if more.number is None else plural(more.number, noun),
            icon=":material/arrow_forward:",
            query_params={listed.parameter: listed.value or text},
        )


def _draw_nothing(actor: Actor, text: str) -> None:
    kinds = "event types and workflows by their names, events and runs by their ids, correlation keys"
    people = ", and people" if actor.may("admin") else ""
    if text:
        st.caption(f"Nothing found. The box finds {kinds}{people}. Ids and keys must be whole.")
    else:
        st.caption(f"Finds {kinds}{people}. Enter opens the first thing found, ↑ and ↓ move.")


def _go_to(one: FoundThing) -> None:
    """Callback: open the page of what was found."""
    _open.close()
    way = _WAYS[one.kind]
    st.switch_page(way.page, query_params={way.parameter: one.target})
