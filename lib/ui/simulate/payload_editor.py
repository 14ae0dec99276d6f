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
from lib.ui.components import guard, numbered
from lib.ui.components.schema_fields import fill_form, schema_fields
from lib.ui.components.text import code, escape

_MODES = ("Form", "JSON")
_HEIGHT = 420
_EDITOR = "json-editor"
_MOST_SHOWN = 20
_EMPTY = "The payload is empty."
# Lines shown before and after one that is broken.
_AROUND = 2
_LONGEST_LINE = 200


@dataclass(frozen=True)
class EditedPayload:
    """What the editor holds: a value, or ABSENT while it is empty or its JSON cannot be read.

    `text` is the JSON as it stands there, `broken` says as Markdown why nothing can be sent of it at all.
    """

    value: Any
    problems: int
    text: str
    broken: str | None = None

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
    nothing = _EMPTY if result.value is ABSENT else None
    return EditedPayload(result.value, len(result.errors), _text(result.value), nothing)


def why_not(edited: EditedPayload) -> str:
    """Why what the editor holds is not sent, as Markdown; only what can be sent although invalid is offered so."""
    if edited.broken:
        return f"{edited.broken[0].lower()}{edited.broken[1:]}"
    return "the payload does not fit its schema. Fix what is marked, or send it although invalid (Advanced)."


def restore(key: str, text: str, *, is_json: bool) -> None:
    """Put a text back into the editor as it was left, before it is drawn; in JSON it need not be readable."""
    try:
        fill(key, strict_json.parse(text) if text.strip() else ABSENT)
    except InvalidInput:
        is_json = True
    st.session_state[f"{key}-json"] = text
    st.session_state[f"{key}-mode"] = "JSON" if is_json else "Form"


def is_json(key: str) -> bool:
    """Whether the editor shows JSON rather than a form."""
    return st.session_state.get(f"{key}-mode") == "JSON"


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
    with st.container(key=_EDITOR):
        text = st.text_area(
            "Payload as JSON", key=f"{key}-json", height=_HEIGHT, label_visibility="collapsed", persist_state="session"
        )
    edited, wrong = _judge(schema, key, text or "")
    numbered.dress(_EDITOR, text or "", wrong)
    return edited


def _judge(schema: Any, key: str, text: str) -> tuple[EditedPayload, list[int]]:
    """Say what is wrong with the text; what it holds, and the lines at which something is wrong."""
    if not text.strip():
        st.caption(_EMPTY)
        return EditedPayload(ABSENT, 1, "", _EMPTY), []
    try:
        value = strict_json.parse(text)
    except InvalidInput as error:
        st.error(f"This {escape(error.cause)}.", icon=":material/error:")
        line = numbered.line_named(error.cause)
        if line is not None:
            st.code(_excerpt(text, line), language=None)
        return EditedPayload(ABSENT, 1, text, f"the JSON {escape(error.cause)}."), [line] if line else []
    st.session_state[f"{key}:value"] = value
    violations = [] if schema is None else _violations(schema, value)
    lines = [line_of(text, violation.path) for violation in violations[:_MOST_SHOWN]]
    for violation, line in zip(violations, lines, strict=False):
        where = "/".join(str(part) for part in violation.path) or "the payload"
        st.markdown(f":red[:material/error: Line {line}] {code(where)} {escape(violation.message)}")
    if not violations:
        fits = "The payload fits its schema." if schema is not None else "The JSON is well-formed; no schema to check."
        st.caption(f":green[:material/check_circle:] {fits}")
    return EditedPayload(value, len(violations), text), lines


def _excerpt(text: str, wanted: int) -> str:
    """A line with those around it, each with its number."""
    lines = text.split("\n")
    numbers = range(max(1, wanted - _AROUND), min(len(lines), wanted + _AROUND) + 1)
    width = len(str(numbers[-1])) if numbers else 0
    return "\n".join(f"{'→' if n == wanted else ' '} {n:>{width}} │ {_cut(lines[n - 1])}" for n in numbers)


def _cut(line: str) -> str:
    """The line as far as a page has room for it."""
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"


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
