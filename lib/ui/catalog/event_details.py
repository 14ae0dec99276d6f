"""Everything about one event type: in the drawer over the catalog, and as a page of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import entries
from lib.catalog.entries import Activity, CatalogEntry
from lib.metrics.time_window import end_of_this_minute
from lib.ui.catalog import cards, event_actions, own_event_acts, redacted_fields
from lib.ui.components import choices, dialogs, facts, guard, history, links, schema_view, tab_title, viewer_time
from lib.ui.components.text import NOTHING, code, escape, shorten
from lib.ui.workflows import attached as workflow_attached
from lib.workflows import records as workflow_records
from lib.workflows.records import AttachedWorkflow

_PARAMETER = "eventType"


@dataclass(frozen=True)
class EventDetails:
    """One event type with who is attached and how it went lately."""

    entry: CatalogEntry
    attached: list[AttachedWorkflow]
    activity: Activity


def asked_event_type() -> str | None:
    """The event type that the URL asks for."""
    return st.query_params.get(_PARAMETER)


def choose_event_type(actor: Actor) -> str | None:
    """The event type that the URL asks for; without one, let the person choose."""
    if asked := asked_event_type():
        return asked
    st.title("Choose an event", anchor=False)
    known = choices.events(actor, key="choose-event", width=400)
    with st.container(key="labelled-choice"):
        chosen: str | None = st.selectbox(
            "Event", list(known), index=None, format_func=lambda t: f"{known[t]} · {t}", placeholder="Search events"
        )
    if chosen:
        st.query_params[_PARAMETER] = chosen
        st.rerun()
    return None


def open_in_drawer(event_type: str) -> None:
    """Callback: open the drawer of this type, and say so in the URL, which can then be shared."""
    st.query_params[_PARAMETER] = event_type


def draw_drawer(actor: Actor) -> str | None:
    """Open the drawer of the event type in the URL; the type if it is unknown, for draw_unknown."""
    event_type = asked_event_type()
    if not event_type:
        return None
    details = _load(actor, event_type)
    if details is None:
        return event_type

    @dialogs.dialog(
        escape(details.entry.name),
        parameter=_PARAMETER,
        width="medium",
        position="right",
        icon=cards.category_icon(details.entry.category),
    )
    def drawer() -> None:
        # Drawn alone it would say what was so when the page was drawn, and offer what can be done no more.
        now = _load(actor, event_type) if guard.is_drawn_alone() else details
        if now is None:
            st.rerun()
        draw(actor, now, in_drawer=True)

    drawer.draw()
    return None


def draw_page(actor: Actor, event_type: str) -> None:
    """The same content as a page."""
    details = _load(actor, event_type)
    if details is None:
        draw_missing(actor, event_type)
        return
    entry = details.entry
    tab_title.name(entry.name, "Event")
    st.title(f"{cards.category_icon(entry.category)} {escape(entry.name)}", anchor=False)
    draw(actor, details, in_drawer=False)


def draw(actor: Actor, details: EventDetails, *, in_drawer: bool) -> None:
    """Description and metadata, what one can do, how it went, who is attached, and the schema."""
    entry = details.entry
    st.markdown(f"{code(entry.event_type)}  {cards.badges(entry.status, entry.source, entry.schema_state)}")
    st.markdown(escape(entry.description))
    event_actions.buttons(actor, entry.event_type, key="details", page_link=in_drawer)
    own_event_acts.draw(actor, entry, in_drawer=in_drawer)
    cards.executions(details.activity)
    if in_drawer:
        workflow_attached.draw(actor, entry.event_type, details.attached, in_drawer=in_drawer)
        _draw_metadata(entry, in_drawer=in_drawer)
        _draw_schema(actor, entry, in_drawer=in_drawer)
        _draw_example(entry, in_drawer=in_drawer)
        return
    history.link_of_event_type(entry.event_type)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw_schema(actor, entry, in_drawer=in_drawer)
    with right:
        workflow_attached.draw(actor, entry.event_type, details.attached, in_drawer=in_drawer)
        _draw_metadata(entry, in_drawer=in_drawer)
        _draw_example(entry, in_drawer=in_drawer)


def draw_missing(actor: Actor, event_type: str) -> None:
    """`draw_unknown` as a page, under the name that was asked for."""
    st.title(escape(shorten(event_type, 80)), anchor=False)
    draw_unknown(actor, event_type)


def draw_unknown(actor: Actor, event_type: str) -> None:
    """Say that there is no such event, and offer the ones named most like it, or to undo its deletion."""
    if own_event_acts.draw_gone(actor, event_type):
        return
    with database.read(actor) as conn:
        near = entries.nearest(conn, tenant=actor.tenant, event_type=event_type)
    with st.container(border=True):
        st.markdown(f":material/search_off: There is no event {code(event_type[:80])} in this catalog.")
        if near:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption("Did you mean", width="content")
                for known_type, name in near:
                    st.button(
                        escape(name),
                        key=f"near-{known_type}",
                        on_click=guard.callback(open_in_drawer),
                        args=(known_type,),
                    )


def _load(actor: Actor, event_type: str) -> EventDetails | None:
    with database.read(actor) as conn:
        entry = entries.entry(conn, tenant=actor.tenant, event_type=event_type)
        if entry is None:
            return None
        attached = workflow_records.attached(conn, tenant=actor.tenant, event_type=entry.event_type)
        activity = entries.activity(conn, tenant=actor.tenant, event_types=[entry.event_type], now=end_of_this_minute())
    return EventDetails(entry, attached, activity.get(entry.event_type, Activity()))


def _draw_schema(actor: Actor, entry: CatalogEntry, *, in_drawer: bool) -> None:
    schema_view.draw(entry.schema, entry.payload_schema_ref, in_drawer=in_drawer)
    redacted_fields.draw(actor, entry, in_drawer=in_drawer)


def _draw_metadata(entry: CatalogEntry, *, in_drawer: bool) -> None:
    schema_view.heading("Metadata", in_drawer=in_drawer)
    paths = ", ".join(code(path) for path in entry.correlation_paths) or NOTHING
    metadata = {
        "Category": escape(entry.category),
        "Source": "Defined by this tenant" if entry.source == "tenant" else "System catalog",
        "Owner": escape(entry.owner) if entry.owner else NOTHING,
        "Tags": ", ".join(map(escape, entry.tags)) or NOTHING,
        "Schema ref": code(entry.payload_schema_ref) if entry.payload_schema_ref else NOTHING,
        "Correlation paths": paths,
        "Last changed": viewer_time.shown(entry.updated_at),
    }
    facts.draw(metadata, key="metadata")
    if entry.payload_schema_ref and entry.schema is not None:
        links.page_link(
            "schemas.py",
            label="Versions and uses of the schema",
            icon=":material/schema:",
            query_params={"ref": entry.payload_schema_ref},
        )


def _draw_example(entry: CatalogEntry, *, in_drawer: bool) -> None:
    if entry.example is not None:
        schema_view.heading("Example payload", in_drawer=in_drawer)
        st.code(json.dumps(entry.example, indent=2, ensure_ascii=False), language="json")
