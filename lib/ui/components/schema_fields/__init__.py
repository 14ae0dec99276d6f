"""A form drawn with Streamlit's own fields from any JSON Schema.

The value lives in the session under the form's key, not in the widgets: what is closed, on another page
or on another branch of a choice keeps what was typed. Draw it in a fragment to rerun the form alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from lib.schemas.form import ABSENT, Form, SchemaViolation, dump, load
from lib.serialization.json_values import copy, same
from lib.ui.components.schema_fields.drawing import Drawing
from lib.ui.components.schema_fields.parts import draw_entered, draw_node

Validate = Callable[[Any], list[SchemaViolation] | None]
Carry = Callable[[Any, Any], Any]
Keep = Callable[[Any, list[SchemaViolation]], None]


@dataclass(frozen=True)
class FormResult:
    """What a form holds now. `value` is ABSENT when the whole form is empty; `errors` lists all that is
    wrong, shown or not; `touched` tells whether anything was edited since the form was loaded."""

    value: Any
    errors: list[SchemaViolation]
    touched: bool

    @property
    def is_valid(self) -> bool:
        return not self.errors


@dataclass
class _Held:
    """A form in the session, with what it was made from."""

    schema: Any
    initial: Any
    form: Form
    loads: int = 0
    #: What the page's own check found, after so many edits; None where it leaves the check to the form.
    checked: tuple[int, list[SchemaViolation] | None] | None = None
    #: Whether another value than the initial one was put into it.
    is_filled: bool = False

    @property
    def is_touched(self) -> bool:
        """Whether it holds what somebody chose or typed, which only they may take away."""
        return self.is_filled or self.form.edits > 0


def schema_fields(
    schema: Any,
    *,
    key: str,
    initial: Any = ABSENT,
    submitted: bool = False,
    validate: Validate | None = None,
    on_change: Keep | None = None,
    carry: Carry | None = None,
    reads: Mapping[str, str] | None = None,
    is_flat: bool = False,
) -> FormResult:
    """Draw a form for a schema and give back what it holds.

    `initial` is the value to start from. Another `schema` starts the form anew, and another `initial` does while
    nobody has edited or filled it. Errors stand under a field once it was touched, and under all fields when
    `submitted`. `validate` replaces the form's own check, unless it gives None. `on_change` is given the form's value
    and what was typed and is not in it, as it cannot be read, by the callback of each edit, so also where the click
    that sent the edit draws the form no more.
    `carry` is given the value before and after another branch of a choice was picked, and gives the one to go on with.
    `reads` are expressions to offer where one is written, with their types; `is_flat` leaves out the frames of parts.
    """
    held = _held(schema, key, initial)
    form = held.form
    violations = form.violations() if validate is None else _checked(held, validate)
    keep = (lambda: on_change(dump(form), form.drafts())) if on_change else (lambda: None)
    drawing = Drawing(form, f"{key}~{held.loads}", keep, carry or (lambda before, after: after), reads or {}, is_flat)
    drawing.expect(violations, submitted)
    with st.container(key=key, gap="small"):
        if form.entered is None:
            draw_node(drawing, form.root)
        else:
            draw_entered(drawing, form.entered)
    return FormResult(dump(form), violations, form.edits > 0)


def fill_form(key: str, value: Any) -> None:
    """Put another value into a form; ABSENT empties it. Call it from a callback."""
    held: _Held | None = st.session_state.get(_place(key))
    if held is None:
        st.session_state[f"{key}:fill"] = value
    else:
        held.form, held.checked = load(held.schema, copy(value)), None
        held.is_filled = not same(held.initial, value)
        held.loads += 1


def carry_form(key: str, *, to: str, schema: Any, initial: Any, is_same: Callable[[Any, Any], bool]) -> bool:
    """Let a form go on under another key with all that was typed; False if it is not one of that schema and value.

    `is_same` tells whether the value that the form holds is the other one.
    """
    held: _Held | None = st.session_state.get(_place(key))
    if held is None or not same(held.schema, schema) or not is_same(dump(held.form), initial):
        return False
    st.session_state[_place(to)] = replace(held, initial=copy(initial))
    return True


def _held(schema: Any, key: str, initial: Any) -> _Held:
    """Find the form in the session; start it anew for another schema and, if untouched, for another initial value."""
    held: _Held | None = st.session_state.get(_place(key))
    known = held is not None and (held.schema is schema or same(held.schema, schema))
    if held is None or not known or not (held.is_touched or same(held.initial, initial)):
        filled = st.session_state.pop(f"{key}:fill", initial)
        loads = held.loads + 1 if held else 0
        is_filled = not same(filled, initial)
        held = _Held(schema, copy(initial), load(schema, copy(filled)), loads, is_filled=is_filled)
        st.session_state[_place(key)] = held
    return held


def _place(key: str) -> str:
    return f"{key}:form"


def _checked(held: _Held, validate: Validate) -> list[SchemaViolation]:
    """Check the value as the page wants it, once after each edit; what that cannot check, the form checks."""
    form = held.form
    if held.checked is None or held.checked[0] != form.edits:
        value = dump(form)
        held.checked = (form.edits, None if value is ABSENT else validate(value))
    found = held.checked[1]
    return form.violations() if found is None else form.drafts() + found
