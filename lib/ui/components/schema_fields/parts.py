"""Fields that hold other fields: objects, maps, lists and choices; closed ones draw nothing inside."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.schemas.form import Node
from lib.serialization.json_values import is_drawable
from lib.ui.components import guard
from lib.ui.components.schema_fields.drawing import Drawing
from lib.ui.components.schema_fields.expressions import expression_in
from lib.ui.components.schema_fields.labels import help_text, label, name, option_labels, summary
from lib.ui.components.schema_fields.leaves import SEGMENT_LETTERS, SEGMENTS, draw_leaf, is_pick_list
from lib.ui.components.schema_fields.menu import draw_menu
from lib.ui.components.text import plain

#: Fields and rows on one page of a large object or a long list.
PAGE = 24
#: Objects of up to this many fields open by themselves, this deep.
SMALL, SHALLOW = 12, 2
#: From this depth on, menus stand inside their part and not beside it, which would take its width.
NARROW = 3
#: From this depth on, a part is not drawn inside the one above but by itself, with a way back.
DEEP = 4


def draw_node(drawing: Drawing, node: Node, depth: int = 0) -> None:
    """Draw one node with its label, its menu and its errors."""
    if is_leaf(node):
        draw_cell(drawing, node)
    elif node.parent is None:
        draw_body(drawing, node, depth)
    elif depth >= DEEP:
        _draw_way_in(drawing, node)
    else:
        _draw_expander(drawing, node, depth)


def is_leaf(node: Node) -> bool:
    """Tell whether a node is drawn as a single field."""
    nested = node.kind in ("object", "array") and not node.is_null
    return not nested or is_pick_list(node) or expression_in(node) is not None


def draw_cell(drawing: Drawing, node: Node) -> None:
    """Draw a single field with its menu at the right and its errors below."""
    choices = list(node.choices()) if node.kind != "json" or node.spec.kind == "choice" else []
    unpicked = node.kind == "choice" and not node.is_null
    with st.container(gap="xxsmall"):
        for place, _ in enumerate(choices):
            with _row(aligned="bottom"):
                _draw_picker(drawing, node, place, labelled=place == 0)
                if unpicked and place == len(choices) - 1:
                    draw_menu(drawing, node)
        if not unpicked:
            with _row(aligned="bottom"):
                draw_leaf(drawing, node, labelled=not choices)
                draw_menu(drawing, node)
        drawing.draw_errors(node)


def _row(aligned: Literal["top", "bottom"] = "top") -> DeltaGenerator:
    """Lay out a field and its menu beside each other, on narrow screens too."""
    return st.container(horizontal=True, vertical_alignment=aligned, gap="xxsmall", wrap=False)


def _draw_picker(drawing: Drawing, node: Node, place: int, *, labelled: bool) -> None:
    """Let the user pick the branch that the value follows; what other branches held is kept."""
    choice, picked = list(node.choices())[place]
    numbers = [option.number for option in choice.options]
    labels = option_labels([option.label for option in choice.options], [None] * len(numbers))
    index = numbers.index(picked) if picked in numbers else None
    key = drawing.widget_key(node, f"branch{place}")

    def pick() -> None:
        at, before = st.session_state.get(key), node.dump()
        node.choose(choice.source, None if at is None else numbers[at])
        after = node.dump()
        if at is not None and (carried := drawing.carry(before, after)) is not after:
            node.replace(carried)

    common: dict[str, Any] = {
        "label": label(node),
        "help": help_text(node) if labelled else None,
        "label_visibility": "visible" if labelled else "collapsed",
        "options": list(range(len(numbers))),
        "key": key,
        "on_change": guard.callback(drawing.edit),
        "args": (pick,),
    }
    if len(labels) <= SEGMENTS and sum(map(len, labels)) <= SEGMENT_LETTERS:
        st.container(width="stretch").segmented_control(
            default=index,
            required=node.required and index is not None,
            format_func=lambda at: plain(labels[at]),
            **common,
        )
    else:
        st.selectbox(index=index, format_func=labels.__getitem__, placeholder="Choose what it is", **common)


def _headline(drawing: Drawing, node: Node) -> str:
    """Head a part with its name, what it holds and how many errors are inside."""
    held = f":gray[{plain(_holds(node))}]"
    count = drawing.inside.get(node.path, 0)
    errors = f"  :red[:material/error: {count}]" if count else ""
    return (held if node.role == "extra" else f"{label(node)} :gray[·] {held}") + errors


def _holds(node: Node) -> str:
    value = node.dump()
    if node.spec.is_map() and isinstance(value, dict) and value:
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    return summary(value)


def _draw_way_in(drawing: Drawing, node: Node) -> None:
    """Draw a part that lies deep as a button that shows it by itself."""
    with _row():
        st.button(
            _headline(drawing, node),
            icon=":material/chevron_right:",
            key=drawing.widget_key(node, "enter"),
            width="stretch",
            wrap=False,
            on_click=guard.callback(drawing.form.enter),
            args=(node,),
        )
        draw_menu(drawing, node)


def draw_entered(drawing: Drawing, node: Node) -> None:
    """Draw a deep part by itself, under the way that leads back to the whole."""
    way = [node]
    while (above := way[0].parent) is not None:
        way.insert(0, above)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        for step in way[:-1]:
            st.button(
                "All fields" if step.parent is None else plain(name(step)),
                icon=":material/arrow_back:" if step.parent is None else ":material/chevron_right:",
                key=drawing.widget_key(step, "leave"),
                type="tertiary",
                on_click=guard.callback(drawing.form.enter),
                args=(step,),
            )
        st.markdown(f":material/chevron_right: **{plain(name(node))}**")
    elsewhere = drawing.inside.get((), 0) - drawing.inside.get(node.path, 0)
    if elsewhere:
        st.caption(f":red[:material/error: {elsewhere} in other parts of the form]")
    draw_body(drawing, node, depth=0)


def _draw_expander(drawing: Drawing, node: Node, depth: int) -> None:
    """Draw an object or a list that can be closed; closed, it says what it holds."""
    key = drawing.widget_key(node, "open")
    if node.shown is None:
        node.shown = _opens_itself(drawing, node, depth)

    def toggle() -> None:
        node.shown = st.session_state.get(key)

    row = _row() if depth < NARROW else contextlib.nullcontext()
    with row:
        part = st.expander(
            _headline(drawing, node),
            expanded=node.shown,
            key=key,
            on_change=guard.callback(toggle),
            type="compact" if drawing.is_flat else "default",
        )
        if depth < NARROW:
            draw_menu(drawing, node)
    if part.open:
        with part:
            draw_body(drawing, node, depth)


def _opens_itself(drawing: Drawing, node: Node, depth: int) -> bool:
    """Open small parts by themselves, as long as the form stays short."""
    if depth > SHALLOW or not (node.required or node.is_present):
        return False
    size = len(node.spec.names) if node.spec.kind == "object" else len(node.opened())
    if size > min(SMALL, drawing.form.open_left):
        return False
    drawing.form.open_left -= size
    return True


def draw_body(drawing: Drawing, node: Node, depth: int) -> None:
    """Draw what is inside an object or a list."""
    if node.parent is not None:
        _draw_note(drawing, node, depth)
    drawing.draw_errors(node, children_speak=True)
    for place, _ in enumerate(node.choices()):
        _draw_picker(drawing, node, place, labelled=False)
    if node.spec.kind == "array":
        _draw_list(drawing, node, depth)
    else:
        _draw_object(drawing, node, depth)


def _draw_note(drawing: Drawing, node: Node, depth: int) -> None:
    """Write the description of a part; far inside, with the menu that has no room beside the part."""
    description = plain(node.named.description or node.spec.description or "")
    if depth < NARROW:
        if description:
            st.caption(description)
        return
    with _row():
        st.caption(description or ("List" if node.kind == "array" else "Object"))
        draw_menu(drawing, node)


def _draw_object(drawing: Drawing, node: Node, depth: int) -> None:
    fields = _found(drawing, node, node.fields())
    _draw_fields(drawing, _page(drawing, node, fields, "fields"), depth)
    extras = node.extras()
    if fields and extras:
        st.caption("Other fields")
    for entry in _page(drawing, node, extras, "entries"):
        _draw_entry(drawing, entry, depth)
    _draw_add(drawing, node)


def _draw_add(drawing: Drawing, node: Node) -> None:
    """Offer a key of the user's own: plainly in a map, quietly at the end of the whole form."""
    is_map = node.spec.is_map()
    if is_map or (node.parent is None and not node.spec.closed):
        st.button(
            "Add entry" if is_map else "Add another field",
            icon=":material/add:",
            type="secondary" if is_map else "tertiary",
            key=drawing.widget_key(node, "add"),
            on_click=guard.callback(drawing.edit),
            args=(node.add_entry,),
        )


