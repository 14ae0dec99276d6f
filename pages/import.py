"""Take events in from documents at /import: what each would change, then what was chosen."""

from __future__ import annotations

from lib.ui.catalog import import_document
from lib.ui.components import guard, links

actor = guard.require_entry()

links.page_link("catalog.py", label="Event catalog", icon=":material/arrow_back:")
import_document.draw(actor)
