"""What every field of one form shares while it is drawn: widget keys and the errors to show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from lib.mapping.expressions import EXPRESSION
from lib.schemas.form import Form, Node, SchemaViolation
from lib.schemas.form.violations import Path
from lib.ui.components.text import plain


@dataclass
class Drawing:
    """One pass over a form: `errors` are those to be seen now, by the path of the field that says them."""

    form: Form
    key: str
    on_change: Callable[[], None] = lambda: None
    carry: Callable[[Any, Any], Any] = lambda before, after: after
    #: Expressions to offer where one is written, with the type that each gives.
    reads: Mapping[str, str] = field(default_factory=dict)
    #: Parts stand without a frame of their own, as where the whole form has one.
    is_flat: bool = False
    errors: dict[Path, list[str]] = field(default_factory=lambda: defaultdict(list))
    inside: dict[Path, int] = field(default_factory=lambda: defaultdict(int))

    def widget_key(self, node: Node, part: str = "") -> str:
        """Name a widget of a node; `part` tells the several widgets of one node apart."""
        return f"{self.key}{node.key}" + (f":{part}" if part else "")

    def edit(self, act: Callable[..., object], *args: Any) -> None:
        """Callback of every widget: do what changes the form, then tell whoever keeps its value."""
        act(*args)
        self.on_change()

    def expect(self, violations: Iterable[SchemaViolation], submitted: bool) -> None:
        """Sort the violations to the fields that say them: all when submitted, else those touched."""
        violations = list(violations)
        touched = {node.path for node in self.form.nodes() if node.touched} if violations and not submitted else set()
        for violation in violations:
            path = violation.shown_at
            if violation.keyword in ("oneOf", "anyOf") and any(_lies_inside(one, path) for one in violations):
                continue  # the fields inside say what is wrong
            if submitted or path in touched or violation.path in touched:
                self.errors[path].append(violation.message)
                for length in range(len(path) + 1):
                    self.inside[path[:length]] += 1

    def draw_errors(self, node: Node, *, children_speak: bool = False) -> None:
        """Write the errors of a node under it; with `children_speak`, leave what is inside to the fields there.

        A part has room for its errors also without any. In the browser the fields after them would else be made anew
        when errors come or go, without what was typed meanwhile, and without the cursor.
        """
        said = list(self._said_at(node, children_speak)) if self.inside.get(node.path) else []
        if not said and not children_speak:
            return
        # By the key of a field's errors names.js ties them to the field above.
        whose = "part" if children_speak else "field"
        with st.container(gap="xxsmall", key=f"{whose}-errors-{self.widget_key(node)}"):
            for text in said:
                st.caption(f":red[:material/error: {plain(text)}]")

    def _said_at(self, node: Node, children_speak: bool) -> Iterator[str]:
        path = node.path
        children = enumerate(node.opened()) if children_speak else ()
        left_to = {at if node.is_list else child.name for at, child in children if not child.hidden}
        for place, messages in self.errors.items():
            if place[: len(path)] != path or (len(place) > len(path) and place[len(path)] in left_to):
                continue
            inner = ".".join(str(step) for step in place[len(path) :] if step != EXPRESSION)
            for message in dict.fromkeys(messages):
                yield f"{inner}: {message}" if inner else message


def _lies_inside(violation: SchemaViolation, path: Path) -> bool:
    return len(violation.shown_at) > len(path) and violation.shown_at[: len(path)] == path
