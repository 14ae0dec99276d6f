"""A payload as a form or as JSON, whichever one likes: both show the same value, and neither loses input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.errors import InvalidInput
from lib.sandbox import validation
from lib.schemas.form import ABSENT, MOST_UNITS, SchemaViolation, json_text
from lib.serialization import strict_json
from lib.serialization.json_positions import line_of
from lib.ui.components import guard
from lib.ui.components.schema_fields import fill_form, schema_fields
from lib.ui.components.text import code, escape

_MODES = ("Form", "JSON")
_HEIGHT = 420


@dataclass(frozen=True)
class EditedPayload:
    """What the editor holds: a value, or ABSENT while it is empty or its JSON cannot be read."""

    value: Any
    problems: int

    @property
    def is_valid(self) -> bool:
        """Whether it may be sent as it is."""
        return self.value is not ABSENT and not self.problems


def payload_editor(schema: Any, *, key: str, initial: Any, submitted: bool, bar: DeltaGenerator) -> EditedPayload:
    """Draw the editor and give back what it holds. Without a schema there is only JSON.

    `initial` is what it starts from; `submitted` shows every problem, not only those of touched fields. The
    switch between the two goes into `bar`.
    """
    if schema is None:
        return _draw_json(schema, key, initial)
    st.session_state.setdefault(f"{key}-mode", "Form")
    with bar.container(horizontal=True, vertical_alignment="center", width="content"):
        mode = st.segmented_control(
            "Edit as",
            _MODES,
            required=True,
            key=f"{key}-mode",
            on_change=guard.callback(_switch),
            args=(key,),
            label_visibility="collapsed",
            persist_state="session",
        )
        if refusal := st.session_state.pop(f"{key}:refusal", None):
            st.caption(f":red[:material/error: The form cannot show this JSON: {escape(refusal)}]", width="content")
    if mode == "JSON":
        return _draw_json(schema, key, initial)
    result = schema_fields(
        schema, key=f"{key}-form", initial=initial, submitted=submitted, validate=lambda v: _uncheckable(schema, v)
    )
    st.session_state[f"{key}:value"] = result.value
    return EditedPayload(result.value, len(result.errors))


def fill(key: str, value: Any) -> None:
    """Put another payload into the editor, before it is drawn."""
    fill_form(f"{key}-form", value)
    st.session_state[f"{key}:value"] = value
    st.session_state[f"{key}-json"] = _text(value)


def current(key: str, initial: Any) -> Any:
    """The value last read, or `initial` before the first."""
    return st.session_state.get(f"{key}:value", initial)


def _switch(key: str) -> None:
    """Carry the value over. JSON that cannot be read stays where it is, as nothing else could show it."""
    if st.session_state[f"{key}-mode"] == "JSON":
        st.session_state[f"{key}-json"] = _text(st.session_state.get(f"{key}:value", ABSENT))
        return
    text = st.session_state.get(f"{key}-json", "")
    if not text.strip():
        fill_form(f"{key}-form", ABSENT)
        return
    try:
        value = strict_json.parse(text)
    except InvalidInput as error:
        st.session_state[f"{key}-mode"] = "JSON"
        st.session_state[f"{key}:refusal"] = f"it {error.cause}."
        return
    fill_form(f"{key}-form", value)
    st.session_state[f"{key}:value"] = value


def _draw_json(schema: Any, key: str, initial: Any) -> EditedPayload:
    if f"{key}-json" not in st.session_state:
        st.session_state[f"{key}-json"] = _text(current(key, initial))
    text = st.text_area(
        "Payload as JSON", key=f"{key}-json", height=_HEIGHT, label_visibility="collapsed", persist_state="session"
    )
    if not (text or "").strip():
        st.caption("The payload is empty.")
        return EditedPayload(ABSENT, 1)
    try:
        value = strict_json.parse(text)
    except InvalidInput as error:
        st.error(f"This {escape(error.cause)}.", icon=":material/error:")
        st.code(text, language="json", line_numbers=True, height=260)
        return EditedPayload(ABSENT, 1)
    st.session_state[f"{key}:value"] = value
    violations = [] if schema is None else _violations(schema, value)
    for violation in violations[:20]:
        where = "/".join(str(part) for part in violation.path) or "the payload"
        st.markdown(
            f":red[:material/error: Line {line_of(text, violation.path)}] {code(where)} {escape(violation.message)}"
        )
    if not violations:
        fits = "The payload fits its schema." if schema is not None else "The JSON is well-formed; no schema to check."
        st.caption(f":green[:material/check_circle:] {fits}")
    return EditedPayload(value, len(violations))


def _uncheckable(schema: Any, value: Any) -> list[SchemaViolation] | None:
    """What the server says where the form cannot: no check in this process would come to an end soon."""
    check = validation.checker(schema)
    if check.takes_at_most(value, validation.MOST_UNITS):
        return None
    timed_out = check.violations(value).status == "timed_out"
    return _violations(schema, value) if timed_out or not check.takes_at_most(value, MOST_UNITS) else None


def _violations(schema: Any, value: Any) -> list[SchemaViolation]:
    """What the server would say, from the same bounded check."""
    verdict = validation.violations(schema, value)
    whole = [SchemaViolation((), verdict.error, verdict.error_status)] if verdict.error else []
    return whole + [SchemaViolation(v.path, v.message, v.keyword) for v in verdict.violations]


def _text(value: Any) -> str:
    return "" if value is ABSENT else json_text(value)
