"""Workflows: which there are, what starts each, how their runs go, and whether they are in use."""

from __future__ import annotations

from lib.ui.components import guard, page_head
from lib.ui.workflows import workflow_list

actor = guard.require_entry()

page_head.draw(
    "Workflows", "What starts each workflow, and how its latest runs went. Attach one to an event in the event catalog."
)
workflow_list.draw(actor)