def _found(drawing: Drawing, node: Node, fields: list[Node]) -> list[Node]:
    """Offer a search over the fields of a large object."""
    if len(fields) <= PAGE:
        return fields
    wanted = st.text_input(
        "Find a field",
        type="search",
        placeholder=f"Find one of {len(fields)} fields",
        label_visibility="collapsed",
        live=True,
        key=drawing.widget_key(node, "find"),
        persist_state="page",
    )
    words = (wanted or "").lower().split()
    return [one for one in fields if all(word in f"{one.name} {one.spec.title}".lower() for word in words)]


def _page(drawing: Drawing, node: Node, rows: list[Node], part: str) -> list[Node]:
    """Cut a long row of fields into pages."""
    pages = -(-len(rows) // PAGE)
    if pages <= 1:
        return rows
    number = st.pagination(pages, key=drawing.widget_key(node, f"page-{part}"), persist_state="page")
    number = min(number, pages)
    above = node.path
    steps: Sequence[str | int] = range(len(rows)) if node.is_list else [row.name for row in rows]
    wrong = {at // PAGE + 1 for at, step in enumerate(steps) if drawing.inside.get((*above, step))} - {number}
    if wrong:
        listed = ", ".join(str(page) for page in sorted(wrong))
        st.caption(f":red[:material/error: Errors on page{'s' * (len(wrong) > 1)} {listed}]")
    return rows[(number - 1) * PAGE : number * PAGE]


def _draw_fields(drawing: Drawing, fields: list[Node], depth: int) -> None:
    """Draw fields in order: single ones side by side, parts that hold others over the whole width."""
    for leaves, run in groupby(fields, key=is_leaf):
        if leaves:
            with st.grid(2, min_column_width=340, gap=("small", "small")) as grid:
                for node in run:
                    with grid.cell():
                        draw_cell(drawing, node)
        else:
            for node in run:
                draw_node(drawing, node, depth + 1)


def _draw_entry(drawing: Drawing, entry: Node, depth: int) -> None:
    """Draw a key of the user's own with its value."""
    key = drawing.widget_key(entry, "name")

    def rename() -> None:
        entry.rename(st.session_state.get(key) or "")

    left, right = st.columns([1, 2], gap="small")
    with left:
        if is_drawable(entry.name):
            st.text_input(
                "Field",
                entry.refused_name[0] if entry.refused_name else entry.name,
                key=key,
                on_change=guard.callback(drawing.edit),
                args=(rename,),
                label_visibility="collapsed",
            )
        else:
            st.markdown(plain(entry.name))
    with right:
        if is_leaf(entry):
            with _row():
                draw_leaf(drawing, entry, labelled=False)
                draw_menu(drawing, entry)
        else:
            draw_node(drawing, entry, depth + 1)
        drawing.draw_errors(entry)


def _draw_list(drawing: Drawing, node: Node, depth: int) -> None:
    for row in _page(drawing, node, node.opened(), "rows"):
        if is_leaf(row):
            _draw_row(drawing, row)
        else:
            draw_node(drawing, row, depth + 1)
    st.button(
        "Add item",
        icon=":material/add:",
        key=drawing.widget_key(node, "add"),
        on_click=guard.callback(drawing.edit),
        args=(node.add_item,),
    )


def _draw_row(drawing: Drawing, row: Node) -> None:
    """Draw a list item that is a single field."""
    with _row():
        draw_leaf(drawing, row, labelled=False)
        draw_menu(drawing, row)
    drawing.draw_errors(row)
