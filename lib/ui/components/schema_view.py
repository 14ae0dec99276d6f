"""A payload schema for reading: its fields with what they mean, and the whole of it on demand."""

from __future__ import annotations

import json

import streamlit as st

from lib.schemas import JsonSchema
from lib.schemas.outline import SchemaField, outline
from lib.ui.components.text import code, escape, plural, shorten

_EXAMPLE = 60


def heading(text: str, *, in_drawer: bool) -> None:
    """A heading of an event's details; in a dialog, where headings are drawn smaller than text, one of the largest."""
    if in_drawer:
        st.title(text, anchor=False)
    else:
        st.header(text, anchor=False)


def draw(schema: JsonSchema | None, schema_ref: str | None, *, in_drawer: bool = False) -> None:
    """Draw the fields, nested ones foldable, and the full schema with highlighting behind a fold."""
    heading("Payload schema", in_drawer=in_drawer)
    if schema is None:
        st.caption(
            f"The schema {code(schema_ref)} is not in the registry."
            if schema_ref
            else "No schema is given for this event: its payload may hold anything."
        )
        return
    _draw_fields(outline(schema))
    with st.expander("View full schema", icon=":material/data_object:"):
        draw_text(schema)


def draw_text(schema: JsonSchema) -> None:
    """Draw the whole schema as JSON, with highlighting."""
    st.code(json.dumps(schema, indent=2, ensure_ascii=False), language="json", line_numbers=True)


def _draw_fields(fields: list[SchemaField]) -> None:
    if not fields:
        st.caption("The schema names no fields.")
    for field in fields:
        st.markdown(_described(field))
        if field.children:
            with st.expander(f"{plural(len(field.children), 'field')} of {escape(field.name)}", type="compact"):
                _draw_fields(field.children)


def _described(field: SchemaField) -> str:
    marks = f":gray-badge[{escape(field.type)}]"
    if field.required:
        marks += " :red-badge[required]"
    if field.depends:
        marks += " :gray-badge[in some forms]"
    if field.sensitive:
        marks += " :orange-badge[:material/lock: sensitive]"
    lines = [f"**{code(field.name)}** {marks}"]
    if field.description:
        lines.append(f":small[{escape(field.description)}]")
    if field.allowed:
        lines.append(":small[:gray[One of]] " + " ".join(code(_json(value)) for value in field.allowed))
    elif field.example is not None:
        lines.append(f":small[:gray[Example]] {code(shorten(_json(field.example), _EXAMPLE))}")
    return "  \n".join(lines)


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
