"""The page that defines an event of the tenant's own: its fields, what they make at once, and saving."""

from __future__ import annotations

import streamlit as st

from lib import database
from lib.auth.actors import Actor
from lib.catalog import contents, definitions, entries
from lib.catalog.definitions import DefinitionField, DefinitionProblem, EntryDefinition
from lib.schemas import JsonSchema
from lib.ui.catalog import define_preview, define_saving, define_start, event_details
from lib.ui.catalog.define_fields import CatalogChoices, DefinitionFields
from lib.ui.catalog.define_start import DefinitionStart
from lib.ui.components import guard
from lib.ui.components.text import code, escape, plural

#: Fields that say nothing of being empty before one has tried to save.
_NEEDED = {"event type": "event_type", "name": "name", "category": "category"}


def draw(actor: Actor) -> None:
    """Draw the page, or why it is none for this person."""
    if refusal := guard.refused(actor, "manage"):
        st.title("Define an event", anchor=False)
        st.info(refusal, icon=":material/lock:")
        return
    define_start.draw_complaints()
    start = define_start.begun(actor)
    if not start.found:
        event_details.draw_missing(actor, start.asked)
        return
    fields = DefinitionFields(actor, start, _choices(actor))
    fields.prime()
    fields.keep()
    definition, found = fields.read()
    with database.read(actor) as conn:
        changes = definition.event_type if start.version is not None else None
        found += definitions.problems(conn, tenant=actor.tenant, definition=definition, changes=changes)
        schema = definitions.usable_schema(conn, tenant=actor.tenant, definition=definition)
        present = entries.entry(conn, tenant=actor.tenant, event_type=definition.event_type)
    _draw_head(start, overrides=present is not None and present.source == "system")
    _draw_columns(fields, definition, found, schema)
    define_saving.draw(actor, start, definition, found)


def _choices(actor: Actor) -> CatalogChoices:
    with database.read(actor) as conn:
        held = contents.read(conn, tenant=actor.tenant)
    return CatalogChoices(list(held.categories), list(held.owners), list(held.tags))


def _draw_head(start: DefinitionStart, *, overrides: bool) -> None:
    name = escape(start.definition.name or start.asked)
    titles = {
        "new": "Define an event",
        "edit": f"Edit {name}",
        "override": f"Override {name}",
        "copy": f"{name}",
        "traffic": f"Define {escape(start.asked)}",
    }
    st.title(titles[start.purpose], anchor=False)
    if start.keeps_type:
        st.markdown(code(start.asked))
    if overrides:
        st.info(
            "The system has an event of this type. Yours takes its place for this tenant alone, wherever the event is "
            "shown or used; delete yours, and the system's is back.",
            icon=":material/layers:",
        )


def _draw_columns(
    fields: DefinitionFields, definition: EntryDefinition, found: list[DefinitionProblem], schema: JsonSchema | None
) -> None:
    submitted = bool(st.session_state.get(fields.start.key("submitted")))
    shown = [one for one in found if submitted or _is_filled(definition, one.field)]
    sample = define_preview.sample_of(schema)

    def tell(field: DefinitionField) -> None:
        fields.problems_of(shown, field)

    left, right = st.columns(2, gap="large")
    with left:
        with st.container(key="labelled-definition"):
            fields.draw_names(tell)
            fields.draw_schema(tell)
            fields.draw_paths(tell, schema)
        define_preview.draw_paths(definition, sample)
        fields.draw_example(tell, sample.value if sample else None)
    with right:
        define_preview.draw(fields.start, definition, schema, sample)
    if submitted and found:
        st.error(f"Not saved: {plural(len(found), 'problem')} above.", icon=":material/error:")


def _is_filled(definition: EntryDefinition, field: DefinitionField) -> bool:
    if field == "schema":
        return definition.payload_schema_ref is not None or definition.payload_schema is not None
    return field not in _NEEDED or bool(getattr(definition, _NEEDED[field]).strip())
