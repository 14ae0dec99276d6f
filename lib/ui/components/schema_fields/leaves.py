"""Fields of one value: text, number, true or false, one of several, date, and JSON for the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import streamlit as st

from lib.errors import InvalidInput
from lib.schemas.form import ABSENT, Node, json_text
from lib.schemas.spec import Listed
from lib.serialization import strict_json
from lib.serialization.json_values import equal, is_drawable, json_type
from lib.ui.components import guard
from lib.ui.components.schema_fields.drawing import Drawing
from lib.ui.components.schema_fields.expressions import expression_box, expression_in
from lib.ui.components.schema_fields.labels import help_text, label, number_shown, option_labels, shown
from lib.ui.components.text import plain

#: Numbers that a browser can hold; larger ones are typed as text.
SAFE = 2**53 - 1
#: Options side by side up to this many, and this many letters together.
SEGMENTS, SEGMENT_LETTERS = 5, 44
#: Texts that may grow longer than this get several lines.
LONG_TEXT = 200
ICONS = {
    "email": ":material/mail:",
    "uri": ":material/link:",
    "url": ":material/link:",
    "date-time": ":material/schedule:",
    "time": ":material/schedule:",
    "uuid": ":material/fingerprint:",
    "hostname": ":material/dns:",
}
Typed = Callable[[Any], None]


def draw_leaf(drawing: Drawing, node: Node, *, labelled: bool = True) -> None:
    """Draw the field that fits a node's kind; `labelled` False hides the label but keeps it for readers."""
    common: dict[str, Any] = {
        "label": label(node),
        "help": help_text(node),
        "label_visibility": "visible" if labelled else "collapsed",
    }
    if (text := expression_in(node)) is not None:
        _draw_expression(drawing, text, common)
    else:
        _DRAWERS.get(node.kind, _draw_json)(drawing, node, common)


def _widget(drawing: Drawing, node: Node, part: str, read: Typed) -> dict[str, Any]:
    """Key and callback of a widget; `read` takes what the widget holds after a change."""
    key = drawing.widget_key(node, part)
    return {"key": key, "on_change": guard.callback(lambda: drawing.edit(read, st.session_state.get(key)))}


def _clearable(drawing: Drawing, node: Node, part: str, value: Any, read: Typed) -> dict[str, Any]:
    """Key and callback of a widget that can be emptied: Streamlit lets it only where its default is empty,
    so that its value has to come from the session."""
    made = _widget(drawing, node, part, read)
    if made["key"] not in st.session_state:
        st.session_state[made["key"]] = value
    return made


def _placeholder(node: Node, hint: str = "") -> str:
    """Say in an empty field what empty means: null, an empty text, or nothing there."""
    if node.is_null:
        return "null"
    if node.value == "" and node.is_present:
        return "empty text"
    examples = [one for one in node.spec.examples if json_type(one) != "null"]
    return f"e.g. {shown(examples[0], 60)}" if examples else hint


