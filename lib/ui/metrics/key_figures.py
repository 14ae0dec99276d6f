"""Figures in cards, each with how it differs from the period before."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from lib.ui.components.text import AS_BEFORE, changed_by

DeltaColor = Literal["off", "normal", "inverse"]

#: What counts among the runs of a range though its event may have come before.
REPEATS = "runs that were asked for again in the range"

# A smaller change is grey: it is no news.
_NEWS = 0.05


def compared(
    label: str,
    value: str,
    now: float | None,
    before: float | None,
    definition: str,
    said: str = "",
    *,
    color: DeltaColor = "off",
) -> None:
    """One figure in its card, with its change against the period before and what is said of the change."""
    changed = change(now, before)
    figure(label, value, changed, said if changed else "", definition, color=color if is_news(now, before) else "off")


def compared_with(against: str) -> None:
    """Say once what all changes are against; a card is too narrow for it on a phone."""
    st.caption(f"Changes are against {against}; below 5 % they are grey.")


def is_news(now: float | None, before: float | None) -> bool:
    """Whether a change is large enough to have a colour."""
    if now is None or before is None:
        return False
    return abs(now - before) >= _NEWS * abs(before) if before else now != 0


def figure(
    label: str, value: str, changed: str | None, said: str, definition: str, *, color: DeltaColor = "off"
) -> None:
    """One figure in its card: its change in a coloured chip, if there is one, and what is said beside it."""
    st.metric(
        label,
        value,
        changed or said or None,
        delta_description=said if changed else None,
        help=definition,
        border=True,
        height="stretch",
        delta_color=color if changed else "off",
        delta_arrow="auto" if changed and changed[0] in "+-" else "off",
    )


def change(now: float | None, before: float | None) -> str | None:
    """As `changed_by` says it, against nothing "new"; None when it is as good as the same or cannot be said."""
    if now is None or before is None or now == before:
        return None
    if before == 0:
        return "new"
    said = changed_by((now - before) / before)
    # Streamlit draws the arrow by the sign of ASCII.
    return None if said == AS_BEFORE else said.replace("\N{MINUS SIGN}", "-")
