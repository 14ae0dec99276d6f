"""The whole life of one thing: all that has one correlation key, at /timeline?key=…"""

from __future__ import annotations

from lib.ui.activity import timeline
from lib.ui.components import guard, page_head

actor = guard.require_entry()

page_head.draw("Timeline", "Every event, run and wait with one correlation key, in the order in which they began.")
timeline.draw(actor)
