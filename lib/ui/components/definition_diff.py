"""What changes from one definition to another, for reading before one publishes: a sentence, then the lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lib.ui.components.text import escape, plural
from lib.workflows import definition_text, diff

_NAMES = {"payloadSchemaRef": "payload schema"}
# Every publish has the next version number, and an id stays as it is: neither says what changes.
_COUNTED, _ID = "version", "id"
# So many lines are shown as they are; of more, as many as fit the height.
_MOST_LINES = 16


def draw(before: Mapping[str, Any], after: Mapping[str, Any], *, height: int) -> None:
    """Draw which parts differ and the lines that do, with some around them; many lines scroll in this height."""
    before, after = _told(before, after)
    lines = diff.unified(before, after).splitlines()
    if not lines:
        st.caption(":material/check_circle: Nothing changes: both say the same.")
        return
    # Every line of a text begins with its mark, so these are the headers only.
    lines = ["⋯" if line.startswith("@@") else line for line in lines][1:]
    changed = [key for key in {**before, **after} if not definition_text.same(before.get(key), after.get(key))]
    parts = [_NAMES.get(key, key) for key in changed]
    removed, added = (sum(line.startswith(mark) for line in lines) for mark in "-+")
    st.markdown(f"**Changes in {escape(', '.join(parts))}** :gray[· {plural(removed, 'line')} out, {added:,} in]")
    st.code(
        _readable("\n".join(lines)),
        language="diff",
        height=height if len(lines) > _MOST_LINES else "content",
        wrap_lines=True,
    )


def draw_beside(before: Mapping[str, Any], after: Mapping[str, Any], *, titles: tuple[str, str]) -> None:
    """Draw the parts that differ beside each other; where there is no room, the new one follows the old one."""
    for number, pair in enumerate(diff.side_by_side(*_told(before, after))):
        for column, title, part in zip(st.columns(2, gap="small"), titles, pair, strict=True):
            if number == 0:
                column.markdown(f":small[:gray[{escape(title)}]]")
            column.code(_readable(part), language="diff", wrap_lines=True)


def _readable(text: str) -> str:
    """A diff whose unchanged lines stay in the page's own colour: the highlighter greys what begins with a space."""
    return "\n".join(f"\N{NO-BREAK SPACE}{line[1:]}" if line[:1] == " " else line for line in text.split("\n"))


def _told(*definitions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The definitions without what would be no news."""
    is_same = len({definition.get(_ID) for definition in definitions}) == 1
    left_out = {_COUNTED, _ID} if is_same else {_COUNTED}
    return [{key: value for key, value in one.items() if key not in left_out} for one in definitions]
