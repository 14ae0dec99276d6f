"""Words and numbers as people read them, and text that Streamlit must not take for Markdown."""

from __future__ import annotations

import re
from datetime import datetime

NOTHING = "—"

_ROUNDED = 100_000

_MARKDOWN = re.compile(r"([\\`*_~$:\[\]<>#|!(){}])")


def escape(text: str) -> str:
    """The text with every character that Markdown or Streamlit's directives would act on made inert."""
    return _MARKDOWN.sub(r"\\\1", text).replace("\n", " ")


def code(text: str) -> str:
    """The text as inline code; backticks, which would end it, become apostrophes."""
    return f"`{text.replace('`', chr(39))}`"


def shorten(text: str, limit: int) -> str:
    """The text cut at a word within `limit` characters, with an ellipsis if something was cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip(" ,;:.") + "…"


def count(number: int) -> str:
    """1284 → 1,284; from 100,000 on in thousands or millions: 128k, 1.3M. `exactly` has the rest."""
    if number < _ROUNDED:
        return f"{number:,}"
    if number < 999_500:
        return f"{number / 1000:.0f}k"
    return f"{number / 1_000_000:.1f}M"


def exactly(number: int, definition: str = "") -> str:
    """A figure's definition, with the exact number if `count` rounds it."""
    if number < _ROUNDED:
        return definition
    return f"{definition.rstrip('.')}. Exactly {number:,}.".removeprefix(". ")


def percent(share: float | None) -> str:
    """0.987 → 98.7 %; only a true 1 is 100 %."""
    if share is None:
        return NOTHING
    if share >= 0.9995 and share < 1:
        return "99.9 %"
    return "100 %" if share == 1 else f"{share * 100:.1f} %"


def duration(seconds: float | None) -> str:
    """0.0042 → 4 ms, 2.94 → 2.9 s, 75 → 1 min 15 s, 7260 → 2 h 1 min."""
    if seconds is None:
        return NOTHING
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def plural(number: int, noun: str) -> str:
    """1 workflow, 2 workflows, 0 workflows."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def ago(then: datetime, now: datetime) -> str:
    """a moment ago, 2 minutes ago, 1 hour ago, 3 days ago."""
    minutes = int((now - then).total_seconds() // 60)
    for size, noun in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            return f"{plural(minutes // size, noun)} ago"
    return "a moment ago"
