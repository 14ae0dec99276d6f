"""The way to the timeline of a correlation key, wherever one is shown."""

from __future__ import annotations

from lib.ui.components import links

PARAMETER = "key"


def draw(key: str | None, label: str = "Timeline of its key") -> None:
    """Draw the way; nothing without a key."""
    if key:
        links.page_link("timeline.py", label=label, icon=":material/timeline:", query_params={PARAMETER: key})
