"""A person's own page: how they see things, and what they have made."""

from __future__ import annotations

from lib.ui.components import guard
from lib.ui.people import own_page

actor = guard.require_entry()

own_page.draw(actor)
