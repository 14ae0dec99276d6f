"""What a definition makes, beside its fields: the form, a sample, the fields, and what correlation paths give."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib.catalog.definitions import EntryDefinition
from lib.events import correlation
from lib.sandbox import sampling
from lib.sandbox.sampling import SchemaSample
from lib.schemas import JsonSchema
from lib.schemas.form import json_text
from lib.ui.catalog.define_start import DefinitionStart
from lib.ui.components import schema_view
from lib.ui.components.schema_fields import schema_fields
from lib.ui.components.text import code, plain, shorten

_FORM, _SAMPLE, _FIELDS = "Form", "Sample", "Fields"
_SAMPLE_HEIGHT = 420


def sample_of(schema: JsonSchema | None) -> SchemaSample | None:
    """The sample that is made from a schema."""
    return None if schema is None else sampling.sample(schema)


def draw(
    start: DefinitionStart, definition: EntryDefinition, schema: JsonSchema | None, sample: SchemaSample | None
) -> None:
    """Draw what the schema makes, in one of three ways; a text that is no schema yet with the numbers of its lines."""
    st.header("What it makes", anchor=False)
    if schema is None or sample is None:
        st.caption("Give a schema, and its form stands here at once.")
        if isinstance(text := definition.payload_schema, str) and text.strip():
            st.code(text, language="json", line_numbers=True, height=_SAMPLE_HEIGHT)
        return
    shown = st.segmented_control(
        "Show",
        (_FORM, _SAMPLE, _FIELDS),
        default=_FORM,
        required=True,
        key=start.key("shown"),
        label_visibility="collapsed",
    )
    if sample.problem:
        st.caption(f":orange[:material/hourglass_disabled:] {plain(sample.problem)}")
    if shown == _FIELDS:
        schema_view.draw(schema, None)
    elif shown == _SAMPLE:
        st.code(json_text(sample.value), language="json", line_numbers=True, height=_SAMPLE_HEIGHT)
    else:
        with st.container(border=True):
            schema_fields(schema, key=start.key("form"), initial=sample.value)


def draw_paths(definition: EntryDefinition, sample: SchemaSample | None) -> None:
    """Say what each correlation path gives, tried with the example or else with the sample."""
    payload: Any = definition.example if definition.example is not None else sample.value if sample else None
    if payload is None or not definition.correlation_paths:
        return
    tried = "the example" if definition.example is not None else "the sample"
    for path in definition.correlation_paths:
        key = correlation.derived_key(payload, [path])
        gives = f"gives {code(shorten(key, 60))}" if key is not None else "gives no key"
        st.caption(f":material/key: {code(path)} {gives} in {tried}.")
