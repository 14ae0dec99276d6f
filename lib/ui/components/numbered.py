"""A field for text of many lines, such as JSON: monospaced, each line with its number, wrong ones marked.

It stays the browser's own field, so keyboard, screen readers and undo are as everywhere. Numbers and marks are its
background, which scrolls with the text; what is wrong is said in words below it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

import streamlit as st

#: Heights and widths in pixels.
_LINE, _PADDING, _MARGIN = 20, 10, 48
#: Lines that are numbered at all, and that are marked.
_MOST, _MOST_MARKED = 2_000, 20
# Taken from what is behind them (`difference`), they are dark on a light field and light on a dark one: no image knows
# the theme. Either way they are at least 4.5:1 to it.
_COLOUR = "#c8c8c8"


def dress(key: str, text: str, wrong: Iterable[int] = ()) -> None:
    """Dress the text area in the container of this key, which holds this text. Lines count from 1.

    Numbered are the lines of the text: one that is being added gets its number once it is sent.
    """
    lines = min(text.count("\n") + 1, _MOST)
    marks = [
        f"linear-gradient(rgb(229 72 77 / 0.18), rgb(229 72 77 / 0.18)) 0 {_PADDING + (line - 1) * _LINE}px"
        f" / 100% {_LINE}px no-repeat local"
        for line in sorted(set(wrong))[:_MOST_MARKED]
    ]
    numbers = f'url("data:image/svg+xml;base64,{_numbers(lines)}") 0 0 no-repeat local'
    st.html(
        f"<style>.st-key-{_class(key)} textarea {{"
        f" background: {', '.join([numbers, *marks])}; background-color: inherit; border-radius: inherit;"
        f" background-blend-mode: {', '.join(['difference', *('normal' for _ in marks)])};"
        ' font: 400 13px "Source Code Pro", ui-monospace, monospace;'
        f" line-height: {_LINE}px; padding: {_PADDING}px 12px {_PADDING}px {_MARGIN}px; tab-size: 2;"
        " white-space: pre; overflow-x: auto; }</style>"
    )


def _class(key: str) -> str:
    """A key as Streamlit writes it into the class of its container."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", key)


def line_named(cause: str) -> int | None:
    """The line that a sentence about a text names; None where it names none."""
    named = re.search(r"\bline (\d+)", cause)
    return int(named[1]) if named else None


def _numbers(lines: int) -> str:
    """The numbers below one another as an SVG."""
    texts = "".join(
        f'<text x="{_MARGIN - 14}" y="{_PADDING + line * _LINE - 6}">{line}</text>' for line in range(1, lines + 1)
    )
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_MARGIN}" height="{2 * _PADDING + lines * _LINE}"'
        f' font-family="monospace" font-size="11.5" text-anchor="end" fill="{_COLOUR}">{texts}</svg>'
    )
    return base64.b64encode(drawn.encode()).decode()
