"""The settings of a tenant, for its admins: /settings?section=tokens."""

from __future__ import annotations

from lib.ui.components import guard
from lib.ui.people import settings

actor = guard.require_entry()

settings.draw(actor)
