"""Define an event of the tenant's own at /define, edit or override one at /define?eventType=…, copy one by ?copy=…"""

from __future__ import annotations

from lib.ui.catalog import define_event
from lib.ui.components import guard, links

actor = guard.require_entry()

links.page_link("catalog.py", label="Event catalog", icon=":material/arrow_back:")
define_event.draw(actor)