def _draw_text(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    value = node.value if isinstance(node.value, str) else ""
    if not is_drawable(value):
        _draw_json(drawing, node, common)
        return

    def read(text: str | None) -> None:
        node.write(text) if text else node.clear()

    most = node.spec.number_keyword("maxLength")
    if "\n" in value or node.spec.format in ("textarea", "markdown") or (most and min(most) > LONG_TEXT):
        st.text_area(
            value=value,
            placeholder=_placeholder(node),
            height=96,
            **_widget(drawing, node, "area", read),
            **common,
        )
    else:
        st.text_input(
            value=value,
            placeholder=_placeholder(node),
            icon=ICONS.get(node.spec.format or ""),
            **_widget(drawing, node, "text", read),
            **common,
        )


def _draw_expression(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    def read(text: str | None) -> None:
        node.write(text) if text else node.clear()

    value = node.value if isinstance(node.value, str) else ""
    if not is_drawable(value):
        _draw_json(drawing, node, common)
    elif value and value not in drawing.reads:  # what was written is changed where it stands; emptied, it is chosen
        st.text_input(value=value, **_widget(drawing, node, "written", read), **common)
    else:
        expression_box(sources=drawing.reads, now=value or None, **_widget(drawing, node, "expr", read), **common)


def _draw_date(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    def read(day: date | None) -> None:
        node.write(day.isoformat()) if day else node.clear()

    shown_day = date.fromisoformat(node.value) if isinstance(node.value, str) else None
    st.date_input(
        value=None,
        min_value=date.min,
        max_value=date.max,
        format="YYYY-MM-DD",
        **_clearable(drawing, node, "date", shown_day, read),
        **common,
    )


def _draw_string(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    (_draw_date if node.spec.format == "date" and _is_day(node.value) else _draw_text)(drawing, node, common)


def _is_day(value: Any) -> bool:
    if not isinstance(value, str):
        return value is ABSENT
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _draw_number(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    if node.kind == "integer" and _is_bounded(node):
        _draw_counter(drawing, node, common)
        return

    def read(text: str | None) -> None:
        try:
            node.write(strict_json.number(text)) if text and text.strip() else node.clear()
        except InvalidInput as refusal:
            node.hold(str(text), f"This {refusal.cause}.")
        except ValueError:
            node.write(text)

    text = "" if node.value is ABSENT or node.value is None else number_shown(node.value)
    if not is_drawable(text):
        _draw_json(drawing, node, common)
        return
    hint = "whole number" if node.kind == "integer" else "number"
    st.text_input(value=text, placeholder=_placeholder(node, hint), **_widget(drawing, node, "number", read), **common)


def _is_bounded(node: Node) -> bool:
    """Tell whether a stepper can show the number: bounds on both sides, all within what browsers hold."""
    lows = node.spec.number_keyword("minimum") + node.spec.number_keyword("exclusiveMinimum")
    highs = node.spec.number_keyword("maximum") + node.spec.number_keyword("exclusiveMaximum")
    held = node.value is ABSENT or node.value is None or json_type(node.value) in ("integer", "number")
    if not (lows and highs and held):
        return False
    numbers = [*lows, *highs, *([node.value] if node.value is not ABSENT and node.value is not None else [])]
    return all(abs(number) <= SAFE for number in numbers) and all(number == int(number) for number in numbers)


def _draw_counter(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    def read(number: int | None) -> None:
        node.clear() if number is None else node.write(int(number))

    shown_number = int(node.value) if node.is_present and not node.is_null else None
    st.number_input(
        value=None,
        step=1,
        placeholder=_placeholder(node),
        **_clearable(drawing, node, "counter", shown_number, read),
        **common,
    )


def _draw_boolean(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    options = [Listed(True), Listed(False), *([Listed(None)] if node.spec.nullable or node.is_null else [])]
    _draw_options(drawing, node, common, options)


def _draw_enum(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    _draw_options(drawing, node, common, list(node.spec.options) or [Listed(None)])


def _draw_options(drawing: Drawing, node: Node, common: dict[str, Any], options: list[Listed]) -> None:
    """Offer values by their place in the list, so that true, 1 and "1" stay apart."""
    chosen = None
    if node.is_present:
        value = node.dump()
        chosen = _place_of(options, value)
        if chosen is None:
            chosen = len(options)
            options = [*options, Listed(value, f"{shown(value)} (not allowed)")]
    labels = option_labels([option.value for option in options], [option.label for option in options])

    def read(place: int | None) -> None:
        node.clear() if place is None else node.write(options[place].value)

    places = list(range(len(options)))
    if len(options) <= SEGMENTS and sum(map(len, labels)) <= SEGMENT_LETTERS:
        st.container(width="stretch").segmented_control(
            options=places,
            default=chosen,
            format_func=lambda place: plain(labels[place]),
            **_widget(drawing, node, f"segments{len(options)}", read),
            **common,
        )
    else:
        st.selectbox(
            options=places,
            index=None,
            format_func=lambda place: labels[place],
            placeholder=_placeholder(node, "Choose"),
            **_clearable(drawing, node, f"select{len(options)}", chosen, read),
            **common,
        )


def _draw_const(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    fixed = node.spec.options[0].value
    if node.required and node.is_present and equal(node.value, fixed) and json_type(fixed) not in _NESTED:
        st.text_input(
            value=shown(fixed, 200),
            disabled=True,
            icon=":material/lock:",
            key=drawing.widget_key(node, "fixed"),
            **common,
        )
    else:
        _draw_enum(drawing, node, common)


def is_pick_list(node: Node) -> bool:
    """Tell whether a list is drawn as one field: different texts, or different values of an enumeration."""
    if node.kind != "array" or not node.spec.unique or node.spec.prefix:
        return False
    item = node.form.document.spec(node.spec.items)
    values = node.dump()
    values = values if isinstance(values, list) else []
    if item.options:
        places = [_place_of(item.options, value) for value in values]
        return None not in places and len(set(places)) == len(places)
    texts = [value for value in values if isinstance(value, str) and value and is_drawable(value)]
    return item.kind == "string" and len(set(texts)) == len(values)


def _place_of(options: Sequence[Listed], value: Any) -> int | None:
    return next((at for at, option in enumerate(options) if equal(option.value, value)), None)


def _draw_pick_list(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    listed = node.form.document.spec(node.spec.items).options
    labels = option_labels([option.value for option in listed], [option.label for option in listed])
    values: list[Any] = node.dump() or []

    def read(chosen: list[Any] | None) -> None:
        picked = [listed[place].value for place in chosen or ()] if listed else list(chosen or ())
        if not picked and node.implied:
            node.clear()
            return
        node.implied |= not node.is_present
        node.write(picked)

    if listed:
        st.multiselect(
            options=list(range(len(listed))),
            default=[_place_of(listed, value) for value in values],
            format_func=lambda place: labels[place],
            placeholder=_list_placeholder(node),
            **_widget(drawing, node, "picks", read),
            **common,
        )
    else:
        st.multiselect(
            options=values,
            default=values,
            accept_new_options=True,
            placeholder=_list_placeholder(node),
            **_widget(drawing, node, "texts", read),
            **common,
        )


def _list_placeholder(node: Node) -> str:
    return "null" if node.is_null else "empty list" if node.is_present else "Choose or type"


_NESTED = ("object", "array")


def _draw_json(drawing: Drawing, node: Node, common: dict[str, Any]) -> None:
    value = node.dump()
    text = node.draft if node.draft is not None else "" if value is ABSENT else json_text(value)

    def read(typed: str | None) -> None:
        if not typed or not typed.strip():
            node.clear()
            return
        try:
            node.write(strict_json.parse(typed))
        except InvalidInput as refusal:
            node.hold(typed, f"This {refusal.cause}.")

    lines = min(12, max(2, text.count("\n") + 1))
    st.text_area(
        value=re.sub(r"[\ud800-\udfff]", "�", text),
        placeholder="JSON",
        height=26 * lines + 20,
        **_widget(drawing, node, "json", read),
        **common,
    )


_DRAWERS: dict[str, Callable[[Drawing, Node, dict[str, Any]], None]] = {
    "string": _draw_string,
    "integer": _draw_number,
    "number": _draw_number,
    "boolean": _draw_boolean,
    "null": _draw_enum,
    "enum": _draw_enum,
    "const": _draw_const,
    "json": _draw_json,
    "array": _draw_pick_list,
}
