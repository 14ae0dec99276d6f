"""The small menu beside a field: what typing cannot say, such as null, empty or not there at all."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from lib.sandbox import sampling
from lib.schemas.form import ABSENT, Node
from lib.schemas.form.blank import empty
from lib.schemas.locating import pointers
from lib.ui.components import guard
from lib.ui.components.schema_fields.drawing import Drawing
from lib.ui.components.schema_fields.expressions import inserted, insertions
from lib.ui.components.schema_fields.labels import name, option_labels, shown
from lib.ui.components.text import plain, unseen

GENERATED = {
    "date-time": ":material/schedule: Now",
    "date": ":material/today: Today",
    "uuid": ":material/fingerprint: New UUID",
}
_INSERT = "insert:"
EMPTY = {"string": "Empty text", "array": "Empty list", "object": "Empty object"}


def draw_menu(drawing: Drawing, node: Node) -> None:
    """Draw the menu of a node; choosing an entry changes the node before the next run."""
    entries = {f"{_INSERT}{one}": f":material/input: Insert {plain(one)}" for one in insertions(node, drawing.reads)}
    entries |= dict(_entries(node))
    key = drawing.widget_key(node, "menu")
    st.menu_button(
        f":material/more_vert: {unseen(f'More for {name(node)}')}",
        list(entries),
        format_func=lambda action: entries[action],
        key=key,
        type="tertiary",
        on_click=guard.callback(drawing.edit),
        args=(_act, node, key),
    )


def _entries(node: Node) -> Iterator[tuple[str, str]]:
    """Yield the actions that make sense for a node, with their labels."""
    spec = node.spec
    if node.role in ("item", "extra"):
        yield from _row_entries(node)
    if spec.kind in ("object", "choice") and node.kind != "json" and not spec.is_map() and not spec.closed:
        yield "add", ":material/add: Add another field"
    if spec.kind in ("object", "array", "choice", "json"):
        yield "sample", ":material/auto_fix_high: Fill with sample"
    examples = option_labels([shown(one, 30) for one in spec.examples[:3]], [None] * len(spec.examples[:3]))
    for place, example in enumerate(examples):
        yield f"example:{place}", f":material/lightbulb: Example: {plain(example)}"
    if spec.default is not ABSENT:
        yield "default", f":material/restart_alt: Default: {plain(shown(spec.default, 30))}"
    if spec.format in GENERATED and spec.kind == "string":
        yield "generate", GENERATED[spec.format]
    if (spec.kind in EMPTY and spec.kind not in ("array", "object")) or not node.is_present:
        if spec.kind in EMPTY:
            yield "empty", f":material/check_box_outline_blank: {EMPTY[spec.kind]}"
    elif spec.kind in EMPTY:
        yield "empty", f":material/ink_eraser: {EMPTY[spec.kind]}"
    if not node.is_null:
        yield "null", ":material/block: Null" if spec.nullable else ":material/block: Null (not allowed)"
    if node.as_json:
        yield "fields", ":material/tune: Edit as fields"
    elif node.kind != "json":
        yield "json", ":material/data_object: Edit as JSON"
    if node.role != "item" and node.is_present:
        yield "remove", ":material/delete: Remove"


def _row_entries(node: Node) -> Iterator[tuple[str, str]]:
    if node.role != "item":
        return
    assert node.parent is not None
    rows = node.parent.opened()
    yield "duplicate", ":material/content_copy: Duplicate"
    if rows[0] is not node:
        yield "up", ":material/arrow_upward: Move up"
    if rows[-1] is not node:
        yield "down", ":material/arrow_downward: Move down"
    yield "remove", ":material/delete: Remove"


def _act(node: Node, key: str) -> None:
    action = st.session_state[key]
    if action is not None and action.startswith(_INSERT):
        node.replace(inserted(node.dump(), action.removeprefix(_INSERT)))
    elif action in _CHANGES:
        _CHANGES[action](node)
    elif action is not None:
        node.replace(_value_of(node, action))


def _value_of(node: Node, action: str) -> Any:
    spec = node.spec
    if action.startswith("example:"):
        return spec.examples[int(action.removeprefix("example:"))]
    if action == "generate":
        return generated(spec.format)
    if action == "sample":
        return _sample_of(node)
    return {"default": spec.default, "empty": empty(spec), "null": None}[action]


def _sample_of(node: Node) -> Any:
    """Make a sample for one part; where that takes too long, say so."""
    document = node.form.document
    sample = sampling.sample(document.schema, places=pointers(document, node.parts))
    if sample.problem:
        st.toast(sample.problem, icon=":material/hourglass_disabled:")
    return sample.value


def generated(format_name: str | None) -> str:
    """Make a fresh value of a format: this moment, this day or a new UUID."""
    now = datetime.now(UTC)
    if format_name == "uuid":
        return str(uuid.uuid4())
    return now.date().isoformat() if format_name == "date" else now.strftime("%Y-%m-%dT%H:%M:%SZ")


_CHANGES: dict[str, Callable[[Node], object]] = {
    "duplicate": Node.duplicate,
    "up": lambda node: node.move(-1),
    "down": lambda node: node.move(1),
    "remove": Node.remove,
    "json": Node.show_as_json,
    "fields": lambda node: node.show_as_json(False),
    "add": Node.add_entry,
}
