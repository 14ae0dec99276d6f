"""The designer's tab for what starts a workflow, and how the event's payload becomes the workflow's."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib import database
from lib.catalog import entries, schema_registry
from lib.catalog.entries import CatalogEntry
from lib.mapping.expressions import DIGITS
from lib.schemas import JsonSchema
from lib.ui.components import choices, diagram, guard, schema_view
from lib.ui.components.text import code
from lib.ui.designer import mapping_table
from lib.ui.designer.state import Draft
from lib.workflows import records as workflow_records

_NONE = "No trigger"
_AS_IT_COMES = "As it comes"


def draw(draft: Draft, refusal: str | None) -> None:
    """Draw event, payload schema and mapping."""
    with st.container(key=diagram.place_key(diagram.TRIGGER)):
        _draw(draft, refusal)


def _draw(draft: Draft, refusal: str | None) -> None:
    tenant, disabled = draft.actor.tenant, refusal is not None
    with st.container(key="labelled-trigger"):
        left, right = st.columns(2)
    with left:
        _draw_event(draft, disabled=disabled)
    with right:
        _draw_schema(draft, disabled=disabled)
    trigger = draft.definition.get("trigger")
    event_type = workflow_records.triggered_by(trigger)
    if trigger is None or event_type is None:
        st.info("Without a trigger nothing starts this workflow.", icon=":material/bolt:")
        return
    ref = draft.definition.get("payloadSchemaRef")
    with database.read(draft.actor) as conn:
        entry = entries.entry(conn, tenant=tenant, event_type=event_type)
        schema = schema_registry.schema(conn, tenant=tenant, ref=ref) if isinstance(ref, str) else None
    if entry is None:
        st.warning(f"The catalog has no event {code(event_type)}.", icon=":material/warning:")
        return
    st.caption(f"{code(event_type)} carries {code(entry.payload_schema_ref or 'no schema')}.")
    _draw_mapping(draft, entry, schema, disabled=disabled)
    left, right = st.columns(2)
    with left, st.expander("Fields of the event", icon=":material/bolt:"):
        schema_view.draw(entry.schema, entry.payload_schema_ref)
    with right, st.expander("Fields of the workflow", icon=":material/account_tree:"):
        schema_view.draw(schema, ref if isinstance(ref, str) else None)


def use_present_schema(draft: Draft) -> None:
    """Callback: say that the mapping is made for the schema that the event carries now."""
    trigger = draft.definition.get("trigger")
    event_type = workflow_records.triggered_by(trigger)
    with database.read(draft.actor) as conn:
        entry = entries.entry(conn, tenant=draft.actor.tenant, event_type=event_type or "")
    if entry and trigger:
        changed: dict[str, Any] = {**trigger, "sourcePayloadSchemaRef": entry.payload_schema_ref}
        if entry.payload_schema_ref != draft.definition.get("payloadSchemaRef"):
            changed.setdefault("payloadMapping", {})
        draft.save({**draft.definition, "trigger": changed}, redraw=True)


def _draw_event(draft: Draft, *, disabled: bool) -> None:
    now = workflow_records.triggered_by(draft.definition.get("trigger"))
    key = draft.key("event")
    known = choices.events(draft.actor, key=key, chosen=[now])
    options = [_NONE, *known] if now is None or now in known else [_NONE, now, *known]
    st.selectbox(
        "Starts when",
        options,
        index=options.index(now or _NONE),
        key=key,
        disabled=disabled,
        format_func=lambda t: f"{known[t]} · {t}" if t in known else t,
        on_change=guard.callback(_keep_event),
        args=(draft, key),
    )


def _keep_event(draft: Draft, key: str) -> None:
    """Callback: let the event that was chosen start the workflow, with a mapping to complete where schemas differ.

    An event that started it before does so as it did.
    """
    chosen = st.session_state[key]
    before = draft.definition.get("trigger")
    event_type = workflow_records.triggered_by(before)
    if chosen == (event_type or _NONE):
        return  # of a control that an interrupted run has drawn, Streamlit says that it changed when it has not
    if before and event_type:
        draft.former_triggers[event_type] = before
    if chosen == _NONE:
        draft.save({**draft.definition, "trigger": None}, redraw=True)
        return
    trigger = draft.former_triggers.get(chosen) or _published(draft, chosen)
    if not trigger:
        with database.read(draft.actor) as conn:
            entry = entries.entry(conn, tenant=draft.actor.tenant, event_type=chosen)
        source = entry.payload_schema_ref if entry else None
        trigger = {"type": "event", "eventName": chosen, "sourcePayloadSchemaRef": source}
        if source != draft.definition.get("payloadSchemaRef"):
            trigger["payloadMapping"] = {}
    draft.save({**draft.definition, "trigger": trigger}, redraw=True)


def _published(draft: Draft, event_type: str) -> dict[str, Any]:
    """The published trigger, if it is of this event."""
    return (draft.workflow.trigger or {}) if draft.workflow.event_type == event_type else {}


def _draw_schema(draft: Draft, *, disabled: bool) -> None:
    now = draft.definition.get("payloadSchemaRef")
    key = draft.key("schema")
    options = choices.refs(draft.actor, key=key, chosen=None if now is None else str(now))
    st.selectbox(
        "Payload schema of the workflow",
        options,
        index=options.index(str(now)) if now else None,
        key=key,
        placeholder="Choose a schema",
        disabled=disabled,
        on_change=guard.callback(_keep_schema),
        args=(draft, key),
        help="What the steps can rely on. It stays when the event's schema changes; "
        "the mapping leads from one to the other.",
    )


def _keep_schema(draft: Draft, key: str) -> None:
    """Callback: let the workflow take payloads of the schema that was chosen."""
    if st.session_state[key] == draft.definition.get("payloadSchemaRef"):
        return
    changed = {**draft.definition, "payloadSchemaRef": st.session_state[key]}
    trigger = draft.definition.get("trigger")
    if isinstance(trigger, dict) and changed["payloadSchemaRef"] != trigger.get("sourcePayloadSchemaRef"):
        changed["trigger"] = {"payloadMapping": {}, **trigger}
    draft.save(changed, redraw=True)


def _draw_mapping(draft: Draft, entry: CatalogEntry, schema: JsonSchema | None, *, disabled: bool) -> None:
    trigger = draft.definition["trigger"]
    same = entry.payload_schema_ref == draft.definition.get("payloadSchemaRef") and entry.payload_schema_ref is not None
    mapped = trigger.get("payloadMapping") is not None
    st.header("Payload mapping", anchor=False, help=DIGITS)
    if same:
        key = draft.key("identity")
        st.segmented_control(
            "Payload",
            [_AS_IT_COMES, "Mapped"],
            default="Mapped" if mapped else _AS_IT_COMES,
            required=True,
            key=key,
            label_visibility="collapsed",
            disabled=disabled,
            on_change=guard.callback(_keep_identity),
            args=(draft, key, schema),
        )
        if not mapped:
            st.caption(
                ":green[:material/check_circle:] Event and workflow share a schema: the payload goes in as it is."
            )
            return
    if schema is None:
        st.info(
            "Choose the workflow's payload schema first: its fields are what the mapping fills.",
            icon=":material/schema:",
        )
        return
    mapping_table.draw(draft, entry, schema, disabled=disabled)


def _keep_identity(draft: Draft, key: str, schema: JsonSchema | None) -> None:
    """Callback: take the payload as it comes, or map it field by field: as it was before, else each to itself."""
    trigger = dict(draft.definition["trigger"])
    event_type, mapping = str(trigger.get("eventName")), trigger.pop("payloadMapping", None)
    if st.session_state[key] == _AS_IT_COMES:
        if mapping:
            draft.former_mappings[event_type] = mapping
    else:
        former = draft.former_mappings.get(event_type) or _published(draft, event_type).get("payloadMapping")
        by_name = mapping_table.by_name(schema, {}, schema) if schema else {}
        trigger["payloadMapping"] = mapping or former or by_name
    draft.save({**draft.definition, "trigger": trigger}, redraw=True)
