"""A field for an expression: what it may read is offered, and anything else can be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import streamlit as st

from lib.mapping.expressions import EXPRESSION, literal
from lib.schemas.form import Node
from lib.ui.components.schema_fields.labels import name

#: Expressions that a menu offers; the field for an expression offers all.
_MOST_INSERTED = 12
_NESTED = {"object", "array"}


def expression_box(label: str, now: str | None, sources: Mapping[str, str], **widget: Any) -> str | None:
    """Draw the field. `sources` are the expressions to offer, with the type that each gives."""
    options = list(sources) if now is None or now in sources else [now, *sources]
    chosen: str | None = st.selectbox(
        label,
        options,
        index=options.index(now) if now is not None else None,
        format_func=lambda one: f"{one}  ({sources[one]})" if one in sources else one,
        accept_new_options=True,
        placeholder="Choose a field, or write JSONata",
        **widget,
    )
    return chosen


def expression_in(node: Node) -> Node | None:
    """The place of the text in a node that is an expression and nothing else; None for any other node."""
    if node.kind != "object" or not _is_expression(node.spec.names) or not node.spec.closed or node.extras():
        return None
    inside = node.fields()
    return inside[0] if len(inside) == 1 and inside[0].kind == "string" else None


def insertions(node: Node, sources: Mapping[str, str]) -> Iterator[str]:
    """Expressions to be put behind a text or the expression in its place; first those that are called as it is."""
    document = node.form.document
    branches = [option.parts for choice, _ in node.choices() for option in choice.options]
    specs = [document.spec(parts) for parts in branches]
    takes_text = any(spec.kind == "string" for spec in specs) and any(_is_expression(spec.names) for spec in specs)
    if not takes_text or (node.kind != "string" and expression_in(node) is None):
        return
    single = [one for one, given in sources.items() if not set(given.split(" or ")) & _NESTED]
    wanted = name(node).casefold()
    yield from sorted(single, key=lambda one: one.rpartition(".")[2].casefold() != wanted)[:_MOST_INSERTED]


def inserted(before: Any, expression: str) -> dict[str, str]:
    """The expression that gives what the text or expression before gives, followed by what the other one gives."""
    written = before.get(EXPRESSION) if isinstance(before, dict) else None
    if isinstance(before, str) and before:
        written = literal(before)
    return {EXPRESSION: f"{written} & {expression}" if written else expression}


def _is_expression(names: Iterable[str]) -> bool:
    return tuple(names) == (EXPRESSION,)
