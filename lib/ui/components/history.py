"""The way from an object to its acts in the audit trail."""

from __future__ import annotations

from lib.ui.components import links

#: Names the object in the audit page's URL.
OBJECT = "object"
#: What any text of an act may have in it.
SEARCH = "actSearch"


def link(object_id: str) -> None:
    """Draw the link to all that was done to the object with this id, by whatever kind it is."""
    _draw({OBJECT: object_id})


def link_of_event_type(event_type: str) -> None:
    """Draw the link to all acts that name the event type, such as attaching a workflow to it."""
    _draw({SEARCH: event_type})


def _draw(query: dict[str, str]) -> None:
    links.page_link("audit.py", label="History", icon=":material/history:", query_params=query)
